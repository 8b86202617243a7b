"""Tables of any length as script files: a page opened from disk may load a script, but fetch nothing.

Texts are kept once, as `names`, with a code a row; numbers are little-endian floats in base64. The browser
sorts and filters arrays of numbers, and draws one page of rows at a time (static/grid.js).
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

Label = str | tuple[str, str]
"""A column's label, or its label and unit."""

FACET = 40
"""Most different texts of a column that can be chosen from a list."""

EXACT_SINGLE = 2**24
"""From here on a single float skips whole numbers."""


def pack(values: np.ndarray) -> str:
    """Numbers (n,) as base64: int32 for whole numbers, else float32, or float64 where those are not exact."""
    values = np.asarray(values)
    if values.dtype.kind in "iub" and (not values.size or np.abs(values).max() < 2**31):
        return "i" + base64.b64encode(values.astype("<i4").tobytes()).decode()
    finite = values[np.isfinite(values)]
    wide = finite.size and np.abs(finite).max() >= EXACT_SINGLE
    kind, dtype = ("d", "<f8") if wide else ("f", "<f4")
    return kind + base64.b64encode(values.astype(dtype).tobytes()).decode()


def grid(
    label: str,
    table: pd.DataFrame,
    columns: Mapping[str, Label],
    digits: int = 2,
    facets: Iterable[str] = (),
    links: Mapping[str, str] | None = None,
    link_column: str = "clip",
) -> dict[str, Any]:
    """A whole table: `columns` maps its column names to labels, or (label, unit); others are left out.

    Columns named in `facets` can be chosen from a list, unless they hold more than FACET texts. `links` gives
    the page of a text in `link_column`.
    """
    heads, values = [], {}
    for name in (name for name in columns if name in table.columns):
        given = columns[name]
        label_of, unit = (given, "") if isinstance(given, str) else given
        head, packed = column(name, label_of, table[name], digits, name in set(facets))
        head |= {"unit": unit} if unit else {}
        if links and name == link_column:
            head["links"] = {str(i): links[n] for i, n in enumerate(head["names"]) if n in links}
        heads.append(head)
        values[name] = packed
    return {"label": label, "columns": heads, "parts": [{"rows": len(table), "values": values}]}


def column(
    name: str, label: str, values: pd.Series, digits: int, facet: bool = False
) -> tuple[dict[str, Any], str]:
    """Head and packed values of one column."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(float, na_value=np.nan)
        whole = pd.api.types.is_integer_dtype(values) and not np.isnan(numbers).any()
        packed = pack(values.to_numpy(np.int64) if whole else numbers)
        return number_head(name, label, _needed(numbers, digits)), packed
    if pd.api.types.is_bool_dtype(values):
        values = values.map({True: "yes", False: "no"})
    codes, names = pd.factorize(values.astype(object).where(values.notna(), None))
    texts = [str(n) for n in names]
    head = {"key": name, "label": label, "kind": "text", "names": texts, "shown": True}
    return head | {"facet": facet and 1 < len(texts) <= FACET}, pack(codes.astype(np.int64))


def _needed(numbers: np.ndarray, most: int) -> int:
    """Fewest digits behind the point, at most `most`, that show all of a column's numbers as `most` would."""
    known = numbers[np.isfinite(numbers)].round(most)
    return next((d for d in range(most) if np.array_equal(known.round(d), known)), most)


def number_head(name: str, label: str, digits: int, **more: Any) -> dict[str, Any]:
    """Head of a column of numbers; `more` may hold arrow, unit, protocol, shown."""
    return {"key": name, "label": label, "kind": "number", "decimals": digits, "shown": True} | more


def script(name: str, content: Mapping[str, Any]) -> str:
    """The script that hands `content` to the page under `name`."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"(window.TALKPOSE_GRIDS ??= {{}})[{json.dumps(name)}] = {text};\n"


def part_script(name: str, index: int, values: Mapping[str, str]) -> str:
    """The script that hands part `index` of grid `name` to the page."""
    text = json.dumps(values, separators=(",", ":"), sort_keys=True)
    return f"window.TALKPOSE_GRIDS[{json.dumps(name)}].parts[{index}].values = {text};\n"
