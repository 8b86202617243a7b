"""Which files of others a configuration rests on."""

import re
from pathlib import Path

import pytest
import torch

import talkpose
from talkpose.config import parse_config
from talkpose.doctor.published import published_files
from talkpose.face.landmarks.fan_weights import WEIGHTS, weights_folder

SOURCE = Path(talkpose.__file__).parent
GIVEN = {
    "face": {
        "model": "bfm09",
        "model_path": "w/bfm.mat",
        "reconstruction": "rnet",
        "rnet_weights": "w/rnet.pth",
    },
    "refine": {
        "identity_feature": "arcface",
        "arcface_weights": "w/arc.onnx",
        "spatial_feature": "imagenet-resnet18",
        "imagenet_weights": "w/resnet.pth",
    },
    "metrics": {
        "csim_embedder": "arcface",
        "arcface_weights": "w/arc2.onnx",
        "fid_weights": "w/fid.pth",
        "lpips_backbone": "w/alexnet.pth",
        "lpips_weights": "w/alex.pth",
        "syncnet_weights": "w/syncnet.model",
    },
}


def files(**sections):
    corpora = {"people": {"role": "persons", "path": "v"}}
    return {f.key: f for f in published_files(parse_config({"run": "r", "corpora": corpora, **sections}))}


def test_every_file_that_is_named_and_used():
    found = files(**GIVEN)
    named = {f"{part}.{key}": value for part, keys in GIVEN.items() for key, value in keys.items()}
    assert {key: str(file.path) for key, file in found.items()} == {
        key: value for key, value in named.items() if value.startswith("w/")
    }
    assert files() == {}


def test_the_modules_named_as_loaders_are_those_that_read_them():
    known = {file.loader for file in files(**GIVEN).values()}
    known |= {file.loader for file in files(face={"landmarks": "face-alignment"}).values()}
    reads = re.compile(r"(?<!def )\b(load_state|ArcFaceFeature|loadmat|torch\.load|FaceAlignment)\(")
    found = {path for path in SOURCE.rglob("*.py") if reads.search(path.read_text())}
    loaders = {path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".") for path in found}
    own = {"metrics.document", "metrics.weights", "methods.training", "motion.train", "refine.train"}
    # these tell of them, read what the metrics hand on, or read checkpoints of the run's own
    assert loaders - own == known


@pytest.mark.parametrize(
    ("section", "key", "choice", "gone"),
    [
        ("face", "model", "cc0", "face.model_path"),
        ("face", "reconstruction", "fit", "face.rnet_weights"),
        ("refine", "identity_feature", "dlib", "refine.arcface_weights"),
        ("refine", "spatial_feature", "trained-resnet18", "refine.imagenet_weights"),
        ("metrics", "csim_embedder", "dlib", "metrics.arcface_weights"),
        ("metrics", "extra", ["csim", "lpips", "lse"], "metrics.fid_weights"),
    ],
)
def test_a_file_that_nothing_uses_is_none(section, key, choice, gone):
    changed = GIVEN | {section: GIVEN[section] | {key: choice}}
    assert set(files(**GIVEN)) - set(files(**changed)) == {gone}


def test_face_alignment_has_its_own_place(tmp_path, monkeypatch):
    for variables in ({"TORCH_HOME": str(tmp_path)}, {"XDG_CACHE_HOME": str(tmp_path)}, {}):
        for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert weights_folder() == Path(torch.hub.get_dir()) / "checkpoints"
        found = files(face={"landmarks": "face-alignment"})
        assert [file.path for file in found.values()] == [weights_folder() / name for name in WEIGHTS]
