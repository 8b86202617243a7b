"""`talkpose animate`: one's own video or picture, any sound, a trained run."""

from pathlib import Path
from typing import Annotated

import typer

from talkpose.errors import UserError


def animate(
    audio: Annotated[Path, typer.Option(help="the sound to speak")],
    out: Annotated[Path, typer.Option(help="MP4 to write")],
    video: Annotated[Path | None, typer.Option(help="a video of the person: Ours-P")] = None,
    image: Annotated[Path | None, typer.Option(help="a picture of the person: Ours-G")] = None,
    run: Annotated[Path, typer.Option(help="a trained run")] = Path("results/clips"),
    finetune: Annotated[bool, typer.Option(help="fine-tune on the video; without: Ours-G")] = True,
    work: Annotated[Path | None, typer.Option(help="folder for what is kept between attempts")] = None,
) -> None:
    """Make a person speak a sound: fine-tunes on the video first (resumes where it was stopped)."""
    if (video is None) == (image is None):
        raise UserError("give either --video or --image, not both and not neither")
    from talkpose.methods.animate import animate_image, animate_video

    if image is not None:
        animate_image(image, audio, out, run)
    else:
        assert video is not None
        animate_video(video, audio, out, run, finetune, work)
    typer.echo(out)
