"""Declarations of methods and the variants of the trainings that they need."""

import pytest

from talkpose.config import parse_config
from talkpose.errors import UserError
from talkpose.methods.generate_step import load_method
from talkpose.methods.specs import SPECS, method_spec
from talkpose.methods.variants import VARIANTS, variant

CONFIG = parse_config({"run": "r", "corpora": {"p": {"role": "persons", "path": "."}}, "train_seconds": 6})


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(UserError, match="ours-g, ours-p, ours-p-fixed-pose"):
        method_spec("nobody")
    with pytest.raises(UserError, match="unknown variant `m3`"):
        variant("m3")


@pytest.mark.parametrize("name", [n for n, spec in SPECS.items() if not spec.trained and not spec.others])
def test_untrained_methods_load_as_declared(name):
    assert load_method(None, CONFIG, name, "p", "a").spec is SPECS[name]


def test_names_agree_and_pose_is_honest():
    assert all(name == spec.name for name, spec in SPECS.items())
    predicted = {name for name, spec in SPECS.items() if spec.pose == "predicted"}
    assert predicted == {
        "ours-g",
        "ours-p",
        "ours-p-no-identity",
        "ours-p-mean-identity",
        "shifted-sound",
    }
    assert SPECS["ours-p-fixed-pose"].pose == "fixed"


def test_every_variant_is_used_and_only_images_speak_words():
    used = {model.variant for spec in SPECS.values() for model in spec.trained}
    assert used == set(VARIANTS)
    assert {name for name, spec in SPECS.items() if spec.takes_words} == {"ours-g", "still", "oracle"}


def test_a_training_length_is_a_method_of_its_own():
    spec = method_spec("ours-p-n50")
    assert spec.frames == 50 and {model.variant for model in spec.trained} == {"n50"}
    of = variant("n50")
    assert (of.train_frames(CONFIG), of.length, of.general) == (50, "n50", "base")
    assert variant("base").train_frames(CONFIG) == 150


def test_ablations_change_what_section_4_2_says_and_nothing_else():
    for name, section, changed in [
        ("expression-only", "motion", {"lambda_pose": 0.0, "lambda_pose_smooth": 0.0}),
        ("no-identity", "refine", {"identity": "none"}),
        ("mean-identity", "refine", {"identity": "mean"}),
    ]:
        before, after = CONFIG.model_dump(), variant(name).apply(CONFIG).model_dump()
        assert {k for k in before if before[k] != after[k]} == {section}
        assert {k: v for k, v in after[section].items() if v != before[section][k]} == changed
    assert variant("no-identity").general == "no-identity", (
        "a generator without the feature is another network"
    )
    assert variant("mean-identity").general == "base", "the paper changes the fine-tuning alone"


def test_held_out_frames_begin_behind_the_longest_training():
    config = CONFIG.model_copy(update={"frame_counts": [50, 150, 400]})
    assert config.held_out_start == 400
    assert config.all_methods[-2:] == ["ours-p-n50", "ours-p-n400"], "150 frames are Ours-P itself"
