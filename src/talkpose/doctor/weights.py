"""The weight files that a configuration asks for, and what it takes in place of others."""

from pathlib import Path
from typing import Any

from talkpose.config import RunConfig
from talkpose.doctor.finding import Finding
from talkpose.doctor.placeholders import unset
from talkpose.files import sha256


def examine_weights(config: RunConfig, facts: list[dict[str, Any]], with_hash: bool) -> list[Finding]:
    """A finding for each file of the paper's that is asked for, or that something else stands in for."""
    return [_examine(config, fact, with_hash) for fact in wanted(config, facts)]


def wanted(config: RunConfig, facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Facts (`weights` of resources/needs.yaml) but those of metrics that nobody asks for."""
    return [fact for fact in facts if fact.get("metric") in (None, *config.metrics.extra)]


def stands_in(config: RunConfig, fact: dict[str, Any]) -> str:
    """`<key>: <choice>` of the feature that stands in for a file; "" where the file itself is used."""
    others = fact.get("other", {}).items()
    return next((f"{choice}: {other}" for choice, other in others if value_of(config, choice) == other), "")


def value_of(config: RunConfig, key: str) -> Any:
    """Value of a key `<section>.<name>`."""
    section, name = key.split(".")
    return getattr(getattr(config, section), name)


def _examine(config: RunConfig, fact: dict[str, Any], with_hash: bool) -> Finding:
    known = {
        "kind": "weights",
        "name": fact["title"],
        "key": fact["key"],
        "source": fact["source"],
        "licence": fact["licence"],
        "bytes_published": fact["bytes"],
        "sha256_published": fact["sha256"],
    }
    if other := stands_in(config, fact):
        return Finding(**known, status="substitute", advice=f"{other} stands in for it")
    path = value_of(config, fact["key"])
    if path is None:
        problem = f"{fact['key']} is not set; set it to the file"
    else:
        problem = unset(path) or ("" if Path(path).is_file() else f"no file at {path}; put it there")
    if problem and "metric" in fact:
        advice = f"{fact['metric']} will not be attempted: {problem}, or take it out of metrics.extra"
        return Finding(**known, status="partial", path=path, advice=advice)
    if problem:
        return Finding(**known, path=path, status="missing", advice=f"{problem}, or {fact['instead']}")
    digest = sha256(path) if with_hash else None
    begins = fact["sha256"]
    differs = digest is not None and begins is not None and not digest.startswith(begins)
    return Finding(
        **known,
        status="partial" if differs else "found",
        path=path,
        bytes=Path(path).stat().st_size,
        sha256=digest,
        advice=f"its SHA-256 does not begin with {begins}: another file than {fact['source']}"
        if differs
        else "",
    )
