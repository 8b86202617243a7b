"""The configuration: one schema, errors that name the key and the fix."""

from pathlib import Path

import pytest

from talkpose.config import load_config, parse_config
from talkpose.config.run import SECTIONS
from talkpose.errors import UserError

EVERY = sorted((Path(__file__).resolve().parents[2] / "config").glob("*.yaml"))
CONFIGS = [path for path in EVERY if "\ncorpora:" in path.read_text()]  # runs; studies have their own tests
MINIMAL = {"run": "r", "corpora": {"a": {"path": "x", "role": "general"}}}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configurations_are_valid(path):
    assert load_config(path).run == path.stem


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sede": 1}, "`sede`: unknown key"),
        ({"run": "../x"}, "`run`"),
        ({"device": "gpu"}, "`device`"),
        ({"refine": {"levels": 99}}, "`refine.levels`"),
        ({"corpora": {"a": {"role": "general"}}}, "`corpora.a.path`: this key is required"),
        ({"corpora": {}}, "`corpora`"),
    ],
)
def test_errors_name_the_key(change, key):
    with pytest.raises(UserError, match=key):
        parse_config({**MINIMAL, **change}, "c.yaml")


def test_a_detector_that_knows_made_people_alone_wants_the_embedded_corpus():
    face = {"face": {"landmarks": "dense"}}
    with pytest.raises(
        UserError, match=r"dense knows the people of the embedded corpus alone; use mediapipe.*$"
    ):
        parse_config({**MINIMAL, **face})
    assert parse_config({**MINIMAL, **face, "synthetic": {}}).face.landmarks == "dense"


def test_paper_scale_fills_what_is_not_given():
    small, paper = parse_config(MINIMAL), parse_config({**MINIMAL, "scale": "paper", "clips": {"size": 224}})
    assert small.clips.size == 128
    assert paper.clips.size == 224, "an explicit key beats the preset"
    assert (paper.refine.generator_width, paper.refine.levels) == (64, 8)
    assert paper.motion.channels == [64, 128, 256, 256, 512]


@pytest.mark.parametrize("name", SECTIONS)
def test_presets_name_real_keys(name):
    assert set(SECTIONS[name].PAPER) <= set(SECTIONS[name].model_fields)


def test_a_configuration_survives_its_own_dump():
    config = parse_config({**MINIMAL, "scale": "paper"})
    assert parse_config(config.model_dump(mode="json")) == config


def test_yaml_is_loaded_safely(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("run: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(UserError, match="not valid YAML"):
        load_config(path)
