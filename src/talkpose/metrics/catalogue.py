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
    eat_lmd,
    fid,
    hs,
    hs_sensitivity,
    lmd,
    lpips,
    lse,
    mouth,
    pose_dynamics,
    psnr,
    ssim,
    velocity,
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
        (psnr.PROTOCOL, psnr.ATVG, psnr.ATVG_FIXED, *map(psnr.region_protocol, REGIONS)),
    ),
    Entry(
        ssim,
        "Wang et al. 2004; the paper's Table 2, section 4.3",
        (ssim.PROTOCOL, ssim.ATVG, ssim.ATVG_FIXED),
    ),
    Entry(
        lmd,
        "Chen et al. 2018; the paper's Table 2, section 4.3",
        tuple(p for kind in DETECTORS for p in (*lmd.protocols(kind), *lmd.atvg_protocols(kind))),
    ),
    Entry(
        eat_lmd,
        "Gan et al. 2023 (EAT) and others; yuangan/evaluation_eat, test_lmd.py",
        tuple(p for kind in DETECTORS for p in eat_lmd.protocols(kind)),
    ),
    Entry(
        velocity,
        "landmark velocity difference of newer papers; Zhou et al. 2020 (MakeItTalk)",
        tuple(p for kind in DETECTORS for p in velocity.protocols(kind)),
    ),
    Entry(
        mouth,
        "this project; lip synchronization of the paper's Table 1 by measurement",
        tuple(p for kind in DETECTORS for p in mouth.protocols(kind, 12)),
    ),
    Entry(
        hs,
        "the paper's Eq. 6, section 4.4; the variants are readings of what it leaves open",
        (
            *(hs.variant_protocol(metric, v) for metric in hs.METRICS for v in hs.variants().values()),
            hs.protocols()[1],
        ),
    ),
    Entry(hs_sensitivity, "this project, after Eq. 6", hs_sensitivity.protocols()),
    Entry(
        pose_dynamics,
        "this project; what HS leaves out",
        (*pose_dynamics.protocols(), *pose_dynamics.protocols(generated=True)),
    ),
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
