"""A configuration small enough for a test, and the real Snakefile run with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from talkpose.clips.audio import decode_audio
from talkpose.clips.decode import decode
from talkpose.clips.store import write_mp4, write_wav

ROOT = Path(__file__).resolve().parents[2]
METHODS = ["ours-g", "ours-p", "oracle", "still", "pingpong", "shifted-sound", "rerender"]


def tiny_config(run: str = "tiny", **changes) -> dict:
    """Two GRID clips and one person at 64x64, a few training steps; every rule and every method runs."""
    config = {
        "run": run,
        "corpora": {
            "grid": {
                "role": "general",
                "reader": "grid",
                "path": "${CLIPS}",
                "pattern": "grid_*",
                "shard_size": 1,
            },
            "personal": {"role": "persons", "path": "${CLIPS}", "pattern": "personal_*", "shard_size": 1},
            "driving": {"role": "foreign", "reader": "audio", "path": "${CLIPS}", "pattern": "driving_*.wav"},
        },
        "train_seconds": 3,
        "methods": METHODS,
        "clips": {"size": 64},
        "motion": {"general_steps": 4, "personal_steps": 4, "checkpoint_every": 2, "log_every": 2},
        "refine": {
            "generator_width": 4,
            "levels": 4,
            "mlp_width": 8,
            "discriminator_width": 4,
            "memory_size": 32,
            "memory_top_k": 8,
            "general_steps": 6,
            "personal_steps": 6,
            "checkpoint_every": 2,
            "log_every": 2,
        },
        "metrics": {"bootstrap": 100, "fid_weights": "published/inception.pth"},
    }
    return {**config, **changes}


def tiny_clips(source: Path, folder: Path) -> Path:
    """The few clips that the tiny run uses: two sentences, five seconds of a person, two of foreign sound."""
    folder.mkdir(parents=True)
    for name in ["grid_bbaf2n.mpg", "grid_lrwp9a.mpg"]:
        shutil.copy(source / name, folder)
    video = decode(source / "personal_a.mp4")
    write_mp4(folder / "personal_a.mp4", video.frames[:130], video.audio[: 130 * 640], synthetic=False)
    write_wav(folder / "driving_a.wav", decode_audio(source / "driving_a.wav").samples[: 50 * 640])
    return folder


def prepare(folder: Path, config: dict) -> Path:
    """A working folder with the project's Snakefile, workflow and profiles, and the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["Snakefile", "workflow", "profiles"]:
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def run(folder: Path, clips: Path, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess:
    """`talkpose run` in `folder`."""
    command = [sys.executable, "-m", "talkpose", "run", "--config", "config.yaml", "--set", f"CLIPS={clips}"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
