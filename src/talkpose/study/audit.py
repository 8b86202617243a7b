"""`talkpose study audit`: looks for anything in packets that gives a method away."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from talkpose.errors import UserError
from talkpose.files import read_json
from talkpose.study.config import REAL
from talkpose.study.contents import Contents, File, open_packet
from talkpose.study.guess import guess_methods
from talkpose.study.look import Look, look_at
from talkpose.study.packets import TIME, video_name
from talkpose.study.schema import KEY_FOLDER, Key
from talkpose.study.trials import BROKEN

LOUDNESS = 1.0
"""LU by which the loudness of two videos may differ after the lossy codec."""


@dataclass
class Findings:
    """What an audit found; each fault begins with the name of its check."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    packets: int = 0

    def fault(self, check: str, what: str) -> None:
        """Note a fault once."""
        line = f"{check}: {what}"
        if line not in self.faults:
            self.faults.append(line)


def audit_packets(paths: list[Path], key_file: Path | None = None) -> Findings:
    """Check packets (folders, zips, .jzip archives) against the key and against each other.

    Checks: files, key, names, words, times, metadata, coding, size, duration, loudness, sound, plan, balance,
    guess. UserError where there is no packet or no key, without which nobody knows what must not show.
    """
    if not paths:
        raise UserError("no packet is given; name folders, zips or .jzip archives")
    key = Key.model_validate(read_json(_find_key(paths, key_file)))
    found = Findings()
    looks: dict[str, Look] = {}
    seen: dict[object, Look] = {}
    methods = sorted({video.method for video in key.videos.values()})
    for path in paths:
        contents = open_packet(path)
        found.packets += len(contents.plans)
        _check_files(contents, key, found)
        _check_plans(contents, key, found)
        for file in contents.videos:
            name = Path(file.name).stem
            try:
                look = seen.get(file.identity) or _look(file, methods, seen)
            except ValueError as error:
                found.fault("coding", f"{path}/{file.name}: {error}")
                continue
            seen[file.identity] = look
            if name in looks and looks[name].sha256 != look.sha256:
                found.fault("size", f"{path}/{file.name}: differs from the same video in another packet")
            looks[name] = look
    _check_videos(looks, key, found)
    _check_balance(key, found)
    _check_guess(looks, key, found)
    return found


def _look(file: File, methods: list[str], seen: dict[object, Look]) -> Look:
    """Look at a file, but at equal bytes once."""
    data = file.read()
    digest = sha256(data).hexdigest()
    if digest not in seen:
        seen[digest] = look_at(data, methods)
    return seen[digest]


def _find_key(paths: list[Path], given: Path | None) -> Path:
    first = paths[0].resolve()
    places = [given] if given else [parent / KEY_FOLDER / "key.json" for parent in first.parents][:4]
    for place in places:
        if place.is_file():
            return place
    raise UserError(
        f"no key beside {paths[0]}; say where it is with --key results/<run>/study/{KEY_FOLDER}/key.json"
    )


def _check_files(contents: Contents, key: Key, found: Findings) -> None:
    hosted = any(file.name.startswith("data/plans/") for file in contents.files)
    shown = {name for _, packet in contents.plans for name in packet.videos()}
    expected = {f"videos/{name}.mp4" for name in shown}
    if hosted:
        expected |= {f"data/plans/{packet.packet}.js" for _, packet in contents.plans}
        expected |= {"data/packets.js", "index.html", f"talkpose_{key.study}.jas"}
        expected |= set(key.shared) - {"index.html"}
    else:
        expected |= {"data/plan.js", *key.shared}
    names = {file.name for file in contents.files}
    for name in sorted(names - expected):
        found.fault("files", f"{contents.path}: {name} does not belong there")
    for name in sorted(expected - names):
        found.fault("files", f"{contents.path}: {name} is missing")
    for file in contents.files:
        where = f"{contents.path}/{file.name}"
        if file.time != TIME:
            found.fault("times", f"{where}: has a time of its own")
        if KEY_FOLDER.lower() in file.name.lower() or Path(file.name).name == "key.json":
            found.fault("key", f"{where}: the key lies in the packet")
        if _spoken(file.name, key, plain=True):
            found.fault("words", f"{where}: its name holds {_spoken(file.name, key, plain=True)}")
        if file in contents.videos:
            continue
        data = file.read()
        if key.secret.encode() in data:
            found.fault("key", f"{where}: holds the secret of the names")
        # Ordinary words (`still`) stand in the page's own code and texts; a plan has no words but its own.
        plan = file.name == "data/plan.js" or file.name.startswith("data/plans/")
        word = _spoken(data.decode("utf-8", "replace"), key, plain=plan)
        if word:
            found.fault("words", f"{where}: holds {word}")
        if not hosted and file.name in key.shared and sha256(data).hexdigest() != key.shared[file.name]:
            found.fault("files", f"{where}: is not the file that all packets share")
        if file.name == "index.html" and not hosted and b"connect-src 'none'" not in data:
            found.fault("files", f"{where}: allows the page to send data")


