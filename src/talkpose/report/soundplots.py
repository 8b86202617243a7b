"""Plots of how sound and head pose correlate (Appendix A): real videos by person and reading, methods."""

from dataclasses import replace

import pandas as pd

from talkpose.metrics.audio_pose import CHOICES, DEFAULT
from talkpose.metrics.registry import protocol
from talkpose.report.dots import Plot, by_method, draw, persons
from talkpose.report.source import Source
from talkpose.report.tables.aligned import person_of

GENERATED, REAL = "audio-pose", "appendix-a"
READINGS = {choice.id: ", ".join(choice) for choice in CHOICES}
"""Readings of the appendix as the labels say them: features, pooling, pairs, statistic."""

OTHERS = "Generated frames, by the other readings"


def correlations(rows: pd.DataFrame, source: Source) -> list[Plot]:
    """Correlation of sound and pose: real videos by person and by reading, then every method by reading.

    Rows of REAL are of persons' whole videos, those of GENERATED of the frames of every method.
    """
    rows = rows[rows["value"].notna()]
    real = rows[rows["metric"] == REAL]
    null = rows[rows["metric"] == f"{REAL}-null"]
    null = null.assign(protocol=null["protocol"].str.replace(r"-null\d+$", "", regex=True))
    plots = [] if real.empty else [_people(real, null), _readings(real, null)]
    made = rows[rows["metric"] == GENERATED]
    for i, identifier in enumerate(sorted(made["protocol"].unique(), key=_place)):
        shown = made[made["protocol"] == identifier]
        plot = by_method(f"sound-{i}", GENERATED, identifier, shown, source, zero=True)
        plots.append(replace(plot, part=OTHERS if i else ""))
    return plots


def _place(identifier: str) -> int:
    return list(READINGS).index(identifier) if identifier in READINGS else len(READINGS)


def _people(real: pd.DataFrame, null: pd.DataFrame) -> Plot:
    """A row a person, by the default reading where it was measured."""
    identifier = min(real["protocol"], key=_place)
    used = protocol(REAL, identifier)
    shown, beside = (_named(part[part["protocol"] == identifier]) for part in (real, null))
    labels = {str(person): str(person) for person in sorted(shown["row"].unique())}
    title = f"{used.title}, by person"
    svg = draw("sound-people", title, shown, labels, zero=True, null=_means(beside, labels))
    return Plot(title, identifier, used.definition, svg, persons(shown))


def _named(part: pd.DataFrame) -> pd.DataFrame:
    return part.assign(row=part["clip"].map(person_of), kind="control")


def _readings(real: pd.DataFrame, null: pd.DataFrame) -> Plot:
    """A row a reading, a dot a person."""
    shown, beside = (part.assign(row=part["protocol"], kind="control") for part in (real, null))
    found = sorted(shown["row"].unique(), key=_place)
    labels = {str(identifier): READINGS.get(identifier, str(identifier)) for identifier in found}
    title = f"{protocol(REAL, DEFAULT.id).title}, by reading"
    svg = draw("sound-readings", title, shown, labels, zero=True, null=_means(beside, labels))
    return Plot(title, "", "", svg, persons(shown))


def _means(part: pd.DataFrame, labels: dict[str, str]) -> dict[str, float]:
    means = part[part["row"].isin(list(labels))].groupby("row")["value"].mean()
    return {str(row): float(value) for row, value in means.items()}
