"""Names of the tables."""

from typing import Final

TABLES: Final = (
    *("table1", "table2", "heldout", "comparisons", "hs", "hs_variants", "dynamics", "hs_study"),
    *("hs_sensitivity", "appendix_a", "appendix_b", "ablations", "lengths", "persons", "stage1", "stage2"),
)

OPTIONAL: Final = (
    *("heldout", "comparisons", "hs_variants", "dynamics", "hs_sensitivity", "ablations", "lengths"),
)
"""Tables that only some runs have."""

ALWAYS: Final = (*(name for name in TABLES if name not in OPTIONAL), "verdicts")
"""Tables that every run with metric rows has, and the verdicts on the paper's numbers."""

TELLS = "tells a person from another"
"""Row of `hs_variants` whose 1 and 0 pages show as yes and no."""
