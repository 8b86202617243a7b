import numpy as np
import pytest

from talkpose.face.camera import Camera, project, transform
from talkpose.face.landmarks import mouth_opening
from talkpose.face.model import correspondence_points, load_face_model
from talkpose.synthetic.contract import Span
from talkpose.synthetic.espeak import synthesise
from talkpose.synthetic.viseme_table import sounds
from talkpose.synthetic.visemes import face_units
from talkpose.synthetic.voices import Voice

TEXT = "My mother put a brown pump behind the big barn. Bob moved the piano up, and papa made a map."
MODEL = load_face_model("cc0")


def opening(units):
    """Lip gap over eye distance of the 68 landmarks, projected."""
    shapes = MODEL.shape(np.zeros(80), units @ MODEL.unit_to_expression)
    points = correspondence_points(shapes, MODEL.triangles, MODEL.landmarks68)
    return mouth_opening(project(Camera(256), transform(points, np.zeros(6)))[..., :2], "dlib")


def weight(units, name):
    return units[:, MODEL.units.index(name)]


@pytest.fixture(scope="module")
def spoken():
    speech = synthesise(TEXT, Voice())
    count = len(speech.samples) // 640
    return speech, face_units(MODEL, speech.phonemes, speech.samples, count)


def made(*labels, each=0.12):
    spans = [Span(label, k * each, (k + 1) * each) for k, label in enumerate(labels)]
    count = round(len(labels) * each * 25)
    return face_units(MODEL, spans, np.ones(count * 640, np.float32), count)


@pytest.mark.parametrize(
    "label, expected",
    [
        ("'aU", "aU"),
        ("tS", "tS"),
        ("A:", "A"),
        ("@2", "@"),
        ("3:", "3"),
        (",0", "0"),
        ("@L", "@l"),
        ("_:", ""),
    ],
)
def test_sounds_of_mnemonics(label, expected):
    assert sounds(label) == expected


def test_every_phoneme_of_english_text_has_sounds(spoken):
    assert [span.label for span in spoken[0].phonemes if span.label and not sounds(span.label)] == []


def test_lips_close_in_every_bilabial(spoken):
    speech, units = spoken
    gap, rest = opening(units), float(opening(np.zeros((1, len(MODEL.units))))[0])
    closures = [span for span in speech.phonemes if span.label.strip("',") in ("m", "b", "p")]
    assert len(closures) >= 12
    for span in closures:
        near = slice(max(int(span.start * 25) - 1, 0), int(span.end * 25) + 1)
        assert gap[near].min() <= rest + 0.005, span
    assert np.quantile(gap, 0.9) > rest + 0.08


def test_mouth_is_closed_in_silence_and_units_stay_in_range(spoken):
    speech, units = spoken
    assert units.min() >= 0 and units.max() <= 1
    rest = float(opening(np.zeros((1, len(MODEL.units))))[0])
    times = (np.arange(len(units)) + 0.5) / 25
    quiet = [
        frame
        for span in speech.phonemes
        if not span.label
        for frame in np.flatnonzero((times > span.start + 0.1) & (times < span.end - 0.1))
    ]
    assert len(quiet) >= 3
    assert opening(units)[quiet].max() < rest + 0.01


def test_jaw_follows_the_loudness(spoken):
    speech, units = spoken
    frames = speech.samples[: len(units) * 640].reshape(-1, 640)
    loudness = np.sqrt((frames**2).mean(1))
    assert np.corrcoef(loudness, opening(units))[0, 1] > 0.4
    # No offset: the correlation is not better a few frames away.
    shifted = [np.corrcoef(loudness[3:-3], np.roll(opening(units), k)[3:-3])[0, 1] for k in range(-3, 4)]
    assert abs(int(np.argmax(shifted)) - 3) <= 1


def test_vowels_have_their_shapes():
    names = ("jawOpen", "mouthPucker", "mouthStretchLeft")
    open_, round_, spread = ([weight(made("_", v, "_"), n).max() for n in names] for v in ("A:", "u:", "i:"))
    assert open_[0] > 2 * max(round_[0], spread[0])
    assert round_[1] > 0.4 > 5 * max(open_[1], spread[1])
    assert spread[2] > 0.2 > 5 * max(open_[2], round_[2])


def test_lips_round_before_a_rounded_vowel_and_f_keeps_lip_at_teeth():
    before = slice(3, 6)
    assert weight(made("_", "t", "u:"), "mouthPucker")[before].max() > 0.15
    assert weight(made("_", "t", "i:"), "mouthPucker")[before].max() < 0.02
    lip = weight(made("'a", "f", "'a"), "mouthRollLower")
    assert lip.max() > 0.5 and lip[0] == lip[-1] == 0
    assert weight(made("'a", "T", "'a"), "tongueOut").max() > 0.25


def test_stress_loudness_and_person_open_the_mouth_wider():
    def jaw(label, articulation=1.0):
        spans = [Span(label, 0, 0.4)]
        return weight(face_units(MODEL, spans, np.ones(6400, np.float32), 10, articulation), "jawOpen").max()

    assert jaw("'a") > jaw(",a") > jaw("a")
    assert jaw("'a", 1.1) == pytest.approx(1.1 * jaw("'a"), rel=1e-5)
