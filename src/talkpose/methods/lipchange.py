"""How the lips differ from those of the still: what a decoder that starts from a still has to draw.

The lips' codes count from a clip's mean, and a still shows any moment of a clip. A decoder that is told the
codes alone must first find out how the still's own lips stand; told the difference, it learns in seconds.
"""

import numpy as np
import torch
from torch import Tensor, nn

from talkpose.methods.aligned import LIPS, crop_matrix
from talkpose.methods.contract import Target
from talkpose.methods.lips import CODES
from talkpose.methods.stills import StillSource

_PLACES = {468: (0, 13, 14, 17, 61, 291), 68: (51, 62, 66, 57, 48, 54)}
"""Upper lip's rim and inner edge, lower lip's inner edge and rim, corners."""
MEASURES = 5
RIDGE = 3.0


def lip_measures(points: np.ndarray) -> np.ndarray:
    """Landmarks of one frame, (468 or 68, 2) -> (5,) float32, in sides of the window `LIPS`.

    Heights of the four lip edges below the window's top, and the width between the corners.
    """
    matrix = crop_matrix(points, LIPS, 1)
    places = points[list(_PLACES[len(points)])] @ matrix[:, :2].T + matrix[:, 2]
    return np.append(places[:4, 1], np.hypot(*(places[5] - places[4]))).astype(np.float32)


class LipChange(nn.Module):
    """Codes of a frame less those of the still, each over its spread.

    The still's own codes are read from its landmarks by a ridge regression. `gain` makes what the audio
    encoder tells as lively as the lips of the training clips.
    """

    unit: Tensor
    gain: Tensor
    slope: Tensor
    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("unit", torch.ones(CODES))
        self.register_buffer("gain", torch.ones(CODES))
        self.register_buffer("slope", torch.zeros(MEASURES, CODES))
        self.register_buffer("offset", torch.zeros(CODES))

    @torch.no_grad()
    def fit(self, source: StillSource, encoder: nn.Module, most: float) -> None:
        """Measure spreads on up to 256 clips; `encoder` is one that knows the lips' codes.

        most: the largest gain, 1 or more; what the sound does not tell is not to be blown up.
        """
        device, was = self.unit.device, encoder.training
        encoder.eval()
        told, real, measures = [], [], []
        for number in source.sample(0):
            sounds, codes = source.sounds_and_codes(number)
            points = source.clips[number].footage.track.landmarks[: len(codes)]
            seen = np.flatnonzero(np.isfinite(codes).all(1))
            told.append(encoder(torch.from_numpy(sounds[seen]).to(device)).float().cpu())
            real.append(torch.from_numpy(codes[seen]))
            measures.append(np.stack([lip_measures(points[t]) for t in seen]))
        encoder.train(was)
        heard, truth = torch.cat(told), torch.cat(real)
        self.unit.copy_(truth.square().mean(0).sqrt().clamp(min=1e-3))
        self.gain.copy_((truth.std(0) / heard.std(0).clamp(min=1e-3)).clamp(1.0, most))
        x = torch.from_numpy(np.concatenate(measures)).double()
        middle, scale = x.mean(0), x.std(0).clamp(min=1e-6)
        x = (x - middle) / scale
        slope = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(MEASURES).double(), x.T @ truth.double())
        self.slope.copy_(slope / scale[:, None])
        self.offset.copy_(-(middle / scale) @ slope)

    def forward(self, codes: Tensor, still: Tensor) -> Tensor:
        """Codes (..., 8) and those of the still, of a shape that goes with them -> their difference."""
        return (codes - still) / self.unit

    def still(self, target: Target) -> Tensor:
        """Codes (8,) of the target's first frame, from its landmarks."""
        measures = torch.from_numpy(lip_measures(target.train.track.landmarks[0])).to(self.slope.device)
        return measures @ self.slope + self.offset
