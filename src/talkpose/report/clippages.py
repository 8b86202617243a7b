"""Pages of persons and of clips: players of their videos, values, poses."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from talkpose.layout import OWN, RunLayout, item_id
from talkpose.report.chosen import figure_items
from talkpose.report.itemviews import all_values, item_view
from talkpose.report.media import player
from talkpose.report.names import page
from talkpose.report.poses import ANGLES, person_motions, without_poses
from talkpose.report.source import Item, Source
from talkpose.report.tablepages import TablePage


class Clips:
    """The items that get a page, with their videos and metric rows."""

    def __init__(self, source: Source, tables: Iterable[TablePage]):
        self.source = source
        self.items: dict[str, list[Item]] = {}
        for item in source.items:
            self.items.setdefault(item.name, []).append(item)
        for name in _wanted(source, tables):
            if name not in self.items and (found := source.items_of(name)):
                self.items[name] = found
        self.links = {name: page("clip", name) for name in self.items}
        self._rows: dict[str, pd.DataFrame] = {}
        if source.metrics is not None:
            mine = source.metrics[source.metrics["clip"].isin(list(self.items))]
            self._rows = {str(name): rows for name, rows in mine.groupby("clip", sort=False)}
            self._none = source.metrics.iloc[:0]

    def rows(self, name: str) -> pd.DataFrame | None:
        """Metric rows of an item; None where the run measured nothing at all."""
        return self._rows.get(name, self._none) if self.source.metrics is not None else None

    def context(self, name: str, folder: Path) -> dict[str, Any]:
        """What the page of one clip shows; its videos are brought to `folder`."""
        items = self.items[name]
        rows = self.rows(name)
        person, audio = items[0].person, items[0].audio
        tested = person in self.source.tested
        return {
            "item": vars(player(items, folder, self.source.roster, whole=tested)),
            "before": self._beside(name, -1),
            "after": self._beside(name, 1),
            "name": name,
            "person": person,
            "own": audio == OWN,
            "audio": audio,
            "person_href": "" if tested else page("person", person),
            "values": None if rows is None else all_values(rows, name, self.source.roster),
        }

    def _beside(self, name: str, step: int) -> tuple[str, str] | None:
        """(name, page) of the clip before or after this one: of test corpora, or of the same person."""
        person = name.partition("__")[0]
        names = [n for n in self.links if n.partition("__")[0] == person]
        if person in self.source.tested:
            names = [n for n, _ in self.listed()]
        place = names.index(name) + step
        return (names[place], self.links[names[place]]) if 0 <= place < len(names) else None

    def listed(self) -> list[tuple[str, str]]:
        """(name, page) of the pages of test corpora's clips, sorted."""
        return sorted(
            (n, href) for n, href in self.links.items() if n.partition("__")[0] in self.source.tested
        )


def _wanted(source: Source, tables: Iterable[TablePage]) -> list[str]:
    """Items of test corpora that get a page, in order."""
    if source.config.report.clip_pages == "all":
        return [item_id(clip, OWN) for clip in sorted(source.tested)]
    names = [item for entry in tables if entry.extremes for item in entry.extremes.items()]
    return list(dict.fromkeys([*names, *figure_items(source.figures)]))


def person_links(source: Source, tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Name, page, counts and headline numbers of every person."""
    links = []
    for person in source.persons:
        items = [item for item in source.items if item.person == person]
        links.append(
            {
                "name": person,
                "href": page("person", person),
                "sounds": len({item.name for item in items}),
                "methods": len({item.method for item in items}),
                "numbers": _headline(tables, person),
            }
        )
    return links


def person_context(person: str, clips: Clips, layout: RunLayout, folder: Path) -> dict[str, Any]:
    """Players and headline values of every sound of one person, and their head poses."""
    source = clips.source
    shown = []
    for name in dict.fromkeys(item.name for item in source.items if item.person == person):
        items = clips.items[name]
        rows = clips.rows(name)
        facts = {item.method: item.facts() for item in items}
        values = None if rows is None else item_view(rows, name, facts, source.roster)
        shown.append(
            {**vars(player(items, folder, source.roster)), "view": values, "href": clips.links[name]}
        )
    corpora = [c for c, table in source.clips.items() if (table["clip"] == person).any()]
    motions = [m for corpus in corpora[:1] for m in person_motions(layout, source, person, corpus)]
    own = {item.method for item in source.items if item.name == item_id(person, OWN)}
    without = [source.roster[name].title for name in without_poses(source, own, motions)]
    return {
        "person": {"name": person, "players": shown},
        "motions": motions,
        "angles": ANGLES,
        "without": without,
    }


def _headline(tables: Mapping[str, pd.DataFrame], person: str) -> list[tuple[str, str]]:
    wanted = (
        ("stage1", person, "ours-p", "Ours-P mouth r", 2),
        ("stage2", f"{person} / face", "refined", "face PSNR", 1),
    )
    found = []
    for name, row, column, label, digits in wanted:
        if name in tables:
            table = tables[name]
            values = table[(table.row == row) & (table.column == column) & (table.kind == "reproduced")].value
            found += [(label, f"{value:.{digits}f}") for value in values]
    return found
