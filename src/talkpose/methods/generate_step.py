"""The workflow's step that generates one method's videos for one shard of persons."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from talkpose.clips.store import read_wav, write_lossless, write_mp4
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import read_json, sha256, write_json, write_npz
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.methods.contract import Generated, Method, Target
from talkpose.methods.controls import Oracle, OtherPerson, PingPong, Shuffled, Still
from talkpose.methods.footage import load_target, usable_clips
from talkpose.methods.ours import OursG, OursP, Rerender, ShiftedSound
from talkpose.methods.receipts import clips_of, weights_beside
from talkpose.methods.specs import Trained, method_spec
from talkpose.methods.variants import variant
from talkpose.motion.weights import load_network
from talkpose.progress import progress
from talkpose.refine.refiner import load_refiner


def load_method(layout: RunLayout, config: RunConfig, name: str, corpus: str, person: str) -> Method:
    """A method ready to generate for a person, with its trained models."""
    spec = method_spec(name)
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
    layout: RunLayout, config: RunConfig, name: str, corpus: str, target: Target
) -> dict[str, np.ndarray]:
    """Sounds that a person is to speak by audio id: the held-out own one, then every foreign one."""
    assert target.held_out is not None
    sounds = {OWN: target.held_out.audio}
    words = config.corpora[corpus].role == "test"
    if method_spec(name).sounds == "all" and config.corpora_with("foreign") and not words:
        for corpus, clip in clips_of(layout, config, "foreign"):
            sounds[clip] = read_wav(layout.clip_folder(corpus, clip) / "audio.wav")
    return sounds


def generate_shard(layout: RunLayout, name: str, corpus: str, shard: str) -> None:
    """Generate, write and describe every video; persons that are quarantined have none."""
    config = layout.load_config()
    torch.set_num_threads(config.threads)
    items: list[dict[str, Any]] = []
    frames = method_spec(name).frames
    for person in usable_clips(layout, corpus, shard):
        target = load_target(layout, config, corpus, person, frames)
        method = load_method(layout, config, name, corpus, person)
        sounds = sounds_for(layout, config, name, corpus, target)
        with progress(f"{name}, {person}", len(sounds)) as bar:
            for done, (audio_id, audio) in enumerate(sounds.items()):
                made = method.generate(target, audio, audio_id == OWN)
                items.append(write_item(layout, name, target, audio_id, audio, made))
                bar.update(done + 1)
    receipt = {"method": name, "spec": asdict(method_spec(name)), "items": items}
    write_json(layout.videos_shard(name, corpus, shard), receipt)


def write_item(
    layout: RunLayout,
    name: str,
    target: Target,
    audio_id: str,
    audio: np.ndarray,
    made: Generated,
) -> dict[str, Any]:
    """Write one video: lossless for metrics, MP4 for people; returns what the receipt says of it."""
    spec, item = method_spec(name), item_id(target.person, audio_id)
    folder = layout.video(name, item)
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
        "method": name,
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
