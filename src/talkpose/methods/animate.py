"""One's own video or picture and any sound to a finished video, with the models of a trained run."""

import itertools
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from talkpose.clips.audio import decode_audio, place
from talkpose.clips.crop import CropWindow, cut_out, fit_window, paste_back
from talkpose.clips.decode import VideoReader
from talkpose.clips.listing import write_list
from talkpose.clips.quarantine import read_quarantine
from talkpose.clips.readers import list_clips
from talkpose.clips.store import FPS, read_wav, write_mp4
from talkpose.config import CorpusConfig, RunConfig
from talkpose.errors import ClipError, UserError
from talkpose.face.ingest import load_window
from talkpose.face.ingest_step import ingest_shard
from talkpose.face.landmarks import make_detector
from talkpose.face.model import load_face_model
from talkpose.face.track import track_clip
from talkpose.face.track_step import track_shard
from talkpose.files import read_json, sha256, write_json
from talkpose.layout import RunLayout
from talkpose.methods import motion_steps, pairs_step, refine_steps
from talkpose.methods.contract import Footage, Target
from talkpose.methods.footage import SAMPLES, cut, load_footage
from talkpose.methods.generate_step import load_method
from talkpose.methods.receipts import weights_beside
from talkpose.speech.sync import correct_offset

CORPUS, SHARD = "person", "0000"


def animate_video(
    video: Path, audio: Path, out: Path, run: Path, finetune: bool = True, work: Path | None = None
) -> None:
    """Make the person in `video` speak `audio`; writes `out`, an MP4 of the full frames with the sound.

    With `finetune` both stages are fine-tuned on the start of the video first (Ours-P). What that makes is
    kept in `work` (default: `<run>/animate/<hash of the video>`), so a second sound costs no training and a
    stopped training resumes. Raises UserError where a file cannot be used or the run is not trained.
    """
    sound = read_sound(audio)
    trained = RunLayout(run)
    layout = RunLayout(work or run / "animate" / sha256(_existing(video))[:12])
    config = _open(trained, layout, video)
    person = _prepare(layout)
    if finetune:
        _finetune(layout, person)
    whole = load_footage(layout, CORPUS, person)
    target = Target(person, cut(whole, 0, config.train_frames))
    torch.set_num_threads(config.threads)
    made = load_method(layout, config, "ours-p" if finetune else "ours-g", CORPUS, person).generate(
        target, sound, False
    )
    assert made.sources is not None
    folder = layout.clip_folder(CORPUS, person)
    first = _first_frame(folder, VideoReader(video))
    full = _pick_frames(VideoReader(video), made.sources + first)
    _write(out, full, made.frames, load_window(folder), sound, person)


def animate_image(image: Path, audio: Path, out: Path, run: Path) -> None:
    """Make the person in a picture speak `audio` with Ours-G; otherwise as `animate_video`."""
    sound = read_sound(audio)
    layout = RunLayout(run)
    config = layout.load_config()
    stored = cv2.imread(str(_existing(image)), cv2.IMREAD_COLOR)
    if stored is None:
        raise UserError(f"{image}: not a readable picture; give a JPEG or PNG file")
    picture = np.ascontiguousarray(stored[..., ::-1])[None]
    found = make_detector(config.face.landmarks).detect(picture).points
    if not np.isfinite(found).all():
        raise UserError(f"{image}: no face found; give a picture that shows one face from the front")
    window = fit_window(found, config.clips.size, config.clips.face_fraction)
    crop = cut_out(picture[0], window)[None]
    model = load_face_model(config.face.model, config.face.model_path)
    track = track_clip(crop, window.to_crop(found), model, config.face, device=config.device)
    target = Target(image.stem, Footage(crop, track, np.zeros(SAMPLES, np.float32)))
    torch.set_num_threads(config.threads)
    made = load_method(layout, config, "ours-g", CORPUS, image.stem).generate(target, sound, False)
    _write(out, itertools.repeat(picture[0]), made.frames, window, sound, image.stem)


