"""Files that are either whole or absent: written beside their place, then renamed."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` with the same suffix; rename it there if the block succeeds.

    On an exception the temporary file or folder is removed and whatever stood at `path` stays as it was.
    Its name depends on `path` alone, so that what a killed process left is taken away by the next writer; two
    writers of one path at a time are not meant to be (a run holds a lock).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    _remove(temporary)
    try:
        yield temporary
        if temporary.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write indented JSON with sorted keys atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(path: str | Path, table: pd.DataFrame) -> None:
    """Write a Parquet file atomically (zstd, no index)."""
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def write_npz(path: str | Path, **arrays: np.ndarray) -> None:
    """Write a compressed npz atomically; equal arrays give equal bytes."""
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_kept(path: str | Path, kept: Path) -> str | None:
    """SHA-256 of a file, None where there is none; read anew only where its size or time changed.

    `kept`: JSON file that holds what is known, by path; others may write it meanwhile.
    """
    path = Path(path).absolute()
    if not path.is_file():
        return None
    state = path.stat()
    stamp = [state.st_size, state.st_mtime_ns]
    known = read_json(kept) if kept.is_file() else {}
    if known.get(str(path), [])[:2] != stamp:
        known[str(path)] = [*stamp, sha256(path)]
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=kept.parent, suffix=kept.suffix, delete=False) as file:
            json.dump(known, file, indent=1, sort_keys=True)
        os.replace(file.name, kept)
    return known[str(path)][2]
