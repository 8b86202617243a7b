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


Run = Annotated[Path, typer.Option(help="results/<run>")]


@app.command("import")
def import_(
    answers: Annotated[list[Path], typer.Argument(help="files, folders or zips of them")], run: Run
) -> None:
    """Check answers and take them in; exit code 1 where any file was refused."""
    from talkpose.study.import_step import import_answers

    found = import_answers(RunLayout(run).root / "study", answers)
    partial = sum(one.status == "partial" for one in found.accepted)
    typer.echo(f"✓ {len(found.accepted)} participants' answers, {partial} of them partial")
    for repeated in found.repeated:
        typer.echo(f"⚠ {repeated.file}: {repeated.reason}")
    for refused in found.refused:
        typer.echo(f"✗ {refused.file}: {refused.reason}", err=True)
    if found.refused:
        raise typer.Exit(1)


@app.command()
def analyse(
    run: Run, samples: Annotated[int, typer.Option(help="resamples of the bootstrap", min=100)] = 2000
) -> None:
    """Answers to tables, before and after screening; the report shows them when it is built again."""
    from talkpose.study.analyse_step import analyse_study

    found = analyse_study(RunLayout(run), samples)
    for name, counts in found["designs"].items():
        typer.echo(f"{name}: {counts['kept']} of {counts['participants']} participants kept")
    if found["simulated"]:
        typer.echo("SIMULATED: nobody gave these answers")
    typer.echo(f"{run}/study/analysis.json, {run}/study/tables; `talkpose report build {run}` shows them")


@app.command()
def simulate(
    run: Run,
    preferences: Annotated[Path | None, typer.Option(help="YAML: study/simulate.py, Preferences")] = None,
    out: Annotated[Path | None, typer.Option(help="folder; default: results/<run>/study/simulated")] = None,
) -> None:
    """Made-up answers for every packet, marked `simulated`: to plan and to try out, never to report."""
    from talkpose.study.simulate import load_preferences, simulate_answers

    folder = RunLayout(run).root / "study"
    written = simulate_answers(folder, load_preferences(preferences), out or folder / "simulated")
    typer.echo(f"{len(written)} SIMULATED answers files: {written[0].parent}")


@app.command(name="rehearse")
def rehearse_(
    run: Annotated[Path, typer.Argument(help="folder of the run, results/<run>")],
    study: Annotated[Path, typer.Argument(help="the study's YAML file")],
    preferences: Annotated[Path | None, typer.Option(help="YAML of preferences")] = None,
) -> None:
    """Build, simulate, import and analyse: every page of a study with answers that nobody gave."""
    from talkpose.study.rehearse import rehearse

    rehearse(RunLayout(run), study, preferences)
