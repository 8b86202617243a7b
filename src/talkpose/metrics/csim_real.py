"""Identity features of real frames for CSIM: the same for every method, so found once a clip."""

from functools import cache
from pathlib import Path

import numpy as np

from talkpose.clips.store import read_frames
from talkpose.config import MetricsConfig
from talkpose.face.track import load_track
from talkpose.files import sha256
from talkpose.metrics import csim
from talkpose.metrics.kept import find_once

VERSION = "1"


def real_features(track: Path, frames: Path, start: int, config: MetricsConfig) -> np.ndarray:
    """Features (ceil((T - start) / network_every), F) of frames start, start + network_every, ... of a clip.

    `track` is the clip's, beside which they are kept; `frames` its lossless video of T frames. nan without a
    face. Raises UserError where there is no track.
    """

    def find() -> np.ndarray:
        pictures, points = read_frames(frames, start), load_track(track).landmarks[start:]
        feature = csim.load_embedder(config.csim_embedder, config.arcface_weights)
        return csim.describe(feature, pictures, points[: len(pictures)], config.network_every)

    stamp = f"{_stamp(track, frames, config)} from {start} every {config.network_every}"
    return find_once(track, "csim", stamp, find)


def known_feature(track: Path, frames: Path, count: int, config: MetricsConfig) -> np.ndarray:
    """Mean feature (1, F) of frames spread over the first `count` of a clip: what methods may see of who it
    shows.

    Other parameters and errors as in `real_features`; nan where no frame shows a face.
    """

    def find() -> np.ndarray:
        which = csim.spread(count)
        pictures = read_frames(frames, 0, int(which[-1]) + 1)[which]
        feature = csim.load_embedder(config.csim_embedder, config.arcface_weights)
        return csim.mean_feature(csim.describe(feature, pictures, load_track(track).landmarks[which], 1))

    return find_once(track, "csim-train", f"{_stamp(track, frames, config)} of {count}", find)


def _stamp(track: Path, frames: Path, config: MetricsConfig) -> str:
    weights = ""
    if config.csim_embedder == "arcface" and config.arcface_weights:
        state = Path(config.arcface_weights).stat()
        weights = _sha256(config.arcface_weights, state.st_size, state.st_mtime_ns)
    return f"{VERSION} {csim.embedder_id(config)} {weights} {sha256(frames)} {sha256(track)}"


@cache
def _sha256(path: str, size: int, time: int) -> str:
    return sha256(path)
