"""The workflow's step that generates one method's videos for one shard of persons."""

import shutil
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from talkpose.clips.store import read_wav, write_lossless, write_mp4
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import read_json, sha256, write_json, write_npz
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.methods.contract import Generated, Method, Target
from talkpose.methods.controls import Oracle, OtherPerson, PingPong, Shuffled, Still
from talkpose.methods.discovery import get_baseline
from talkpose.methods.footage import SAMPLES, load_target, usable_clips
from talkpose.methods.ours import OursG, OursP, Rerender, ShiftedSound
from talkpose.methods.outcome import ItemRefused, MethodFailed, NotAttempted, check_output
from talkpose.methods.receipts import clips_of, weights_beside
from talkpose.methods.runners import make_runner, seen_by
from talkpose.methods.specs import MethodSpec, Trained, method_spec
from talkpose.methods.variants import variant
from talkpose.motion.weights import load_network
from talkpose.progress import progress
from talkpose.refine.refiner import load_refiner

ENDED_WELL: Final[dict[str, Any]] = {"state": "done", "reason": "", "items": [], "quarantined": []}
"""What a receipt says of how a method ended: `done`, `failed` or `not-attempted`, and why."""


def load_method(layout: RunLayout, config: RunConfig, name: str, corpus: str, person: str) -> Method:
    """A method ready to generate for a person, with its trained models."""
    spec = method_spec(name, config)
    models = {model.stage: weights_beside(_receipt(layout, model, person)) for model in spec.trained}
    if "refine" in models:
        refiner = load_refiner(models["refine"])
        if name == "rerender":
            return Rerender(config, refiner)
        motion = load_network(models["motion"])
        if name == "ours-g":
            return OursG(config, motion, refiner)
        return (ShiftedSound if name == "shifted-sound" else OursP)(config, motion, refiner, spec)
    if name == "shuffled":
        return Shuffled(config.seed)
    if name == "other-person":
        return OtherPerson(load_target(layout, config, *_next_person(layout, config, corpus, person)).train)
    controls: dict[str, type[Method]] = {"oracle": Oracle, "still": Still, "pingpong": PingPong}
    return controls[name]()


def _receipt(layout: RunLayout, model: Trained, person: str) -> Path:
    of = variant(model.variant)
    if model.scope == "general":
        return layout.model(model.stage, "general", of.general)
    return layout.model(model.stage, f"person/{person}", of.name)


def _next_person(layout: RunLayout, config: RunConfig, corpus: str, person: str) -> tuple[str, str]:
    """(corpus, person) that follows in the list of all usable persons, the first after the last."""
    every = clips_of(layout, config, "persons")
    if len(every) < 2:
        raise UserError(
            "`other-person` needs two usable persons; add one, or take the control out of `methods`"
        )
    return every[(every.index((corpus, person)) + 1) % len(every)]


def sounds_for(
    layout: RunLayout, config: RunConfig, spec: MethodSpec, corpus: str, target: Target
) -> dict[str, np.ndarray]:
    """Sounds that a person is to speak by audio id: the held-out own one, then every foreign one."""
    assert target.held_out is not None
    sounds = {OWN: target.held_out.audio}
    words = config.corpora[corpus].role == "test"
    if spec.sounds == "all" and config.corpora_with("foreign") and not words:
        for corpus, clip in clips_of(layout, config, "foreign"):
            sounds[clip] = read_wav(layout.clip_folder(corpus, clip) / "audio.wav")
    return sounds


def generate_shard(layout: RunLayout, name: str, corpus: str, shard: str) -> None:
    """Generate, write and describe every video; persons that are quarantined have none.

    A baseline that fails, or that lacks what only the user can give, leaves a receipt that says why and no
    video; the others of the run go on.
    """
    config = layout.load_config()
    torch.set_num_threads(config.threads)
    spec = method_spec(name, config)
    receipt: dict[str, Any] = {"method": name, "spec": asdict(spec), **ENDED_WELL}
    if spec.run == "built-in":
        receipt["items"] = [
            write_item(layout, spec, target, audio_id, audio, method.generate(target, audio, audio_id == OWN))
            for method, target, audio_id, audio in _built_in(layout, config, spec, corpus, shard)
        ]
    else:
        receipt |= _baseline(layout, config, spec, corpus, shard)
    write_json(layout.videos_shard(name, corpus, shard), receipt)


def _targets(
    layout: RunLayout, config: RunConfig, spec: MethodSpec, corpus: str, shard: str
) -> Iterator[tuple[Target, dict[str, np.ndarray]]]:
    """Every person of a shard with the sounds to speak."""
    for person in usable_clips(layout, corpus, shard):
        target = load_target(layout, config, corpus, person, spec.frames)
        yield target, sounds_for(layout, config, spec, corpus, target)


