"""Controls: methods with a known answer that bound a metric (DESIGN.md: Words)."""

import numpy as np

from talkpose.errors import UserError
from talkpose.face.coefficients import SIZE
from talkpose.methods.contract import Footage, Generated, Target
from talkpose.methods.footage import SAMPLES
from talkpose.methods.specs import MethodSpec, method_spec
from talkpose.seeds import numpy_rng


class Oracle:
    """The real frames: the ceiling of every metric."""

    spec: MethodSpec = method_spec("oracle")

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Raises UserError for a sound whose real video does not exist."""
        if not is_own or target.held_out is None:
            raise UserError(f"{target.person}: the oracle knows only the person's own held-out frames")
        count = len(audio) // SAMPLES
        return Generated(target.held_out.frames[:count], None, target.held_out.track.coefficients[:count])


class Still:
    """The target's first frame, held."""

    spec: MethodSpec = method_spec("still")

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """As many copies as the sound has frames."""
        return _pick(target, np.zeros(len(audio) // SAMPLES, int))


class PingPong:
    """The training frames back and forth: real motion that knows nothing of the sound."""

    spec: MethodSpec = method_spec("pingpong")

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Frames 0, 1, ..., N-1, N-2, ..., 1, 0, 1, ... of the training footage."""
        return _pick(target, pingpong_indices(len(audio) // SAMPLES, len(target.train.frames)))


class Shuffled:
    """The training frames in random order: the right poses without their order in time."""

    spec: MethodSpec = method_spec("shuffled")

    def __init__(self, seed: int):
        self.seed = seed

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Every training frame once before any comes again."""
        rng = numpy_rng(self.seed, target.person, self.spec.name)
        count, n = len(audio) // SAMPLES, len(target.train.frames)
        order = np.concatenate([rng.permutation(n) for _ in range(-(-count // n))] or [np.zeros(0, int)])
        return _pick(target, order[:count])


class OtherPerson:
    """Another person's training frames back and forth: what HS gives to a stranger."""

    spec: MethodSpec = method_spec("other-person")

    def __init__(self, other: Footage):
        self.other = other

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """As `PingPong`, of the other person."""
        stranger = Target(target.person, self.other)
        return _pick(stranger, pingpong_indices(len(audio) // SAMPLES, len(self.other.frames)))


def pingpong_indices(count: int, n: int) -> np.ndarray:
    """`count` indices that go back and forth in [0, n)."""
    period = max(2 * (n - 1), 1)
    phase = np.arange(count) % period
    return np.minimum(phase, period - phase)


def _pick(target: Target, indices: np.ndarray) -> Generated:
    coefficients = (
        target.train.track.coefficients[indices] if len(indices) else np.zeros((0, SIZE), np.float32)
    )
    return Generated(target.train.frames[indices], None, coefficients)
