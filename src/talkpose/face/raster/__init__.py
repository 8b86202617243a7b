"""One rasteriser, three backends: which triangle each pixel sees, and where on it.

Rules that all backends keep, so that they agree:
- a pixel belongs to a triangle if its centre lies inside; a centre exactly on an edge belongs to one of the
  two triangles that share the edge (a top-left rule), so there are neither holes nor double hits. `pytorch3d`
  alone leaves such centres to no triangle;
- the nearest triangle wins; at equal depth the one with the lower index;
- both sides of a triangle are seen, unless `cull_back`;
- a triangle is dropped if it has no area on the screen, or a vertex that is not finite or nearer than `NEAR`.
"""

from typing import Any, NamedTuple

import numpy as np

from talkpose.errors import UserError
from talkpose.face.raster import numba_backend
from talkpose.face.raster.numba_backend import NEAR

__all__ = ["BACKENDS", "NEAR", "Fragments", "interpolate", "rasterise"]

BACKENDS = ("numba", "torch", "pytorch3d")


class Fragments(NamedTuple):
    """What each pixel sees; NumPy arrays from `numba`, tensors from `torch` and `pytorch3d`."""

    triangle: Any
    """(B, H, W) int32, index of the triangle, -1 where there is none."""
    barycentric: Any
    """(B, H, W, 3) float32, perspective-correct weights of the vertices; sum 1, 0 where there is none."""
    depth: Any
    """(B, H, W) float32, model units in front of the camera, inf where there is none."""


def rasterise(
    projected: Any, triangles: Any, size: int, backend: str = "numba", cull_back: bool = False
) -> Fragments:
    """Rasterise B frames of one mesh.

    projected: (B, V, 3) u, v [px], depth [model units], as `camera.project` gives; triangles: (F, 3) vertex
    indices, counter-clockwise seen from outside; size: height and width in pixels; backend: numba (NumPy,
    CPU), torch (tensors, CPU or CUDA: the device of `projected`) or pytorch3d (where it can be imported);
    cull_back: drop triangles that show their back. Raises UserError for a backend that is not known or not
    installed.
    """
    if np.ndim(projected) != 3 or projected.shape[-1] != 3 or np.ndim(triangles) != 2:
        raise UserError(
            f"rasterise: `projected` has shape {tuple(projected.shape)} and `triangles` "
            f"{tuple(triangles.shape)}; give (B, V, 3) and (F, 3)"
        )
    if backend == "numba":
        return Fragments(*numba_backend.rasterise(projected, triangles, size, cull_back))
    if backend == "torch":
        from talkpose.face.raster import torch_backend

        return Fragments(*torch_backend.rasterise(projected, triangles, size, cull_back))
    if backend == "pytorch3d":
        from talkpose.face.raster import pytorch3d_backend

        return Fragments(*pytorch3d_backend.rasterise(projected, triangles, size, cull_back))
    raise UserError(
        f"rasteriser `{backend}` is not known; set face.rasteriser to one of {', '.join(BACKENDS)}"
    )


def interpolate(fragments: Fragments, triangles: Any, attributes: Any) -> Any:
    """Vertex attributes at the pixels.

    attributes: (B, V, C) or (V, C), of the kind (array or tensor) of the fragments. Returns (B, H, W, C), 0
    where there is no triangle. For tensors differentiable in `attributes`.
    """
    if isinstance(fragments.triangle, np.ndarray):
        return numba_backend.interpolate(fragments.triangle, fragments.barycentric, triangles, attributes)
    from talkpose.face.raster import torch_backend

    return torch_backend.interpolate(fragments.triangle, fragments.barycentric, triangles, attributes)
