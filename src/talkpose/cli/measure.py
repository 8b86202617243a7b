"""`talkpose measure`: numbers for any two videos, or for folders of them."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from talkpose.errors import UserError


def measure(
    real: Annotated[Path, typer.Argument(help="real video, or with --against a folder of them")],
    generated: Annotated[Path | None, typer.Argument(help="generated video")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="folder of generated videos, matched by name; may be repeated")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="only this metric; may be repeated")] = None,
    protocol: Annotated[
        list[str] | None, typer.Option(help="only this protocol or family, such as atvg-v1; may be repeated")
    ] = None,
    align: Annotated[
        int, typer.Option(min=0, help="shift the generated video by the best lag of so many frames")
    ] = 0,
    size: Annotated[int | None, typer.Option(min=16, help="width in pixels for both videos")] = None,
    weights: Annotated[
        list[str] | None, typer.Option(help="KEY=FILE of published weights, such as syncnet_weights=F")
    ] = None,
    device: Annotated[str, typer.Option(help="where pictures are scored: cpu or cuda")] = "cpu",
    out: Annotated[Path | None, typer.Option(help="also write the rows as Parquet")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure a generated video against the real one by every metric, each with its protocol."""
    if (generated is None) == (not against):
        raise UserError("give either one generated video or folders by --against, not both and not neither")
    from talkpose.metrics import align as alignment
    from talkpose.metrics import pair
    from talkpose.metrics.compute import write_metrics
    from talkpose.metrics.extra import fid_features
    from talkpose.metrics.pooled import fid_row

    config = pair.wanted_config(metric or [], weights or [], bool(against))
    jobs: list[tuple[str, str, Path, Path]] = []
    alone: list[str] = []
    if generated is not None:
        for path in (real, generated):
            if not path.is_file():
                raise UserError(f"{path}: no such file; give a video")
        jobs = [(generated.stem, "generated", real, generated)]
    else:
        names = [folder.resolve().name for folder in against or []]
        for name in names:
            if names.count(name) > 1:
                raise UserError(
                    f"--against: two folders are called {name}, and rows bear their names; rename one"
                )
        for folder in against or []:
            found, lonely = pair.match(real, folder)
            jobs += [(stem, folder.resolve().name, left, right) for stem, left, right in found]
            alone += lonely
    every: list[dict[str, Any]] = []
    notes: dict[str, list[str]] = {}
    failed: list[str] = []
    features: dict[str, list[tuple[Any, Any]]] = {}
    sound = False
    for stem, name, left, right in jobs:
        try:
            loaded = alignment.load_pair(left, right, align, size)
            rows = pair.measure_pair(
                loaded,
                config,
                method=name,
                corpus=real.resolve().name if against else "pair",
                clip=pair.clip_of(stem),
                device=device,
            )
        except UserError as error:
            if not against:
                raise
            failed.append(str(error))
            continue
        notes[str(right)] = loaded.notes
        every += rows
        sound = sound or loaded.sound is not None
        described = fid_features(loaded.generated, loaded.real, config, device)
        if described is not None:
            features.setdefault(name, []).append(described)
    for name, parts in features.items():
        every.append(fid_row(name, real.resolve().name, parts, config.network_every))
    if not every:
        raise UserError(
            "; ".join(failed)
            or f"no value of {', '.join(metric or ['any metric'])}: the videos are too short for it (3 s for "
            "what follows sound or pose), have no sound, or show no face"
        )
    silent = pair.without_value(config, every, sound, bool(against))
    order = list(dict.fromkeys(row["metric"] for row in every))
    every = sorted(
        pair.of_protocols(every, protocol or []),
        key=lambda row: (row["method"], row["clip"], order.index(row["metric"])),
    )
    if out is not None:
        write_metrics(out, every)
    report = {"rows": every, "notes": notes, "unmatched": sorted(set(alone)), "failed": failed}
    report["not_attempted"] = {} if protocol else pair.not_attempted(config) | silent
    typer.echo(_json(report)) if as_json else _show(report)
    if failed:
        raise typer.Exit(1)


def _json(report: dict[str, Any]) -> str:
    """What was measured, with each protocol's definition; null where there is no value."""
    from talkpose.metrics.registry import protocol

    rows = []
    for row in report["rows"]:
        known = protocol(row["metric"], row["protocol"])
        value = None if math.isnan(row["value"]) else row["value"]
        facts = {"unit": known.unit, "direction": known.direction, "definition": known.definition}
        rows.append({**row, "value": value, **facts})
    return json.dumps({**report, "rows": rows}, indent=1, ensure_ascii=False)


def _show(report: dict[str, Any]) -> None:
    """A table with a row a number, and below what was done to the videos."""
    from rich.console import Console
    from rich.table import Table

    from talkpose.metrics.registry import protocol

    console = Console()
    several = len({(row["method"], row["clip"]) for row in report["rows"]}) > 1
    table = Table()
    for head in (*(("method", "video") if several else ()), "metric", "protocol"):
        table.add_column(head, no_wrap=head != "video")
    table.add_column("value", justify="right")
    for head in ("unit", "better"):
        table.add_column(head)
    table.add_column("frames", justify="right")
    for row in report["rows"]:
        known = protocol(row["metric"], row["protocol"])
        names = (row["method"], row["clip"].partition("__")[0]) if several else ()
        value = "–" if math.isnan(row["value"]) else f"{row['value']:.{known.decimals}f}"
        table.add_row(
            *names, row["metric"], row["protocol"], value, known.unit, known.arrow, str(row["n_frames"])
        )
    console.print(table)
    for name, sentences in report["notes"].items():
        for sentence in sentences:
            console.print(
                f"{Path(name).name if several else ''} {sentence}".strip(), markup=False, highlight=False
            )
    for name, sentence in report["not_attempted"].items():
        console.print(f"{name}: {sentence}", markup=False, highlight=False)
    for name in report["unmatched"]:
        console.print(f"not measured, no match: {name}", markup=False, highlight=False)
    for sentence in report["failed"]:
        console.print(f"not measured: {sentence}", markup=False, highlight=False)
