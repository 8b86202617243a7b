"""The same interface over PyTorch3D's rasteriser, where the user has it (environment.yml brings it)."""

import torch

from talkpose.errors import UserError
from talkpose.face.raster.numba_backend import NEAR


def rasterise(
    projected: torch.Tensor, triangles: torch.Tensor, size: int, cull_back: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(B, V, 3) and (F, 3) to triangle (B, H, W), barycentric (B, H, W, 3), depth (B, H, W).

    Raises UserError if pytorch3d cannot be imported.
    """
    try:
        from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
        from pytorch3d.structures import Meshes
    except ImportError as error:
        raise UserError(
            f"face.rasteriser: pytorch3d cannot be imported ({error}); install it (environment.yml has it) "
            "or set face.rasteriser to numba (CPU) or torch (CUDA)"
        ) from error
    points = torch.as_tensor(projected).detach().float()
    index = torch.as_tensor(triangles, device=points.device).long()
    frames = len(points)
    # dropped here by the common rule: PyTorch3D would clip or keep some of them
    usable = (torch.isfinite(points).all(2) & (points[..., 2] >= NEAR))[:, index].all(2)  # (B, F)
    rows = [usable[frame].nonzero().squeeze(1) for frame in range(frames)]
    kept = torch.cat([*rows, index.new_full((1,), -1)])  # row -1 stands for no triangle
    # normalised device coordinates: x to the left, y up, the image spans [-1, 1]
    device_space = torch.stack(
        [1 - 2 * points[..., 0] / size, 1 - 2 * points[..., 1] / size, points[..., 2]], -1
    )
    device_space = torch.nan_to_num(device_space, nan=0.0, posinf=0.0, neginf=0.0)
    if not any(len(row) for row in rows):
        packed = index.new_full((frames, size, size), -1)
        bary = points.new_zeros(frames, size, size, 3)
        return packed.int(), bary, points.new_full((frames, size, size), torch.inf)
    meshes = Meshes(verts=list(device_space), faces=[index[row] for row in rows])
    packed, _, _, _ = rasterize_meshes(
        meshes,
        image_size=size,
        blur_radius=0.0,
        faces_per_pixel=1,
        perspective_correct=True,
        cull_backfaces=cull_back,
    )
    packed = packed[..., 0]
    ids = torch.where(packed >= 0, kept[packed], -1)
    return _place(points.double(), index, ids, size)


def _place(
    points: torch.Tensor, index: torch.Tensor, ids: torch.Tensor, size: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Barycentrics and depth of pixels whose triangle is known.

    PyTorch3D's own are in float32, which on thin triangles is off by more than 1e-4.
    """
    line = torch.arange(size, device=ids.device, dtype=torch.float64) + 0.5
    frame = torch.arange(len(ids), device=ids.device).reshape(-1, 1, 1, 1)
    corner = points[frame, index[ids.clamp(min=0)]]  # (B, H, W, 3, 3)
    x, y = corner[..., 0] - line[:, None], corner[..., 1] - line[:, None, None]
    hit = ids >= 0
    # twice the signed areas that the pixel's centre makes with each edge
    screen = x.roll(-1, -1) * y.roll(-2, -1) - x.roll(-2, -1) * y.roll(-1, -1)
    over_depth = screen / screen.sum(-1, keepdim=True) / corner[..., 2]
    depth = torch.where(hit, 1 / over_depth.sum(-1), torch.inf)
    bary = torch.where(hit[..., None], over_depth * depth[..., None], 0.0)
    return ids.int(), bary.float(), depth.float()
