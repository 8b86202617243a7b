"""From sound to driving vectors by linear regressions, the head's pose taken out (X2Face, section on audio).

A driving vector v says pose and expression at once. Three linear maps, each a regression over the training
clips: v -> pose (3 angles) -> v, whose product is what a vector says of the pose; sound -> the rest of v; and
v -> what the sound would say of it, which stands for the sound of a source frame that is a mere picture:

    v_t = v_source + gain * (W x_t - S v_source)      x_t: the sound around frame t
"""

import torch
from torch import Tensor, nn

ANGLES = 3


class Moments(nn.Module):
    """Second moments of rows (sound, vector, pose), of all of them and of what varies within a clip."""

    total: Tensor
    within: Tensor

    def __init__(self, sounds: int, vectors: int):
        super().__init__()
        self.sounds, self.vectors = sounds, vectors
        size = sounds + vectors + ANGLES
        self.register_buffer("total", torch.zeros(size + 1, size + 1, dtype=torch.float64))
        self.register_buffer("within", torch.zeros(size, size, dtype=torch.float64))

    def add(self, sound: Tensor, vector: Tensor, pose: Tensor) -> None:
        """Add the T frames of a clip: (T, sounds), (T, vectors), (T, 3)."""
        rows = torch.cat([sound, vector, pose], 1).double()
        ones = torch.cat([rows, rows.new_ones(len(rows), 1)], 1)
        self.total += ones.T @ ones
        centred = rows - rows.mean(0)
        self.within += centred.T @ centred

    def split(self) -> tuple[slice, slice, slice]:
        """Where sound, vector and pose lie."""
        ends = self.sounds, self.sounds + self.vectors, self.sounds + self.vectors + ANGLES
        return slice(0, ends[0]), slice(ends[0], ends[1]), slice(ends[1], ends[2])

    @property
    def count(self) -> Tensor:
        """Frames added."""
        return self.total[-1, -1]

    def mean(self) -> Tensor:
        """Mean row."""
        return self.total[-1, :-1] / self.count

    def covariance(self) -> Tensor:
        """About the mean of all frames."""
        mean = self.mean()
        return self.total[:-1, :-1] / self.count - torch.outer(mean, mean)

    def covariance_within(self) -> Tensor:
        """About each clip's own mean: what a speaker does, not who it is."""
        return self.within / self.count


def regression(inputs: Tensor, cross: Tensor, ridge: float) -> Tensor:
    """Linear map (n, m) from covariances (n, n) and (n, m); `ridge`: penalty over an input's variance."""
    penalty = ridge * inputs.diagonal() + 1e-9 * inputs.diagonal().mean() + 1e-12
    return torch.linalg.solve(inputs + torch.diag(penalty), cross)


class Voice(nn.Module):
    """The maps, as weights."""

    sound_mean: Tensor
    vector_mean: Tensor
    from_sound: Tensor
    from_vector: Tensor

    def __init__(self, sounds: int, vectors: int):
        super().__init__()
        self.register_buffer("sound_mean", torch.zeros(sounds))
        self.register_buffer("vector_mean", torch.zeros(vectors))
        self.register_buffer("from_sound", torch.zeros(sounds, vectors))
        self.register_buffer("from_vector", torch.zeros(vectors, vectors))

    def solve(self, moments: Moments, ridge: float) -> None:
        """Fit every map to what `moments` has seen."""
        sound, vector, pose = moments.split()
        within, mean = moments.covariance_within(), moments.mean()
        to_pose = regression(within[vector, vector], within[vector, pose], 1e-3)
        to_vector = regression(within[pose, pose], within[pose, vector], 0.0)
        without_pose = torch.eye(moments.vectors, dtype=torch.float64, device=within.device)
        without_pose = without_pose - to_pose @ to_vector
        from_sound = regression(within[sound, sound], within[sound, vector] @ without_pose, ridge)
        everything = moments.covariance()
        from_vector = regression(everything[vector, vector], everything[vector, sound] @ from_sound, 1e-2)
        self.sound_mean.copy_(mean[sound])
        self.vector_mean.copy_(mean[vector])
        self.from_sound.copy_(from_sound)
        self.from_vector.copy_(from_vector)

    def forward(self, sound: Tensor, source: Tensor, gain: float) -> Tensor:
        """Driving vectors (T, vectors) for sound (T, sounds), from a source frame's (1, vectors)."""
        said = (sound - self.sound_mean) @ self.from_sound
        shown = (source - self.vector_mean) @ self.from_vector
        return source + gain * (said - shown)
