"""The command line: groups of commands, and how errors that a user can mend are shown."""

import os
import sys

import typer

from talkpose import __version__
from talkpose.cli import animate, baseline, doctor, face, measure, memory, run, steps, study, verify
from talkpose.errors import UserError

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
for group in steps.GROUPS:
    app.add_typer(group)
app.add_typer(face.app)
app.add_typer(study.app)
app.add_typer(baseline.app)
app.command(name="run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run.run)
app.command(name="validate")(steps.validate)
app.command(name="animate")(animate.animate)
app.command(name="measure")(measure.measure)
app.command(name="doctor")(doctor.doctor)
app.command(name="verify")(verify.verify)
app.command(name="compare")(verify.compare)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command(name="config-page")
def config_page() -> None:
    """Print docs/configuration.md as the schema has it."""
    from talkpose.config.document import configuration_page

    typer.echo(configuration_page(), nl=False)


def main() -> None:
    """Entry point: a UserError becomes one clear message and exit code 2, without a traceback."""
    code = 0
    try:
        with memory.recorded(sys.argv[1:]):
            app()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except UserError as error:
        typer.echo(f"talkpose: {error}", err=True)
        code = 2
    sys.stdout.flush()
    sys.stderr.flush()
    # Worker threads of native libraries (Arrow's) can abort a finished process while Python shuts down.
    os._exit(code)
