"""`method.yaml`: what a baseline is, as plain data; readable without the baseline's own dependencies."""

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from talkpose.config.base import Section
from talkpose.errors import UserError

FILE = "method.yaml"
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
UNKNOWN = "unknown"
"""Value of a SHA-256 that nobody has told this project."""

Status = Literal["clean-room", "original", "own"]


class Citation(Section):
    """Where the method was published; a method that was not, says so in `venue`."""

    title: str = Field(min_length=1)
    authors: list[str] = Field(min_length=1)
    year: int = Field(ge=1950, le=2100)
    venue: str = Field("unpublished", min_length=1)
    doi: str | None = None
    url: str | None = Field(None, pattern=r"^https?://\S+$")


class Upstream(Section):
    """The authors' own code."""

    repository: str = Field(pattern=r"^https?://\S+$")
    commit: str = Field(pattern=r"^[0-9a-f]{7,40}$", description="the commit, not a branch")
    licence: str = Field(min_length=1, description="as the repository says; `none` where it says nothing")


class Simplified(Section):
    """One departure from the paper."""

    what: str = Field(min_length=1)
    why: str = Field(min_length=1)


class Quoted(Section):
    """A number that somebody printed. Never mixed with numbers computed here."""

    table: str = Field(min_length=1, description="where it stands, such as `Table 2`")
    metric: str = Field(min_length=1)
    value: float
    protocol: str = Field(min_length=1, description="corpus, crop and formula as far as they are known")
    source: str = Field(min_length=1, description="who printed it")


class Weights(Section):
    """A weight file that the user has to get."""

    file: str = Field(min_length=1, description="path inside the checkout, or inside `weights`")
    url: str = Field(min_length=1, description="where it is published")
    sha256: str = Field(pattern=r"^([0-9a-f]{64}|unknown)$", description="`unknown` rather than invented")

    @field_validator("file")
    @classmethod
    def _inside(cls, value: str) -> str:
        return _relative(value)


class InProcess(Section):
    """Runs inside the harness: `module` exports `Method`, a talkpose.methods.retrained.Baseline."""

    kind: Literal["in_process"]
    module: str = Field("method.py", pattern=r"^[A-Za-z_][A-Za-z0-9_]*\.py$")
    trained: bool = Field(True, description="false: there is nothing to fit; `Method` is no Retrained")


class Mfcc(Section):
    """MFCC files for programs that want their features ready-made."""

    path: str = Field(description="file to write, with placeholders; `{frame}` in it: one file a video frame")
    format: Literal["npy", "float64"] = Field("npy", description="float64: raw little-endian doubles")
    first: int = Field(0, ge=0, description="number of the first video frame in file names")
    window: int = Field(28, ge=1, description="rows of 10 ms a video frame")
    before: int = Field(12, description="rows that begin before the frame's own first row")
    filters: int = Field(26, ge=1)
    low_hz: float = Field(0, ge=0)
    high_hz: float | None = None
    cepstra: tuple[int, int] = Field((1, 13), description="first and last+1 of the 13 coefficients kept")
    layout: Literal["rows", "columns"] = Field("rows", description="rows: time x coefficient")


class Inputs(Section):
    """How target and sound are handed over."""

    size: int | None = Field(None, ge=16, description="side of picture and video in pixels; null: the run's")
    fps: float = Field(25, gt=0, description="frame rate of {video}")
    audio_rate: int = Field(16000, ge=8000, description="sampling rate of {audio} in Hz")
    image: Literal["png", "jpg"] = "png"
    video_length: Literal["sound", "training"] = Field(
        "sound", description="sound: the training frames back and forth for as long as the sound lasts"
    )
    mfcc: Mfcc | None = None


class Outputs(Section):
    """What the program leaves."""

    video: str = Field(
        "{out}", description="the finished video; may be a pattern such as `{work}/result/**/*.mp4`"
    )
    pictures: bool = Field(False, description="`video` matches single pictures in natural order, at 25 fps")
    fps: float | None = Field(None, gt=0, description="rate that the video must have; null: any")
    tolerance: int = Field(
        5, ge=0, description="frames at 25 fps that may lack at the end, which repeat the last, or be over"
    )


