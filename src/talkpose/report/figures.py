"""Figures 3 to 9 of the paper as picture sheets: the frames that each shows are chosen and kept.

A sheet has a row a method and a column a moment. Moments are chosen from the real video alone, so that no
method can look better by the choice: in equal stretches, the frame where the real mouth differs most from
its mean. They are kept as single pictures in `figures/<figure>/`, with `figures.json` naming all of them.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.files import atomic_path, write_json
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.report.outcomes import read_outcome

COLUMNS: Final = 4
"""Moments of a clip in a sheet, as in the paper."""

REAL: Final = "oracle"
PAD: Final = 4
EVERY: Final = 15  # persons, as many as the paper has


class Figure(NamedTuple):
    """One figure of the paper: which methods are its rows, and on how many clips."""

    name: str
    title: str
    methods: tuple[str, ...]
    clips: int
    words: bool = False
    """about clips of a test corpus, not persons"""


def figures_of(config: RunConfig) -> list[Figure]:
    """The paper's figures with the methods that this run has; a figure of one row alone is left out."""
    baselines = tuple(m for m in config.methods if not m.startswith("ours-") and m not in _BUILT_IN)
    lengths = sorted({*config.frame_counts, config.train_frames})
    by_length = tuple("ours-p" if n == config.train_frames else f"ours-p-n{n}" for n in lengths)
    every = [
        Figure("figure3", "Real and generated, two persons", (REAL, "ours-p"), 2),
        Figure("figure4", "Ours-P for every person", (REAL, "ours-p"), EVERY),
        Figure(
            "figure5",
            "Ablations: no pose; no identity feature and memory",
            (REAL, "ours-p-fixed-pose", "ours-p-no-identity", "ours-p"),
            1,
        ),
        Figure("figure6", "Ablation: mean identity", (REAL, "ours-p-mean-identity", "ours-p"), 1),
        Figure("figure7", "Ours-P and other methods", (REAL, *baselines, "still", "ours-p"), 2),
        Figure("figure8", "Ours-G and other methods, words", (REAL, *baselines, "still", "ours-g"), 2, True),
        Figure("figure9", "Ours-P by the frames it is trained on", (REAL, *by_length), 1),
    ]
    known = set(config.all_methods)
    cut = [f._replace(methods=tuple(m for m in f.methods if m in known)) for f in every]
    return [f for f in cut if len(f.methods) > 1 and REAL in f.methods]


_BUILT_IN = {"oracle", "still", "pingpong", "shuffled", "other-person", "shifted-sound", "rerender"}


def write_figures(layout: RunLayout, config: RunConfig) -> dict[str, Any]:
    """Choose and write every figure that the run's videos allow; returns what figures.json holds."""
    found: dict[str, Any] = {}
    with atomic_path(layout.figures.parent) as folder:
        folder.mkdir(parents=True)
        for figure in figures_of(config):
            figure = _with_videos(layout, config, figure)
            items = _items(layout, config, figure)[: figure.clips]
            if items and len(figure.methods) > 1 and REAL in figure.methods:
                found[figure.name] = _write(layout, folder, figure, items)
        write_json(folder / layout.figures.name, found)
    return found


def _with_videos(layout: RunLayout, config: RunConfig, figure: Figure) -> Figure:
    """The figure without rows of methods that ended without videos, or made none of its kind."""
    items = [item_id(clip, OWN) for clip in _clips(layout, config, figure)]
    videos = layout.root / "videos"
    kept = [
        method
        for method in figure.methods
        if not read_outcome(videos / method).lost
        and any((layout.video(method, item) / "frames.mkv").is_file() for item in items)
    ]
    return figure._replace(methods=tuple(kept))


def _clips(layout: RunLayout, config: RunConfig, figure: Figure) -> list[str]:
    corpora = config.corpora_with("test" if figure.words else "persons")
    return sorted(path.name for c in corpora for path in layout.clip_folder(c, "x").parent.glob("*/"))


def _items(layout: RunLayout, config: RunConfig, figure: Figure) -> list[tuple[str, str]]:
    """(clip, item) with a video by every method of the figure, in order."""
    items = [(clip, item_id(clip, OWN)) for clip in _clips(layout, config, figure)]
    return [
        (clip, item)
        for clip, item in items
        if all((layout.video(method, item) / "frames.mkv").is_file() for method in figure.methods)
    ]


def choose_moments(frames: np.ndarray, count: int = COLUMNS) -> list[int]:
    """In `count` equal stretches, the frame whose picture differs most from the clip's mean picture.

    frames: (T, S, S, 3) uint8, the real ones. Around the mouth, the lower middle of a tight crop, that is
    where it is open. Returns indices in order, fewer for a clip of fewer frames.
    """
    size = frames.shape[1]
    mouth = frames[:, size // 2 : size * 7 // 8, size // 4 : size * 3 // 4].astype(np.float32)
    apart = np.abs(mouth - mouth.mean(0)).mean((1, 2, 3))
    parts = np.array_split(np.arange(len(frames)), count)
    return [int(part[0] + apart[part].argmax()) for part in parts if len(part)]


def _write(layout: RunLayout, folder: Path, figure: Figure, items: list[tuple[str, str]]) -> dict[str, Any]:
    rows, kept = [], []
    real = {item: read_frames(layout.video(REAL, item) / "frames.mkv") for _, item in items}
    moments = {item: choose_moments(frames) for item, frames in real.items()}
    for method in figure.methods:
        row = []
        for clip, item in items:
            frames = read_frames(layout.video(method, item) / "frames.mkv")
            for moment in moments[item]:
                name = f"{figure.name}/{method}-{item}-{moment:04d}.png"
                _write_picture(folder / name, frames[moment])
                kept.append({"row": method, "clip": clip, "frame": moment, "picture": name})
                row.append(np.pad(frames[moment], ((PAD, 0), (PAD, 0), (0, 0)), constant_values=255))
        rows.append(np.concatenate(row, axis=1))
    sheet = f"{figure.name}.png"
    _write_picture(folder / sheet, np.concatenate(rows))
    return {"title": figure.title, "rows": list(figure.methods), "sheet": sheet, "pictures": kept}


def _write_picture(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]))
