"""Clips on disk: loaded once, few at a time, and learnt from as those in memory are."""

import threading
import time

import numpy as np
import pytest
from refine_made import made_clip, tiny

from talkpose.refine.data import TrainingSet
from talkpose.refine.pairs import Shelf, StoredPairs
from talkpose.refine.train import train_general


class Disk:
    """Made clips behind `load`, which counts."""

    def __init__(self, count, frames=8):
        self.clips = [made_clip(f"c{i}", i, frames=frames) for i in range(count)]
        self.loads = []

    def stored(self):
        def loader(number):
            def load():
                self.loads.append(number)
                return self.clips[number]

            return load

        return [
            StoredPairs(clip.name, clip.frames, 32, clip.identity, False, f"hash {i}", loader(i))
            for i, clip in enumerate(self.clips)
        ]


def test_a_clip_in_memory_is_its_own_shelf():
    clip = made_clip("a", 1)
    assert Shelf([clip])[0] is clip and clip.load() is clip
    assert clip.frames == 8 and clip.shapes == {(32, 32, 3)} and not clip.landmarked
    brighter = clip._replace(real=clip.real + 1)
    assert len({clip.digest(), brighter.digest(), clip._replace(name="b").digest()}) == 3
    assert clip.digest() == made_clip("a", 1).digest()


def test_few_are_held_and_the_oldest_goes_first():
    disk = Disk(5)
    shelf = Shelf(disk.stored(), room=2)
    for number in (0, 1, 0, 2, 0, 1):  # 2 drives out 1, not 0, which was looked at after it
        assert shelf[number].name == f"c{number}"
    assert disk.loads == [0, 1, 2, 1] and shelf.loaded == 4


def test_two_threads_load_a_clip_once_and_an_error_is_not_kept():
    tries = []

    def slow():
        tries.append(1)
        time.sleep(0.05)
        if len(tries) == 1:
            raise OSError("gone")
        return made_clip("a", 1)

    shelf = Shelf([StoredPairs("a", 8, 32, np.zeros((8, 6)), False, "", slow)], room=1)
    with pytest.raises(OSError, match="gone"):
        shelf[0]
    threads = [threading.Thread(target=lambda: shelf[0]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 2 and shelf[0].name == "a"


def test_an_epoch_goes_through_groups_and_sees_every_sample_once():
    disk = Disk(7)
    config = tiny(clips_in_memory=2, batch=3, validation_frames=0, window=3)
    data = TrainingSet(disk.stored(), config, 0, "t")
    assert len(data.train) == 7 * 6
    epochs = [np.concatenate([data._rows(14 * e + step, 3) for step in range(14)]) for e in range(2)]
    for rows in epochs:
        assert sorted(map(tuple, rows)) == sorted(map(tuple, data.train))
        groups = [set(rows[at : at + 12, 0]) for at in (0, 12, 24)]
        assert [len(group) for group in groups] == [2, 2, 2], "two clips at a time, mixed"
        assert all(len(set(rows[at : at + 6, 0])) == 2 for at in (0, 12, 24))
    assert not np.array_equal(*epochs)
    for step in range(14):
        data.batch(step)
    assert len(disk.loads) == 7, "each once an epoch"


def test_the_memory_sees_clips_that_are_in_memory_anyway():
    disk = Disk(12, frames=12)
    config = tiny(clips_in_memory=2, batch=2, memory_batch=2, validation_frames=0, window=3)
    data = TrainingSet(disk.stored(), config, 0, "t")
    for step in range(60):  # an epoch of 120 samples
        data.batch(step)
        rows = data.memory_rows(step, 2)
        assert len(set(rows)) == 2 and rows.max() < 120
        data.rendered(data.train[rows])
    assert len(disk.loads) == 12
    picked = [tuple(data.memory_rows(step, 2)) for step in range(60)]
    assert len(set(picked)) > 50, "not the same ones again and again"


def test_what_is_drawn_does_not_depend_on_where_clips_lie():
    """In one group, stored clips are learnt from as those in memory are."""
    disk = Disk(3)
    config = tiny(batch=4, augment="shift", flip=True)
    here, there = (TrainingSet(clips, config, 0, "t") for clips in (disk.clips, disk.stored()))
    for step in range(8):
        for one, other in zip(here.draw(step), there.draw(step), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(here.memory_rows(step, 3), there.memory_rows(step, 3))
    assert np.array_equal(here.mean_identity(), there.mean_identity())


class Stop(Exception):
    pass


@pytest.mark.parametrize("spatial", ["trained-resnet18", "frozen"])
def test_a_training_from_disk_resumes_to_the_same_bytes(tmp_path, spatial, monkeypatch):
    disk = Disk(5)
    config = tiny(clips_in_memory=2)
    if spatial == "frozen":  # without the published weights: an untrained encoder, frozen all the same
        monkeypatch.setattr("talkpose.refine.refiner.load_imagenet", lambda *_: None)
        config = tiny(clips_in_memory=2, spatial_feature="imagenet-resnet18")

    def train(name, stop=None):
        def progress(step, _):
            if step == stop:
                raise Stop

        out = tmp_path / f"{name}.safetensors"
        train_general(disk.stored(), config, 0, "cpu", "32-true", out, tmp_path / f"{name}.ckpt", progress)
        return out.read_bytes()

    whole = train("whole")
    with pytest.raises(Stop):
        train("cut", stop=3)
    assert train("cut") == whole
