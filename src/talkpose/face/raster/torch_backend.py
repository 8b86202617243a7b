"""Z-buffer rasteriser in whole-array operations, for CUDA (and right, if slower, on the CPU).

Triangles are expanded into (triangle, pixel) candidates, one for each pixel centre in a bounding box, in
chunks that bound the memory; edge functions are evaluated in float64 as in the numba backend; scatter-max
over 1 / depth, then scatter-min over the triangle's index, pick the winner. Both reductions are exact, so the
result has no run-to-run noise.
"""

from typing import Final

import torch

from talkpose.face.raster.numba_backend import NEAR

CHUNK: Final = 1 << 22
"""Most candidates at a time; about 1 GB of scratch memory."""


def rasterise(
    projected: torch.Tensor, triangles: torch.Tensor, size: int, cull_back: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(B, V, 3) and (F, 3) to triangle (B, H, W), barycentric (B, H, W, 3), depth (B, H, W)."""
    points = torch.as_tensor(projected).detach()
    index = torch.as_tensor(triangles, device=points.device).long()
    frames, faces, pixels = points.shape[0], index.shape[0], size * size
    device = points.device
    corners = points.double()[:, index].reshape(frames * faces, 3, 3)
    box, kept = _bounding_boxes(corners, size, cull_back)
    counts = box[:, 2] * box[:, 3]
    ends = counts.cumsum(0)

    nearness = torch.zeros(frames * pixels, dtype=torch.float64, device=device)
    ids = torch.full((frames * pixels,), -1, dtype=torch.int64, device=device)
    bary = torch.zeros(frames * pixels, 3, dtype=torch.float32, device=device)
    start = 0
    while start < len(kept):
        before = int(ends[start - 1]) if start else 0
        stop = int(torch.searchsorted(ends, before + CHUNK, right=True))
        stop = min(max(stop, start + 1), len(kept))
        _draw(
            corners, index, kept[start:stop], box[start:stop], counts[start:stop], size, nearness, ids, bary
        )
        start = stop
    depth = torch.where(ids >= 0, 1 / nearness, torch.inf).float()
    return (
        ids.int().reshape(frames, size, size),
        bary.reshape(frames, size, size, 3),
        depth.reshape(frames, size, size),
    )


def _bounding_boxes(corners: torch.Tensor, size: int, cull_back: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Boxes (N, 4) x, y, width, height [px] of triangles that may cover a centre, and their rows (N,)."""
    low, high = corners[..., :2].amin(1), corners[..., :2].amax(1)
    area = _edge(corners[:, 0], corners[:, 1], corners[:, 2])
    # amin of a NaN is a NaN and fails every comparison
    keep = (corners[..., 2] >= NEAR).all(1) & torch.isfinite(corners).all(2).all(1) & (area != 0)
    keep &= (high >= 0.5).all(1) & (low <= size - 0.5).all(1)
    if cull_back:
        keep &= area < 0
    first = (low - 0.5).clamp(min=0).ceil()
    last = (high - 0.5).clamp(max=size - 1).floor()
    keep &= (first <= last).all(1)
    rows = keep.nonzero().squeeze(1)
    first, last = first[rows].long(), last[rows].long()
    return torch.cat([first, last - first + 1], dim=1), rows


def _edge(a: torch.Tensor, b: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
    return (b[..., 0] - a[..., 0]) * (p[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
        p[..., 0] - a[..., 0]
    )


def _draw(  # the names follow the numba backend, which states the rules
    corners: torch.Tensor,
    index: torch.Tensor,
    rows: torch.Tensor,
    box: torch.Tensor,
    counts: torch.Tensor,
    size: int,
    nearness: torch.Tensor,
    ids: torch.Tensor,
    bary: torch.Tensor,
) -> None:
    """Draw some triangles into the three buffers, in place."""
    device = corners.device
    faces = len(index)
    total = int(counts.sum())
    which = torch.repeat_interleave(torch.arange(len(rows), device=device), counts, output_size=total)
    within = torch.arange(total, device=device) - (counts.cumsum(0) - counts)[which]
    width = box[which, 2]
    x = box[which, 0] + within % width
    y = box[which, 1] + within // width
    centre = torch.stack([x, y], dim=1).double() + 0.5

    corner = corners[rows]
    vertex = index[rows % faces]
    sign = torch.where(_edge(corner[:, 0], corner[:, 1], corner[:, 2]) > 0, 1.0, -1.0).double()
    inside = torch.ones(total, dtype=torch.bool, device=device)
    weights = []
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        a, b = corner[:, i], corner[:, j]
        step = sign[:, None] * (b - a)
        owns = (step[:, 1] < 0) | ((step[:, 1] == 0) & (step[:, 0] > 0))
        swapped = (vertex[:, i] > vertex[:, j])[:, None]
        low, high = torch.where(swapped, b, a), torch.where(swapped, a, b)
        flip = torch.where(swapped[:, 0], -sign, sign)
        weight = flip[which] * _edge(low[which], high[which], centre)
        inside &= (weight > 0) | ((weight == 0) & owns[which])
        weights.append(weight)

    hit = inside.nonzero().squeeze(1)
    which, x, y = which[hit], x[hit], y[hit]
    screen = torch.stack([weight[hit] for weight in weights], dim=1)
    over_depth = screen * (1 / corner[which, :, 2])
    weight = over_depth[:, 0] + over_depth[:, 1] + over_depth[:, 2]
    whole = screen[:, 0] + screen[:, 1] + screen[:, 2]
    nearest = torch.where(whole > 0, weight / whole, 0.0)
    face = rows[which] % faces
    pixel = (rows[which] // faces) * size * size + y * size + x

    old = nearness.clone()
    nearness.scatter_reduce_(0, pixel, nearest, "amax", include_self=True)
    wins = (nearest == nearness[pixel]) & (nearest > old[pixel])
    pixel, face, over_depth, weight = pixel[wins], face[wins], over_depth[wins], weight[wins]
    ids[pixel] = faces  # above every index, so that the least one wins below
    ids.scatter_reduce_(0, pixel, face, "amin", include_self=True)
    first = ids[pixel] == face
    bary[pixel[first]] = (over_depth[first] * (1 / weight[first])[:, None]).float()


def interpolate(
    ids: torch.Tensor, bary: torch.Tensor, triangles: torch.Tensor, attributes: torch.Tensor
) -> torch.Tensor:
    """Attributes (B, V, C) or (V, C) at the pixels: (B, H, W, C); differentiable in `attributes`."""
    index = torch.as_tensor(triangles, device=ids.device).long()
    attributes = torch.as_tensor(attributes, device=ids.device)
    frames = ids.shape[0]
    if len(index) == 0:
        return attributes.new_zeros(*ids.shape, attributes.shape[-1])
    corner = index[ids.clamp(min=0).long()]  # (B, H, W, 3)
    if attributes.ndim == 2:
        values = attributes[corner]
    else:
        frame = torch.arange(frames, device=ids.device).reshape(-1, 1, 1, 1)
        values = attributes[frame, corner]
    # weights are 0 where there is no triangle
    return (values * bary.to(values.dtype)[..., None]).sum(-2)
