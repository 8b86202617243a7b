"""Several fine-tunings of one person: their mean picture, resumed between and within members."""

import numpy as np
import pytest
import torch
from refine_made import made_clip, tiny
from test_refine_training import Steps, Stop, curves, general, same, train

from talkpose.errors import UserError
from talkpose.refine.predict import refine_frames
from talkpose.refine.refiner import load_refiner
from talkpose.seeds import derive_seed

__all__ = ["general"]  # a fixture

TWO = tiny(personal_members=2)


@pytest.fixture(scope="module")
def both(general, tmp_path_factory):
    return train(tmp_path_factory.mktemp("both") / "p", TWO, general=general)


def test_members_are_the_fine_tunings_of_their_seeds(general, both, tmp_path):
    seeds = (0, derive_seed(0, "member", "1"))
    alone = [
        load_refiner(train(tmp_path / str(i), tiny(personal_members=2 - 1), seed=seed, general=general))
        for i, seed in enumerate(seeds)
    ]
    found = load_refiner(both)
    assert found.facts["members"] == 2 and len(found.others) == 1
    for one, other in zip((found.generator, *found.others), alone, strict=True):
        for name, tensor in one.state_dict().items():
            torch.testing.assert_close(tensor, other.generator.state_dict()[name], rtol=0, atol=0)
    frames = made_clip("x", 5).rendered
    made = refine_frames(found.generator, found.memory, frames, others=found.others)
    single = [refine_frames(one.generator, found.memory, frames) for one in alone]
    mean = np.mean([one.frames.astype(float) for one in single], axis=0)
    assert np.abs(made.frames - mean).max() <= 1, "up to rounding"
    np.testing.assert_allclose(made.attention, np.mean([one.attention for one in single], axis=0), atol=1e-6)
    assert not np.array_equal(single[0].frames, single[1].frames), "they differ at all"
    assert [row["step"] for row in curves(both)][-1] == TWO.personal_steps


@pytest.mark.parametrize("stop", [3, 4, 5, 7])
def test_killed_within_and_between_members_gives_the_same_bytes(general, both, tmp_path, stop):
    """Four steps each, a checkpoint every two: nothing that is finished is trained again."""
    folder = tmp_path / "p"
    with pytest.raises(Stop):
        train(folder, TWO, general=general, progress=Steps(stop))
    assert not (folder / "out.safetensors").exists()
    steps = Steps()
    assert same(train(folder, TWO, general=general, progress=steps), both)
    first = {3: 3, 4: 3, 5: 5, 7: 7}[stop]
    assert steps.done == list(range(first, 9))
    assert sorted(path.name for path in folder.iterdir()) == ["out.json", "out.safetensors"]


def test_what_a_run_of_more_members_left_is_taken_away(general, tmp_path):
    folder = tmp_path / "p"
    with pytest.raises(Stop):
        train(folder, TWO, general=general, progress=Steps(6))
    assert list(folder.glob("out.member0.*"))
    one = train(folder, tiny(), general=general)
    assert same(one, train(tmp_path / "alone", tiny(), general=general))
    assert not list(folder.glob("out.member*"))


def test_a_persons_weights_are_not_the_general_mapping(both, tmp_path):
    with pytest.raises(UserError, match="give the general weights"):
        train(tmp_path / "p", TWO, general=both)
