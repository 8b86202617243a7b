"""Time rendering and face profiling of the shipped head on one core (target: 100 frames/s at 128x128).

python benchmarks/compose.py [--size 128] [--frames 100]
"""

import argparse
import time

import numpy as np

from talkpose.compose.assemble import render_sequence
from talkpose.compose.profile import turn_images
from talkpose.face.camera import Camera
from talkpose.face.coefficients import POSE, SIZE
from talkpose.face.model import load_face_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--frames", type=int, default=100)
    options = parser.parse_args()
    model, camera = load_face_model("cc0"), Camera(options.size)
    coefficients = np.zeros((options.frames, SIZE), np.float32)
    coefficients[:, POSE] = np.linspace([-0.1, -0.3, -0.1, 0, 0, 0], [0.1, 0.3, 0.1, 0, 0, 0], options.frames)
    images = np.full((options.frames, options.size, options.size, 3), 90, np.uint8)
    still = np.repeat(coefficients[:1], options.frames, axis=0)
    jobs = {
        "rendered, unlit": lambda: render_sequence(
            model, coefficients, model.mean_texture, camera, images, False
        ),
        "rendered, lit": lambda: render_sequence(
            model, coefficients, model.mean_texture, camera, images, True
        ),
        "backgrounds fitted": lambda: turn_images(model, images, still, coefficients, camera),
    }
    for name, job in jobs.items():
        job()  # compiles
        times = []
        for _ in range(3):
            start = time.process_time()
            job()
            times.append(time.process_time() - start)
        rate = options.frames / min(times)
        print(f"{name}: {rate:.0f} frames/s of processor time at {options.size}x{options.size}")


if __name__ == "__main__":
    main()
