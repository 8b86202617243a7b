"""`talkpose study ...`: packets out, answers in."""

from pathlib import Path
from typing import Annotated

import typer

from talkpose.errors import UserError
from talkpose.layout import RunLayout

app = typer.Typer(name="study", help="User studies.", no_args_is_help=True)
Packets = Annotated[list[Path], typer.Argument(help="folders, zips or .jzip archives")]


@app.command()
def build(
    config: Annotated[Path, typer.Option(help="the study")] = Path("config/study.yaml"),
    run: Annotated[
        Path | None, typer.Option(help="results/<run>; default: the configuration's `run`")
    ] = None,
    replace: Annotated[bool, typer.Option(help="existing packets may change")] = False,
) -> None:
    """Write blinded, balanced packets, an archive for JATOS, and the key."""
    from talkpose.study.build import build_study
    from talkpose.study.config import load_study_config

    study = load_study_config(config)
    if run is None and study.run is None:
        raise UserError(f"{config}: names no `run`; add one, or give --run results/<run>")
    made = build_study(study, RunLayout(run or Path("results") / str(study.run)), replace, typer.echo)
    typer.echo(
        f"{len(made.packets)} packets of {made.videos} videos of {made.seconds:g} s: {made.folder}/packets"
    )
    if made.zips:
        typer.echo(f"a zip of each: {made.zips[0].parent}/*.zip")
    elif study.zip != "no":
        size = made.packet_bytes / 1e9
        typer.echo(
            f"no zips: they would take {size:.1f} GB (`zip_limit_mb`); hand out folders, zip some with "
            f"`talkpose study zip`, set `zip: yes`, or host {made.jatos or 'the study'}"
        )
    if made.jatos:
        typer.echo(f"for a JATOS server: {made.jatos}")
    typer.echo(f"the key, which stays with you: {made.key}")


@app.command("zip")
def zip_(packets: Packets, out: Annotated[Path, typer.Option(help="folder for the zips")] = Path()) -> None:
    """Zip single packets."""
    from talkpose.study.build import zip_some

    for path in zip_some(packets, out):
        typer.echo(path)


@app.command()
def audit(
    packets: Packets,
    key: Annotated[Path | None, typer.Option(help="key.json; default: the one beside the packets")] = None,
) -> None:
    """Look for anything that gives a method away; exit code 1 and a list where there is something."""
    from talkpose.study.audit import audit_packets

    findings = audit_packets(packets, key)
    for line in findings.notes:
        typer.echo(f"  {line}")
    for fault in findings.faults:
        typer.echo(f"✗ {fault}", err=True)
    if findings.faults:
        typer.echo(f"{len(findings.faults)} faults: do not hand these packets out", err=True)
        raise typer.Exit(1)
    typer.echo(f"✓ {findings.packets} packets: nothing gives a method away")
