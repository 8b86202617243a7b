"""`talkpose baseline`: write one, check one, list all."""

from pathlib import Path
from typing import Annotated, Literal

import typer
import yaml
from rich.console import Console
from rich.table import Table

from talkpose.cli.run import given_values
from talkpose.config import RunConfig, parse_config
from talkpose.errors import UserError

app = typer.Typer(name="baseline", help="Add a baseline, check it, list all.", no_args_is_help=True)
Config = Annotated[
    Path | None, typer.Option(help="a run's configuration: its `baselines` and their settings")
]
Values = Annotated[list[str], typer.Option("--set", help="NAME=VALUE for ${NAME} in the configuration")]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="small letters, digits and dashes")],
    kind: Annotated[
        Literal["in-process", "command", "frames"], typer.Option(help="how it runs")
    ] = "in-process",
    folder: Annotated[Path, typer.Option(help="folder of baselines")] = Path("baselines"),
) -> None:
    """Write <folder>/NAME: a small method that works and passes `talkpose baseline check NAME`."""
    from talkpose.methods.check.new import new_baseline

    for path in new_baseline(name, kind, folder):
        typer.echo(path)
    typer.echo(f"Next: talkpose baseline check {name}, then add {name} to `methods` of a configuration.")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="a baseline's name, or its folder")],
    config: Config = None,
    set_: Values = [],  # noqa: B006
    worlds: Annotated[
        Path | None, typer.Option(help="folder that keeps the tiny corpus between checks")
    ] = None,
) -> None:
    """Try everything that a baseline must satisfy; ✓ holds, ⚠ cannot be told, ✗ must be mended (exit 1)."""
    from talkpose.methods.check.baseline import check_baseline
    from talkpose.methods.check.finding import Finding, exit_code
    from talkpose.methods.discovery import all_baselines

    run = _load(config, set_)
    known = all_baselines(run)
    where = known.get(name) or Path(name)
    if not where.is_dir():
        raise UserError(f"no baseline `{name}`; there are: {', '.join(known) or 'none'}")
    settings = run.baseline_settings.get(where.name, {}) if run else {}
    if worlds is not None:
        worlds.mkdir(parents=True, exist_ok=True)
    found: list[Finding] = []
    for finding in check_baseline(where, settings, worlds and worlds.resolve()):
        found.append(finding)
        typer.echo(f"{finding.mark} {finding.check}: {finding.text}")
    raise typer.Exit(exit_code(found))


@app.command(name="list")
def list_(config: Config = None, set_: Values = []) -> None:  # noqa: B006
    """Every baseline: kind, status, licence, pose, and what is missing before it can run."""
    from talkpose.methods.discovery import Found, all_baselines
    from talkpose.methods.manifest import read_manifest
    from talkpose.methods.requirements import lacking, notes

    run = _load(config, set_) or _defaults()
    table = Table("baseline", "runs", "status", "licence", "needs", "pose", "missing", box=None)
    for name, folder in all_baselines(run).items():
        try:
            manifest = read_manifest(folder)
            found = Found(folder, manifest)
            upstream = f" / {manifest.upstream.licence}" if manifest.upstream else ""
            lacks = lacking(found, run)
            more = [f"and {len(lacks) - 1} more"] if len(lacks) > 1 else []
            missing = "; ".join([*lacks[:1], *more, *notes(found)]) or "nothing"
            cells = [manifest.run.kind, manifest.status, manifest.licence + upstream, manifest.needs]
            table.add_row(name, *cells, manifest.pose, missing)
        except UserError as error:
            table.add_row(name, "", "", "", "", "", str(error))
    console = Console()
    (console if console.is_terminal else Console(width=180)).print(table)


def _load(config: Path | None, values: list[str]) -> RunConfig | None:
    if config is None:
        return None
    from talkpose.doctor.placeholders import fill_known

    if not config.is_file():
        raise UserError(f"{config}: no such configuration file; see config/ for those of the project")
    data = yaml.safe_load(config.read_text(encoding="utf-8"))
    return parse_config(fill_known(data, given_values(values)), str(config))


def _defaults() -> RunConfig:
    return parse_config({"run": "list", "corpora": {"people": {"role": "persons", "path": "."}}})
