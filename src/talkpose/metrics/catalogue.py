"""Every metric that this version computes, with where it comes from: what `talkpose metrics list` prints."""

from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from talkpose.metrics import (
    audio_pose,
    beat,
    blink,
    cpbd,
    csim,
    fid,
    hs,
    lmd,
    lpips,
    lse,
    mouth,
    psnr,
    ssim,
)
from talkpose.metrics.base import Protocol
from talkpose.metrics.registry import REGIONS

DETECTORS = ("mediapipe", "dlib")


class Entry(NamedTuple):
    """One file of this package: its docstring holds the equation."""

    module: ModuleType
    source: str
    """where the metric is published"""
    protocols: tuple[Protocol, ...]
    """as the default configuration names them"""
    note: str = ""
    """what to know of identifiers that the page leaves out"""


ENTRIES = (
    Entry(
        psnr,
        "the paper's Table 2, section 4.3; the public ATVG code",
        (psnr.PROTOCOL, *map(psnr.region_protocol, REGIONS)),
    ),
    Entry(ssim, "Wang et al. 2004; the paper's Table 2, section 4.3", (ssim.PROTOCOL,)),
    Entry(
        lmd,
        "Chen et al. 2018; the paper's Table 2, section 4.3",
        tuple(p for kind in DETECTORS for p in lmd.protocols(kind)),
    ),
    Entry(
        mouth,
        "this project; lip synchronization of the paper's Table 1 by measurement",
        tuple(p for kind in DETECTORS for p in mouth.protocols(kind, 12)),
    ),
    Entry(hs, "the paper's Eq. 6, section 4.4", hs.protocols()),
    Entry(
        audio_pose,
        "the paper's Appendix A",
        tuple(
            audio_pose.protocol(f"{metric}{part}", choice, draws if part else None)
            for metric in audio_pose.TITLES
            for choice, draws in ((audio_pose.CHOICES[0], 100), (audio_pose.CHOICES[8], 20))
            for part in ("", "-p", "-null")
        ),
        "Of the 16 readings of each metric two are shown: the first of windows, the first of 10-ms frames.",
    ),
    Entry(
        beat, "Siyao et al. 2022 (Bailando), for dance; used for talking heads since 2023", (beat.PROTOCOL,)
    ),
    Entry(
        blink,
        "eye aspect ratio: Soukupova & Cech 2016; the detection is this project's",
        tuple(map(blink.protocol, DETECTORS)),
    ),
    Entry(
        csim,
        "Zakharov et al. 2019 for talking heads; ArcFace: Deng et al. 2019; dlib's descriptor: King 2017",
        (*csim.protocols("dlib-resnet", 10), *csim.protocols("arcface-w600k-r50", 10)),
    ),
    Entry(cpbd, "Narvekar & Karam 2011; edge width: Marziliano et al. 2002", (cpbd.PROTOCOL,)),
    Entry(fid, "Heusel et al. 2017; weights of mseitzer/pytorch-fid", (fid.protocol(10),)),
    Entry(lpips, "Zhang et al. 2018; weights of richzhang/PerceptualSimilarity, v0.1", (lpips.protocol(10),)),
    Entry(
        lse,
        "Prajwal et al. 2020 (Wav2Lip); SyncNet: Chung & Zisserman 2016, weights of joonson/syncnet_python",
        tuple(p for kind in DETECTORS for p in lse.protocols(kind)),
    ),
)


def every_protocol() -> Iterator[Protocol]:
    """The protocols of all entries, in order, each once."""
    seen = set()
    for entry in ENTRIES:
        for protocol in entry.protocols:
            if (protocol.metric, protocol.id) not in seen:
                seen.add((protocol.metric, protocol.id))
                yield protocol
