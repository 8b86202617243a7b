"""`talkpose study analyse`: from answers.parquet to the report's tables, before and after screening."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.files import read_json, write_json, write_parquet, write_text
from talkpose.layout import RunLayout
from talkpose.study.best_of_n import analyse_best_of_n, votes_needed
from talkpose.study.import_step import load_key
from talkpose.study.ratings import analyse_ratings, pairs_needed
from talkpose.study.schema import Key
from talkpose.study.screening import Screened, screen
from talkpose.study.sections import TABLE_COLUMNS, Analysed, Section, section
from talkpose.study.selections import analyse_selections

TABLES = {"best-of-n": "table1", "rating": "hs_study", "select-all": "appendix_b"}
SAMPLES = 2000


def analyse_study(layout: RunLayout, samples: int = SAMPLES) -> dict[str, Any]:
    """Analyse results/<run>/study/answers.parquet; write study/tables/*.parquet and study/analysis.json.

    The tables hold what all participants but those screened out answered; analysis.json holds all else, and
    the same numbers before screening. Returns what analysis.json holds. Raises UserError without answers.
    """
    folder = layout.root / "study"
    path = folder / "answers.parquet"
    if not path.is_file():
        raise UserError(f"{path}: no answers; bring them in with `talkpose study import ANSWERS...`")
    key, answers = load_key(folder), pd.read_parquet(path)
    config = layout.load_config()
    hs = _hs(layout.metrics)
    sections: list[Section] = []
    tables: dict[str, list[dict[str, Any]]] = {}
    kept_of: dict[str, dict[str, int]] = {}
    for name, rows in answers.groupby("name", sort=False):
        screened = screen(rows)
        out = {person.participant for person in screened if not person.kept}
        kept = rows[~rows["participant"].isin(out)]
        everyone = _analyse(key, rows, config, hs, samples, f"{name}, all")
        after = _analyse(key, kept, config, hs, samples, str(name)) if len(kept) else Analysed([], [])
        sections += [_screening(str(name), screened), _before_and_after(str(name), everyone, after)]
        sections += after.sections
        sections.append(_sizes(str(name), kept, after))
        for found in after.cells:
            tables.setdefault(found["table"], []).append(found)
        kept_of[str(name)] = {"participants": len(screened), "kept": len(screened) - len(out)}
    result = {
        "study": key.study,
        "simulated": bool(answers["simulated"].any()),
        "designs": kept_of,
        "import": read_json(folder / "import.json") if (folder / "import.json").is_file() else {},
        "sections": sections,
    }
    for name in TABLES.values():
        place = folder / "tables" / f"{name}.parquet"
        if name in tables:
            frame = pd.DataFrame(tables[name], columns=list(TABLE_COLUMNS))
            write_parquet(place, frame)
            write_text(place.with_suffix(".csv"), frame.to_csv(index=False, float_format="%.6g"))
        else:
            place.unlink(missing_ok=True)
            place.with_suffix(".csv").unlink(missing_ok=True)
    write_json(folder / "analysis.json", result)
    return result


def _analyse(
    key: Key, rows: pd.DataFrame, config: RunConfig, hs: pd.DataFrame | None, samples: int, name: str
) -> Analysed:
    rows = rows.assign(name=name)
    design, methods = str(rows["design"].iloc[0]), key.methods[name.removesuffix(", all")]
    if not (rows["kind"] == "main").any():
        return Analysed([], [])
    if design == "best-of-n":
        return analyse_best_of_n(rows, methods, samples, key.seed)
    if design == "rating":
        return analyse_ratings(rows, hs, samples, key.seed)
    return analyse_selections(rows, methods, _lengths(methods, config), samples, key.seed)


def _lengths(methods: list[str], config: RunConfig) -> dict[str, str]:
    """Rows of Appendix B: training lengths in frames."""
    titles = {m: match[1] for m in methods if (match := re.fullmatch(r"ours-p-n(\d+)", m))}
    return titles | ({"ours-p": str(config.train_frames)} if titles else {})


def _hs(path: Path) -> pd.DataFrame | None:
    """HS of every video by the run's main protocol: columns method, item, value, protocol."""
    if not path.is_file():
        return None
    rows = pd.read_parquet(path)
    rows = rows[(rows["metric"] == "hs") & rows["protocol"].str.startswith("pooled-")]
    rows = rows[rows["protocol"].str.endswith("-linear")]
    return (
        None if rows.empty else rows.rename(columns={"clip": "item"})[["method", "item", "value", "protocol"]]
    )


def _screening(name: str, screened: list[Screened]) -> Section:
    return section(
        name,
        "Participants",
        "Left out: more than half of the traps failed, one place or one rating throughout, answers faster "
        "than anybody can look, or (ratings) ITU-R BT.500's rule for inconsistent raters.",
        ["participant", "answers", "traps", "failed", "kept", "why"],
        [[s.participant, s.answers, s.traps, s.failed, "yes" if s.kept else "no", s.why] for s in screened],
    )


def _before_and_after(name: str, everyone: Analysed, after: Analysed) -> Section:
    kept = {(c["row"], c["column"]): c for c in after.cells}
    rows = []
    for found in everyone.cells:
        now = kept.get((found["row"], found["column"]))
        rows.append(
            [found["row"], found["column"], found["value"], found["n"]]
            + ([None, None] if now is None else [now["value"], now["n"]])
        )
    return section(
        name,
        "Before and after screening",
        "The same numbers of all participants and of those who were kept; the tables show the latter.",
        ["row", "column", "all", "n", "kept", "n kept"],
        rows,
    )


def _sizes(name: str, kept: pd.DataFrame, after: Analysed) -> Section:
    """How precise the study is, and how large a more precise one must be."""
    design = str(kept["design"].iloc[0]) if len(kept) else ""
    rows: list[list[Any]] = []
    for found in after.cells:
        half = (found["ci_high"] - found["ci_low"]) / 2
        if design == "rating" and found["column"] == "correlation with HS" and abs(found["value"]) > 0:
            needed = pairs_needed(min(abs(found["value"]), 0.99))
            rows.append([found["row"], f"{found['n']} pairs", half, f"{needed} pairs for a power of 80%"])
        elif design in ("best-of-n", "select-all") and half == half and half > 0:
            plain = votes_needed(found["value"], 5.0)
            # the interval is wider than that of independent answers by the square root of the design effect
            p = found["value"] / 100
            independent = 1.96 * 100 * (max(p * (1 - p), 1e-9) / found["n"]) ** 0.5
            effect = max((half / independent) ** 2, 1.0)
            rows.append(
                [f"{found['row']}, {found['column']}", f"{found['n']} answers", half]
                + [f"{round(plain * effect)} answers for +-5 points (design effect {effect:.1f})"]
            )
    return section(
        name,
        "Sample size",
        "Half widths of the 95% intervals as they are, and what a given precision would take.",
        ["number", "has", "half width", "needs"],
        rows,
    )
