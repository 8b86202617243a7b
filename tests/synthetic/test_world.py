"""The embedded corpus: planned as it is written, read by the real readers, the truth beside each clip."""

import numpy as np
import pytest

from talkpose.clips.audio import decode_audio
from talkpose.clips.decode import decode
from talkpose.clips.readers import list_clips, read_lrw_metadata, select_clips
from talkpose.clips.store import read_metadata
from talkpose.config import CorpusConfig, SyntheticConfig, parse_config
from talkpose.errors import UserError
from talkpose.face.truth import read_truth, truth_path
from talkpose.files import sha256, write_json
from talkpose.layout import RunLayout
from talkpose.synthetic.world import PARTS, entries, part_shards
from talkpose.synthetic.write import write_shard

SMALL = {
    "size": 96,
    "speakers": 3,
    "words": 2,
    "train_per_word": 2,
    "persons": 1,
    "person_seconds": 2,
    "foreign_seconds": 1,
    "shard_size": 50,
}
READ = {
    "lrw": {"reader": "lrw", "role": "general", "split": "train"},
    "persons": {"reader": "persons", "role": "persons"},
    "voxceleb2": {"reader": "voxceleb2", "role": "foreign"},
    "tcd-timit": {"reader": "tcd-timit", "role": "foreign"},
}


def write_all(root):
    layout = RunLayout(root)
    config = parse_config(
        {"run": "r", "synthetic": SMALL, "corpora": {"p": {"role": "persons", "path": "x"}}}
    )
    write_json(layout.config_file, config.model_dump(mode="json"))
    for part in PARTS:
        for shard in part_shards(config.synthetic, part):
            write_shard(layout, part, shard)
    return layout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("part", PARTS)
def test_what_is_planned_is_what_the_real_reader_finds(made, part):
    root = made.root / "corpus" / part
    corpus = CorpusConfig(path=str(root), **READ[part])
    planned = select_clips([entry.path for entry in entries(SyntheticConfig(**SMALL), part)], root, corpus)
    assert planned == list_clips(corpus)
    assert planned


def test_words_are_as_lrw_has_them(made):
    root = made.root / "corpus" / "lrw"
    corpus = CorpusConfig(path=str(root), **READ["lrw"])
    for source in list_clips(corpus):
        video = decode(source.path)
        assert video.frames.shape == (29, 96, 96, 3) and len(video.audio) == 29 * 640
        told = read_lrw_metadata(source.path.with_suffix(".txt"))
        truth = read_truth(truth_path(source.path))
        (place,) = [n for n, word in enumerate(truth.words.labels) if word == source.word.lower()]
        start, end = truth.words.start[place], truth.words.end[place]
        assert (start + end) / 2 == pytest.approx(29 / 50, abs=0.03), "the word's middle is the clip's"
        assert end - start == pytest.approx(told.duration_seconds, abs=0.01)
        assert "synthetic" in read_metadata(source.path)["comment"].lower()


def test_test_words_are_said_by_other_people():
    made = entries(SyntheticConfig(speakers=5, words=10), "lrw")
    groups = {split: {e.speaker for e in made if e.path.parts[1] == split} for split in ("train", "test")}
    assert groups["train"] and groups["test"] and not groups["train"] & groups["test"]


def test_a_person_has_a_long_video_with_its_truth(made):
    (path,) = (made.root / "corpus" / "persons").glob("*.mp4")
    video, truth = decode(path), read_truth(truth_path(path))
    assert len(video.frames) == len(truth.coefficients) == 50
    assert np.ptp(truth.coefficients[:, 251], axis=0) > 0.005, "the head moves"
    loud = np.sqrt(np.square(video.audio.reshape(50, 640)).mean(1))
    assert loud.max() > 0.05


def test_foreign_sounds_are_sounds(made):
    for part in ("voxceleb2", "tcd-timit"):
        root = made.root / "corpus" / part
        (source,) = list_clips(CorpusConfig(path=str(root), **READ[part]))
        sound = decode_audio(source.path)
        assert len(sound.samples) / 16000 == pytest.approx(1, abs=0.1)
        assert np.abs(sound.samples).max() > 0.05


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    again = write_all(tmp_path)
    for path in sorted((made.root / "corpus").rglob("*.*")):
        assert sha256(path) == sha256(again.root / path.relative_to(made.root)), path.name


def test_a_run_without_an_embedded_corpus_says_so(tmp_path):
    layout = RunLayout(tmp_path)
    config = parse_config({"run": "r", "corpora": {"p": {"role": "persons", "path": "x"}}})
    write_json(layout.config_file, config.model_dump(mode="json"))
    with pytest.raises(UserError, match="add `synthetic` to the config"):
        write_shard(layout, "lrw", "0000")


def test_more_words_than_the_vocabulary_has_are_refused():
    with pytest.raises(UserError, match=r"`synthetic.words`: 5000.*ask for fewer"):
        entries(SyntheticConfig(words=5000), "lrw")
