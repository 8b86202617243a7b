"""The whole configuration: one schema, checked at start."""

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from talkpose.config.base import Precision, Scale, Section
from talkpose.config.clips import ClipsConfig, CorpusConfig
from talkpose.config.compose import ComposeConfig
from talkpose.config.face import FaceConfig
from talkpose.config.motion import MotionConfig
from talkpose.config.refine import RefineConfig
from talkpose.config.report import MetricsConfig, ReportConfig
from talkpose.config.synthetic import SyntheticConfig
from talkpose.errors import UserError

SECTIONS: dict[str, type[Section]] = {
    "clips": ClipsConfig,
    "face": FaceConfig,
    "motion": MotionConfig,
    "compose": ComposeConfig,
    "refine": RefineConfig,
    "metrics": MetricsConfig,
    "report": ReportConfig,
    "synthetic": SyntheticConfig,
}


class RunConfig(Section):
    """A run: what to do, at which scale, on which device."""

    run: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="name; results go to results/<run>")
    seed: int = Field(0, ge=0)
    scale: Scale = Field("small", description="paper: 256x256 and the paper's networks")
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$")
    precision: Precision = "32-true"
    threads: int = Field(1, ge=1, description="CPU threads of stage 1, and of a job for one person")
    general_threads: int = Field(
        2, ge=1, description="CPU threads of the general trainings of stage 2 and of baselines"
    )
    corpora: dict[str, CorpusConfig] = Field(min_length=1)
    train_seconds: float = Field(12.0, gt=0, description="start of each personal video that Ours-P may see")
    methods: list[str] = Field(
        ["ours-g", "ours-p", "oracle", "still", "pingpong", "shifted-sound", "rerender"], min_length=1
    )
    frame_counts: list[Annotated[int, Field(ge=5)]] = Field(
        [],
        description="training lengths of Appendix B's study in frames (paper: 100, 200, 300, 500, 800), each "
        "a method `ours-p-n<N>`; the held-out part then starts behind the longest",
    )
    baselines: str | list[str] | None = Field(
        None,
        description="folders of baselines, `<folder>/<name>/method.yaml`; null: `baselines` in the working "
        "directory, then the project's own",
    )
    baseline_settings: dict[str, dict[str, Any]] = Field(
        {},
        description="by baseline: what to change of its settings, or where its `checkout`, `weights` or "
        "`folder` of videos is",
    )
    rehearsed_study: str | None = Field(
        None,
        description="a user study's YAML file: its packets are built and answered by a program, marked as "
        "simulated, so that its pages exist; never where people answer",
    )
    rehearsed_preferences: str | None = Field(
        None, description="what the made-up participants like: a YAML file, study/simulate.py"
    )
    clips: ClipsConfig = ClipsConfig()
    face: FaceConfig = FaceConfig()
    motion: MotionConfig = MotionConfig()
    compose: ComposeConfig = ComposeConfig()
    refine: RefineConfig = RefineConfig()
    metrics: MetricsConfig = MetricsConfig()
    report: ReportConfig = ReportConfig()
    synthetic: SyntheticConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _apply_scale(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("scale", "small") != "paper":
            return data
        merged = dict(data)
        for name, section in SECTIONS.items():
            given = merged.get(name) or {}
            if isinstance(given, dict) and section.PAPER:
                merged[name] = {**section.PAPER, **given}
        return merged

    @model_validator(mode="after")
    def _made_people_alone(self) -> Self:
        if self.face.landmarks == "dense" and self.synthetic is None:
            raise ValueError(
                "face.landmarks: dense knows the people of the embedded corpus alone; use mediapipe, or add "
                "`synthetic`"
            )
        return self

    @property
    def train_frames(self) -> int:
        """Frames of a personal video that Ours-P may see (paper: 300)."""
        return round(self.train_seconds * 25)

    @property
    def held_out_start(self) -> int:
        """First frame of a personal video that no method may see."""
        return max([self.train_frames, *self.frame_counts])

    @property
    def all_methods(self) -> list[str]:
        """`methods`, and Ours-P at every other length of `frame_counts`."""
        return [*self.methods, *(f"ours-p-n{n}" for n in self.frame_counts if n != self.train_frames)]

    def corpora_with(self, role: str) -> list[str]:
        """Names of the corpora with this role, in the file's order."""
        return [name for name, corpus in self.corpora.items() if corpus.role == role]


def parse_config(data: Any, where: str = "config") -> RunConfig:
    """Check a configuration; raise UserError that names every wrong key and how to mend it."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{where}: `{'.'.join(map(str, e['loc'])) or '(top)'}`: {_advice(e)}"
            for e in error.errors(include_url=False)
        ]
        raise UserError("\n".join(lines)) from error


def _advice(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "unknown key; remove it or check its spelling (docs/configuration.md lists all keys)"
    if error["type"] == "missing":
        return "this key is required; add it"
    if isinstance(error["input"], dict):  # keys that do not fit each other: the sentence names them
        return str(error["msg"])
    return f"{error['msg']}; given: {error['input']!r}"


def load_config(path: str | Path) -> RunConfig:
    """Read a YAML configuration file with the safe loader and check it."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such configuration file; give one with CONFIG=config/<name>.yaml")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML ({error}); mend the line that it names") from error
    return parse_config(data, str(path))
