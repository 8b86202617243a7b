"""All protocols by metric and id: what tables and report print about a number."""

import re
from functools import cache

from talkpose.metrics import (
    audio_pose,
    eat_lmd,
    extra_protocols,
    hs,
    hs_sensitivity,
    lmd,
    mouth,
    pose_dynamics,
    psnr,
    ssim,
    velocity,
)
from talkpose.metrics.base import Protocol

REGIONS = ("face", "mouth", "edge")
"""Regions of the frame in which stage 2 is measured."""


@cache
def protocol(metric: str, identifier: str) -> Protocol:
    """Definition of the protocol `identifier` of `metric`.

    A metric or identifier that this version does not know (rows of another version) gives a plain entry
    under its own name, with a definition that says so.
    """
    for known in _candidates(identifier):
        if (known.metric, known.id) == (metric, identifier):
            return known
    return Protocol(metric, identifier, metric, "", "none", 3, "not defined by this version of talkpose")


def _candidates(identifier: str) -> list[Protocol]:
    found = [psnr.PROTOCOL, psnr.ATVG, psnr.ATVG_FIXED, *map(psnr.region_protocol, REGIONS)]
    found += [ssim.PROTOCOL, ssim.ATVG, ssim.ATVG_FIXED]
    found += [*pose_dynamics.protocols(), *pose_dynamics.protocols(generated=True)]
    if match := re.fullmatch(r"(?:full|atvg|atvg-fixed|eat)-v1(?:-mean)?-([a-z]+)(?:-lag(\d+))?", identifier):
        kind, lag = match[1], int(match[2] or 0)
        if kind in lmd.MOUTH:
            found += [*lmd.protocols(kind), *lmd.atvg_protocols(kind), *eat_lmd.protocols(kind)]
            found += [*velocity.protocols(kind), *mouth.protocols(kind, lag)]
    if identifier.endswith("-linear"):
        found += hs_sensitivity.protocols()
    if match := re.fullmatch(r"appa-v1-.*?(?:-first([\d.]+)s)?(?:-null(\d+))?", identifier):
        seconds = float(match[1]) if match[1] else audio_pose.SECONDS
        found += audio_pose.every_protocol(int(match[2]) if match[2] else None, seconds)
    if re.fullmatch(r"(pooled|fixed|joint)-\d+-(linear|squared)", identifier):
        number = int(identifier.split("-")[1])
        known = hs.variants(number if identifier.startswith("pooled") else hs.BINS).values()
        found += [hs.variant_protocol(metric, variant) for metric in hs.METRICS for variant in known]
        found += hs.protocols(number)[1:]
    return found + extra_protocols.candidates(identifier)
