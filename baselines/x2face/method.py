"""X2Face (Wiles, Koepke, Zisserman, ECCV 2018), written from its paper: a face is moved by a vector.

Trained without labels: of two frames of one clip, one is the source, the other drives and is what must come
out (L1). Then the sound drives instead: a linear regression gives the driving vector, pose taken out, so that
the head stays as it is in the source. No picture is painted: what the source hides (teeth behind closed
lips) cannot appear.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from talkpose.errors import ClipError, UserError
from talkpose.face.coefficients import POSE
from talkpose.methods.aligned import crop_matrix, cut_out, put_back, soft_mask
from talkpose.methods.contract import Generated, Target
from talkpose.methods.retrained import Retrained, TrainingClips
from talkpose.methods.retrained import Settings as Base
from talkpose.methods.training import Session
from talkpose.seeds import derive_seed, numpy_rng
from talkpose.speech.mfcc import COEFFICIENTS, WINDOW, speech_windows

from .frames import WINDOWS, cropped, draw_pairs, seen, to_network, to_pictures
from .network import Driving, Embedding, warp
from .voice import Moments, Voice


class Settings(Base):
    """Sizes and schedule; `PAPER` has those of the paper and its public code where they are known."""

    PAPER: ClassVar[dict[str, Any]] = {
        "window": "face",
        "crop": 256,
        "width": 64,
        "levels": 8,
        "coarse": 0,
        "sources": 3,
        "focus": 0.0,
        "max_turn": 3.2,
        "optimizer": "sgd",
        "decay": False,
        "steps": 300_000,
        "regression_clips": 20_000,
        "gain": 1.0,
    }
    window: Literal["face", "lips"] = Field("lips", description="what is moved; paper: the whole face")
    crop: int = Field(48, ge=16, description="side of what the networks see, pixels; paper: 256")
    width: int = Field(8, ge=1, description="channels of the first level; paper: 64")
    levels: int = Field(4, ge=2, le=8, description="halvings; paper: 8")
    bottleneck: int = Field(128, ge=1, description="numbers in a driving vector; paper: 128")
    coarse: int = Field(1, ge=0, description="halvings of the samplers' resolution; paper: 0")
    sources: int = Field(1, ge=1, description="source frames of a training pair")
    max_turn: float = Field(
        0.15, gt=0, description="radians between the heads of a pair; paper: any two frames of a clip"
    )
    focus: float = Field(10.0, ge=0, description="weight of the mouth over the rest, less 1; paper: 0")
    optimizer: Literal["adam", "sgd"] = Field("adam", description="paper: SGD, momentum 0.9")
    lr: float = Field(1e-3, gt=0, description="paper: 1e-3")
    decay: bool = Field(True, description="the rate falls to 2% over the second half; paper: steps by hand")
    batch: int = Field(16, ge=1, description="paper: 16")
    steps: int = Field(1800, ge=1)
    regression_clips: int = Field(2000, ge=1, description="clips that the linear regressions see")
    ridge: float = Field(1.0, ge=0, description="penalty of the regression from sound over its variance")
    gain: float = Field(1.5, gt=0, description="how far the sound moves the vector; paper: 1, of no ridge")


class Method(Retrained):
    """Embedding and driving network, and the voice that stands for a driving frame."""

    settings_type = Settings
    settings: Settings

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        s = self.settings
        if s.crop % 2**s.levels or s.coarse >= s.levels:
            raise UserError(
                f"x2face: `crop` {s.crop} must be a multiple of 2^levels = {2**s.levels}, "
                "and `coarse` below `levels`"
            )
        self.window = WINDOWS[s.window]
        self.sounds = WINDOW * COEFFICIENTS
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(self.seed, "x2face", "networks"))
            self.embedding = Embedding(s.width, s.levels, s.coarse)
            self.driving = Driving(s.crop, s.width, s.levels, s.bottleneck, s.coarse)
        self.voice = Voice(self.sounds, s.bottleneck)
        self.networks = {"embedding": self.embedding, "driving": self.driving, "voice": self.voice}

    def fit(self, clips: TrainingClips, session: Session) -> None:
        """First pictures alone, then the regressions from sound."""
        self._fit_pictures(clips, session)
        self._fit_voice(clips, session)

    def _fit_pictures(self, clips: TrainingClips, session: Session) -> None:
        s = self.settings
        networks = {"embedding": self.embedding, "driving": self.driving}
        parameters = [*self.embedding.parameters(), *self.driving.parameters()]
        optimizer: torch.optim.Optimizer
        if s.optimizer == "adam":
            optimizer = torch.optim.Adam(parameters, s.lr, betas=(0.5, 0.999), fused=True)
        else:
            optimizer = torch.optim.SGD(parameters, s.lr, momentum=0.9)

        def step(index: int) -> Mapping[str, Tensor | float]:
            for group in optimizer.param_groups:
                group["lr"] = s.lr * (falling(index / s.steps) if s.decay else 1.0)
            pairs = draw_pairs(
                clips, session.rng("pairs"), s.batch, s.sources, self.window, s.crop, s.max_turn, s.focus
            )
            driving = pairs.driving.to(session.device)
            with session.autocast():
                face, _ = self.embedding(pairs.sources.to(session.device))
                made = warp(face, self.driving.decode(self.driving.encode(driving)))
            loss = photometric(made.float(), driving, pairs.weights.to(session.device))
            session.descend(optimizer, loss)
            return {"l1": loss.detach()}

        session.run("pictures", s.steps, step, networks, {"optimizer": optimizer})

    def _fit_voice(self, clips: TrainingClips, session: Session) -> None:
        s = self.settings
        order = numpy_rng(self.seed, "x2face", "voice").permutation(len(clips))[: s.regression_clips]
        moments = Moments(self.sounds, s.bottleneck)
        self.driving.eval()

        def step(index: int) -> Mapping[str, Tensor | float]:
            footage = clips[int(order[index])].footage
            usable = seen(footage)
            if len(usable) > 1:
                sound = torch.from_numpy(speech_windows(footage.audio)[usable]).flatten(1)
                pose = torch.from_numpy(footage.track.coefficients[usable, POSE.start : POSE.start + 3])
                moments.add(
                    sound.to(session.device),
                    self._vectors(cropped(footage, usable, self.window, s.crop)),
                    pose.to(session.device),
                )
            return {"frames": float(len(usable))}

        session.run("voice", len(order), step, {"moments": moments}, {})
        if moments.count < 2:
            raise UserError("x2face: no training clip shows a face in two frames; check the quarantine list")
        self.voice.to(session.device).solve(moments, s.ridge)

    @torch.no_grad()
    def _vectors(self, pictures: np.ndarray) -> Tensor:
        return self.driving.encode(to_network(pictures).to(next(self.driving.parameters()).device))

    @torch.no_grad()
    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """The target's first frame, its mouth moved by `audio`; the head keeps its pose.

        Raises ClipError where the first frame shows no face.
        """
        first, points = target.train.frames[0], target.train.track.landmarks[0]
        if not target.train.track.valid[0] or not np.isfinite(points).all():
            raise ClipError(
                "no-face", f"{target.person}: no face in the first frame, the only one that x2face sees"
            )
        crop = self.settings.crop
        matrix = crop_matrix(points, self.window, crop)
        source = to_network(cut_out(first, matrix, crop)[None]).to(self.device)
        face, _ = self.embedding(source[:, None])
        sound = torch.from_numpy(speech_windows(audio)).flatten(1).to(self.device)
        vectors = self.voice(sound, self.driving.encode(source), self.settings.gain)
        made = [
            to_pictures(warp(face.expand(len(part), -1, -1, -1), self.driving.decode(part)))
            for part in vectors.split(64)
        ]
        frames = put_back(first, np.concatenate(made), matrix, soft_mask(crop, 0.35))
        coefficients = np.repeat(target.train.track.coefficients[:1], len(frames), 0)
        return Generated(frames, None, coefficients, np.zeros(len(frames), int))


def photometric(made: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of absolute differences of pictures (B, 3, S, S); weights (B, 1, S, S) of mean 1."""
    return (weights * (made - wanted).abs()).mean()


def falling(share: float) -> float:
    """Factor of the learning rate when `share` of the steps is done: 1, then straight down to 0.02."""
    return min(1.0, 2 * (1 - share) + 0.02)
