"""The commands that rules call: each reads results/<run>/config.json and does one step of the run."""

from pathlib import Path
from typing import Annotated

import typer

from talkpose.layout import BASE, RunLayout

Run = Annotated[Path, typer.Argument(help="folder of the run, results/<run>")]

clips = typer.Typer(name="clips", help="Raw files to clips.", no_args_is_help=True)
motion = typer.Typer(name="motion", help="Stage 1: sound to expression and pose.", no_args_is_help=True)
refine = typer.Typer(name="refine", help="Stage 2: rendered to realistic frames.", no_args_is_help=True)
methods = typer.Typer(name="methods", help="Generate videos.", no_args_is_help=True)
baselines = typer.Typer(name="baselines", help="Train baselines.", no_args_is_help=True)
metrics = typer.Typer(name="metrics", help="Measure videos.", no_args_is_help=True)
report = typer.Typer(name="report", help="Tables and pages.", no_args_is_help=True)
synthetic = typer.Typer(name="synthetic", help="The embedded corpus.", no_args_is_help=True)
GROUPS = [synthetic, clips, motion, refine, baselines, methods, metrics, report]


@synthetic.command("write")
def synthetic_write(run: Run, part: str, shard: str) -> None:
    """Write one shard of the embedded corpus."""
    from talkpose.synthetic.write import write_shard

    write_shard(RunLayout(run), part, shard)


def validate(run: Run) -> None:
    """Compare a run's tracks with the truth, for the clips that carry it."""
    from talkpose.validation.step import validate_run

    validate_run(RunLayout(run))


@clips.command("ingest")
def clips_ingest(run: Run, corpus: str, shard: str) -> None:
    """Normalise one shard of a corpus; clips that cannot be used are quarantined."""
    from talkpose.face.ingest_step import ingest_shard

    ingest_shard(RunLayout(run), corpus, shard)


@clips.command("index")
def clips_index(run: Run) -> None:
    """Join the shards of every corpus and all quarantine lists."""
    from talkpose.face.ingest_step import index_corpora

    index_corpora(RunLayout(run))


@motion.command("train")
def motion_train(run: Run, variant: Annotated[str, typer.Argument()] = BASE) -> None:
    """Train the general mapping on the general corpora."""
    from talkpose.methods.motion_steps import train

    train(RunLayout(run), variant)


@motion.command("personalise")
def motion_personalise(run: Run, variant: str, corpus: str, shard: str) -> None:
    """Fine-tune the general mapping on the start of each person's video in a shard."""
    from talkpose.methods.motion_steps import personalise_shard

    personalise_shard(RunLayout(run), variant, corpus, shard)


@refine.command("pairs")
def refine_pairs(run: Run, corpus: str, shard: str, length: Annotated[str, typer.Argument()] = BASE) -> None:
    """Render the frames that stage 2 trains on, for one shard."""
    from talkpose.methods.pairs_step import pairs

    pairs(RunLayout(run), corpus, shard, length)


@refine.command("train")
def refine_train(run: Run, variant: Annotated[str, typer.Argument()] = BASE) -> None:
    """Train the memory-augmented GAN on the general corpora."""
    from talkpose.methods.refine_steps import train

    train(RunLayout(run), variant)


@refine.command("personalise")
def refine_personalise(run: Run, variant: str, corpus: str, shard: str) -> None:
    """Fine-tune the GAN on the start of each person's video in a shard."""
    from talkpose.methods.refine_steps import personalise_shard

    personalise_shard(RunLayout(run), variant, corpus, shard)


@baselines.command("fit")
def baselines_fit(run: Run, name: str) -> None:
    """Train an in-process baseline on the general corpora."""
    from talkpose.methods.baseline_steps import fit

    fit(RunLayout(run), name)


@methods.command("generate")
def methods_generate(run: Run, method: str, corpus: str, shard: str) -> None:
    """Generate one method's videos for one shard of persons."""
    from talkpose.methods.generate_step import generate_shard

    generate_shard(RunLayout(run), method, corpus, shard)


@metrics.command("measure")
def metrics_measure(run: Run, method: str, corpus: str, shard: str) -> None:
    """Measure one method's videos for one shard of persons."""
    from talkpose.metrics.step import measure_shard

    measure_shard(RunLayout(run), method, corpus, shard)


@metrics.command("list")
def metrics_list() -> None:
    """Print docs/metrics.md: every metric's equation, unit, direction, protocols and source."""
    from talkpose.metrics.document import metrics_page

    typer.echo(metrics_page(), nl=False)


@metrics.command("collect")
def metrics_collect(run: Run, tables: list[Path]) -> None:
    """Join metric tables into metrics.parquet."""
    from talkpose.metrics.step import collect

    collect(RunLayout(run), tables)


@metrics.command("sensitivity")
def metrics_sensitivity(run: Run) -> None:
    """Score the generated poses by HS with other bins and ranges."""
    from talkpose.metrics.hs_sensitivity import measure_run

    measure_run(RunLayout(run))


@report.command("figures")
def report_figures(run: Run) -> None:
    """Choose and keep the frames of the paper's figures."""
    from talkpose.report.figures import write_figures

    layout = RunLayout(run)
    write_figures(layout, layout.load_config())


@report.command("build")
def report_build(run: Run) -> None:
    """Write the tables and the report."""
    from talkpose.report.build import build_report

    build_report(run)
