"""The files of a study: the packet's plan, the key that stays at home, and the answers.

All are JSON. A video is known by its name, a keyed hash of 16 hexadecimal digits; who made it stands in the
key alone. Numbers in answers are integers, so that the browser and Python write the same canonical text.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PACKET_FORMAT = "talkpose-packet-1"
KEY_FORMAT = "talkpose-study-key-1"
ANSWERS_FORMAT = "talkpose-answers-1"
KEY_FOLDER = "KEY-do-not-share"

DesignKind = Literal["best-of-n", "rating", "select-all"]
VideoName = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
TrialId = Annotated[str, Field(pattern=r"^t\d{4}$")]
GroupId = Annotated[str, Field(pattern=r"^g\d{3,}$")]
PacketId = Annotated[str, Field(pattern=r"^p\d{3,}$")]


class Model(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


def canonical(value: Any) -> bytes:
    """JSON in UTF-8 with sorted keys and no spaces: the text that hashes are taken of.

    Equal to what the packet's page writes for the same value of objects, lists, strings, integers, booleans
    and nulls.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


# -- the packet ------------------------------------------------------------------------------------------


class Trial(Model):
    """One screen. A trap looks like any other trial: the key alone tells."""

    trial: TrialId
    kind: Literal["practice", "main"]
    group: GroupId
    criteria: list[str] = Field(min_length=1)
    """questions on this screen; more than one only where a best-of-n design has all on one screen"""
    reference: VideoName | None
    """real video that stands marked beside the others and can't be chosen"""
    shown: list[VideoName] = Field(min_length=1)
    """in the order of reading: left to right, then down; rating: A, then B"""


class Packet(Model):
    """What one participant gets: plan.js holds it with its hash."""

    format: Literal["talkpose-packet-1"] = "talkpose-packet-1"
    study: str
    packet: PacketId
    design: DesignKind
    name: str
    """design's name in the configuration; the same as `design` where it gives none"""
    languages: list[str] = Field(min_length=1)
    play_to_end: bool
    demographics: list[dict[str, Any]]
    """questions: name, kind, options, required"""
    trials: list[Trial]
    """in the order of presentation"""

    def sha256(self) -> str:
        """Hash that the answers carry as `packet_hash`: of the canonical text of this model."""
        return hashlib.sha256(canonical(self.model_dump(mode="json"))).hexdigest()

    def videos(self) -> list[str]:
        """Names of all videos that it shows, sorted."""
        return sorted({v for t in self.trials for v in (*t.shown, *([t.reference] if t.reference else []))})


# -- the key ---------------------------------------------------------------------------------------------


class VideoKey(Model):
    """Who made a video."""

    method: str
    """`real`, `broken`, or a method's name"""
    item: str
    """person__audio, as in results/<run>/videos/<method>/<item>"""
    person: str
    audio: str
    """`own` or a foreign clip's id; of a real video always `own`"""
    corpus: str
    copy_of: VideoName | None = None
    """the same bytes under a second name, for a duplicate trap"""


class GroupKey(Model):
    """One comparison group of one design."""

    name: str
    """design's name"""
    item: str
    person: str
    audio: str
    corpus: str
    videos: dict[str, VideoName]
    """by method, `real` among them where the group has it"""


class Passes(Model):
    """When a trap is passed. Exactly one of the rules is set.

    not_chosen: none of these videos is chosen. rating_at_least, rating_at_most: the rating. same_as: the
    choice equals that of another trial of this packet (same criterion). both_or_neither: these two videos,
    which are one, are both chosen or both left.
    """

    not_chosen: list[VideoName] | None = None
    rating_at_least: int | None = None
    rating_at_most: int | None = None
    same_as: TrialId | None = None
    both_or_neither: tuple[VideoName, VideoName] | None = None


class TrialKey(Model):
    """What a trial of a packet really is."""

    trial: TrialId
    kind: Literal["practice", "main", "trap-duplicate", "trap-broken"]
    group: GroupId
    criteria: list[str]
    reference: VideoName | None
    shown: list[VideoName]
    passes: Passes | None = None
    """of traps only"""


class PacketKey(Model):
    """One packet as it was handed out."""

    design: DesignKind
    name: str
    number: int
    """of the participant within the design, from 1"""
    hash: Sha256
    trials: list[TrialKey]


class Key(Model):
    """results/<run>/study/KEY-do-not-share/key.json; never in a packet."""

    format: Literal["talkpose-study-key-1"] = "talkpose-study-key-1"
    study: str
    run: str
    seed: int
    secret: str
    """hexadecimal; key of the videos' names"""
    config: dict[str, Any]
    """checked study configuration"""
    methods: dict[str, list[str]]
    """by design's name: methods that can be chosen, `real` among them where it can"""
    videos: dict[VideoName, VideoKey]
    groups: dict[GroupId, GroupKey]
    packets: dict[PacketId, PacketKey]
    shared: dict[str, Sha256]
    """files that all packets have in common, by path in the packet"""


# -- the answers -----------------------------------------------------------------------------------------


class AnswerTrial(Model):
    """One answer: one trial and one of its criteria; (trial, criterion) is unique in a file."""

    trial: TrialId
    kind: Literal["practice", "main"]
    """as in the packet: traps are `main`; the key tells"""
    group: GroupId
    criterion: str
    reference: VideoName | None
    shown: list[VideoName]
    chosen: list[VideoName]
    """best-of-n: one; select-all: any number, in the order shown; rating: none"""
    rating: int | None = Field(None, ge=1, le=5)
    """of rating alone: 1 not similar ... 5 similar"""
    position: list[int]
    """places of `chosen` in `shown`, from 1"""
    rt_ms: int = Field(ge=0)
    """from the screen's appearance to its answer; equal for the criteria of one screen"""
    plays: dict[VideoName, int]
    """how often each video of the screen was played to its end"""
    replays: dict[VideoName, int]
    """how often each was started again after it had been played to its end"""
    played_to_end: bool
    """whether every video was played to its end at least once"""
    at: str
    """time of the answer, ISO 8601, UTC"""


class Screen(Model):
    """Of the device, in CSS pixels, at the last start."""

    width: int
    height: int
    window_width: int
    window_height: int
    pixel_ratio_percent: int
    touch: bool


class Answers(Model):
    """What a participant hands back: talkpose-<study>-<packet>.json; the CSV beside it is for eyes.

    `partial` files hold the answers given so far, in order of presentation. `checksum` tells a file that was
    edited by hand from one that the page wrote; it does not stop somebody who forges files.
    """

    format: Literal["talkpose-answers-1"] = "talkpose-answers-1"
    study: str
    design: DesignKind
    name: str
    packet: PacketId
    packet_hash: Sha256
    language: str
    status: Literal["complete", "partial"]
    simulated: bool
    """true in every file that `talkpose study simulate` made; the page writes false"""
    consent: bool
    participant: dict[str, str]
    """answers to the demographic questions; unanswered ones are absent"""
    screen: Screen
    app: str
    """version of the page"""
    session: str
    """random id of this participant's sitting: two files with one id are two downloads of one sitting"""
    resumed: int = Field(ge=0)
    """how often the page was opened again after the first time"""
    started: str
    finished: str | None
    """null where partial"""
    trials: list[AnswerTrial]
    checksum: Sha256

    def expected_checksum(self) -> str:
        """SHA-256 of packet_hash, a line feed and the canonical text of all fields but `checksum`."""
        value = self.model_dump(mode="json", exclude={"checksum"})
        return hashlib.sha256(self.packet_hash.encode() + b"\n" + canonical(value)).hexdigest()
