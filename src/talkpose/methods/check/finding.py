"""What a check found."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Mark = Literal["✓", "⚠", "✗"]
GOOD: Final = "✓"
WARN: Final = "⚠"
BAD: Final = "✗"


class Finding(NamedTuple):
    """One line of the list: ✓ holds, ⚠ cannot be told or is worth knowing, ✗ must be mended."""

    mark: Mark
    check: str
    text: str


def exit_code(findings: Iterable[Finding]) -> int:
    """1 where anything must be mended, else 0."""
    return int(any(finding.mark == BAD for finding in findings))
