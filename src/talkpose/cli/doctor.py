"""`talkpose doctor`: what a configuration needs, what was found, and what will stand in for the rest."""

from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from talkpose.cli.run import given_values
from talkpose.config import RunConfig, parse_config
from talkpose.doctor.finding import Finding
from talkpose.errors import UserError


def doctor(
    config: Annotated[Path, typer.Option(help="configuration, such as config/paper.yaml")],
    set_: Annotated[
        list[str], typer.Option("--set", help="NAME=VALUE for ${NAME} in the configuration")
    ] = [],  # noqa: B006
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    hash_: Annotated[bool, typer.Option("--hash/--no-hash", help="read all files for their SHA-256")] = True,
) -> None:
    """List every data set, weight file, licence, size and hash that a run needs.

    Exit code 0: all is there; 1: usable with substitutes; 2: something required is missing.
    """
    from talkpose.doctor import examine, exit_code
    from talkpose.doctor.placeholders import fill_known
    from talkpose.doctor.show import as_json as dump
    from talkpose.doctor.show import show

    if not config.is_file():
        raise UserError(f"{config}: no such configuration file; see config/ for those of the project")
    data = yaml.safe_load(config.read_text(encoding="utf-8"))
    checked = parse_config(fill_known(data, given_values(set_)), str(config))
    findings = [*examine(checked, hash_), *_baselines(checked, hash_)]
    code = exit_code(findings)
    if as_json:
        typer.echo(dump(findings, code))
    else:
        console = Console()
        show(findings, code, console if console.is_terminal else Console(width=160))
    raise typer.Exit(code)


def _baselines(config: RunConfig, with_hash: bool) -> list[Finding]:
    """Weights of the run's external baselines; without them a method is not attempted, no more."""
    from talkpose.files import sha256
    from talkpose.methods.manifest import UNKNOWN
    from talkpose.methods.requirements import weight_files

    found = []
    for name, weights, place, licence in weight_files(config):
        path = place if place and place.is_file() else None
        published = None if weights.sha256 == UNKNOWN else weights.sha256
        digest = sha256(path) if path and with_hash else None
        if path is None:
            advice = f"{name} will not be attempted: get {weights.file} from {weights.url}"
        elif published is None:
            advice = "its SHA-256 is not known here: compare it with what its publisher says"
        else:
            advice = "" if digest in (None, published) else f"another file than {weights.url} publishes"
        found.append(
            Finding(
                "weights",
                f"{name}: {weights.file}",
                "partial" if advice else "found",
                f"baseline_settings.{name}",
                str(path) if path else None,
                weights.url,
                licence,
                bytes=path.stat().st_size if path else None,
                sha256=digest,
                sha256_published=published,
                advice=advice,
            )
        )
    return found
