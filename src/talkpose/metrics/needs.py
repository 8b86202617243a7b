"""Published weights that some metrics need, and whether the configuration has them."""

from pathlib import Path
from typing import NamedTuple

from talkpose.config import MetricsConfig


class Need(NamedTuple):
    """A weight file that a metric needs."""

    key: str
    """of the section `metrics`"""
    source: str


NEEDS: dict[str, tuple[Need, ...]] = {
    "fid": (
        Need(
            "fid_weights", "pt_inception-2015-12-05-6726825d.pth of https://github.com/mseitzer/pytorch-fid"
        ),
    ),
    "lpips": (
        Need("lpips_backbone", "alexnet-owt-7be5be79.pth of https://download.pytorch.org/models"),
        Need(
            "lpips_weights",
            "lpips/weights/v0.1/alex.pth of https://github.com/richzhang/PerceptualSimilarity",
        ),
    ),
    "lse": (Need("syncnet_weights", "syncnet_v2.model of https://github.com/joonson/syncnet_python"),),
    "csim": (Need("arcface_weights", "an ArcFace .onnx of https://github.com/deepinsight/insightface"),),
}
"""By metric; `csim` needs its file where `csim_embedder` is arcface alone."""


def missing_weights(config: MetricsConfig, metric: str) -> list[Need]:
    """The files that `metric` needs and that are not there; empty where it can be computed."""
    if metric == "csim" and config.csim_embedder != "arcface":
        return []
    return [need for need in NEEDS.get(metric, ()) if not _present(getattr(config, need.key))]


def _present(path: str | None) -> bool:
    return path is not None and Path(path).is_file()
