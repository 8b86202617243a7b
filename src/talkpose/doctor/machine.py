"""The machine: packages, the device, and room on the disk."""

import importlib
import shutil
from pathlib import Path

from talkpose.clips.readers import ClipSource
from talkpose.config import RunConfig
from talkpose.doctor.finding import Finding

ALWAYS = ("av", "cv2", "numba", "ot", "pandas", "pyarrow", "scipy", "skimage", "snakemake", "soxr", "torch")
INSTALL = {
    "insightface": "talkpose[arcface]",
    "onnxruntime": "talkpose[arcface]",
    "face_alignment": "talkpose[face-alignment]",
    "pytorch3d": "requirements-pytorch3d.txt",
}
FRAMES = {"lrw": 29, "grid": 75, "tcd-timit": 125}
"""Frames of a clip, about; other videos are taken to be PERSONAL long."""
PERSONAL = 1500
BYTES_PER_PIXEL = 1.1  # lossless FFV1 of a face, measured on a GRID clip at 128 pixels: 1.07


def examine_packages(config: RunConfig) -> list[Finding]:
    """A finding for each package that the steps need and can not import; one for all if they can."""
    names = list(ALWAYS)
    names += [{"face-alignment": "face_alignment"}.get(config.face.landmarks, config.face.landmarks)]
    names += ["pytorch3d"] if config.face.rasteriser == "pytorch3d" else []
    features = {config.refine.identity_feature}
    if "csim" in config.metrics.extra:
        features.add(config.metrics.csim_embedder)
    names += ["insightface", "onnxruntime"] if "arcface" in features else []
    names += ["dlib", "face_recognition_models"] if "dlib" in features else []
    names += ["librosa"] if "beat" in config.metrics.extra else []
    findings = []
    for name in dict.fromkeys(names):
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken native library raises anything
            advice = (
                f"can not be imported ({error}); install {INSTALL.get(name, 'the project by `make setup`')}"
            )
            findings.append(Finding("package", name, "missing", advice=advice))
    return findings or [Finding("package", f"{len(set(names))} Python packages", "found")]


def examine_device(config: RunConfig) -> Finding:
    """Whether the device of the configuration is there."""
    import torch

    if config.device == "cpu":
        return Finding("device", "cpu", "found", "device")
    index = int(config.device.partition(":")[2] or 0)
    if torch.cuda.is_available() and index < torch.cuda.device_count():
        name = torch.cuda.get_device_name(index)
        return Finding("device", f"{config.device}: {name}", "found", "device")
    advice = "PyTorch sees no such device; run where there is one, or set device: cpu"
    return Finding("device", config.device, "missing", "device", advice=advice)


def examine_disk(config: RunConfig, clips: dict[str, list[ClipSource]], results: Path) -> Finding:
    """Whether the results of the corpora that were found will fit, as far as can be told."""
    folder = next(path for path in (results.absolute(), *results.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    wanted = round(sum(_frames(config, name, found) for name, found in clips.items()) * _per_frame(config))
    enough = wanted <= free
    advice = f"about {wanted / 1e9:.1f} GB needed for the data sets found, {free / 1e9:.1f} GB free"
    if not enough:
        advice += "; free some, or link results/ to a larger disk"
    return Finding("disk", str(results), "found" if enough else "missing", bytes=wanted, advice=advice)


def _per_frame(config: RunConfig) -> float:
    return config.clips.size**2 * BYTES_PER_PIXEL


def _frames(config: RunConfig, name: str, clips: list[ClipSource]) -> int:
    """Frames that a corpus makes the run store: clip, overlay or rendered window, and methods' videos."""
    corpus = config.corpora[name]
    if corpus.sound_only:
        return 0
    copies = {"general": 2, "persons": 2 + len(config.methods), "test": 1 + len(config.methods)}
    whole = FRAMES.get(corpus.reader, PERSONAL)
    frames = sum(
        whole if clip.stop is None else round((clip.stop - (clip.start or 0)) * 25) for clip in clips
    )
    return frames * copies.get(corpus.role, 1)
