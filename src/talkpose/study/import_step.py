"""`talkpose study import`: answers files, checked against the key, to one tidy table."""

import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from talkpose.errors import UserError
from talkpose.files import read_json, write_json, write_parquet
from talkpose.study.schema import KEY_FOLDER, Answers, Key
from talkpose.study.tidy import tidy_answers

MOST_BYTES = 20_000_000
"""An answers file is far smaller; a larger one is something else."""


class Refused(NamedTuple):
    """A file that was set aside, and why, in one sentence."""

    file: str
    reason: str


class Imported(NamedTuple):
    """What an import found."""

    accepted: list[Answers]
    """one a sitting, sorted by packet; partial ones among them"""
    refused: list[Refused]
    repeated: list[Refused]
    """further downloads of a sitting that another file holds more of, and second sittings of a packet"""


def load_key(folder: Path) -> Key:
    """The key of the study in results/<run>/study; UserError where there is none."""
    path = folder / KEY_FOLDER / "key.json"
    if not path.is_file():
        raise UserError(
            f"{path}: no key; build the study first with `talkpose study build`, or give its --run"
        )
    return Key.model_validate(read_json(path))


def import_answers(folder: Path, paths: Iterable[Path]) -> Imported:
    """Check answers files (or folders and zips of them) and write answers.parquet and import.json.

    folder: results/<run>/study. Everything ever imported stays in `answers/`, by packet and sitting, so that
    later imports add to it. Simulated answers and people's never go together: the first kind that was
    imported stays. Raises UserError where nothing could be read, or kinds are mixed.
    """
    key = load_key(folder)
    kept = folder / "answers"
    before = sorted(kept.glob("*.json")) if kept.is_dir() else []
    found = check_answers(key, [(path.name, path.read_bytes()) for path in before] + list(_files(paths)))
    if not found.accepted:
        reasons = "; ".join(f"{r.file}: {r.reason}" for r in found.refused[:3]) or "no .json file was given"
        raise UserError(f"no answers could be taken: {reasons}")
    kinds = {answers.simulated for answers in found.accepted}
    if len(kinds) > 1:
        raise UserError(
            f"{kept}: simulated answers and people's answers in one study; "
            "move the simulated ones away (they say `simulated: true`) and import again"
        )
    for answers in found.accepted:
        write_json(kept / f"{answers.packet}-{answers.session}.json", answers.model_dump(mode="json"))
    current = {f"{answers.packet}-{answers.session}.json" for answers in found.accepted}
    for path in before:
        if path.name not in current:
            path.unlink()
    write_parquet(folder / "answers.parquet", tidy_answers(key, found.accepted))
    write_json(folder / "import.json", _receipt(key, found))
    return found


def check_answers(key: Key, files: Iterable[tuple[str, bytes]]) -> Imported:
    """Answers of a study from files (name, bytes): schema, hash of the packet, checksum, plan, repeats."""
    good: list[tuple[str, Answers]] = []
    refused: list[Refused] = []
    for name, content in files:
        try:
            good.append((name, _read(key, content)))
        except _FaultError as fault:
            refused.append(Refused(name, str(fault)))
    by_sitting: dict[tuple[str, str], list[tuple[str, Answers]]] = {}
    for name, answers in good:
        by_sitting.setdefault((answers.packet, answers.session), []).append((name, answers))
    fullest, repeated = [], []
    for same in by_sitting.values():
        same.sort(key=lambda pair: (pair[1].status == "complete", len(pair[1].trials)), reverse=True)
        fullest.append(same[0])
        repeated += [
            Refused(
                name, f"another download of the same sitting as {same[0][0]}, which holds as much or more"
            )
            for name, answers in same[1:]
            if answers.checksum != same[0][1].checksum
        ]
    by_packet: dict[str, list[tuple[str, Answers]]] = {}
    for name, answers in fullest:
        by_packet.setdefault(answers.packet, []).append((name, answers))
    accepted = []
    for packet in sorted(by_packet):
        # Of two sittings of one packet the complete one counts, else the first: the second knew the videos.
        sittings = sorted(by_packet[packet], key=lambda pair: (pair[1].status != "complete", pair[1].started))
        accepted.append(sittings[0][1])
        repeated += [
            Refused(name, f"a second sitting of packet {packet}, which {sittings[0][0]} answers already")
            for name, _ in sittings[1:]
        ]
    return Imported(accepted, refused, repeated)


