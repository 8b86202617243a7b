"""What stage 2 learns from in the general stage: a share of the clips, from memory or disk the same pairs."""

import numpy as np
import pytest

from talkpose.clips.listing import write_list
from talkpose.clips.readers import ClipSource
from talkpose.clips.store import write_lossless
from talkpose.config import parse_config
from talkpose.errors import UserError
from talkpose.files import sha256, write_json, write_npz
from talkpose.layout import BASE, RunLayout
from talkpose.methods.pairs_step import learns_from
from talkpose.methods.refine_steps import general_samples

SHARDS = {"0000": ["a", "b"], "0001": ["c"]}


def config(**refine):
    return parse_config(
        {
            "run": "made",
            "corpora": {"words": {"role": "general", "path": "none"}},
            "clips": {"size": 64},
            "compose": {"training_gaps": [5, 25]},
            "refine": refine,
        }
    )


@pytest.fixture
def layout(tmp_path):
    """Three clips in two shards, with what the step before would have left of them."""
    layout, rng = RunLayout(tmp_path), np.random.default_rng(0)
    sources = {
        shard: [ClipSource(clip, tmp_path / clip, None, None, "", "") for clip in clips]
        for shard, clips in SHARDS.items()
    }
    write_list(layout.clip_list("words"), sources)
    for shard, clips in SHARDS.items():
        known = {}
        for clip in clips:
            hashes, folder = {}, layout.pairs("words", clip, BASE)
            write_lossless(layout.clip_folder("words", clip) / "frames.mkv", frames(rng))
            for gap in (5, 25):
                path = folder / f"rendered-{gap}.mkv"
                write_lossless(path, frames(rng))
                hashes[path.name] = sha256(path)
            identity, points = rng.normal(size=(6, 128)), rng.uniform(0, 64, (6, 468, 2))
            write_npz(folder / "faces.npz", identity=identity, landmarks=points)
            known[clip] = {"frames": 6, "sha256": hashes}
        write_json(layout.pairs_shard("words", shard, BASE), {"feature": "made", "clips": known})
    return layout


def frames(rng):
    return rng.integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)


def test_from_disk_and_from_memory_they_are_the_same(layout):
    clips, here = general_samples(layout, config())
    again, there = general_samples(layout, config(clips_in_memory=1))
    assert clips == again == ["a", "b", "c"]
    names = [f"{clip}, gap {gap}" for clip in clips for gap in (5, 25)]
    assert [s.name for s in here] == [s.name for s in there] == names
    for one, other in zip(here, there, strict=True):
        assert (one.frames, one.shapes, one.landmarked) == (other.frames, other.shapes, other.landmarked)
        np.testing.assert_array_equal(one.identity, other.identity)
        for a, b in zip(one[1:], other.load()[1:], strict=True):
            np.testing.assert_array_equal(a, b)
    assert len({sample.digest() for sample in there}) == 6


def test_another_rendering_is_another_training(layout):
    before = [sample.digest() for sample in general_samples(layout, config(clips_in_memory=1))[1]]
    path = layout.pairs_shard("words", "0001", BASE)
    write_json(path, {"clips": {"c": {"sha256": {"rendered-5.mkv": "other", "rendered-25.mkv": "another"}}}})
    after = [sample.digest() for sample in general_samples(layout, config(clips_in_memory=1))[1]]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True] * 4 + [False] * 2


def test_a_share_is_drawn_by_the_seed_and_grows_with_the_share():
    def chosen(share, seed=0):
        made = config(general_share=share).model_copy(update={"seed": seed})
        return {n for n in range(2000) if learns_from(made, "words", f"clip-{n}")}

    assert len(chosen(1)) == 2000
    small, large = chosen(0.1), chosen(0.3)
    assert small < large and 150 < len(small) < 250 and 520 < len(large) < 680
    assert small == chosen(0.1) and small != chosen(0.1, seed=1)


def test_a_share_that_holds_no_clip_is_told(layout):
    for shard in SHARDS:
        write_json(layout.pairs_shard("words", shard, BASE), {"clips": {}})
    with pytest.raises(UserError, match=r"refine\.general_share"):
        general_samples(layout, config(general_share=0.001))
