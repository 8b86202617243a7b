"""All checks of one baseline."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from talkpose.errors import UserError
from talkpose.methods.check.finding import BAD, Finding
from talkpose.methods.check.papers import check_papers
from talkpose.methods.check.running import check_running
from talkpose.methods.discovery import Found


def check_baseline(
    folder: Path, settings: dict[str, Any] | None = None, worlds: Path | None = None
) -> Iterator[Finding]:
    """Findings about the baseline in `folder`, as they are found.

    `settings`: `baseline_settings` of this baseline, such as its checkout; `worlds`: a folder that keeps the
    tiny corpora (12 s to make) for other checks.
    """
    manifest, findings = check_papers(folder)
    yield from findings
    if manifest is None or any(finding.mark == BAD for finding in findings):
        return
    with tempfile.TemporaryDirectory(prefix="talkpose-check-") as scratch:
        try:
            yield from check_running(
                Found(folder.resolve(), manifest), settings or {}, Path(scratch).resolve(), worlds
            )
        except UserError as error:
            yield Finding(BAD, "runs", str(error))
