"""eSpeak NG through ctypes: text to sound with the times of its phonemes and words.

The library keeps state that outlives its own terminate call (phases of the voice, random numbers), so the
same text would sound different the second time. Every call therefore loads a fresh image of it: about 4 ms.
"""

import _ctypes
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from talkpose.errors import UserError
from talkpose.synthetic.contract import SAMPLE_RATE, Span
from talkpose.synthetic.voices import Voice

NATIVE_RATE = 22050
RETRIEVAL, PHONEME_EVENTS, NO_EXIT, UTF8 = 2, 1, 0x8000, 1  # names of speak_lib.h, shortened
RATE, PITCH, RANGE = 1, 3, 4
END, WORD, PHONEME = 0, 1, 7
STOPS = ("p", "b", "t", "d", "k", "g", "tS", "dZ")
QUIET = 0.03
"""Level, over the loudest 5 ms, under which a sound before a stop belongs to the stop's closure."""
_LOCK = threading.Lock()


class Speech(NamedTuple):
    """What was said, and when."""

    samples: np.ndarray
    """(N,) float32 in [-1, 1], 16 kHz mono"""
    phonemes: list[Span]
    """Without gaps from 0 to N / 16000; a stop begins with its closure; labels keep ' and , for stress"""
    words: list[Span]


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("string", ctypes.c_char * 8)]  # a union as wide as a pointer


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class _Heard(NamedTuple):
    kind: int
    sample: int
    position: int
    """of the first character, from 0"""
    length: int
    label: str


def synthesise(text: str, voice: Voice) -> Speech:
    """Speak `text`; equal arguments give equal bytes, whatever was spoken before.

    UserError where the library or the voice is missing, or where the text has nothing to say.
    """
    with _LOCK, _library() as (library, data):
        _choose(library, data, voice)
        raw, heard = _speak(library, text)
    if not any(event.kind == PHONEME and not event.label.startswith("_") for event in heard):
        raise UserError(f"eSpeak NG finds nothing to say in {text!r}; give words")
    # Sound played faster by `formants` has its formants and pitch higher by that factor.
    rate = NATIVE_RATE * voice.formants
    samples = soxr.resample(raw.astype(np.float32) / 32768, rate, SAMPLE_RATE, quality="HQ")
    samples = np.clip(samples, -1, 1).astype(np.float32)
    length = len(samples) / SAMPLE_RATE
    phonemes = _phonemes(heard, raw, rate, length)
    return Speech(samples, phonemes, _words(heard, text, phonemes, rate))


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, Path]]:
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = Path(espeakng_loader.get_data_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise UserError(
            f"the embedded corpus needs eSpeak NG ({error}); install the package espeakng-loader"
        ) from error
    try:
        if library.espeak_Initialize(RETRIEVAL, 0, str(data).encode(), PHONEME_EVENTS | NO_EXIT) < 0:
            raise UserError(f"eSpeak NG cannot read its data in {data}; reinstall espeakng-loader")
        yield library, data
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def _choose(library: ctypes.CDLL, data: Path, voice: Voice) -> None:
    """Set everything about the voice; eSpeak NG itself says nothing of an unknown variant."""
    name = f"{voice.language}+{voice.variant}"
    known = (data / "voices" / "!v" / voice.variant).is_file()
    if not known or library.espeak_SetVoiceByName(name.encode()):
        raise UserError(f"eSpeak NG has no voice {name}; take a language such as en-us, a variant such as f2")
    speed = round(voice.rate / voice.formants)
    for parameter, value in ((RATE, speed), (PITCH, voice.pitch), (RANGE, voice.range)):
        library.espeak_SetParameter(parameter, value, 0)


def _speak(library: ctypes.CDLL, text: str) -> tuple[np.ndarray, list[_Heard]]:
    """Sound (N,) int16 at NATIVE_RATE and the events on the way."""
    chunks: list[np.ndarray] = []
    heard: list[_Heard] = []

    def receive(wave, count, events):
        if wave and count:
            chunks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while (event := events[index]).type != END:
            label = event.id.string.decode() if event.type == PHONEME else ""
            heard.append(_Heard(event.type, event.sample, event.position - 1, event.length, label))
            index += 1
        return 0

    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return (np.concatenate(chunks) if chunks else np.zeros(0, np.int16)), heard


def _phonemes(heard: list[_Heard], raw: np.ndarray, rate: float, length: float) -> list[Span]:
    """Spans without gaps; eSpeak NG reports a stop at its burst, so the silence before it is moved to it."""
    events = [event for event in heard if event.kind == PHONEME]
    labels = ["" if event.label.startswith("_") else event.label for event in events]
    starts = [event.sample for event in events]
    step = 110
    level = np.abs(raw[: len(raw) // step * step].astype(np.float32)).reshape(-1, step).max(1)
    loud = level > QUIET * max(float(level.max()), 1.0)
    for k in range(1, len(events)):
        if labels[k].strip("',") in STOPS and labels[k - 1]:
            first, last = -(-starts[k - 1] // step), starts[k] // step
            while last > first + 1 and not loud[last - 1]:
                last -= 1
            starts[k] = min(starts[k], last * step)
    edges = [*(start / rate for start in starts), length]
    spans = [Span("", 0.0, edges[0])] if edges[0] > 0 else []
    for label, start, end in zip(labels, edges[:-1], edges[1:], strict=True):
        if spans and not label and not spans[-1].label:
            spans[-1] = Span("", spans[-1].start, end)
        elif end > start:
            spans.append(Span(label, start, end))
    return spans


def _words(heard: list[_Heard], text: str, phonemes: list[Span], rate: float) -> list[Span]:
    """Words from their first phoneme to the next word or silence."""
    begun = [event for event in heard if event.kind == WORD and event.length > 0]
    nexts = [*(event.sample / rate for event in begun[1:]), float("inf")]
    words = []
    for event, after in zip(begun, nexts, strict=True):
        start = event.sample / rate
        inside = [span for span in phonemes if span.label and start <= (span.start + span.end) / 2 < after]
        label = text[event.position : event.position + event.length].lower()
        if inside:
            words.append(Span(label, inside[0].start, inside[-1].end))
    return words
