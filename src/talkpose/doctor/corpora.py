"""The data sets of a configuration."""

import warnings
from pathlib import Path
from typing import Any

from talkpose.clips.readers import ClipSource, list_clips
from talkpose.config import CorpusConfig, RunConfig
from talkpose.doctor.finding import Finding, Status, hash_files
from talkpose.doctor.placeholders import unset
from talkpose.errors import UserError


def examine_corpora(
    config: RunConfig, facts: dict[str, Any], with_hash: bool
) -> tuple[list[Finding], dict[str, list[ClipSource]]]:
    """A finding a corpus, and the clips of those that are there."""
    findings, clips = [], {}
    for name, corpus in config.corpora.items():
        finding, clips[name] = _examine(name, corpus, facts[corpus.reader], with_hash)
        findings.append(finding)
    return findings, clips


def _examine(
    name: str, corpus: CorpusConfig, fact: dict[str, Any], with_hash: bool
) -> tuple[Finding, list[ClipSource]]:
    published = fact["clips"].get(corpus.split)
    known = {
        "kind": "data set",
        "name": f"{name} ({corpus.role}): {fact['title']}" + (f", {corpus.split}" if corpus.split else ""),
        "key": f"corpora.{name}.path",
        "path": corpus.path,
        "source": fact["source"],
        "licence": fact["licence"],
        "clips_published": published,
        "bytes_published": fact["bytes"],
        "sha256_published": fact["sha256"],
    }
    problem, notes, clips = unset(corpus.path), [], []
    if not problem:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                clips = list_clips(corpus)
            notes = [str(warning.message) for warning in caught]
        except UserError as error:
            problem = str(error)
    if problem:
        return Finding(**known, status="missing", advice=f"{problem}; or use {fact['instead']}"), []
    if published is not None and len(clips) < published:
        notes.append(f"{len(clips):,} of {published:,} clips")
    files = sorted({source.path for source in clips})
    status: Status = "partial" if notes else "found"
    return (
        Finding(
            **known,
            status=status,
            clips=len(clips),
            bytes=sum(path.stat().st_size for path in files),
            sha256=hash_files(Path(corpus.path), files) if with_hash else None,
            advice="; ".join(notes),
        ),
        clips,
    )
