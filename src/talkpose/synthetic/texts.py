"""What is said: everyday sentences, and single words in the middle of a phrase."""

from functools import cache
from importlib import resources

import numpy as np

from talkpose.errors import UserError

BEFORE = (
    "and then they told us", "well, this is what I mean by", "he looked up and said", "we have often heard",
    "the man in the room said", "there was a lot of talk of", "and now we come to", "she put it to me as",
    "what they wanted to say was", "you may have read", "my own view was simply", "the big news here is",
)  # fmt: skip
AFTER = (
    "for more than an hour", "and that was all of it", "before the end of the day", "but nobody said why",
    "in the middle of the week", "when we spoke to them", "as far as anyone knows", "at the very same time",
    "from one end to the other", "with a smile on his face", "on the way to the house", "if I may say so",
)  # fmt: skip


@cache
def sentences() -> tuple[str, ...]:
    """Distinct everyday English sentences, written for this package."""
    return _lines("sentences.txt")


@cache
def words() -> tuple[str, ...]:
    """Class labels of LRW, in capitals."""
    return _lines("words.txt")


def context_sentence(word: str, rng: np.random.Generator) -> str:
    """A phrase with the word (any case) in its middle, once."""
    if not word.isalpha():
        raise UserError(f"{word!r} is no single word; give letters only, as LRW's labels")
    lower = word.lower()
    before = [phrase for phrase in BEFORE if lower not in phrase.split()]
    after = [phrase for phrase in AFTER if lower not in phrase.split()]
    return f"{before[rng.integers(len(before))]} {lower} {after[rng.integers(len(after))]}"


def _lines(name: str) -> tuple[str, ...]:
    text = resources.files("talkpose.synthetic").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip())
