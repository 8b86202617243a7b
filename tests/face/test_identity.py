"""Faces aligned by either landmark set give one identity feature."""

from itertools import islice

import numpy as np
import pytest

from talkpose.errors import UserError
from talkpose.face.identity import ArcFaceFeature, DlibFeature, places


@pytest.mark.clips
def test_both_landmark_sets_give_one_feature(clips_dir):
    from talkpose.clips.decode import VideoReader
    from talkpose.face.landmarks import make_detector

    frames = np.stack(list(islice(iter(VideoReader(clips_dir / "grid_bbaf2n.mpg")), 11)))
    ours, theirs = (make_detector(name).detect(frames).points[[0, 10]] for name in ("mediapipe", "dlib"))
    feature = DlibFeature()
    cosines = (feature.describe(frames[[0, 10]], ours) * feature.describe(frames[[0, 10]], theirs)).sum(1)
    assert (cosines > 0.96).all()


def test_places_are_those_of_the_landmark_set():
    right = {count: places(np.zeros((1, count, 2))).right_eye for count in (468, 68)}
    assert right == {468: (263, 362), 68: (45, 42)}
    with pytest.raises(UserError, match="468 .* or 68 .* got 5"):
        places(np.zeros((1, 5, 2)))


def test_missing_arcface_names_key_and_way_out():
    with pytest.raises(UserError, match=r"metrics\.arcface_weights: no file at None.*or take csim out"):
        ArcFaceFeature(None, "metrics.arcface_weights", "take csim out")
