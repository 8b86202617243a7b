"""Metric rows with their texts as categories: millions of rows repeat a few thousand names."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

TEXTS: Final = ("method", "corpus", "clip", "metric", "protocol")
"""Columns of metrics.parquet that hold names."""


def read_rows(path: Path) -> pd.DataFrame:
    """metrics.parquet with TEXTS as categories in order of their names; texts are never unfolded."""
    rows = pd.read_parquet(path, read_dictionary=list(TEXTS))
    ordered = {
        name: rows[name].cat.reorder_categories(sorted(rows[name].cat.categories))
        for name in TEXTS
        if name in rows and isinstance(rows[name].dtype, pd.CategoricalDtype)
    }
    return rows.assign(**ordered)


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows with plain texts, for few of them: categories would show in plots that lack them."""
    return rows.astype({name: "str" for name in TEXTS if name in rows})


def joined(rows: pd.DataFrame, first: str, second: str, mark: str) -> tuple[np.ndarray, list[str]]:
    """(codes, names): `<first><mark><second>` of two columns, names in order of appearance.

    Columns may hold texts or categories; only names that occur are made.
    """
    left, left_names = pd.factorize(rows[first])
    right, right_names = pd.factorize(rows[second])
    width = max(len(right_names), 1)
    codes, pairs = pd.factorize(left.astype(np.int64) * width + right)
    befores, afters = left_names.tolist(), right_names.tolist()
    return codes, [f"{befores[pair // width]}{mark}{afters[pair % width]}" for pair in pairs.tolist()]
