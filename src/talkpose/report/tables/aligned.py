"""Metric rows side by side: the same clips for every method, one protocol a column."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from talkpose.errors import UserError
from talkpose.report.categories import joined

ORDER = (
    *(r"full-v1", r"full-v1-mediapipe.*", r"full-v1-.*", r"pooled-\d+-linear", r"atvg-v1"),
    *(r"atvg-v1-mean-.*",),
)
"""Protocols that stand under a metric's plain name, first the preferred ones; others follow by name."""

PAPER = (
    *(r"atvg-v1", r"atvg-v1-mean-dlib", r"atvg-v1-mean-.*", r"atvg-v1-.*"),
    *(r"full-v1-dlib.*", r"full-v1.*"),
)
"""The same for Table 2, which the paper measures by ATVG's script. That sums LMD over points; what is printed
can only be the mean."""

HASH = 16
"""Hexadecimal digits of a hash that tables carry."""


@dataclass(frozen=True)
class Aligned:
    """Values of one metric by one protocol: a row an item <corpus>/<clip>, a column a method; none is nan."""

    metric: str
    protocol: str
    wide: pd.DataFrame
    speakers: Mapping[str, str] = field(default_factory=dict)
    """who speaks in an item's clip, where the corpus tells"""

    @property
    def methods(self) -> list[str]:
        """Methods that have values."""
        return [str(method) for method in self.wide.columns]

    @cached_property
    def items(self) -> str:
        """Items, a line each."""
        return "\n".join(self.wide.index)

    @cached_property
    def persons(self) -> np.ndarray:
        """(n,) who is seen in each item."""
        return np.array([self.speakers.get(target_of(item), target_of(item)) for item in self.wide.index])

    @cached_property
    def draw(self) -> str:
        """Name of the bootstrap's draw: tables and methods on the same clips share it."""
        return short_hash("\n".join([self.items, *self.persons.tolist()]))

    def values(self, method: str) -> np.ndarray:
        """(n,) values of a method."""
        return self.wide[method].to_numpy()

    def rows_hash(self, *methods: str) -> str:
        """Hash of the metric rows behind the values of `methods`: names, items and float64 values."""
        digest = hashlib.sha256(f"{self.metric}\0{self.protocol}\0{self.items}".encode())
        for method in methods:
            digest.update(f"\0{method}\0".encode() + self.values(method).astype("<f8").tobytes())
        return digest.hexdigest()[:HASH]


def short_hash(text: str) -> str:
    """Start of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:HASH]


def target_of(item: str) -> str:
    """<corpus>/<clip> of the person that an item <corpus>/<clip>__<audio> shows."""
    corpus, _, clip = item.rpartition("/")
    return f"{corpus}/{clip.partition('__')[0]}"


def person_of(item: str) -> str:
    """Person of an item <corpus>/<person>__<audio>, or without the corpus."""
    return item.rpartition("/")[2].partition("__")[0]


def by_protocol(
    metrics: pd.DataFrame,
    table: str,
    metric: str,
    order: tuple[str, ...] = ORDER,
    speakers: Mapping[str, str] | None = None,
) -> Iterator[Aligned]:
    """Values of one metric, one protocol at a time, that of the metric's plain name first.

    A clip on which any method has no value (no face found) is left out for all of them; a method without any
    value is left out. Raises UserError where methods were measured on different clips, or one only by another
    protocol than the rest: such columns must not stand side by side.
    """
    rows = metrics[metrics.metric == metric]
    protocols = preferred(map(str, rows.protocol.unique()), order)
    for place, protocol in enumerate(protocols):
        found = rows[rows.protocol == protocol]
        if place == 0 and found.method.nunique() < rows.method.nunique():
            raise UserError(
                f"table {table}: {metric} mixes the protocols {', '.join(sorted(protocols))}; measure all "
                "methods again with one (delete results/<run>/metrics and run again)"
            )
        yield Aligned(metric, protocol, _wide(found, table, metric), speakers or {})


def preferred(protocols: Iterable[str], order: tuple[str, ...] = ORDER) -> list[str]:
    """Protocols, each once, that of a metric's plain name first: every page shows the same one first."""
    return sorted(set(protocols), key=lambda name: (_rank(name, order), name))


def _rank(protocol: str, order: tuple[str, ...]) -> int:
    return next((i for i, pattern in enumerate(order) if re.fullmatch(pattern, protocol)), len(order))


def _wide(rows: pd.DataFrame, table: str, metric: str) -> pd.DataFrame:
    places, items = joined(rows, "corpus", "clip", "/")
    order = np.argsort(np.array(items, object))
    places, index = np.argsort(order)[places], [items[i] for i in order]
    methods, names = pd.factorize(rows["method"], sort=True)
    shape = len(index), len(names)
    values, measured = np.full(shape, np.nan), np.zeros(shape, bool)
    values[places, methods] = rows["value"].to_numpy()
    measured[places, methods] = True
    for method, seen in zip(names, measured.T, strict=True):
        if not seen.all():
            lacking = [item for item, there in zip(index, seen, strict=True) if not there]
            shown = ", ".join(lacking[:20]) + (f" and {len(lacking) - 20} more" if len(lacking) > 20 else "")
            raise UserError(
                f"table {table}: {metric} would compare methods on different clips: {method} lacks {shown}; "
                f"generate and measure them (`make run` again) or take {method} out of `methods` in the "
                "configuration"
            )
    wide = pd.DataFrame(
        values, index=pd.Index(index, dtype="str"), columns=pd.Index(list(names), dtype="str")
    )
    return wide.dropna(axis=1, how="all").dropna(axis=0, how="any")