def read_sound(path: Path) -> np.ndarray:
    """Any sound file, or a video's sound, as whole frames of 16 kHz mono; UserError if there is not one."""
    sound = decode_audio(_existing(path))
    count = len(sound.samples) // SAMPLES
    if count == 0:
        raise ClipError("too-short", f"{path}: shorter than one frame (0.04 s); give a longer sound")
    return place(sound, sound.start, count * SAMPLES)[0]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path}: no such file; check the path")
    return path


def _open(trained: RunLayout, layout: RunLayout, video: Path) -> RunConfig:
    """A run of one person: the trained run's configuration and general models, the video as its corpus."""
    base = trained.load_config()
    corpus = CorpusConfig(role="persons", path=str(video.parent), pattern=_escaped(video.name), shard_size=1)
    values = base.model_dump() | {"run": "animate", "corpora": {CORPUS: corpus}, "frame_counts": []}
    config = RunConfig.model_validate(values)
    general = {stage: trained.model(stage, "general") for stage in ("motion", "refine")}
    missing = [path for path in general.values() if not path.is_file() or not weights_beside(path).is_file()]
    if missing:
        raise UserError(f"{missing[0]}: the run is not trained; finish `talkpose run` for it first")
    hashes = {stage: read_json(path)["sha256"] for stage, path in general.items()}
    state = {"config": config.model_dump(mode="json"), "general": hashes}
    seen = layout.root / "animate.json"
    if not seen.is_file() or read_json(seen) != state:
        for stale in ("clips", "tracks", "pairs", "models"):
            shutil.rmtree(layout.root / stale, ignore_errors=True)
        write_json(layout.config_file, state["config"])
        write_list(layout.clip_list(CORPUS), {SHARD: list_clips(corpus)})
        for stage, path in general.items():
            copy = layout.model(stage, "general")
            copy.parent.mkdir(parents=True, exist_ok=True)
            for file in (path, weights_beside(path)):
                shutil.copyfile(file, copy.with_name(file.name))
        write_json(seen, state)
    return config


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _prepare(layout: RunLayout) -> str:
    """Clip and track of the person; steps that are done already are not done again."""
    if not layout.clips_shard(CORPUS, SHARD).is_file():
        ingest_shard(layout, CORPUS, SHARD, layout.load_config().clips.min_seconds)
    set_aside = read_quarantine(layout.quarantine_shard(CORPUS, SHARD))
    if set_aside:
        raise UserError(f"this video cannot be used: {set_aside[0].message}")
    if not layout.tracks_shard(CORPUS, SHARD).is_file():
        track_shard(layout, CORPUS, SHARD)
    (person,) = [path.stem for path in layout.track(CORPUS, "any").parent.glob("*.npz")]
    return person


def _finetune(layout: RunLayout, person: str) -> None:
    name = f"person/{person}"
    if not layout.model("motion", name).is_file():
        motion_steps.personalise(layout, CORPUS, person)
    if not layout.pairs_shard(CORPUS, SHARD).is_file():
        pairs_step.pairs(layout, CORPUS, SHARD)
    if not layout.model("refine", name).is_file():
        refine_steps.personalise(layout, CORPUS, person)


def _first_frame(folder: Path, reader: VideoReader) -> int:
    """Frame of the video that is the clip's first: bringing the sound in sync may have dropped some."""
    row = read_json(folder / "clip.json")
    if not row["sync_applied"]:
        return 0
    count = row["n_frames"] + abs(row["sync_offset"])
    return correct_offset(count, read_wav(folder / "audio.wav"), row["sync_offset"])[0].start


def _pick_frames(frames: Iterable[np.ndarray], indices: np.ndarray) -> Iterator[np.ndarray]:
    """Frames of a video by index, in one pass that keeps only those wanted."""
    wanted, last = set(indices.tolist()), int(indices.max())
    kept = {}
    for index, frame in enumerate(frames):
        if index in wanted:
            kept[index] = frame
        if index == last:
            break
    return (kept[index] for index in indices)


def _write(
    out: Path,
    full: Iterable[np.ndarray],
    crops: np.ndarray,
    window: CropWindow,
    sound: np.ndarray,
    person: str,
) -> None:
    count = min(len(crops), len(sound) // SAMPLES)
    pasted = (paste_back(frame, crop, window) for frame, crop in zip(full, crops[:count], strict=False))
    write_mp4(out, pasted, sound[: count * SAMPLES], FPS, title=person)
