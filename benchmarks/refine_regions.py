"""Figures of stage 2 on a finished run: PSNR inside the regions, plain and fitted backgrounds, refined.

python benchmarks/refine_regions.py results/clips personal_a [--picture out.jpg]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from talkpose.clips.store import read_frames
from talkpose.face.coefficients import POSE
from talkpose.layout import RunLayout
from talkpose.methods.footage import load_target
from talkpose.methods.receipts import person_corpus
from talkpose.methods.rendering import PersonRenderer, nearest_poses
from talkpose.metrics import psnr


def region_psnr(frames: np.ndarray, real: np.ndarray, mask: np.ndarray) -> float:
    return psnr.compute([psnr.update(frames, real, mask)])[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("person")
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    layout = RunLayout(arguments.run)
    config = layout.load_config()
    corpus, _ = person_corpus(layout, config, arguments.person)
    target = load_target(layout, config, corpus, arguments.person)
    assert target.held_out is not None
    folder = layout.video("rerender", f"{arguments.person}__own")
    refined, rendered = read_frames(folder / "frames.mkv"), read_frames(folder / "rendered.mkv")
    renderer = PersonRenderer.learn(config, target.train, config.compose.albedo)
    coefficients = target.held_out.track.coefficients[: len(refined)]
    source = nearest_poses(coefficients[:, POSE], target.train.track.coefficients[:, POSE])
    plain, _ = renderer.render(coefficients, target.train.frames[source])
    real = target.held_out.frames[: len(refined)]
    masks = {
        name: np.unpackbits(packed, axis=-1).astype(bool)
        for name, packed in np.load(folder / "masks.npz").items()
    }
    masks["whole"] = np.ones_like(masks["face"])
    for name, frames in [("plain background", plain), ("fitted background", rendered), ("refined", refined)]:
        values = "  ".join(
            f"{region} {region_psnr(frames, real, mask):.2f}" for region, mask in masks.items()
        )
        print(f"{arguments.person}  {name:18s} {values}")
    if arguments.picture:
        spoken = read_frames(layout.video("ours-p", f"{arguments.person}__own") / "frames.mkv")
        chosen = np.linspace(10, len(refined) - 10, 7).astype(int)
        rows = [np.concatenate(list(frames[chosen]), 1) for frames in (real, rendered, refined, spoken)]
        sheet = cv2.resize(np.concatenate(rows), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(arguments.picture), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()
