"""Time the rasteriser on a mesh of the paper's size: 35,721 vertices, 70,688 triangles, 256x256.

    python benchmarks/raster.py [--backend numba|torch|pytorch3d] [--device cpu|cuda] [--batch 1]

The target is 5 ms a frame on one CPU core with numba. Prints the least and the median time a frame.
"""

import argparse
import time

import numpy as np

from talkpose.face.camera import Camera, project, transform
from talkpose.face.raster import BACKENDS, rasterise


def sheet(side: int = 189) -> tuple[np.ndarray, np.ndarray]:
    """A wavy half-dome of side x side vertices: (V, 3) float32 and (F, 3) int32."""
    across = np.linspace(-1, 1, side)
    y, x = np.meshgrid(-across, across, indexing="ij")
    z = 0.8 * np.sqrt(1.5 - (x * x + y * y) / 2) - 0.5 + 0.05 * np.sin(9 * x) * np.cos(7 * y)
    i = np.arange(side * side).reshape(side, side)
    a, b, c, d = (part.ravel() for part in (i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32), triangles.astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", choices=BACKENDS, default="numba")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    vertices, triangles = sheet()
    pose = np.linspace([0.1, 0.2, 0.05, 0, 0, 0], [-0.1, -0.2, 0, 0, 0, 0], options.batch)
    points = project(Camera(options.size), transform(vertices, pose)).astype(np.float32)
    index = triangles
    synchronise = None
    if options.backend != "numba":
        import torch

        torch.set_num_threads(1)
        points = torch.as_tensor(points, device=options.device)
        index = torch.as_tensor(triangles, device=options.device)
        synchronise = torch.cuda.synchronize if options.device.startswith("cuda") else None
    times = []
    for _ in range(options.repeats + 1):
        start = time.perf_counter()
        fragments = rasterise(points, index, options.size, options.backend)
        if synchronise:
            synchronise()
        times.append((time.perf_counter() - start) / options.batch * 1e3)
    covered = float(np.mean(np.asarray(fragments.triangle.cpu() if synchronise else fragments.triangle) >= 0))
    print(
        f"{options.backend} on {options.device}: {len(vertices)} vertices, {len(triangles)} triangles, "
        f"{options.size}x{options.size}, {covered:.0%} covered: "
        f"least {min(times[1:]):.2f} ms, median {np.median(times[1:]):.2f} ms a frame"
    )


if __name__ == "__main__":
    main()
