"""Declarations of methods."""

import pytest

from talkpose.errors import UserError
from talkpose.methods.generate_step import load_method
from talkpose.methods.specs import SPECS, method_spec


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(UserError, match="ours-g, ours-p, oracle"):
        method_spec("wav2lip")


@pytest.mark.parametrize("name", [name for name, spec in SPECS.items() if not spec.trained])
def test_untrained_methods_load_as_declared(name):
    assert load_method(None, None, name, "p").spec is SPECS[name]


def test_names_agree_and_pose_is_honest():
    assert all(name == spec.name for name, spec in SPECS.items())
    assert {name for name, spec in SPECS.items() if spec.pose == "predicted"} == {
        "ours-g",
        "ours-p",
        "shifted-sound",
    }
