"""What the Snakefile asks while it plans: shards, persons, and hashes that decide what is stale."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from talkpose.cli.sources import folder_code_hash, includes
from talkpose.clips.listing import write_list
from talkpose.clips.readers import ClipSource, list_clips, select_clips, shards
from talkpose.config import RunConfig, parse_config
from talkpose.doctor.published import published_files
from talkpose.errors import UserError
from talkpose.files import atomic_path, sha256_kept, write_json
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.methods.discovery import find_baseline, folder_hash
from talkpose.methods.requirements import state_hash, weight_files
from talkpose.methods.specs import MethodSpec, method_spec
from talkpose.methods.variants import variant
from talkpose.report.manifest import write_run_record
from talkpose.synthetic.world import PARTS, Part, entries, part_shards

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


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
        self.layout = RunLayout(Path("results") / str(keys.get("run")))
        if keys.get("synthetic") is not None:
            values["SYNTHETIC"] = str(self.layout.root / "corpus")
        self.config: RunConfig = parse_config(fill_placeholders(keys, values))
        self._shards = {name: self._list(name) for name in self.config.corpora}
        self._check_ids()
        self._published = published_files(self.config)
        self._baseline_weights = weight_files(self.config)
        self._specs = {name: method_spec(name, self.config) for name in self.config.all_methods}
        if len(self.persons()) < 2 and any(self.spec(name).others for name in self.config.methods):
            raise UserError("`methods`: other-person needs two persons; add a personal video or take it out")

    def _list(self, corpus: str) -> dict[str, list[ClipSource]]:
        """Clips by shard; of the embedded corpus those that will be: nothing of it need be there yet."""
        section = self.config.corpora[corpus]
        part = self.part(corpus)
        if part is None:
            clips = list_clips(section)
        else:
            assert self.config.synthetic is not None
            files = [entry.path for entry in entries(self.config.synthetic, part)]
            clips = select_clips(files, Path(section.path), section)
        return shards(clips, section.shard_size)

    def part(self, corpus: str) -> Part | None:
        """Part of the embedded corpus that a corpus reads; None for files that are there."""
        path = Path(self.config.corpora[corpus].path)
        if self.config.synthetic is None or path.parent != self.layout.root / "corpus":
            return None
        if path.name not in PARTS:
            raise UserError(f"`corpora.{corpus}.path`: the embedded corpus has {', '.join(PARTS)}")
        return path.name

    def _check_ids(self) -> None:
        for corpus, parts in self._shards.items():
            for clip, path, *_ in (source for sources in parts.values() for source in sources):
                if not _SAFE.fullmatch(clip):
                    raise UserError(
                        f"{path} (corpus {corpus}): a file's name becomes the clip's id: it must be letters, "
                        "digits, dots, dashes and underscores; rename the file"
                    )
        foreign = [clip for corpus in self.config.corpora_with("foreign") for clip in self._ids(corpus)]
        items = [item_id(person, audio) for _, _, person in self.persons() for audio in [OWN, *foreign]]
        items += [
            item_id(clip, OWN) for corpus in self.config.corpora_with("test") for clip in self._ids(corpus)
        ]
        if len(set(items)) < len(items):
            raise UserError("two pairs of person and sound share a name; rename the files of one of them")

    def _ids(self, corpus: str) -> list[str]:
        return [source.clip for sources in self._shards[corpus].values() for source in sources]

    def shards(self, corpus: str) -> list[str]:
        """Names of a corpus' shards."""
        return list(self._shards[corpus])

    def with_role(self, *roles: str) -> list[tuple[str, str]]:
        """(corpus, shard) of the corpora with these roles."""
        return [(c, s) for role in roles for c in self.config.corpora_with(role) for s in self._shards[c]]

    def receipts(self, corpus: str, shard: str) -> list[Path]:
        """What must have been written of the embedded corpus before this shard can be read."""
        part = self.part(corpus)
        if part is None or self.config.synthetic is None:
            return []
        wanted = {source.path for source in self._shards[corpus][shard]}
        root = Path(self.config.corpora[corpus].path)
        return [
            self.layout.corpus_shard(part, name)
            for name, made in part_shards(self.config.synthetic, part).items()
            if wanted & {root / entry.path for entry in made}
        ]

    def raw_hash(self, corpus: str, shard: str) -> str:
        """Hash of the names, sizes and times of a shard's raw files: Snakemake would take minutes over half a
        million inputs.
        """
        section = self.config.corpora[corpus]
        lines = [f"{section.reader} {section.role}"]  # they decide how a file is read, not only which
        if self.part(corpus) is not None:
            return _short_hash(lines[0].encode())
        root = Path(section.path)
        for source in self._shards[corpus][shard]:
            known = source.path.stat()
            name = source.path.relative_to(root).as_posix()
            lines.append(f"{name} {source.start} {source.stop} {known.st_size} {known.st_mtime_ns}")
        return _short_hash("\n".join(lines).encode())

    def persons(self) -> list[tuple[str, str, str]]:
        """(corpus, shard, person) of every personal video."""
        return [
            (corpus, shard, source.clip)
            for corpus, shard in self.with_role("persons")
            for source in self._shards[corpus][shard]
        ]

    def videos(self) -> list[tuple[str, str, str]]:
        """(method, corpus, shard) of everything that is generated and measured."""
        specs = list(self._specs.values())
        found = [(spec.name, *part) for spec in specs for part in self.with_role("persons")]
        words = [spec for spec in specs if spec.takes_words]
        return found + [(spec.name, *part) for spec in words for part in self.with_role("test")]

    def models(self, method: str, corpus: str, shard: str) -> list[Path]:
        """Models that a method must have before it can generate for a shard."""
        found = []
        for model in self.spec(method).trained:
            if model.stage == "baseline":
                found.append(self.layout.model(model.stage, model.scope, model.variant))
                continue
            of = variant(model.variant)
            if model.scope == "general":
                found.append(self.layout.model(model.stage, "general", of.general))
            else:
                found.append(self.layout.models_shard(model.stage, of.name, corpus, shard))
        return found

    def spec(self, method: str) -> MethodSpec:
        """Declaration of one of the run's methods."""
        return self._specs[method] if method in self._specs else method_spec(method, self.config)

    def baseline_hash(self, method: str) -> str:
        """Hash of what a baseline is: its folder, what that takes from the package, its settings, and what of
        it the user has given; "" for built-in methods.
        """
        found = find_baseline(method, self.config) if self.spec(method).run != "built-in" else None
        if found is None:
            return ""
        settings = self.config.baseline_settings.get(method, {})
        parts = [folder_hash(found.folder), folder_code_hash(found.folder), settings, self.config.scale]
        mine = [file for file in self._baseline_weights if file.baseline == method]
        weights = {file.weights.file: self._sha256(file.path) for file in mine if file.path}
        parts.append(state_hash(found, self.config, weights))
        return _short_hash(json.dumps(parts, sort_keys=True).encode())

    def weights(self, *modules: str) -> str:
        """Hash of the files of others that these modules load, by content: one that comes, goes or changes
        reruns the rule.
        """
        used = [file for file in self._published if includes(modules, file.loader)]
        return _short_hash(json.dumps([[file.key, self._sha256(file.path)] for file in used]).encode())

    def _sha256(self, path: Path) -> str | None:
        return sha256_kept(path, self.layout.kept_hashes)

    def section(self, *names: str) -> str:
        """Hash of the named parts of the configuration, for a rule's params: a change reruns the rule."""
        dump = self.config.model_dump(mode="json")
        return _short_hash(json.dumps({name: dump[name] for name in names}, sort_keys=True).encode())

    def study_files(self) -> list[Path]:
        """Files that describe the rehearsed study; UserError where one is missing."""
        named = [self.config.rehearsed_study, self.config.rehearsed_preferences]
        files = [Path(name) for name in named if name]
        for path in files:
            if not path.is_file():
                raise UserError(f"`rehearsed_study`: no file {path}; give its path from where you run")
        return files

    def start(self, workflow: Path | None = None) -> None:
        """Write the checked configuration and the lists of clips where every step reads them.

        Also what the run starts with (run.json), and a copy of the `workflow`: its Snakefile's folder.
        """
        write_json(self.layout.config_file, self.config.model_dump(mode="json"))
        weights = {f.key: f.path for f in self._published}
        weights |= {f"{f.baseline}: {f.weights.file}": f.path for f in self._baseline_weights if f.path}
        found = {name: find_baseline(name, self.config) for name in self.config.methods}
        folders = {name: _from_here(known.folder) for name, known in found.items() if known}
        write_run_record(self.layout, self.config, weights, folders)
        if workflow is not None:
            with atomic_path(self.layout.root / "workflow") as copy:
                shutil.copytree(workflow, copy, ignore=shutil.ignore_patterns("profiles", ".snakemake", ".*"))
        for corpus, parts in self._shards.items():
            write_list(self.layout.clip_list(corpus), parts)


def _from_here(folder: Path) -> Path:
    """The folder as named from the project's own, where it lies in it: so a run can move with its project."""
    here = Path.cwd().resolve()
    return folder.resolve().relative_to(here) if folder.resolve().is_relative_to(here) else folder


def _short_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
