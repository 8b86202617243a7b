"""`talkpose doctor`: what a configuration needs, what was found, and what will stand in for the rest."""

from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from talkpose.cli.run import given_values
from talkpose.config import parse_config
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
    findings = examine(checked, hash_)
    code = exit_code(findings)
    if as_json:
        typer.echo(dump(findings, code))
    else:
        console = Console()
        show(findings, code, console if console.is_terminal else Console(width=160))
    raise typer.Exit(code)