def _check_plans(contents: Contents, key: Key, found: Findings) -> None:
    for line in contents.unreadable:
        found.fault("plan", f"{contents.path}: {line}")
    for named, packet in contents.plans:
        where = f"{contents.path}: packet {packet.packet}"
        home = key.packets.get(packet.packet)
        if packet.sha256() != named or home is None or home.hash != named:
            found.fault("plan", f"{where} is not the one that the key knows")
        if any(field_ in {"method", "passes"} for trial in packet.trials for field_ in trial.model_dump()):
            found.fault("plan", f"{where} tells what it asks for")
        for name in packet.videos():
            video = key.videos.get(name)
            if video is None or name != video_name(
                key.secret, key.study, video.method, video.item, video.copy_of is not None
            ):
                found.fault("names", f"{where}: the video {name} is not named by the secret key")
    for file in contents.videos:
        if not re.fullmatch(r"videos/[0-9a-f]{16}\.mp4", file.name):
            found.fault("names", f"{contents.path}: {file.name} is not a hash")


def _spoken(text: str, key: Key, plain: bool) -> str | None:
    """A method's or design's own name in a text, as a word; `plain`: ordinary words count too."""
    methods = {video.method for video in key.videos.values()} | {m for ms in key.methods.values() for m in ms}
    for method in sorted(methods):
        if not plain and re.fullmatch(r"[a-z]+", method):
            continue
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(method)}(?![A-Za-z0-9])", text, re.IGNORECASE):
            return method
    return None


def _check_videos(looks: dict[str, Look], key: Key, found: Findings) -> None:
    if not looks:
        return
    usual = _usual(list(looks.values()))
    for name, look in sorted(looks.items()):
        for what, value in look.metadata.items():
            found.fault("metadata", f"{name}: says {what} = {value}")
        for what, value in look.coding.items():
            if value != usual.coding[what]:
                found.fault("coding", f"{name}: {what} is {value}, of others {usual.coding[what]}")
        if look.size != usual.size:
            found.fault("size", f"{name}: {look.size} bytes, others {usual.size}")
        if look.seconds != usual.seconds or len(look.frame_sizes) != len(usual.frame_sizes):
            found.fault("duration", f"{name}: {look.seconds:.3f} s, others {usual.seconds:.3f} s")
        if abs(look.loudness - usual.loudness) > LOUDNESS:
            found.fault("loudness", f"{name}: {look.loudness:.1f} LUFS, others {usual.loudness:.1f}")
        for method in look.words:
            found.fault("words", f"{name}: the file holds {method}")
    for group, about in sorted(key.groups.items()):
        # A marked real video of a foreign sound speaks the person's own.
        alike = {m: v for m, v in about.videos.items() if m != REAL or about.audio == "own"}
        sounds = {looks[name].sound_hash for name in alike.values() if name in looks}
        if len(sounds) > 1:
            found.fault("sound", f"{group} ({about.item}): its videos have different sounds")


def _usual(looks: list[Look]) -> Look:
    """The look that most videos have."""
    common = Counter((look.size, look.seconds, str(look.coding)) for look in looks).most_common(1)[0][0]
    return next(look for look in looks if (look.size, look.seconds, str(look.coding)) == common)


def _check_balance(key: Key, found: Findings) -> None:
    """Every method at every place equally often to within one: in each packet, and over all of a design."""
    whole: dict[str, Counter] = defaultdict(Counter)
    for name, packet in key.packets.items():
        counts: Counter = Counter()
        for trial in packet.trials:
            if trial.kind == "main":
                counts.update((key.videos[v].method, place) for place, v in enumerate(trial.shown))
        methods = sorted({method for method, _ in counts})
        # Several methods of a rating take turns beside the real video, each in its own pairs.
        for method in methods:
            if _uneven(counts, [method]):
                found.fault("balance", f"{name}: {method} stands more often in one place than in another")
        whole[packet.name].update(counts)
    for design, counts in whole.items():
        for method in sorted({method for method, _ in counts}):
            if _uneven(counts, [method]):
                found.fault("balance", f"{design}: {method} stands more often in one place than in another")


def _uneven(counts: Counter, methods: list[str]) -> bool:
    places = range(max(place for _, place in counts) + 1)
    return any(np.ptp([counts[method, place] for place in places]) > 1 for method in methods)


def _check_guess(looks: dict[str, Look], key: Key, found: Findings) -> None:
    names = [
        name
        for name in sorted(looks)
        if name in key.videos and key.videos[name].copy_of is None and key.videos[name].method != BROKEN
    ]
    if not names:
        return
    features = np.stack([looks[name].features() for name in names])
    sizes = {len(looks[name].frame_sizes) for name in names}
    if len(sizes) == 1:
        features = np.concatenate([features, np.stack([looks[name].frame_sizes for name in names])], 1)
    guess = guess_methods(
        features, [key.videos[n].method for n in names], [key.videos[n].item for n in names]
    )
    if guess is None:
        found.notes.append(f"guess: {len(names)} videos, all alike: nothing to guess a method from")
        return
    line = (
        f"methods are guessed from the files' properties in {guess.accuracy:.0%} of {guess.videos} videos; "
        f"chance {guess.chance:.0%}, p = {guess.p:.3f}"
    )
    if guess.beats_chance:
        found.fault("guess", line)
    else:
        found.notes.append(f"guess: {line}")