class Command(Section):
    """Runs as a process of its own. No shell: `command` is a list, filled argument by argument.

    Placeholders: {image} {video} {audio} {out}, {work} (a folder of its own for this video), {folder} (the
    baseline's), {checkout}, {weights}, {python} (the harness's interpreter), {seed}, {frames} (their number).
    """

    kind: Literal["command"]
    command: list[str] = Field(min_length=1)
    prefix: list[str] = Field(
        [], description="environment or container, such as [conda, run, -n, sadtalker]; before the command"
    )
    directory: str = Field(
        "", description="working directory; default: the checkout, else the folder of this video"
    )
    environment: dict[str, str] = Field({}, description="more environment variables")
    files: dict[str, Any] = Field(
        {}, description="files to write first: path to YAML content with placeholders in its strings"
    )
    copies: dict[str, str] = Field({}, description="files to copy first: from to where, with placeholders")
    requires: list[str] = Field(
        [], description="files or programs without which it is not attempted, with placeholders"
    )
    setup: list[str] = Field([], description="how to install it, as upstream says; shown, never run")
    tried: str = Field(
        "", description="where it was last seen to run; empty: never, its command line is read"
    )
    inputs: Inputs = Inputs()
    outputs: Outputs = Outputs()
    time_limit: float = Field(1800, gt=0, description="seconds a video; then it is stopped")
    memory_limit: float = Field(
        32, gt=0, description="GB of resident memory of the process and its children; then it is stopped"
    )

    @property
    def needs_checkout(self) -> bool:
        """Whether it runs the authors' code, which the user has to fetch."""
        text = " ".join(
            [*self.command, *self.prefix, self.directory, *self.requires, *self.environment.values()]
        )
        return "{checkout}" in text


class Frames(Section):
    """A folder of finished videos from anyone's method; nothing in it is ever executed."""

    kind: Literal["frames"]
    folder: str | None = Field(
        None, description="inside the baseline's folder; null: given as baseline_settings.<name>.folder"
    )
    pattern: str = Field(
        "{item}.mp4",
        description="file of an item: {item} is <person>__<sound>, {clip} or {person} the person",
    )
    setup: list[str] = Field([], description="how to get such videos; shown, never run")
    tolerance: int = Field(1, ge=0, description="frames at 25 fps by which a video may be too long or short")

    @field_validator("folder", "pattern")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        return None if value is None else _relative(value)


Run = Annotated[InProcess | Command | Frames, Field(discriminator="kind")]


class CheckSettings(Section):
    """What `talkpose baseline check` changes to be quick."""

    settings: dict[str, Any] = Field({}, description="over the settings of scale small")
    size: int = Field(64, ge=32, description="side of the frames in pixels")
    note: str = Field("", description="what the check's sizes do not tell")


class Manifest(Section):
    """The whole of method.yaml."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="the folder's name")
    title: str = Field(min_length=1, description="as tables show it")
    kind: Literal["baseline", "method", "control", "diagnostic"] = "baseline"
    about: str = Field(min_length=1, description="one line that tables show with the title")
    citation: Citation
    licence: str = Field(min_length=1, description="SPDX identifier of what lies in this folder")
    status: Status = Field(description="clean-room: written here from the paper; original: the authors' code")
    upstream: Upstream | None = None
    simplified: list[Simplified] = []
    needs: Literal["image", "video"]
    pose: Literal["predicted", "copied", "fixed"]
    sounds: Literal["all", "own"] = "all"
    run: Run
    settings: dict[Literal["small", "paper"], dict[str, Any]] = Field(
        {}, description="in_process: over the defaults of the method's own Settings"
    )
    quoted: list[Quoted] = []
    weights: list[Weights] = []
    check: CheckSettings = CheckSettings()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.status in ("clean-room", "original") and self.upstream is None and self.kind == "baseline":
            raise ValueError(
                f"`upstream` is required of status {self.status}; add repository, commit, licence"
            )
        if self.needs == "image" and self.pose == "copied":
            raise ValueError(
                "`pose`: copied needs a video to copy from; say needs: video, fixed or predicted"
            )
        return self


def _relative(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("must be a path inside its folder")
    return value


def read_yaml(path: Path) -> Any:
    """A YAML file by the safe loader; UserError where it is absent or no YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; `talkpose baseline new NAME` writes one") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML ({error}); mend the line that it names") from error


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a baseline's folder; UserError that names every wrong key."""
    path = folder / FILE
    data = read_yaml(path)
    try:
        found = Manifest.model_validate(data)
    except ValidationError as error:
        lines = [f"{path}: `{place(e)}`: {e['msg']}" for e in error.errors(include_url=False)]
        raise UserError("\n".join(lines)) from error
    if found.name != folder.name:
        raise UserError(f"{path}: `name` is {found.name}, but its folder is {folder.name}; make them one")
    return found


def place(error: Any) -> str:
    """Dotted key that a pydantic error speaks of."""
    return ".".join(map(str, error["loc"])) or "(top)"
