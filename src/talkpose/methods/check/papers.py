"""Checks of method.yaml itself: they run nothing and need none of the baseline's dependencies."""

import re
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from talkpose.errors import UserError
from talkpose.methods.check.finding import BAD, GOOD, WARN, Finding
from talkpose.methods.manifest import FILE, UNKNOWN, Manifest, place, read_yaml

CHECKS: Final = {
    "licence": ("licence",),
    "citation": ("citation",),
    "commit": ("upstream",),
    "quoted": ("quoted",),
    "weights": ("weights",),
    "pose kind": ("pose",),
}
"""Check by the manifest's key that it is about; every other key belongs to `metadata`."""

PLACEHOLDER: Final = re.compile(r"todo|fixme|xxx|your name|\?\?", re.IGNORECASE)
LICENCES: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*( (WITH|AND|OR) [A-Za-z0-9.+-]+)*")


def check_papers(folder: Path) -> tuple[Manifest | None, list[Finding]]:
    """The manifest, where it can be read, and what is wrong with it."""
    try:
        data = read_yaml(folder / FILE)
    except UserError as error:
        return None, [Finding(BAD, "metadata", str(error))]
    if not isinstance(data, dict):
        return None, [Finding(BAD, "metadata", f"{FILE} holds no keys; see baselines/README.md")]
    findings: list[Finding] = []
    manifest = None
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        findings = [
            Finding(BAD, _check_of(e), f"`{place(e)}`: {e['msg']}") for e in error.errors(include_url=False)
        ]
    wrong = {finding.check for finding in findings}
    if manifest is not None:
        findings += _metadata(manifest, folder)
    for check, finding in (
        ("licence", _licence),
        ("citation", _citation),
        ("commit", _commit),
        ("quoted", _quoted),
        ("weights", _weights),
    ):
        if check not in wrong:
            findings += finding(data)
    return manifest, findings


def _check_of(error: Any) -> str:
    key = str(error["loc"][0]) if error["loc"] else ""
    if not key:  # a rule about the whole: its message names the key first
        key = re.findall(r"`(\w+)", error["msg"] + "`")[0]
    return next((check for check, keys in CHECKS.items() if key in keys), "metadata")


def _metadata(manifest: Manifest, folder: Path) -> list[Finding]:
    if manifest.name != folder.name:
        return [Finding(BAD, "metadata", f"`name` is {manifest.name}, but its folder is {folder.name}")]
    texts = [manifest.title, manifest.about, *(part.what for part in manifest.simplified)]
    if any(PLACEHOLDER.search(text) for text in texts):
        return [Finding(BAD, "metadata", "title, about or simplified still holds a placeholder")]
    if manifest.status == "clean-room" and not manifest.simplified:
        return [Finding(WARN, "metadata", "`simplified` is empty: is nothing else than in the paper?")]
    return [Finding(GOOD, "metadata", f"{manifest.title}: {manifest.about}")]


def _licence(data: dict[str, Any]) -> list[Finding]:
    licence = str(data.get("licence", ""))
    if not LICENCES.fullmatch(licence) or PLACEHOLDER.search(licence) or licence.lower() in {"none", UNKNOWN}:
        return [Finding(BAD, "licence", f"{licence or 'nothing'}: name the licence of this folder (SPDX)")]
    upstream = data.get("upstream") or {}
    theirs = str(upstream.get("licence", "")) if isinstance(upstream, dict) else ""
    if theirs.lower() == "none":
        text = f"{licence}; the authors' code has no licence: nothing of it may be copied here"
        return [Finding(WARN if data.get("status") == "original" else GOOD, "licence", text)]
    return [Finding(GOOD, "licence", f"{licence}{f'; upstream {theirs}' if theirs else ''}")]


def _citation(data: dict[str, Any]) -> list[Finding]:
    citation = data["citation"]
    words = " ".join([str(citation.get("title", "")), *map(str, citation.get("authors", []))])
    if PLACEHOLDER.search(words):
        return [Finding(BAD, "citation", "title or authors still hold a placeholder")]
    if (
        not (citation.get("doi") or citation.get("url"))
        and citation.get("venue", "unpublished") != "unpublished"
    ):
        return [Finding(WARN, "citation", "neither doi nor url: readers have to search")]
    first = str(citation["authors"][0])
    return [Finding(GOOD, "citation", f"{first}, {citation['year']}: {citation['title']}")]


def _commit(data: dict[str, Any]) -> list[Finding]:
    upstream = data.get("upstream")
    if upstream is None:
        return [Finding(GOOD, "commit", "no upstream: a method of its own")]
    commit = str(upstream["commit"])
    if set(commit) == {"0"}:
        return [Finding(BAD, "commit", "a commit of zeros is a placeholder; pin the one that you read")]
    return [Finding(GOOD, "commit", f"{upstream['repository']} at {commit}")]


def _quoted(data: dict[str, Any]) -> list[Finding]:
    quoted = data.get("quoted") or []
    if not quoted:
        return [Finding(GOOD, "quoted", "no number is quoted")]
    vague = [q for q in quoted if PLACEHOLDER.search(f"{q['protocol']} {q['source']}")]
    if vague:
        return [Finding(BAD, "quoted", f"{vague[0]['metric']}: protocol or source is a placeholder")]
    return [Finding(GOOD, "quoted", f"{len(quoted)} numbers, each with protocol and source")]


def _weights(data: dict[str, Any]) -> list[Finding]:
    weights = data.get("weights") or []
    unknown = [str(w["file"]) for w in weights if w["sha256"] == UNKNOWN]
    if unknown:
        return [Finding(WARN, "weights", f"SHA-256 unknown: {', '.join(unknown)}")]
    return (
        [Finding(GOOD, "weights", f"{len(weights)} files to fetch, each with its SHA-256")] if weights else []
    )
