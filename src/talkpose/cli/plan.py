"""What the Snakefile asks while it plans: shards, persons, and hashes that decide what is stale."""

import functools
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from talkpose.clips.readers import ClipSource, list_clips, shards
from talkpose.config import RunConfig, parse_config
from talkpose.errors import UserError
from talkpose.files import write_json
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.methods.specs import method_spec

SOURCE = Path(__file__).resolve().parents[1]


def fill_placeholders(data: Any, values: Mapping[str, str]) -> Any:
    """Replace ${NAME} in every string of a configuration by values[NAME], else the environment's NAME."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        value = values.get(name) or os.environ.get(name)
        if not value:
            raise UserError(
                f"the configuration needs ${{{name}}}; give it as `make run {name}=<folder>` "
                f"or `snakemake --config {name}=<folder>`"
            )
        return value

    if isinstance(data, str):
        return re.sub(r"\$\{([A-Z][A-Z0-9_]*)\}", replace, data)
    if isinstance(data, Mapping):
        return {key: fill_placeholders(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [fill_placeholders(value, values) for value in data]
    return data


class Plan:
    """One run as the Snakefile sees it; built from Snakemake's configuration dictionary."""

    def __init__(self, data: Mapping[str, Any]):
        values = {key: str(value) for key, value in data.items() if re.fullmatch(r"[A-Z][A-Z0-9_]*", key)}
        keys = {key: value for key, value in data.items() if key not in values}
        if not keys:
            raise UserError("no configuration given; use `snakemake --configfile config/<name>.yaml`")
        self.config: RunConfig = parse_config(fill_placeholders(keys, values))
        self.layout = RunLayout(Path("results") / self.config.run)
        self._clips = {name: list_clips(corpus) for name, corpus in self.config.corpora.items()}
        self._check_ids()
        self.methods = [method_spec(name) for name in self.config.methods]

    def _check_ids(self) -> None:
        for corpus, clips in self._clips.items():
            for clip, path, *_ in clips:
                if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", clip):
                    raise UserError(
                        f"{path} (corpus {corpus}): a file's name becomes the clip's id: it must be letters, "
                        "digits, dots, dashes and underscores; rename the file"
                    )
        foreign = [clip for corpus in self.config.corpora_with("foreign") for clip, *_ in self._clips[corpus]]
        items = [item_id(person, audio) for _, _, person in self.persons() for audio in [OWN, *foreign]]
        if len(set(items)) < len(items):
            raise UserError("two pairs of person and sound share a name; rename the files of one of them")

    def shards(self, corpus: str) -> list[str]:
        """Names of a corpus' shards."""
        return list(self._shards(corpus))

    def _shards(self, corpus: str) -> dict[str, list[ClipSource]]:
        return shards(self._clips[corpus], self.config.corpora[corpus].shard_size)

    def raw(self, corpus: str, shard: str) -> list[str]:
        """Raw files of one shard."""
        return list(dict.fromkeys(str(source.path) for source in self._shards(corpus)[shard]))

    def persons(self) -> list[tuple[str, str, str]]:
        """(corpus, shard, person) of every personal video."""
        return [
            (corpus, shard, clip)
            for corpus in self.config.corpora_with("persons")
            for shard, clips in self._shards(corpus).items()
            for clip, *_ in clips
        ]

    def trained_by(self, method: str) -> tuple[tuple[str, str], ...]:
        """(stage, general or person) of every model that a method needs."""
        return method_spec(method).trained

    def section(self, *names: str) -> str:
        """Hash of the named parts of the configuration, for a rule's params: a change reruns the rule."""
        dump = self.config.model_dump(mode="json")
        return _short_hash(json.dumps({name: dump[name] for name in names}, sort_keys=True).encode())

    def start(self) -> None:
        """Write the checked configuration where every step reads it."""
        write_json(self.layout.config_file, self.config.model_dump(mode="json"))


@functools.cache
def code_hash(*packages: str) -> str:
    """Hash of the sources of the named packages and of what all share: editing them reruns their rules."""
    shared = [path for path in SOURCE.glob("*.py") if path.stem not in {"layout", "progress"}]
    files = sorted([*shared, *(path for name in packages for path in (SOURCE / name).rglob("*.*"))])
    digest = hashlib.sha256()
    for path in files:
        if path.suffix in {".py", ".npz", ".csv", ".j2", ".css", ".js"}:
            digest.update(path.relative_to(SOURCE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _short_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
