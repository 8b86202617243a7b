"""A small made run on disk: every file that the report reads, with known numbers."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from talkpose.clips.store import write_mp4
from talkpose.config import parse_config
from talkpose.files import sha256, write_json, write_parquet, write_text
from talkpose.layout import RunLayout
from talkpose.metrics.compute import write_metrics
from talkpose.metrics.registry import protocol

PERSONS = ("ann", "bob")
SOUNDS = {
    "own": ("ours-g", "ours-p", "oracle", "still", "shifted-sound", "rerender"),
    "drive": ("ours-g", "ours-p", "still"),
}
FRAMES, SIZE = 50, 64
PROTOCOLS = {
    "psnr": "full-v1",
    "ssim": "full-v1",
    "lmd": "full-v1-mediapipe",
    "lmd-normalised": "full-v1-mediapipe",
    "mouth": "full-v1-mediapipe",
    "mouth-lag": "full-v1-mediapipe-lag12",
    "mouth-best": "full-v1-mediapipe-lag12",
    "hs": "pooled-20-linear",
    "hs-train": "pooled-20-linear",
}
CARDS = {
    "ours-g": {
        "title": "Ours-G",
        "kind": "method",
        "needs": "image",
        "pose": "predicted",
        "about": "general",
    },
    "ours-p": {
        "title": "Ours-P",
        "kind": "method",
        "needs": "video",
        "pose": "predicted",
        "about": "personal",
    },
    "oracle": {"title": "Real video", "kind": "control"},
    "still": {"title": "Still", "kind": "control"},
    "shifted-sound": {"title": "Ours-P, sound 1 s late", "kind": "control"},
    "rerender": {"title": "Re-rendered tracks", "kind": "diagnostic"},
}
QUALITY = {"ours-g": 0.2, "ours-p": 0.6, "oracle": 1.0, "still": 0.0, "shifted-sound": 0.1, "rerender": 0.9}


def config():
    """Configuration of the made run."""
    return parse_config(
        {
            "run": "made",
            "corpora": {
                "grid": {"role": "general", "reader": "grid", "path": "clips"},
                "people": {"role": "persons", "path": "clips"},
                "drive": {"role": "foreign", "reader": "audio", "path": "clips"},
            },
            "methods": list(SOUNDS["own"]),
            "metrics": {"mouth_expected": {"ann": 0.55, "bob": 0.95}, "face_psnr_expected": {"ann": 28}},
        }
    )


def metric_rows() -> list[dict]:
    """Rows whose values follow QUALITY, so that tests know every mean."""
    rows = []

    def add(method: str, clip: str, metric: str, value: float, identifier: str) -> None:
        row = {"method": method, "corpus": "people", "clip": clip, "metric": metric, "protocol": identifier}
        rows.append({**row, "value": value, "n_frames": FRAMES})

    for p, person in enumerate(PERSONS):
        for sound, methods in SOUNDS.items():
            clip = f"{person}__{sound}"
            for method in methods:
                q = QUALITY[method]
                values = {"hs": 0.7 + 0.2 * q + 0.01 * p}
                if sound == "own":
                    values |= {
                        "psnr": 20 + 10 * q + p,
                        "ssim": 0.5 + 0.4 * q,
                        "lmd": 3 - 2 * q,
                        "lmd-normalised": 6 - 4 * q,
                    }
                    values |= {"mouth": q, "mouth-lag": p - 1, "mouth-best": q, "hs-train": 0.8}
                for metric, value in values.items():
                    add(method, clip, metric, value, PROTOCOLS[metric])
        for region, (rendered, refined) in {"face": (28, 29), "mouth": (22, 24), "edge": (20, 20.5)}.items():
            for stage, value in (("rendered", rendered), ("refined", refined)):
                add(f"rerender:{stage}", f"{person}__own", f"psnr-{region}", value + p, f"{region}-v1")
    assert all("not defined" not in protocol(r["metric"], r["protocol"]).definition for r in rows)
    return rows


def _face(kind: str, person: str) -> np.ndarray:
    """Frames of a face-like drawing whose mouth opens and whose head moves."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    t = np.arange(FRAMES)[:, None, None]
    still = kind == "still"
    cx = SIZE / 2 + (0 if still else 4) * np.sin(t / 8)
    gap = 2 + (0 if still else 3) * np.abs(np.sin(t / (3 if kind != "ours-g" else 4)))
    frames = np.empty((FRAMES, SIZE, SIZE, 3), np.float32)
    frames[:] = (70, 90, 110) if kind != "rendered" else (90, 90, 90)
    skin = (205, 165, 140) if person == "ann" else (140, 100, 80)
    frames[((x - cx) / 17) ** 2 + ((y - 32) / 22) ** 2 < 1] = skin
    for side in (-7, 7):
        frames[(x - cx - side) ** 2 + (y - 26) ** 2 < 5] = (30, 30, 40)
    frames[((x - cx) / 8) ** 2 + ((y - 43) / gap) ** 2 < 1] = (120, 40, 50)
    if kind == "rendered":
        frames = 0.85 * frames + 25
    return np.clip(frames, 0, 255).astype(np.uint8)


