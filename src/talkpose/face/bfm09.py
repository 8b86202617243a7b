"""The paper's face model: the user's licensed Basel Face Model 2009, as Deep3DFaceRecon cuts it."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from talkpose.errors import UserError
from talkpose.face.landmark_search import IBUG_FROM_MEDIAPIPE, Sitter, find_once
from talkpose.face.landmarks import make_detector
from talkpose.face.light import vertex_normals
from talkpose.files import sha256

WHERE = (
    "register for the Basel Face Model 2009 (01_MorphableModel.mat, faces.dmi.unibas.ch), convert it with "
    "Deep3DFaceRecon's transferBFM09 and its Exp_Pca.bin, and set face.model_path to the BFM_model_front.mat "
    "that this writes"
)

N_EXPRESSION = 64
N_IDENTITY = 80


def read_bfm09(path: str | None) -> dict[str, Any]:
    """FaceModel's fields from `BFM_model_front.mat` with keys as Deep3DFaceRecon writes them.

    idBase (3V, 80), exBase (3V, 64), texBase (3V, 80) and meantex (1, 3V) in 0..255, meanshape (1, 3V),
    tri (F, 3), keypoints (1, 68), frontmask2_idx (M, 1), all indices from 1; skinmask (1, V). The mean shape
    is moved to its centroid, as the public code does. MediaPipe's points are found on a rendering of the mean
    face; where it finds none, only those that match one of the 68 are set; meta["mediapipe"] says which.
    Raises UserError where the file is missing or not of this form.
    """
    if not path:
        raise UserError(f"face model bfm09 needs a file that only its licensees have: {WHERE}")
    file = Path(path)
    if not file.is_file():
        raise UserError(f"{file} does not exist; {WHERE}")
    try:
        data = loadmat(file)
    except (MatReadError, ValueError, NotImplementedError, OSError) as error:
        raise UserError(f"{file} is no MATLAB file that can be read ({error}); {WHERE}") from error
    missing = [
        k
        for k in ("idBase", "exBase", "texBase", "meanshape", "meantex", "tri", "keypoints")
        if k not in data
    ]
    if missing:
        raise UserError(f"{file} lacks {', '.join(missing)}; {WHERE}")

    mean = data["meanshape"].reshape(-1, 3).astype(np.float32)
    count = len(mean)
    for key, columns in (("idBase", N_IDENTITY), ("exBase", N_EXPRESSION), ("texBase", N_IDENTITY)):
        if data[key].shape != (3 * count, columns):
            raise UserError(
                f"{file}: {key} has shape {data[key].shape}, expected {(3 * count, columns)}; {WHERE}"
            )
    mean = mean - mean.mean(0, keepdims=True)
    triangles = _outward(mean, data["tri"].astype(np.int32) - 1)
    landmarks = _at_vertices(triangles, data["keypoints"].ravel().astype(int) - 1)
    front = np.ones(count, bool)
    if "frontmask2_idx" in data:
        front[:] = False
        front[data["frontmask2_idx"].ravel().astype(int) - 1] = True
    skin = data["skinmask"].ravel() > 0 if "skinmask" in data else np.ones(count, bool)
    texture = data["meantex"].reshape(-1, 3).astype(np.float32) / 255
    mediapipe, how = _mediapipe(mean, triangles, texture, landmarks)
    return {
        "mean_shape": mean,
        "identity_basis": data["idBase"].reshape(count, 3, -1).astype(np.float32),
        "expression_basis": data["exBase"].reshape(count, 3, -1).astype(np.float32),
        "mean_texture": texture,
        "texture_basis": data["texBase"].reshape(count, 3, -1).astype(np.float32) / 255,
        "triangles": triangles,
        "landmarks68": landmarks,
        "mediapipe": mediapipe,
        "regions": ("skin", "features"),
        "triangle_region": (~skin[triangles].all(1)).astype(np.uint8),
        "face_mask": front[triangles].all(1),
        "meta": {
            "source": "Basel Face Model 2009, BFM_model_front.mat of Deep3DFaceRecon",
            "licence": "Basel Face Model licence; not redistributable",
            "sha256": sha256(file),
            "mediapipe": how,
        },
    }


def _outward(mean: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Triangles turned counter-clockwise seen from outside: the face's mean normal looks along +z."""
    normals = vertex_normals(mean[None], triangles)[0]
    return triangles if normals[:, 2].mean() >= 0 else np.ascontiguousarray(triangles[:, ::-1])


def _at_vertices(triangles: np.ndarray, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correspondence that lies on vertices: for each the first triangle that has it."""
    flat = triangles.ravel()
    order = np.argsort(flat, kind="stable")
    at = np.searchsorted(flat[order], vertices)
    at = np.minimum(at, len(flat) - 1)
    if (flat[order[at]] != vertices).any():
        raise UserError(
            "BFM_model_front.mat: a keypoint lies on no triangle; make the file anew with transferBFM09"
        )
    place = order[at]
    return (place // 3).astype(np.int32), np.eye(3, dtype=np.float32)[place % 3]


def _mediapipe(
    mean: np.ndarray, triangles: np.ndarray, texture: np.ndarray, landmarks: tuple[np.ndarray, np.ndarray]
) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    sitter = Sitter(mean, texture, np.zeros(6))
    found = find_once(
        make_detector("mediapipe", max_faces=1), sitter, triangles, np.ones(len(triangles), bool)
    )
    if found is not None:
        return found, "found on a rendering of the mean face"
    triangle = np.full(468, -1, np.int32)
    barycentric = np.zeros((468, 3), np.float32)
    at = list(IBUG_FROM_MEDIAPIPE)
    triangle[at], barycentric[at] = landmarks
    return (triangle, barycentric), "only the points that match one of the 68"
