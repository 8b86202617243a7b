"""Figures 3 to 9 of the paper as picture sheets: the frames that each shows are chosen and kept.

A sheet has a row a method and a column a moment. Moments are chosen from the real video alone, so that no
method can look better by the choice: in equal stretches, the frame where the real mouth differs most from
its mean. They are kept as single pictures in `figures/<figure>/`, with `figures.json` naming all of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np

from talkpose.clips.store import read_frames
from talkpose.config import RunConfig
from talkpose.files import atomic_path, sha256, write_json
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
    """in the paper's order; those that a run lacks stand in figures.json with the reason"""
    clips: int
    words: bool = False
    """about clips of a test corpus, not persons"""


def figures_of(config: RunConfig) -> list[Figure]:
    """The paper's figures with its rows in its order, then what this run has besides."""
    known = (*PAPER_BASELINES, *_BUILT_IN)
    others = tuple(m for m in config.methods if not m.startswith("ours-") and m not in known)
    baselines = (*PAPER_BASELINES, *others, *(m for m in ("still",) if m in config.methods))
    lengths = sorted({*config.frame_counts, config.train_frames})
    by_length = tuple("ours-p" if n == config.train_frames else f"ours-p-n{n}" for n in lengths)
    return [
        Figure("figure3", "Real and generated, two persons", (REAL, "ours-p"), 2),
        Figure("figure4", "Ours-P for every person", (REAL, "ours-p"), EVERY),
        Figure(
            "figure5",
            "Ablations: no pose; no identity feature and memory",
            (REAL, "ours-p-fixed-pose", "ours-p-no-identity", "ours-p"),
            1,
        ),
        Figure("figure6", "Ablation: mean identity", (REAL, "ours-p-mean-identity", "ours-p"), 1),
        Figure("figure7", "Ours-P and other methods", (REAL, *baselines, "ours-p"), 2),
        Figure("figure8", "Ours-G and other methods, words", (REAL, *baselines, "ours-g"), 2, True),
        Figure("figure9", "Ours-P by the frames it is trained on", (REAL, *by_length), 1),
    ]


PAPER_BASELINES: Final = ("davs", "yousaidthat", "atvg")
"""Rows of the paper's Figures 7 and 8 between the real video and ours."""

LEAST: Final = {"figure3": 1, "figure4": 1}
"""Rows beside the real one without which a figure compares nothing; 2 for the others."""

_BUILT_IN = {"oracle", "still", "pingpong", "shuffled", "other-person", "shifted-sound", "rerender"}


def write_figures(layout: RunLayout, config: RunConfig) -> dict[str, Any]:
    """Choose and write every figure that the run's videos allow; returns what figures.json holds.

    A figure: `title`, `rows`, `sheet`, `pictures`, their `sha256`, and `absent`: the paper's rows that the
    run lacks, with the reason of each. One that could not be made has `why` in place of `sheet`, and neither
    rows nor pictures.
    """
    found: dict[str, Any] = {}
    with atomic_path(layout.figures.parent) as folder:
        folder.mkdir(parents=True)
        for figure in figures_of(config):
            absent = _absent(layout, config, figure)
            kept = figure._replace(methods=tuple(m for m in figure.methods if m not in absent))
            items = _items(layout, config, kept)[: figure.clips]
            why = _why_not(layout, config, kept, absent, items)
            if why:
                entry = {"title": figure.title, "why": why, "rows": [], "pictures": []}
            else:
                entry = _write(layout, folder, kept, items)
            found[figure.name] = entry | {"absent": [{"row": m, "why": w} for m, w in absent.items()]}
        write_json(folder / layout.figures.name, found)
    return found


def _absent(layout: RunLayout, config: RunConfig, figure: Figure) -> dict[str, str]:
    """Why a row is not there, by method: not of this run, ended without videos, or made none of its kind."""
    items = [item_id(clip, OWN) for clip in _clips(layout, config, figure)]
    found = {}
    for method in figure.methods:
        outcome = read_outcome(layout.root / "videos" / method)
        if method not in config.all_methods:
            found[method] = "not among this run's methods"
        elif outcome.lost:
            found[method] = outcome.text
        elif items and not any((layout.video(method, item) / "frames.mkv").is_file() for item in items):
            found[method] = "made no video of these clips"
    return found


def _why_not(
    layout: RunLayout,
    config: RunConfig,
    kept: Figure,
    absent: Mapping[str, str],
    items: Sequence[tuple[str, str]],
) -> str:
    """Why a figure cannot be made of the rows that are left and the clips that all of them have."""
    if not _clips(layout, config, kept):
        return f"this run has no clip of a corpus with role `{'test' if kept.words else 'persons'}`"
    if REAL in absent:
        return f"{REAL}, the real video: {absent[REAL]}"
    if len(kept.methods) - 1 < LEAST.get(kept.name, 2):
        if kept.name == "figure9":
            return "no other training length in this run (`frame_counts`)"
        return "too few of its rows are in this run to compare"
    return "" if items else "no clip has a video by every one of its rows"


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


def _write(
    layout: RunLayout, folder: Path, figure: Figure, items: Sequence[tuple[str, str]]
) -> dict[str, Any]:
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
    names = [sheet, *(str(picture["picture"]) for picture in kept)]
    return {
        "title": figure.title,
        "rows": list(figure.methods),
        "sheet": sheet,
        "pictures": kept,
        "sha256": {name: sha256(folder / name) for name in names},
    }


def _write_picture(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]))
