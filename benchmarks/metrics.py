"""Ratios, in one run, of the metrics' frames/s to those of the plain loops that they replace.

    python benchmarks/metrics.py CLIP... [--frames 100] [--size 256]

PSNR and SSIM `atvg-v1`: against scikit-image's SSIM and NumPy's uint8 PSNR, frame by frame, both after
OpenCV's resizing. LMD: landmarks of one video against dlib's own detector and predictor in every frame. The
targets are 5 times each. Both sides alternate in blocks, so that what else runs on the machine slows them
alike; quote the ratio, and the frames/s only from an idle machine. Processor time of this process is printed
beside it.
"""

import argparse
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import dlib
import face_recognition_models
import numpy as np
from skimage.metrics import structural_similarity

from talkpose.clips.decode import VideoReader
from talkpose.face.landmarks.dlib_sparse import SparseDlibDetector
from talkpose.metrics.images import image_metrics
from talkpose.metrics.lmd import update_atvg

BLOCKS = 3


def plain_images(generated: np.ndarray, real: np.ndarray) -> None:
    """The public script's loop."""
    for g, r in zip(generated, real, strict=True):
        a, b = (cv2.resize(f, (256, 256), interpolation=cv2.INTER_AREA) for f in (g, r))
        grey_a, grey_b = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in (a, b))
        20 * np.log10(255 / np.sqrt(max(float(np.mean((grey_a - grey_b) ** 2)), 1e-9)))
        structural_similarity(a, b, channel_axis=-1)


def quick_images(generated: np.ndarray, real: np.ndarray) -> None:
    list(image_metrics(generated, real, {"psnr", "ssim"}, {"atvg-v1"}, 64))


def plain_landmarks(frames: np.ndarray) -> np.ndarray:
    """dlib's detector and predictor in every frame."""
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(face_recognition_models.pose_predictor_model_location())
    points = np.full((len(frames), 68, 2), np.nan)
    for i, frame in enumerate(map(np.ascontiguousarray, frames)):
        for box in detector(frame, 1):
            points[i] = [(p.x, p.y) for p in predictor(frame, box).parts()]
    return points


def ratio(what: str, frames: int, plain: Callable[[], object], quick: Callable[[], object]) -> None:
    """Time both in turn and print frames/s and their ratio."""
    quick()  # compile and load
    wall, cpu = np.zeros(2), np.zeros(2)
    for _ in range(BLOCKS):
        for side, work in enumerate((plain, quick)):
            start = time.perf_counter(), time.process_time()
            work()
            wall[side] += time.perf_counter() - start[0]
            cpu[side] += time.process_time() - start[1]
    rates = BLOCKS * frames / wall
    print(
        f"{what:34} plain {rates[0]:7.1f} frames/s, here {rates[1]:8.1f}: {rates[1] / rates[0]:5.1f} times; "
        f"of processor time {cpu[0] / cpu[1]:5.1f} times, {1000 * cpu[1] / BLOCKS / frames:.2f} ms a frame",
        flush=True,
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", type=int, default=256, help="side of the square frames")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for path in options.clips:
        side = options.size
        real = np.stack(
            [
                cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA)
                for f in islice(VideoReader(path), options.frames)
            ]
        )
        noise = np.random.default_rng(0).normal(0, 8, real.shape)
        generated = np.clip(real + noise, 0, 255).astype(np.uint8)
        ratio(
            f"{path.stem}, PSNR + SSIM atvg-v1",
            len(real),
            lambda g=generated, r=real: plain_images(g, r),
            lambda g=generated, r=real: quick_images(g, r),
        )
        ratio(
            f"{path.stem}, LMD atvg-v1-dlib",
            len(real),
            lambda r=real: update_atvg(plain_landmarks(r), np.zeros((len(r), 68, 2)), "dlib"),
            lambda r=real: update_atvg(
                SparseDlibDetector().detect(r).points, np.zeros((len(r), 68, 2)), "dlib"
            ),
        )


if __name__ == "__main__":
    main()
