"""Protocols of the metrics of `metrics.extra`, by identifier; without any network."""

import re

from talkpose.metrics import beat, blink, cpbd, csim, fid, lpips, lse
from talkpose.metrics.base import Protocol


def candidates(identifier: str) -> list[Protocol]:
    """Protocols that `identifier` may be one of."""
    found = [beat.PROTOCOL, cpbd.PROTOCOL]
    every = int(match[1]) if (match := re.search(r"-every(\d+)$", identifier)) else 1
    found += [fid.protocol(every), lpips.protocol(every)]
    if match := re.fullmatch(r"csim-(.+)-v1(?:-every\d+)?", identifier):
        found += csim.protocols(match[1], every)
    for kind in blink.EYES:
        found += [blink.protocol(kind), *lse.protocols(kind)]
    return found