class _FaultError(Exception):
    """A file can not be taken."""


def _read(key: Key, content: bytes) -> Answers:
    if len(content) > MOST_BYTES:
        raise _FaultError(f"{len(content) / 1e6:.0f} MB: too large for an answers file")
    try:
        answers = Answers.model_validate(json.loads(content.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise _FaultError("not a text in UTF-8; ask for the .json file that the page saved") from error
    except json.JSONDecodeError as error:
        raise _FaultError(
            f"cut short or no JSON (line {error.lineno}); ask for the file that the page saved"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "top"
        raise _FaultError(f"no answers file: `{place}`: {first['msg']}") from error
    if answers.study != key.study:
        raise _FaultError(f"of another study, `{answers.study}`; this one is `{key.study}`")
    if answers.packet not in key.packets:
        raise _FaultError(f"packet {answers.packet} is not of this study")
    packet = key.packets[answers.packet]
    if answers.packet_hash != packet.hash:
        raise _FaultError(f"answers packet {answers.packet} as it was in another build of the study")
    if (answers.name, answers.design) != (packet.name, packet.design):
        raise _FaultError(f"says design {answers.name}, but packet {answers.packet} is of {packet.name}")
    if answers.checksum != answers.expected_checksum():
        raise _FaultError("was changed after the page wrote it: its checksum does not fit")
    if not answers.consent:
        raise _FaultError("the participant did not consent; delete the file")
    _check_plan(key, answers)
    return answers


def _check_plan(key: Key, answers: Answers) -> None:
    """What was shown is what the packet plans, and what was chosen was shown."""
    plan = {trial.trial: trial for trial in key.packets[answers.packet].trials}
    seen: set[tuple[str, str]] = set()
    for row in answers.trials:
        trial = plan.get(row.trial)
        if trial is None or row.criterion not in trial.criteria:
            raise _FaultError(f"trial {row.trial} ({row.criterion}) is not in packet {answers.packet}")
        if (row.trial, row.criterion) in seen:
            raise _FaultError(f"trial {row.trial} ({row.criterion}) is answered twice")
        seen.add((row.trial, row.criterion))
        if row.shown != trial.shown or row.reference != trial.reference or row.group != trial.group:
            raise _FaultError(f"trial {row.trial} shows other videos than the packet's plan")
        if not set(row.chosen) <= set(row.shown) or len(set(row.chosen)) < len(row.chosen):
            raise _FaultError(f"trial {row.trial}: a video was chosen that was not shown, or twice")
        if answers.design == "best-of-n" and len(row.chosen) != 1:
            raise _FaultError(f"trial {row.trial}: {len(row.chosen)} videos chosen where one is asked for")
        if (answers.design == "rating") != (row.rating is not None):
            raise _FaultError(f"trial {row.trial}: a rating is missing, or stands where none is asked for")
    wanted = {(trial.trial, criterion) for trial in plan.values() for criterion in trial.criteria}
    if answers.status == "complete" and seen != wanted:
        raise _FaultError(f"says that it is complete, but {len(wanted - seen)} answers are missing")


def _files(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of answers files, of all .json files in folders, and of those in zips."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from ((file.name, file.read_bytes()) for file in sorted(path.rglob("*.json")))
        elif not path.is_file():
            raise UserError(f"{path}: no such file; give answers files, folders or zips of them")
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for info in sorted(archive.infolist(), key=lambda info: info.filename):
                    if info.filename.endswith(".json") and info.file_size <= MOST_BYTES:
                        yield f"{path.name}/{info.filename}", archive.read(info)
        else:
            yield path.name, path.read_bytes()


def _receipt(key: Key, found: Imported) -> dict[str, object]:
    counts: dict[str, dict[str, int]] = {}
    for packet in key.packets.values():
        counts.setdefault(packet.name, {"packets": 0, "complete": 0, "partial": 0})["packets"] += 1
    for answers in found.accepted:
        counts[answers.name][answers.status] += 1
    return {
        "study": key.study,
        "simulated": any(answers.simulated for answers in found.accepted),
        "designs": counts,
        "refused": [refused._asdict() for refused in found.refused],
        "repeated": [repeated._asdict() for repeated in found.repeated],
    }
