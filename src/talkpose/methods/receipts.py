"""Receipts: small JSON files that say what a step made, or why it made nothing."""

from pathlib import Path

from talkpose.clips.listing import read_list
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.layout import RunLayout
from talkpose.methods.footage import usable_clips


def weights_beside(receipt: Path) -> Path:
    """Weights that a receipt speaks of. Curves go to a JSON file beside them, so the stems differ."""
    return receipt.with_name(f"{receipt.stem}.weights.safetensors")


def shards_of(layout: RunLayout, corpus: str) -> dict[str, list[str]]:
    """Clip ids of a corpus by shard, quarantined or not."""
    listed = read_list(layout.clip_list(corpus))
    return {shard: [source.clip for source in sources] for shard, sources in listed.items()}


def person_corpus(layout: RunLayout, config: RunConfig, person: str) -> tuple[str, str]:
    """(corpus, shard) that hold a person's clip."""
    for corpus in config.corpora_with("persons"):
        for shard, clips in shards_of(layout, corpus).items():
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
        for shard in shards_of(layout, corpus)
        for clip in usable_clips(layout, corpus, shard)
    ]
    if not found:
        raise UserError(f"no usable clip in the corpora with role `{role}`; {layout.quarantine} tells why")
    return found
