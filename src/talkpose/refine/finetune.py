"""Fine-tuning of stage 2 to one person (paper 4.1): once, or members whose pictures are averaged."""

from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import Any

from talkpose.config import Precision, RefineConfig
from talkpose.errors import UserError
from talkpose.files import read_json, sha256, write_json
from talkpose.refine.pairs import ClipPairs, StoredPairs
from talkpose.refine.refiner import Refiner, load_refiner, save_refiner
from talkpose.refine.train import Progress, Training
from talkpose.seeds import derive_seed


def finetune(
    samples: Sequence[ClipPairs | StoredPairs],
    general: str | Path,
    config: RefineConfig,
    seed: int,
    device: str,
    precision: Precision,
    out: str | Path,
    checkpoint: str | Path,
    progress: Progress | None = None,
    facts: dict[str, Any] | None = None,
) -> Refiner:
    """Fine-tune the general weights at `general` to the person of `samples`: Ours-P's second stage.

    Writes and resumes as `train_general`; finished members are kept beside `checkpoint` until all are. With
    `identity: mean` the generator sees the mean feature of the samples (ablation of the paper's Figure 6).
    Discriminator, memory and curves are those of the first member.
    """
    out, checkpoint = Path(out), Path(checkpoint)
    count, steps = config.personal_members, config.personal_steps
    known = {**(facts or {}), "stage": "personal", "seed": seed}
    if count == 1:
        training = _training(samples, general, config, seed, device, precision, known)
        refiner = training.run(steps, config.personal_lr, out, checkpoint, progress)
        _clear(checkpoint)
        return refiner
    paths = [checkpoint.with_suffix(f".member{number}.safetensors") for number in range(count)]
    members = []
    for number, path in enumerate(paths):
        own = seed if number == 0 else derive_seed(seed, "member", str(number))
        training = _training(samples, general, config, own, device, precision, known)
        mark = path.with_suffix(".mark.json")
        if mark.is_file() and read_json(mark) == training.fingerprint:
            members.append(load_refiner(path, config))
            continue
        told = _after(progress, number, steps, count)
        members.append(training.run(steps, config.personal_lr, path, checkpoint, told))
        write_json(mark, training.fingerprint)
    refiner = members[0]._replace(
        facts={**members[0].facts, "members": count}, others=tuple(member.generator for member in members[1:])
    )
    save_refiner(out, refiner)
    curves = read_json(paths[0].with_suffix(".json"))
    write_json(out.with_suffix(".json"), curves | {"facts": refiner.facts})
    _clear(checkpoint)
    return refiner


def _clear(checkpoint: Path) -> None:
    """Take away what members left, also those of a run that wanted more of them."""
    for path in checkpoint.parent.glob(f"{escape(checkpoint.stem)}.member*"):
        path.unlink()


def _training(
    samples: Sequence[ClipPairs | StoredPairs],
    general: str | Path,
    config: RefineConfig,
    seed: int,
    device: str,
    precision: Precision,
    facts: dict[str, Any],
) -> Training:
    refiner = load_refiner(general, config)
    if refiner.others:
        raise UserError(f"{general}: is a person's, not the general mapping; give the general weights")
    refiner.facts.update(facts, general=sha256(general))
    return Training(refiner, samples, config, seed, "personal", device, precision)


def _after(progress: Progress | None, number: int, steps: int, count: int) -> Progress | None:
    """Progress of member `number` as that of all of them."""
    if progress is None:
        return None
    return lambda step, _: progress(number * steps + step, count * steps)
