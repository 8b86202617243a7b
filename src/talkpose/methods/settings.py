"""What a baseline is run with: its own defaults, its manifest's, the configuration's, in this order."""

from typing import Any, TypeVar

from pydantic import Field, ValidationError

from talkpose.config import RunConfig, Section
from talkpose.errors import UserError
from talkpose.methods.manifest import Command, Frames, Manifest, place

S = TypeVar("S", bound=Section)


class ExternalSettings(Section):
    """`baseline_settings.<name>` of a `command` or `frames` baseline."""

    checkout: str | None = Field(None, description="command: folder of the authors' code")
    weights: str | None = Field(None, description="command: folder of weights; null: the checkout")
    prefix: list[str] | None = Field(None, description="command: environment or container; null: manifest's")
    time_limit: float | None = Field(None, gt=0, description="command: seconds a video; null: manifest's")
    memory_limit: float | None = Field(None, gt=0, description="command: GB resident; null: manifest's")
    folder: str | None = Field(None, description="frames: folder of the finished videos")


def in_process_settings(kind: type[S], manifest: Manifest, config: RunConfig) -> S:
    """Settings of an in-process baseline at the run's scale: `kind`'s defaults, its PAPER where the scale is
    paper, then the manifest's `settings.<scale>`, then `baseline_settings.<name>`.

    Raises UserError that names a wrong key.
    """
    values: dict[str, Any] = dict(kind.PAPER) if config.scale == "paper" else {}
    values |= manifest.settings.get(config.scale, {})
    given = config.baseline_settings.get(manifest.name, {})
    return _checked(kind, {**values, **given}, manifest.name)


def external_settings(manifest: Manifest, config: RunConfig) -> ExternalSettings:
    """Settings of a `command` or `frames` baseline; UserError that names a wrong key."""
    assert isinstance(manifest.run, Command | Frames)
    return _checked(ExternalSettings, config.baseline_settings.get(manifest.name, {}), manifest.name)


def _checked(kind: type[S], values: dict[str, Any], name: str) -> S:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = [
            f"`baseline_settings.{name}.{place(e)}`: {e['msg']}; it takes {', '.join(kind.model_fields)}"
            for e in error.errors(include_url=False)
        ]
        raise UserError("\n".join(lines)) from error
