"""`talkpose study build`: from a study's configuration and a run to packets, archive and key."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import atomic_path, read_json, write_json, write_text
from talkpose.layout import RunLayout
from talkpose.study.app_build import build_app
from talkpose.study.config import REAL, Design, StudyConfig
from talkpose.study.encode_step import Wanted, encode_all
from talkpose.study.inventory import Item, choose_groups, items_of, left_out, source_of
from talkpose.study.packets import (
    set_time,
    texts_js,
    video_name,
    write_jatos,
    write_packet,
    write_shared,
    zip_packet,
)
from talkpose.study.schema import (
    KEY_FOLDER,
    GroupKey,
    Key,
    Packet,
    PacketKey,
    Trial,
    TrialKey,
    VideoKey,
)
from talkpose.study.texts import load_texts
from talkpose.study.trials import BROKEN, group_key, groups_of, make_packets


@dataclass(frozen=True)
class Built:
    """What was written."""

    folder: Path
    """results/<run>/study"""
    packets: list[Path]
    zips: list[Path]
    """empty where they would take more than `zip_limit_mb`"""
    jatos: Path | None
    key: Path
    videos: int
    seconds: float
    """length of each video"""
    packet_bytes: int
    """of all packets together, as if each were copied"""


def build_study(
    config: StudyConfig,
    layout: RunLayout,
    replace: bool = False,
    done: Callable[[str], None] = lambda what: None,
) -> Built:
    """Write a study's packets into results/<run>/study.

    The same configuration and run give the same orders; with the secret that the first build leaves in the
    key's folder also the same names and bytes. Raises UserError where the run lacks videos, or where packets
    of another study or of other orders lie there already and `replace` does not say that they may go.
    """
    folder = layout.root / "study"
    home = folder / KEY_FOLDER
    run = layout.load_config()
    texts = load_texts(config)
    dist = build_app()
    secret = _secret(home / "secret.txt")
    plan = _Plan(config, layout, run, secret)
    packets = plan.packets()
    _keep_what_is_out(home / "key.json", config, packets, replace)
    for note in plan.notes:
        done(note)
    done(f"{len(packets)} packets planned")
    frames = encode_all(folder / "videos", home / "encoded.json", plan.wanted(packets), config.video)
    done(f"{len(plan.used(packets))} videos ready")
    with atomic_path(folder / "shared") as shared:
        shared_files = write_shared(shared, dist, texts_js(texts))
    size, folders = 0, []
    with atomic_path(folder / "packets") as work:
        work.mkdir()
        for packet in packets:
            size += write_packet(work / packet.packet, packet, folder / "shared", folder / "videos")
            folders.append(folder / "packets" / packet.packet)
        set_time(work)
    done(f"{len(packets)} packets written")
    write_json(home / "key.json", plan.key(packets, shared_files).model_dump(mode="json"))
    zips = _zips(folder, folders, config, size)
    jatos = folder / f"{config.study}.jzip" if config.jatos else None
    if jatos:
        write_jatos(jatos, config.study, secret, packets, folder / "shared", folder / "videos")
    return Built(folder, folders, zips, jatos, home / "key.json", len(plan.used(packets)), frames / 25, size)


class _Plan:
    """All packets of a study, and who is who in them."""

    def __init__(self, config: StudyConfig, layout: RunLayout, run: RunConfig, secret: str) -> None:
        self.config, self.layout, self.run, self.secret = config, layout, run, secret
        self.groups: dict[str, GroupKey] = {}
        self.videos: dict[str, VideoKey] = {}
        self.items: dict[str, Item] = {}
        self.keys: dict[str, PacketKey] = {}
        self.methods: dict[str, list[str]] = {}
        self.notes: list[str] = []

    def name(self, method: str, item: Item, copy: bool) -> str:
        """Name of a video, which it then knows."""
        # The real video of a foreign sound is the person's own: one video, however many groups show it.
        of = item if method not in (REAL, BROKEN) else Item(item.person, "own", item.corpus, item.corpus)
        name = video_name(self.secret, self.config.study, method, of.name, copy)
        copied = self.name(method, item, False) if copy else None
        self.items[name] = of
        self.videos[name] = VideoKey(
            method=method, item=of.name, person=of.person, audio=of.audio, corpus=of.corpus, copy_of=copied
        )
        return name

    def packets(self) -> list[Packet]:
        packets: list[Packet] = []
        for design in self.config.designs:
            every = items_of(self.layout, self.run, design)
            items = choose_groups(self.layout, every, design, self.config.seed)
            if design.groups is None and (gap := left_out(self.layout, every, design)):
                self.notes.append(gap)
            count = design.groups or len(items)
            groups = groups_of(design, items[:count], len(self.groups) + 1)
            practice = groups_of(design, items[count:], len(self.groups) + len(groups) + 1)[:1]
            for group in [*groups, *practice]:
                self.groups[group.id] = group_key(design, group, self.name)
            self.methods[design.name] = groups[0].entries
            made = make_packets(design, groups, (practice or groups[-1:])[0], self.config.seed, self.name)
            for number, trials in enumerate(made, 1):
                packets.append(self._packet(design, f"p{len(packets) + 1:03d}", number, trials))
        return packets

    def _packet(self, design: Design, name: str, number: int, trials: list[TrialKey]) -> Packet:
        packet = Packet(
            study=self.config.study,
            packet=name,
            design=design.design,
            name=design.name,
            languages=self.config.languages,
            play_to_end=design.play_to_end,
            demographics=[question.model_dump(mode="json") for question in self.config.demographics],
            trials=[
                Trial(
                    trial=trial.trial,
                    kind="practice" if trial.kind == "practice" else "main",
                    group=trial.group,
                    criteria=trial.criteria,
                    reference=trial.reference,
                    shown=trial.shown,
                )
                for trial in trials
            ],
        )
        self.keys[name] = PacketKey(
            design=design.design, name=design.name, number=number, hash=packet.sha256(), trials=trials
        )
        return packet

    def used(self, packets: list[Packet]) -> list[str]:
        """Names of the videos that any packet shows, and of those that they are copies of."""
        shown = {name for packet in packets for name in packet.videos()}
        return sorted(shown | {v.copy_of for n, v in self.videos.items() if n in shown and v.copy_of})

    def wanted(self, packets: list[Packet]) -> dict[str, Wanted]:
        made = {}
        for name in self.used(packets):
            video = self.videos[name]
            method = REAL if video.method == BROKEN else video.method
            source = source_of(self.layout, self.run, method, self.items[name])
            made[name] = Wanted(source, spoilt=video.method == BROKEN, copy_of=video.copy_of)
        return made

    def key(self, packets: list[Packet], shared: dict[str, str]) -> Key:
        used = self.used(packets)
        return Key(
            study=self.config.study,
            run=self.layout.root.name,
            seed=self.config.seed,
            secret=self.secret,
            config=self.config.model_dump(mode="json"),
            methods=self.methods,
            videos={name: self.videos[name] for name in used},
            groups=self.groups,
            packets=self.keys,
            shared=shared,
        )


def _secret(path: Path) -> str:
    """The study's secret: drawn once, kept in the key's folder."""
    if not path.is_file():
        write_text(path, secrets.token_hex(32) + "\n")
        path.chmod(0o600)
    secret = path.read_text().strip()
    if len(secret) != 64 or set(secret) - set("0123456789abcdef"):
        raise UserError(f"{path}: not 64 hexadecimal digits; restore it, or delete it to draw a new secret")
    return secret


def _keep_what_is_out(key: Path, config: StudyConfig, packets: list[Packet], replace: bool) -> None:
    """Packets that were handed out must stay what they are."""
    if replace or not key.is_file():
        return
    before = Key.model_validate(read_json(key))
    hashes = {packet.packet: packet.sha256() for packet in packets}
    changed = [name for name, old in before.packets.items() if hashes.get(name) != old.hash]
    if before.study != config.study or changed:
        raise UserError(
            f"{key}: belongs to "
            + (
                f"the study {before.study}"
                if before.study != config.study
                else f"packets that would change ({changed[0]} among {len(changed)}), whose answers would no "
                "longer be readable"
            )
            + "; move the folder away, or say --replace if none of them was handed out"
        )


def _zips(folder: Path, folders: list[Path], config: StudyConfig, size: int) -> list[Path]:
    for old in folder.glob("*-p*.zip"):
        old.unlink()
    if config.zip == "no" or (config.zip == "auto" and size > config.zip_limit_mb * 1_000_000):
        return []
    zips = [folder / f"{config.study}-{packet.name}.zip" for packet in folders]
    for packet, path in zip(folders, zips, strict=True):
        zip_packet(packet, path)
    return zips


def zip_some(packets: list[Path], out: Path) -> list[Path]:
    """Zip packets one by one, where all together would take too much space; returns the zips."""
    made = []
    for packet in packets:
        if not (packet / "data" / "plan.js").is_file():
            raise UserError(f"{packet}: not a packet's folder; give those in results/<run>/study/packets")
        made.append(out / f"{packet.name}.zip")
        zip_packet(packet, made[-1])
    return made
