"""The list of a corpus's raw clips that the plan writes once and every step reads: half a million files are
not scanned again by each job, and a corpus that grows meanwhile keeps its shards.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from talkpose.clips.readers import ClipSource
from talkpose.errors import UserError
from talkpose.files import write_parquet


def write_list(path: Path, shards: Mapping[str, Sequence[ClipSource]]) -> None:
    """Write the clips of all shards in their order; a list that says the same already is left as it is."""
    rows = [(*source, shard) for shard, sources in shards.items() for source in sources]
    table = pd.DataFrame(rows, columns=[*ClipSource._fields, "shard"])
    table["path"] = table["path"].map(str)
    table = table.astype({"start": "Float64", "stop": "Float64"})
    if not (path.is_file() and pd.read_parquet(path).equals(table)):
        write_parquet(path, table)


def read_list(path: Path) -> dict[str, list[ClipSource]]:
    """Clips by shard, both in order; UserError where the run was never planned."""
    if not path.is_file():
        raise UserError(f"{path}: this list of clips is missing; start the run with `talkpose run`")
    table = pd.read_parquet(path)
    shards: dict[str, list[ClipSource]] = {}
    for clip, raw, start, stop, speaker, word, shard in table.itertuples(index=False):
        source = ClipSource(
            clip,
            Path(raw),
            None if pd.isna(start) else float(start),
            None if pd.isna(stop) else float(stop),
            speaker,
            word,
        )
        shards.setdefault(shard, []).append(source)
    return shards
