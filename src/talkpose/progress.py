"""Progress of a long step: a bar on a terminal, else a status file that `talkpose run` shows as a bar."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as RichProgress

FOLDER_VARIABLE = "TALKPOSE_PROGRESS"
"""Names the folder for status files; `talkpose run` sets it."""


class Progress:
    """Counts steps done out of `total`; `update` is cheap enough to call every step."""

    def __init__(self, label: str, total: int):
        self.label, self.total, self.done = label, max(total, 1), 0
        self.note = ""
        self._last = 0.0
        folder = os.environ.get(FOLDER_VARIABLE)
        self._file = Path(folder) / f"{os.getpid()}.json" if folder else None
        self._bar: RichProgress | None = None
        if self._file is None and sys.stderr.isatty():
            self._bar = RichProgress(console=Console(stderr=True))
            self._task = self._bar.add_task(label, total=self.total)
            self._bar.start()
        self._show()

    def update(self, done: int, note: str = "") -> None:
        """Say that `done` of `total` steps are done."""
        self.done, self.note = done, note
        if time.monotonic() - self._last > 0.5 or done >= self.total:
            self._show()

    def close(self) -> None:
        """Remove the status file, or end the terminal's bar."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
        if self._bar is not None:
            self._bar.stop()

    def _show(self) -> None:
        self._last = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, description=f"{self.label} {self.note}")
        if self._file is not None:
            state = {"label": self.label, "done": self.done, "total": self.total, "note": self.note}
            part = self._file.with_suffix(".part")
            try:
                part.write_text(json.dumps(state))
                os.replace(part, self._file)
            except FileNotFoundError:  # the run that watched is gone; the step itself goes on
                self._file = None


@contextmanager
def progress(label: str, total: int) -> Iterator[Progress]:
    """Progress for the length of a block."""
    bar = Progress(label, total)
    try:
        yield bar
    finally:
        bar.close()
