"""How `cc0` lies on disk: fixed-point integers in one npz, a JSON beside it; equal models, equal bytes."""

from pathlib import Path
from typing import Any

import numpy as np

from talkpose.errors import UserError
from talkpose.files import read_json, write_json, write_npz

BASIS_STEP = 5e-5
UNIT_STEP = 5e-5
TEXTURE_STEP = 1 / 2048


def _pack(values: np.ndarray, step: float) -> np.ndarray:
    whole = np.rint(values / step)
    if np.abs(whole).max() > 32767:
        raise ValueError(f"{np.abs(values).max()} does not fit 16 bits at step {step}")
    return whole.astype(np.int16)


def _unpack(values: np.ndarray, step: float) -> np.ndarray:
    return values.astype(np.float32) * np.float32(step)


def write_cc0(path: Path, parts: dict[str, Any]) -> None:
    """Write FaceModel's fields, with `unit_shapes` (52, V, 3) in place of the expression basis."""
    write_npz(
        path,
        mean_shape=parts["mean_shape"].astype(np.float32),
        identity=_pack(np.moveaxis(parts["identity_basis"], -1, 0), BASIS_STEP),
        units=_pack(parts["unit_shapes"], UNIT_STEP),
        unit_to_expression=parts["unit_to_expression"].astype(np.float64),
        mean_texture=parts["mean_texture"].astype(np.float32),
        texture=_pack(np.moveaxis(parts["texture_basis"], -1, 0), TEXTURE_STEP),
        triangles=parts["triangles"].astype(np.int32),
        landmarks68_triangle=parts["landmarks68"][0],
        landmarks68_barycentric=parts["landmarks68"][1],
        mediapipe_triangle=parts["mediapipe"][0],
        mediapipe_barycentric=parts["mediapipe"][1],
        triangle_region=parts["triangle_region"],
        face_mask=parts["face_mask"],
    )
    write_json(path.with_suffix(".json"), parts["meta"])


def read_cc0(path: Path) -> dict[str, Any]:
    """FaceModel's fields from the files that `write_cc0` wrote; raises UserError where one is missing."""
    if not path.is_file():
        raise UserError(f"the face model's data is missing at {path}; build it with `talkpose face build`")
    meta = read_json(path.with_suffix(".json"))
    with np.load(path, allow_pickle=False) as data:
        units = _unpack(data["units"], UNIT_STEP)
        n_units, count = units.shape[:2]
        to_expression = data["unit_to_expression"]
        back = np.linalg.pinv(to_expression)  # (64, units)
        basis = (back @ units.reshape(n_units, -1).astype(np.float64)).astype(np.float32)
        return {
            "mean_shape": data["mean_shape"],
            "identity_basis": _last(_unpack(data["identity"], BASIS_STEP)),
            "expression_basis": _last(basis.reshape(-1, count, 3)),
            "mean_texture": data["mean_texture"],
            "texture_basis": _last(_unpack(data["texture"], TEXTURE_STEP)),
            "triangles": data["triangles"],
            "landmarks68": (data["landmarks68_triangle"], data["landmarks68_barycentric"]),
            "mediapipe": (data["mediapipe_triangle"], data["mediapipe_barycentric"]),
            "regions": tuple(meta["regions"]),
            "triangle_region": data["triangle_region"],
            "face_mask": data["face_mask"],
            "units": tuple(meta["units"]),
            "unit_to_expression": to_expression.astype(np.float32),
            "meta": meta,
        }


def _last(stacked: np.ndarray) -> np.ndarray:
    """(K, V, 3) to (V, 3, K), contiguous."""
    return np.ascontiguousarray(np.moveaxis(stacked, 0, -1))
