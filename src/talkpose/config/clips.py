"""Configuration of clips: corpora, normalisation, cropping and quarantine."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from talkpose.config.base import Section


class CorpusConfig(Section):
    """One corpus: where its files are and how they are read."""

    reader: Literal["folder", "grid", "audio"] = "folder"
    path: str = Field(description="folder of the corpus; a relative path is taken from the working directory")
    pattern: str = Field("*", description="glob of the files inside `path`")
    role: Literal["general", "persons", "foreign"] = Field(description="what the run uses it for")
    shard_size: int = Field(4, ge=1, description="clips per job")


class ClipsConfig(Section):
    """How raw video becomes clips: 25 fps frames, 16 kHz mono, one fixed crop."""

    PAPER: ClassVar[dict[str, Any]] = {"size": 256}

    size: int = Field(128, ge=32, description="side of the square crop in pixels")
    face_fraction: float = Field(
        0.62, gt=0.1, lt=1, description="face width over crop side (0.62: tight crop)"
    )
    max_missing: float = Field(0.05, ge=0, le=1, description="share of frames that may lack a face")
    max_several: float = Field(
        0.1, ge=0, le=1, description="share of frames that may show a second face of comparable size"
    )
    cut_picture: float = Field(
        0.04, gt=0, description="mean grey change (of 1) between two frames that may be a cut"
    )
    cut_face: float = Field(
        0.35, gt=0, description="jump of the face between two frames, in its widths, that is a cut"
    )
    min_seconds: float = Field(1.0, gt=0, description="shorter clips are quarantined")
    sync: Literal["off", "report", "correct"] = Field(
        "correct", description="audio-video offset: what to do with it"
    )
    sync_max_frames: int = Field(12, ge=1, description="largest offset searched, in frames")
    sync_min_confidence: float = Field(
        0.5, ge=0, le=1, description="offsets less certain than this are reported only"
    )
