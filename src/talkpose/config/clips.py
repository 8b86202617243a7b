"""Configuration of clips: corpora, normalisation, cropping and quarantine."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from talkpose.config.base import Section

SPLITS = {
    "lrw": ("train", "val", "test"),
    "voxceleb2": ("dev", "test"),
    "tcd-timit": ("straightcam", "30degcam"),
}
"""Readers that know splits, and the splits that they know."""


class CorpusConfig(Section):
    """One corpus: where its files are and how they are read."""

    reader: Literal[
        "folder", "grid", "audio", "lrw", "voxceleb2", "tcd-timit", "voxceleb-meta", "persons"
    ] = Field("folder", description="layout of the files; docs/run-on-your-data.md shows each")
    path: str = Field(description="folder of the corpus; a relative path is taken from the working directory")
    pattern: str = Field(
        "*",
        description="glob of the files inside `path`; `folder`, `audio` and `persons` match the whole path "
        "inside it, the other readers its end",
    )
    split: str | None = Field(
        None,
        description="`lrw`: train, val or test, required; `voxceleb2`: dev or test, default both; "
        "`tcd-timit`: the camera, straightcam (default) or 30degcam",
    )
    segments: str | None = Field(
        None,
        description="`persons`: CSV inside `path` with the columns file, start, stop (seconds or mm:ss) and "
        "name; default: every video whole",
    )
    role: Literal["general", "persons", "foreign", "test"] = Field(
        description="what the run uses it for; test: each clip is its own target, first frame and own sound"
    )
    shard_size: int = Field(4, ge=1, description="clips per job")

    @property
    def sound_only(self) -> bool:
        """Whether its clips are sounds, in which no face is looked for."""
        return self.reader in {"audio", "voxceleb2"} or (
            self.reader == "tcd-timit" and self.role == "foreign"
        )

    @model_validator(mode="after")
    def _keys_fit_the_reader(self) -> Self:
        known = SPLITS.get(self.reader, ())
        if self.reader == "lrw" and self.split is None:
            raise ValueError("reader lrw needs `split`; add train, val or test")
        if self.split is not None and self.split not in known:
            raise ValueError(
                f"reader {self.reader} has no split {self.split}; "
                + (f"`split` takes {', '.join(known)}" if known else "remove `split`")
            )
        if self.segments is not None and self.reader != "persons":
            raise ValueError(f"reader {self.reader} knows no `segments`; set reader to persons or remove it")
        if self.reader == "voxceleb2" and self.role != "foreign":
            raise ValueError("reader voxceleb2 gives sounds alone; set its role to foreign")
        return self


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
