"""What a run was made with: versions, device, seeds, and which feature stands where the paper has another."""

import platform
from importlib import metadata
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from talkpose.config import RunConfig

SHOWN = (
    *(
        "talkpose",
        "torch",
        "numpy",
        "scipy",
        "scikit-image",
        "pot",
        "pandas",
        "pyarrow",
        "av",
        "opencv-python",
    ),
    *(
        "mediapipe",
        "dlib-bin",
        "numba",
        "librosa",
        "snakemake",
        "pydantic",
        "jinja2",
        "matplotlib",
        "seaborn",
    ),
)
"""Packages that a reader looks for first."""


class Feature(NamedTuple):
    """One part of the method: what the paper uses and what this run uses."""

    part: str
    paper: str
    used: str
    same: bool


def provenance(config: RunConfig) -> dict[str, Any]:
    """Versions, device and seed; nothing that changes between two runs on one machine."""
    return {"versions": _versions(), "device": _device(config.device), "seed": config.seed}


def _versions() -> dict[str, str]:
    """Version by name of Python, of this package and of all that it rests on, however far."""
    versions = {"python": platform.python_version()}
    wanted = ["talkpose"]
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in versions:
            continue
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
            continue
        versions[name] = found.version
        needs = map(Requirement, found.requires or ())
        wanted += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return versions


def _device(name: str) -> str:
    if name.startswith("cuda"):
        import torch  # seconds that a run on the CPU need not spend

        if not torch.cuda.is_available():
            return f"{name} (not available; {platform.machine()})"
        return f"{name} ({torch.cuda.get_device_name(name)})"
    return f"{name} ({platform.machine()})"


def features(config: RunConfig) -> list[Feature]:
    """Every part that can be a substitute for what the paper uses; section numbers are the paper's."""
    refine, face, compose = config.refine, config.face, config.compose
    colours = {"mean": "mean colours of the video"}  # the others are the paper's, by its names
    rows = [
        (
            "Face model (3.1)",
            "Basel Face Model 2009",
            {"bfm09": "Basel Face Model 2009", "cc0": "cc0 (MakeHuman)"}[face.model],
        ),
        (
            "Reconstruction (3.1)",
            "ResNet-50 regressor of Deng et al.",
            {
                "rnet": "ResNet-50 regressor of Deng et al.",
                "fit": "fit (Gauss-Newton on landmarks)"
                if face.landmarks != "dense"
                else "fit (Gauss-Newton on landmarks and turns by a network that learned on made people)",
            }[face.reconstruction],
        ),
        (
            "Albedo of Ours-P (3.3.1)",
            "low-frequency",
            colours.get(compose.albedo, compose.albedo),
        ),
        (
            "Albedo of Ours-G (3.3.1)",
            "detailed",
            colours.get(compose.albedo_general, compose.albedo_general),
        ),
        (
            "Backgrounds (3.3.2)",
            "frames as they are",
            "heads warped to the rendered ones"
            if compose.background == "paper" and compose.fit_background
            else "frames as they are",
        ),
        (
            "Identity feature (3.4)",
            "ArcFace, 512-d",
            {"arcface": "ArcFace, 512-d", "dlib": "dlib face descriptor, 128-d"}[refine.identity_feature],
        ),
        (
            "Spatial feature (3.4)",
            "ResNet-18, ImageNet",
            {
                "imagenet-resnet18": "ResNet-18, ImageNet",
                "trained-resnet18": "ResNet-18, trained with the memory's loss",
            }[refine.spatial_feature],
        ),
        (
            "Mouth landmarks of metrics (4.3.2)",
            "dlib, 68 points",
            {"dlib": "dlib, 68 points", "mediapipe": "MediaPipe, 468 points"}[config.metrics.landmarks],
        ),
    ]
    return [Feature(part, paper, used, paper == used) for part, paper, used in rows]