def _built_in(
    layout: RunLayout, config: RunConfig, spec: MethodSpec, corpus: str, shard: str
) -> Iterator[tuple[Method, Target, str, np.ndarray]]:
    for target, sounds in _targets(layout, config, spec, corpus, shard):
        method = load_method(layout, config, spec.name, corpus, target.person)
        with progress(f"{spec.name}, {target.person}", len(sounds)) as bar:
            for done, (audio_id, audio) in enumerate(sounds.items()):
                yield method, target, audio_id, audio
                bar.update(done + 1)


def _baseline(
    layout: RunLayout, config: RunConfig, spec: MethodSpec, corpus: str, shard: str
) -> dict[str, Any]:
    """Items and refused ones of a baseline, or how and why it ended without."""
    items: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    made_of: list[str] = []
    try:
        runner = make_runner(layout, config, get_baseline(spec.name, config))
        for target, sounds in _targets(layout, config, spec, corpus, shard):
            seen = seen_by(spec.needs, target)
            with progress(f"{spec.name}, {target.person}", len(sounds)) as bar:
                for done, (audio_id, audio) in enumerate(sounds.items()):
                    item = item_id(target.person, audio_id)
                    made_of.append(item)
                    shutil.rmtree(layout.video(spec.name, item), ignore_errors=True)
                    try:
                        made = runner.make(seen, audio, audio_id)
                    except ItemRefused as error:
                        print(f"quarantined: {item}: {error}")
                        refused.append({"item": item, "reason": str(error)})
                        continue
                    check_output(made.frames, len(audio) // SAMPLES, config.clips.size, item)
                    items.append(write_item(layout, spec, target, audio_id, audio, made))
                    bar.update(done + 1)
    except Exception as error:
        state = "not-attempted" if isinstance(error, NotAttempted) else "failed"
        told = isinstance(error, NotAttempted | MethodFailed | UserError)
        if not told:
            traceback.print_exc()
        reason = str(error) if told else f"{type(error).__name__}: {error}"
        print(f"{spec.name} {state}: {reason}")
        for item in made_of:
            shutil.rmtree(layout.video(spec.name, item), ignore_errors=True)
        return {"state": state, "reason": reason}
    return {"items": items, "quarantined": refused}


def write_item(
    layout: RunLayout,
    spec: MethodSpec,
    target: Target,
    audio_id: str,
    audio: np.ndarray,
    made: Generated,
) -> dict[str, Any]:
    """Write one video: lossless for metrics, MP4 for people; returns what the receipt says of it."""
    item = item_id(target.person, audio_id)
    folder = layout.video(spec.name, item)
    # The control `oracle` shows real frames: it alone is not marked as synthetic.
    synthetic = spec.name != "oracle"
    write_lossless(folder / "frames.mkv", made.frames, title=item, synthetic=synthetic)
    write_mp4(folder / "video.mp4", made.frames, audio, title=f"{spec.title}: {item}", synthetic=synthetic)
    if made.rendered is not None:
        write_lossless(folder / "rendered.mkv", made.rendered, title=item, synthetic=True)
        write_mp4(folder / "rendered.mp4", made.rendered, audio, title=f"{spec.title}, rendered: {item}")
    if "mouth" in made.masks:
        packed = {region: np.packbits(mask, axis=-1) for region, mask in made.masks.items()}
        write_npz(folder / "masks.npz", **packed)
    if made.coefficients is not None:
        write_npz(folder / "coefficients.npz", coefficients=made.coefficients.astype(np.float32))
    facts = {key: round(value, 6) for key, value in made.facts.items()}
    described = {
        "method": spec.name,
        "person": target.person,
        "audio": audio_id,
        "n_frames": len(made.frames),
        "train_frames": len(target.train.frames),
        "pose": spec.pose,
        "needs": spec.needs,
        "facts": facts,
        "sha256": {name: sha256(folder / name) for name in made_files(folder)},
    }
    write_json(folder / "item.json", described)
    return described


def made_files(folder: Path) -> list[str]:
    """Names of the files of one video, but for its description."""
    return sorted(path.name for path in folder.iterdir() if path.suffix in (".mkv", ".mp4", ".npz"))


def read_items(layout: RunLayout, name: str, corpus: str, shard: str) -> list[dict[str, Any]]:
    """What `generate_shard` made for a shard."""
    return read_json(layout.videos_shard(name, corpus, shard))["items"]
