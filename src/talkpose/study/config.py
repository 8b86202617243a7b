"""Configuration of a user study: config/study.yaml, checked at start. Sizes are free."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from talkpose.config import Section
from talkpose.errors import UserError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
REAL = "real"
"""Name of the real video among a group's methods."""


class Traps(Section):
    """Trials with a known answer, one packet's number of each; they stand among the others, unmarked."""

    duplicate: int = Field(1, ge=0, description="the same video, or the same question, a second time")
    broken: int = Field(1, ge=0, description="a frozen, noisy video beside an intact one")


class _Design(Section):
    name: Name = Field("", description="default: the design's kind; needed where one kind is used twice")
    participants: int = Field(ge=1, le=9999, description="packets to make")
    groups: int | None = Field(
        None, ge=1, description="comparison groups (person and sound); default: every complete one of the run"
    )
    persons: list[str] | None = Field(None, min_length=1, description="default: every person of the run")
    sounds: Literal["own", "all"] = Field(
        "own", description="own: the person's held-out sound; all: foreign sounds too (paper, 4.3.1)"
    )
    traps: Traps = Traps()
    practice: bool = Field(True, description="one practice trial before the first question")
    play_to_end: bool = Field(True, description="an answer needs every video played to its end once")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("name") and isinstance(data.get("design"), str):
            return {**data, "name": data["design"]}
        return data


class BestOfN(_Design):
    """The real video and N methods; the best is chosen for each criterion (4.3.1: 20 people, 30 groups)."""

    design: Literal["best-of-n"]
    methods: list[Name] = Field(min_length=2)
    criteria: list[Identifier] = Field(["image_quality", "lip_sync", "natural"], min_length=1)
    may_choose_real: bool = Field(
        False,
        description="true: the real video stands unmarked among the others; false: it stands beside them, "
        "marked, and can't be chosen (Table 1 adds up to 100% without it)",
    )
    all_on_one_screen: bool = Field(
        False, description="paper's way: all criteria at once; default: a reshuffled pass for each"
    )


class Rating(_Design):
    """Pairs of real and generated video, rated from 1 to 5 (4.4: 20 people, 15 pairs, head pose)."""

    design: Literal["rating"]
    methods: list[Name] = Field(["ours-p"], min_length=1, description="each makes a pair in every group")
    criterion: Identifier = "head_pose"


class SelectAll(_Design):
    """The real video, then several results; any number of them is chosen (Appendix B: 11 people)."""

    design: Literal["select-all"]
    methods: list[Name] = Field(min_length=2)
    criterion: Identifier = "visual_quality"


Design = Annotated[BestOfN | Rating | SelectAll, Field(discriminator="design")]


class Question(Section):
    """One optional question about the participant; its words stand in texts/<language>/strings.yaml."""

    name: Identifier
    kind: Literal["choice", "text"] = "choice"
    options: list[Identifier] = Field([], description="of `choice`")
    required: bool = False

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if (self.kind == "choice") == (not self.options):
            raise ValueError("`options` belong to kind choice, and kind choice needs them")
        return self


DEMOGRAPHICS = [
    Question(name="age", options=["a18_24", "a25_34", "a35_44", "a45_54", "a55_up", "no_answer"]),
    Question(name="gender", options=["female", "male", "other", "no_answer"]),
    Question(name="experience", options=["none", "some", "expert", "no_answer"]),
]


class StudyVideo(Section):
    """How every video of the study is encoded, the real ones and the generated ones alike."""

    size: int = Field(256, ge=64, multiple_of=2, description="side in pixels; frames are resized to it")
    seconds: float | None = Field(
        None, gt=0, description="length of every video; default: the shortest one's, for all"
    )
    kbps: int = Field(
        900, ge=100, description="limit of the pictures' bitrate; all are filled up to the largest frames"
    )
    loudness: float = Field(-23.0, ge=-40, le=-10, description="LUFS (EBU R 128) of every sound")


class StudyConfig(Section):
    """A study: one run's videos, one or more designs."""

    study: Name = Field(description="name; it is shown to nobody but stands in every file")
    seed: int = Field(0, ge=0, description="of every order")
    run: Name | None = Field(None, description="results/<run> holds the videos; `--run` wins")
    designs: list[Design] = Field(min_length=1)
    languages: list[str] = Field(["en", "zh"], min_length=1, description="folders of `texts`; first: default")
    texts: str | None = Field(
        None, description="folder with <language>/*.md and strings.yaml; default: those that come along"
    )
    contact: str = Field("", description="who answers questions; shown on the consent page")
    demographics: list[Question] = DEMOGRAPHICS
    video: StudyVideo = StudyVideo()
    zip: Literal["auto", "yes", "no"] = Field(
        "auto", description="a zip beside each folder; auto: while all together stay below `zip_limit_mb`"
    )
    zip_limit_mb: int = Field(4000, ge=0)
    jatos: bool = Field(True, description="also write one archive that a JATOS server imports")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [design.name for design in self.designs]
        if len(set(names)) < len(names):
            raise ValueError(f"two designs share a name ({', '.join(names)}); give each its own `name`")
        for design in self.designs:
            if len(set(design.methods)) < len(design.methods) or REAL in design.methods:
                raise ValueError(f"{design.name}: a method is named twice, or is called `{REAL}`")
        return self


def load_study_config(path: str | Path) -> StudyConfig:
    """Read and check a study's YAML file; UserError names every wrong key and how to mend it."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such study configuration; start from config/study.yaml")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return StudyConfig.model_validate(data)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({error}); mend the line that it names") from error
    except ValidationError as error:
        lines = [
            f"{path}: `{'.'.join(map(str, e['loc'])) or '(top)'}`: {e['msg']}; given: {e['input']!r}"
            for e in error.errors(include_url=False)
        ]
        raise UserError("\n".join(lines)) from error
