"""The run as a Workflow Run RO-Crate: what was run, on what, with what, and what came of it.

Profiles: Process Run Crate and Workflow Run Crate 0.5 with Workflow RO-Crate 1.0, where the run holds a
copy of its workflow (`talkpose run` makes it); else Process Run Crate alone, with talkpose itself as the
instrument. Large files are told by the records that hold their hashes, as in manifest.json.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from talkpose.config import RunConfig
from talkpose.files import read_json, sha256, write_json
from talkpose.layout import RunLayout
from talkpose.report.hashes import records
from talkpose.report.provenance import provenance

TERMS: Final = "https://w3id.org/ro/terms/workflow-run/context"
PROCESS: Final = "https://w3id.org/ro/wfrun/process/0.5"
WORKFLOW: Final = (
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
FORMATS: Final = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/vnd.apache.parquet",
    ".tex": "application/x-tex",
    ".html": "text/html",
    ".smk": "text/x-snakemake",
    ".rst": "text/x-rst",
    "": "text/x-snakemake",
}
ABOUT: Final = {
    "config": "checked configuration of the run",
    "inputs": "clips that were used, with the SHA-256 of the raw file of each",
    "tracks": "summary of the tracks of one shard, with the SHA-256 of each",
    "weights": "receipt of a trained model, with the SHA-256 of its weights",
    "videos": "receipt of the videos of one shard, with the SHA-256 of each",
    "metrics": "measured values",
    "study": "people's answers",
    "workflow": "part of the workflow",
    "tables": "table",
}
READ: Final = ("config", "inputs")
MADE: Final = ("tracks", "weights", "videos", "metrics", "study", "tables")


def write_crate(layout: RunLayout, config: RunConfig, now: datetime | None = None) -> Path:
    """Write ro-crate-metadata.json beside the run's other files; returns its path.

    `now`: when the report was built (default: this moment). It is the only thing in the file that differs
    between two equal runs, and the reason that it is left out where runs are compared byte for byte.
    """
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    known = read_json(layout.run_record) if layout.run_record.is_file() else provenance(config)
    main = layout.root / "workflow" / "Snakefile"
    crate = ROCrate(version="1.1")  # what the run profiles 0.5 are built on
    crate.metadata.extra_contexts.append(TERMS)
    files = {
        kind: [_file(crate, layout, path, kind) for path in paths] for kind, paths in records(layout).items()
    }
    root = crate.root_dataset
    root["name"] = f"talkpose run {config.run}"
    root["description"] = (
        f"Evaluation of audio-driven talking-face video: run {config.run} at {config.scale} scale, seed "
        f"{config.seed}, on {known['device']}. Quoted numbers are the paper's, all others were computed here."
    )
    root["license"] = _license(crate)
    tool = _software(crate, known["versions"])
    profiles = [PROCESS, *(WORKFLOW if main.is_file() else ())]
    for identifier in profiles:
        version = identifier.rpartition("/")[2]
        name = {"process": "Process Run Crate", "workflow": "Workflow Run Crate"}.get(
            identifier.split("/")[-2], "Workflow RO-Crate"
        )
        about = {"@type": "CreativeWork", "name": name, "version": version}
        crate.add(ContextEntity(crate, identifier, properties=about))
    instrument = _workflow(crate, layout, main, tool, known["versions"]) if main.is_file() else tool
    root["conformsTo"] = [{"@id": identifier} for identifier in profiles]
    read = [*(entity for kind in READ for entity in files[kind]), *_published(crate, known)]
    results = [entity for kind in MADE for entity in files[kind]]
    results += [
        _file(crate, layout, path, "report") for path in (layout.report / "index.html",) if path.is_file()
    ]
    action = {
        "@type": "CreateAction",
        "name": f"Run {config.run}, up to its report",
        "description": f"`talkpose run --config results/{config.run}/config.json`",
        "endTime": moment,
        "instrument": {"@id": instrument.id},
        "object": [{"@id": entity.id} for entity in read],
        "result": [{"@id": entity.id} for entity in results],
    }
    crate.add(ContextEntity(crate, "#run", properties=action))
    root["mentions"] = {"@id": "#run"}
    document = crate.metadata.generate()
    for entity in document["@graph"]:
        if entity["@id"] == "./":
            entity["datePublished"] = moment
    write_json(layout.crate, document)
    return layout.crate


def _file(crate: ROCrate, layout: RunLayout, path: Path, kind: str) -> Any:
    """A file of the run, with its size and hash."""
    name = path.relative_to(layout.root).as_posix()
    properties: dict[str, Any] = {
        "name": name,
        "description": ABOUT.get(kind, "report"),
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
        "encodingFormat": FORMATS[path.suffix],
    }
    return crate.add_file(path, name, properties=properties)


def _published(crate: ROCrate, known: dict[str, Any]) -> list[Any]:
    """Published weights and face models that the run rests on; they lie outside of it."""
    found = []
    for name, weights in known.get("weights", {}).items():
        if weights["sha256"] is not None:
            properties = {
                "@type": "CreativeWork",
                "name": Path(weights["path"]).name,
                "description": f"file of others that the configuration names: {name}",
                "sha256": weights["sha256"],
            }
            identifier = f"#weights-{re.sub(r'[^A-Za-z0-9.-]+', '-', name)}"
            found.append(crate.add(ContextEntity(crate, identifier, properties=properties)))
    return found


def _license(crate: ROCrate) -> Any:
    identifier = "https://spdx.org/licenses/Apache-2.0"
    about = {
        "@type": "CreativeWork",
        "name": "Apache License 2.0",
        "description": "of the program; clips and models keep their own licences",
    }
    return crate.add(ContextEntity(crate, identifier, properties=about))


def _software(crate: ROCrate, versions: dict[str, str]) -> Any:
    """talkpose, and the packages that it ran with."""
    needed = []
    for name, version in versions.items():
        if name != "talkpose" and version != "not installed":
            url = "https://www.python.org/" if name == "python" else f"https://pypi.org/project/{name}/"
            properties = {"@type": "SoftwareApplication", "name": name, "version": version, "url": url}
            needed.append(crate.add(ContextEntity(crate, url, properties=properties)))
    about = {
        "@type": "SoftwareApplication",
        "name": "talkpose",
        "version": versions.get("talkpose", "unknown"),
        "softwareRequirements": [{"@id": entity.id} for entity in needed],
    }
    return crate.add(ContextEntity(crate, "#talkpose", properties=about))


def _workflow(crate: ROCrate, layout: RunLayout, main: Path, tool: Any, versions: dict[str, str]) -> Any:
    """The Snakefile as the crate's main entity; its rules lie beside it."""
    name = main.relative_to(layout.root).as_posix()
    properties = {
        "name": "talkpose: from raw video to report",
        "description": ABOUT["workflow"],
        "contentSize": str(main.stat().st_size),
        "sha256": sha256(main),
        "encodingFormat": FORMATS[""],
        "version": versions.get("talkpose", "unknown"),
    }
    entity = crate.add_workflow(
        main, name, main=True, lang="snakemake", lang_version=versions.get("snakemake"), properties=properties
    )
    entity["softwareRequirements"] = {"@id": tool.id}
    return entity
