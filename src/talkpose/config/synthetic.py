"""Configuration of the embedded corpus."""

from pydantic import Field

from talkpose.config.base import Section


class SyntheticConfig(Section):
    """The embedded world: how many people speak, what is written of them, and at which size.

    Its folder is `results/<run>/corpus`; corpora reach it as ${SYNTHETIC}: `lrw`, `persons`, `voxceleb2`,
    `tcd-timit`.
    """

    size: int = Field(160, ge=64, description="side of its square videos in pixels")
    speakers: int = Field(10, ge=1, description="people who say words")
    words: int = Field(10, ge=1, description="words of the vocabulary, LRW's labels")
    train_per_word: int = Field(4, ge=1, description="clips of each word to train on")
    test_per_word: int = Field(1, ge=1, description="clips of each word to test on, by other speakers")
    persons: int = Field(3, ge=1, description="people with a long video")
    person_seconds: float = Field(20.0, gt=1, description="length of a person's video")
    voxceleb: int = Field(1, ge=0, description="foreign sounds in VoxCeleb2's layout")
    tcd_timit: int = Field(1, ge=0, description="foreign sounds in TCD-TIMIT's layout")
    foreign_seconds: float = Field(6.0, ge=1, description="length of a foreign sound")
    shard_size: int = Field(20, ge=1, description="clips written by one job; a person's video counts as 20")