def _videos(layout: RunLayout) -> None:
    tone = (0.1 * np.sin(np.arange(FRAMES * 640) / 16000 * 2 * np.pi * 220)).astype(np.float32)
    drawn: dict[tuple[str, str], Path] = {}

    def draw(path: Path, kind: str, person: str) -> None:
        kind = kind if kind in ("ours-g", "still", "rendered") else "moving"
        if (kind, person) in drawn:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(drawn[kind, person], path)
        else:
            write_mp4(path, _face(kind, person), tone)
            drawn[kind, person] = path

    for person in PERSONS:
        for sound, methods in SOUNDS.items():
            for method in methods:
                folder = layout.video(method, f"{person}__{sound}")
                draw(folder / "video.mp4", method, person)
                if method in ("ours-g", "ours-p", "rerender"):
                    draw(folder / "rendered.mp4", "rendered", person)
                write_json(
                    layout.videos_shard(method, "people", "0"), {"method": method, "spec": CARDS[method]}
                )
                write_json(folder / "item.json", {"method": method, "facts": {"mean_attention": 0.4}})


def _overlays(layout: RunLayout) -> None:
    for person in PERSONS:
        write_mp4(layout.track("people", person).with_suffix(".mp4"), _face("moving", person), None)


def _models(layout: RunLayout) -> None:
    for stage, terms in (
        ("motion", ("expression", "pose")),
        ("refine", ("l1", "gan", "attention", "psnr_refined")),
    ):
        for name in ("general", *(f"person/{p}" for p in PERSONS)):
            steps = np.arange(0, 600, 10)
            rng = np.random.default_rng(len(name) + len(stage))
            rows = [
                {
                    "step": int(s),
                    **{
                        t: float((i + 1) * np.exp(-s / 200) + 0.02 * rng.random())
                        for i, t in enumerate(terms)
                    },
                }
                for s in steps
            ]
            content = {"facts": {"identity_feature": "dlib-128"}, "memory_pairs": 12, "curves": rows}
            write_json(layout.root / "models" / stage / f"{name}.weights.json", content)
            receipt = layout.model(stage, name)
            weights = receipt.with_name(f"{receipt.stem}.weights.safetensors")
            receipt.parent.mkdir(parents=True, exist_ok=True)
            weights.write_bytes(f"{stage} {name}".encode() * 100)
            write_json(receipt, {"weights": weights.name, "sha256": sha256(weights), "clips": ["ann"]})


def make_run(root: Path) -> RunLayout:
    """Write the made run to `root`."""
    layout = RunLayout(root)
    write_json(layout.config_file, config().model_dump(mode="json"))
    write_metrics(layout.metrics, metric_rows())
    clips = {"grid": ["bbaf2n", "lrwp9a"], "people": list(PERSONS), "drive": ["drive"]}
    for corpus, names in clips.items():
        rows = [
            {
                "corpus": corpus,
                "clip": c,
                "seconds": 2.0,
                "n_frames": FRAMES,
                "source_fps": 25.0,
                "codec": "h264",
                "sync_offset": i,
                "sync_correlation": 0.5,
                "sync_confidence": 0.9,
                "sync_applied": bool(i),
                "sha256": "0",
            }
            for i, c in enumerate(names)
        ]
        write_parquet(layout.clips_index(corpus), pd.DataFrame(rows))
        tracks = [
            {
                "corpus": corpus,
                "clip": c,
                "frames": 50,
                "landmark_error": 0.0071,
                "mouth_correlation": 0.99,
                "sha256": "0",
            }
            for c in names
        ]
        if corpus != "drive":
            write_parquet(layout.tracks_shard(corpus, "0"), pd.DataFrame(tracks))
    write_text(
        layout.quarantine,
        "corpus\tclip\treason\tmessage\n"
        "grid\tcrowd\tseveral-faces\tcrowd.mpg: two <faces>; crop the video to one person first\n"
        "grid\tmute\tno-sound\tmute.mpg: no sound stream; give a video with sound\n",
    )
    _videos(layout)
    _overlays(layout)
    _models(layout)
    write_text(layout.root / "logs" / "times" / "motion_train.tsv", "s\th:m:s\n123.4\t0:02:03\n")
    write_json(layout.root / "logs" / "memory" / "motion_train.json", {"peak_mib": 765, "at_start_mib": 300})
    return layout
