"""Regions in which stage 2 is judged: the face, the mouth, and the band around the face's edge."""

import cv2
import numpy as np

from talkpose.refine.data import outer_lips


def judged_regions(face_masks: np.ndarray, landmarks: np.ndarray) -> dict[str, np.ndarray]:
    """Masks (T, S, S) bool from where the mesh was rendered (T, S, S) and the real landmarks (T, 468 or
    68, 2) px.

    `mouth` is the hull of the detected outer lips, widened by a fortieth of the picture; `edge` is what lies
    within a thirtieth of the picture of the mesh's silhouette, on both sides. Frames without landmarks have
    no mouth.
    """
    size = face_masks.shape[1]
    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(size / 40) + 1,) * 2)
    band = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(size / 30) + 1,) * 2)
    mouth, edge = np.zeros_like(face_masks), np.zeros_like(face_masks)
    for t, (face, points) in enumerate(zip(face_masks.astype(np.uint8), landmarks, strict=True)):
        edge[t] = cv2.dilate(face, band) > cv2.erode(face, band)
        lips = outer_lips(points)
        if np.isfinite(lips).all():
            hull = cv2.convexHull(np.round(lips - 0.5).astype(np.int32))
            mouth[t] = cv2.dilate(cv2.fillConvexPoly(np.zeros_like(face), hull, (1,)), wide) > 0
    return {"face": face_masks, "mouth": mouth, "edge": edge}
