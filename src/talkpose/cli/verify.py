"""`talkpose verify` and `talkpose compare`: is a run what it was, and do two runs agree?"""

from pathlib import Path
from typing import Annotated

import typer

from talkpose.layout import RunLayout


def verify(run: Annotated[Path, typer.Argument(help="folder of the run, results/<run>")]) -> None:
    """Hash inputs, tracks, weights, videos and tables anew, and compare program and versions.

    Prints what is not as it was recorded; exit code 1 where anything changed.
    """
    from talkpose.report.hashes import show
    from talkpose.report.manifest import verify_run

    findings, hashed = verify_run(RunLayout(run))
    if findings:
        typer.echo(show(findings))
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in findings))
        typer.echo(f"{len(findings)} differ from the run's records: {kinds}")
        raise typer.Exit(1)
    typer.echo(f"{hashed} files, the program and its versions are as recorded")


def compare(
    run_a: Annotated[Path, typer.Argument(help="folder of a run, results/<run>")],
    run_b: Annotated[Path, typer.Argument(help="folder of another run")],
    tolerance: Annotated[
        float, typer.Option(help="values no further apart are alike, in each cell's own unit")
    ] = 0.0,
    csv: Annotated[Path | None, typer.Option(help="also write the differences to this file")] = None,
) -> None:
    """Print the table cells that differ between two runs, and by how much; exit code 1 where any does."""
    from talkpose.files import write_text
    from talkpose.report.differences import compare_runs, show

    found = compare_runs(run_a, run_b, tolerance)
    if csv is not None:
        write_text(csv, found.to_csv(index=False, lineterminator="\n"))
    if len(found):
        typer.echo(show(found, str(run_a), str(run_b)))
        typer.echo(f"{len(found)} cells differ")
        raise typer.Exit(1)
    typer.echo("all table cells agree")
