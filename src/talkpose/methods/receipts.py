"""Receipts: small JSON files that say what a step made, or why it made nothing."""

from pathlib import Path
from typing import Any

from talkpose.clips.readers import list_clips, shards
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.layout import RunLayout
from talkpose.methods.footage import usable_clips


def skipped(person: str) -> dict[str, Any]:
    """Receipt of a step that had nothing to do because the person's clip is quarantined."""
    return {"skipped": f"{person} is quarantined; see clips/quarantine.tsv"}


def weights_beside(receipt: Path) -> Path:
    """Weights that a receipt speaks of. Curves go to a JSON file beside them, so the stems differ."""
    return receipt.with_name(f"{receipt.stem}.weights.safetensors")


def shards_of(config: RunConfig, corpus: str) -> dict[str, list[str]]:
    """Clip ids of a corpus by shard, quarantined or not."""
    clips = [source.clip for source in list_clips(config.corpora[corpus])]
    return shards(clips, config.corpora[corpus].shard_size)


def person_corpus(layout: RunLayout, config: RunConfig, person: str) -> tuple[str, str]:
    """(corpus, shard) that hold a person's clip."""
    for corpus in config.corpora_with("persons"):
        for shard, clips in shards_of(config, corpus).items():
            if person in clips:
                return corpus, shard
    raise UserError(f"{person}: no such personal video in this run; see the corpora with role `persons`")


def clips_of(layout: RunLayout, config: RunConfig, role: str) -> list[tuple[str, str]]:
    """(corpus, clip) of every usable clip of the corpora with a role.

    Raises UserError where none is left.
    """
    found = [
        (corpus, clip)
        for corpus in config.corpora_with(role)
        for shard in shards_of(config, corpus)
        for clip in usable_clips(layout, corpus, shard)
    ]
    if not found:
        raise UserError(f"no usable clip in the corpora with role `{role}`; {layout.quarantine} tells why")
    return found
