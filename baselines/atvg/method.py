"""ATVG (Chen, Maddox, Duan, Xu, CVPR 2019), written from its paper: sound -> landmarks -> video.

AT-net hears sound and knows the face at rest; it gives principal components of the landmarks. VG-net takes
one image and the landmarks of every frame, put at the image's pose, and repaints what they change: a motion
map where the attention map says so, the image elsewhere. The head keeps the image's pose.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from talkpose.errors import ClipError, UserError
from talkpose.face.coefficients import POSE
from talkpose.face.model import load_face_model
from talkpose.methods.aligned import crop_matrix, cut_out, put_back, soft_mask
from talkpose.methods.contract import Generated, Target
from talkpose.methods.retrained import Retrained, TrainingClips
from talkpose.methods.retrained import Settings as Base
from talkpose.methods.training import Session
from talkpose.seeds import derive_seed, numpy_rng
from talkpose.speech.mfcc import speech_rows

from .clips import WINDOWS, Clips, to_network, to_pictures
from .landmarks import Components, Points, seen_from
from .losses import dynamic_pixel, landmark_error, real_or_not
from .network import ATNet, Discriminator, VGNet


class Settings(Base):
    """Sizes and schedules; `PAPER` has those of the paper and its public code where they are known."""

    PAPER: ClassVar[dict[str, Any]] = {
        "at_channels": [64, 128, 256, 256, 512],
        "at_dense": 2048,
        "at_hidden": 256,
        "at_dropout": 0.0,
        "at_normalisation": "batch",
        "at_mask": 0,
        "at_lr": 2e-4,
        "at_steps": 150_000,
        "scales": [1.0, 2.2, 2.4, 2.6, 2.8, 3.0],
        "window": "face",
        "crop": 128,
        "max_turn": 3.2,
        "width": 32,
        "halvings": 4,
        "gru": 512,
        "blocks": 9,
        "head": 7,
        "skip": False,
        "judge_width": 64,
        "judge_halvings": 5,
        "judge_hidden": 256,
        "gan": 1.0,
        "vg_batch": 10,
        "vg_length": 16,
        "vg_lr": 2e-4,
        "vg_decay": False,
        "vg_steps": 150_000,
        "component_clips": 5000,
    }
    components: int = Field(6, ge=1, description="principal components of the landmarks; paper: 6")
    identities: int = Field(6, ge=1, description="principal components of the face at rest; paper: 6")
    component_clips: int = Field(200, ge=1, description="clips that components and scales are measured on")
    at_channels: list[int] = Field([8, 16, 16, 16, 32], min_length=5, max_length=5)
    at_dense: int = Field(128, ge=1, description="paper: 2048")
    at_hidden: int = Field(64, ge=1, description="sound's and LSTM's width; paper: 256")
    at_dropout: float = Field(0.4, ge=0, lt=1, description="paper: none; a minute of speech needs it")
    at_normalisation: Literal["batch", "none"] = Field("none", description="paper: batch")
    at_mask: int = Field(4, ge=0, le=12, description="MFCC columns hidden at most in training; paper: none")
    at_batch: int = Field(16, ge=1, description="paper: 16")
    at_lr: float = Field(1e-3, gt=0, description="paper: 2e-4")
    at_steps: int = Field(200, ge=1)
    sequence: int = Field(16, ge=1, description="frames of a training sequence of AT-net; paper: 16")
    scales: list[float] = Field(
        [1.2],
        min_length=1,
        description="factors of the components when generating, the last for all that follow",
    )
    window: Literal["face", "lips"] = Field("lips", description="what VG-net sees; paper: the face")
    crop: int = Field(48, ge=16, description="side of what VG-net sees, pixels; paper: 128")
    max_turn: float = Field(
        0.15, gt=0, description="radians between the heads of image and run; paper: any frames of a clip"
    )
    width: int = Field(12, ge=1, description="channels of VG-net's first layer; paper: 32")
    halvings: int = Field(2, ge=1, description="paper: 4")
    gru: int = Field(24, ge=1, description="channels of the ConvGRU; paper: 512")
    blocks: int = Field(1, ge=0, description="residual blocks; paper: 9")
    head: Literal[3, 5, 7] = Field(3, description="kernel of the two heads; paper: 7")
    skip: bool = Field(True, description="the heads see the image too: sharp early; paper: false")
    judge_width: int = Field(12, ge=1)
    judge_halvings: int = Field(4, ge=1)
    judge_hidden: int = Field(48, ge=1)
    pixel: float = Field(10.0, ge=0, description="weight of the dynamic pixel-wise loss; paper: 10")
    gan: float = Field(0.05, ge=0, description="weight of the adversarial loss; paper: 1")
    landmark: float = Field(
        1.0, ge=0, description="weight of the landmarks that the discriminator reads; paper: 1"
    )
    mouth: float = Field(100.0, ge=1, description="weight of the mouth's y in it; paper: 100")
    vg_batch: int = Field(4, ge=1, description="paper: 10")
    vg_length: int = Field(4, ge=1, description="frames of a run; paper: 16")
    vg_lr: float = Field(1e-3, gt=0, description="paper: 2e-4")
    vg_decay: bool = Field(True, description="the rate falls to 2% over the second half; paper: false")
    vg_steps: int = Field(500, ge=1)


class Method(Retrained):
    """AT-net, VG-net, and what lies between them: landmarks."""

    settings_type = Settings
    settings: Settings

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        s = self.settings
        if s.crop % 2 ** max(s.halvings, s.judge_halvings):
            raise UserError(
                f"atvg: `crop` {s.crop} must be a multiple of 2^halvings, of VG-net and discriminator alike"
            )
        self.window = WINDOWS[s.window]
        self.points = Points(load_face_model(self.config.face.model, self.config.face.model_path))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(self.seed, "atvg", "networks"))
            self.at = ATNet(
                s.at_channels,
                s.at_dense,
                s.at_hidden,
                s.components,
                s.identities,
                s.at_dropout,
                s.at_normalisation,
            )
            self.vg = VGNet(s.crop, s.width, s.halvings, s.gru, s.blocks, s.head, s.skip)
            self.judge = Discriminator(s.crop, s.judge_width, s.judge_halvings, s.judge_hidden)
        self.speech, self.identity = Components(s.components), Components(s.identities)
        self.networks = {"at": self.at, "vg": self.vg, "speech": self.speech, "identity": self.identity}

    def fit(self, clips: TrainingClips, session: Session) -> None:
        """AT-net and VG-net, each by itself, the latter on the landmarks of real frames."""
        s = self.settings
        source = Clips(clips, self.points, self.window, s.crop, s.max_turn)
        self._measure(source, len(clips))
        self._fit_at(source, session)
        self._fit_vg(source, session)

    def _measure(self, source: Clips, count: int) -> None:
        """Components and scales, from the same clips whenever it is asked."""
        order = numpy_rng(self.seed, "atvg", "measure").permutation(count)[: self.settings.component_clips]
        spoken = [source.spoken(int(number)) for number in order]
        self.speech.fit(np.concatenate([part.moved for part in spoken]))
        self.identity.fit(np.stack([part.neutral for part in spoken]))
        rows = np.concatenate([part.rows for part in spoken])
        self.at.sound_mean.copy_(torch.from_numpy(rows.mean(0)))
        self.at.sound_scale.copy_(torch.from_numpy(np.maximum(rows.std(0), 1e-4)))
        rng = numpy_rng(self.seed, "atvg", "spread")
        runs = source.runs(rng, 32, self.settings.vg_length)
        self.vg.spread.copy_((runs.landmarks - runs.own[:, None]).square().mean().sqrt())

    def _fit_at(self, source: Clips, session: Session) -> None:
        s = self.settings
        optimizer = torch.optim.Adam(self.at.parameters(), s.at_lr, betas=(0.5, 0.999), fused=True)

        def step(index: int) -> Mapping[str, Tensor | float]:
            rng = session.rng("sequences")
            rows, faces, wanted = source.sequences(rng, s.at_batch, s.sequence, self.speech, self.identity)
            rows = hide(rows, self.at.sound_mean.cpu(), s.at_mask, rng)
            with session.autocast():
                found = self.at(rows.to(session.device), faces.to(session.device))
            loss = (found.float() - wanted.to(session.device)).square().mean()
            session.descend(optimizer, loss)
            return {"mse": loss.detach()}

        session.run("at", s.at_steps, step, {"at": self.at}, {"at": optimizer})

    def _fit_vg(self, source: Clips, session: Session) -> None:
        s = self.settings
        maker = torch.optim.Adam(self.vg.parameters(), s.vg_lr, betas=(0.5, 0.999), fused=True)
        judge = torch.optim.Adam(self.judge.parameters(), s.vg_lr, betas=(0.5, 0.999), fused=True)

        def step(index: int) -> Mapping[str, Tensor | float]:
            for group in (*maker.param_groups, *judge.param_groups):
                group["lr"] = s.vg_lr * (falling(index / s.vg_steps) if s.vg_decay else 1.0)
            runs = source.runs(session.rng("runs"), s.vg_batch, s.vg_length)
            image, own, frames, landmarks = (part.to(session.device) for part in runs)
            with session.autocast():
                made = self.vg(image, own, landmarks)
                logit, read = self.judge(frames, own)
                fake, _ = self.judge(made.image.detach(), own)
            judged = real_or_not(logit.float(), True) + real_or_not(fake.float(), False)
            loss = s.gan * judged + s.landmark * landmark_error(read.float(), landmarks, s.mouth)
            session.descend(judge, loss)
            with session.autocast():
                logit, read = self.judge(made.image, own)
            pixel = dynamic_pixel(made.image.float(), frames, made.attention.float())
            error = landmark_error(read.float(), landmarks, s.mouth)
            fooled = real_or_not(logit.float(), True)
            session.descend(maker, s.pixel * pixel + s.gan * fooled + s.landmark * error)
            return {
                "pixel": pixel.detach(),
                "landmarks": error.detach(),
                "fooled": fooled.detach(),
                "judged": judged.detach(),
                "attention": made.attention.detach().mean(),
            }

        session.run(
            "vg", s.vg_steps, step, {"vg": self.vg, "judge": self.judge}, {"vg": maker, "judge": judge}
        )

    @torch.no_grad()
    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """The target's first frame, its mouth repainted to `audio`; the head keeps its pose.

        Raises ClipError where the first frame shows no face.
        """
        first, track = target.train.frames[0], target.train.track
        if not track.valid[0] or not np.isfinite(track.landmarks[0]).all():
            raise ClipError(
                "no-face", f"{target.person}: no face in the first frame, the only one that atvg sees"
            )
        crop = self.settings.crop
        matrix = crop_matrix(track.landmarks[0], self.window, crop)
        known = track.coefficients[:1]
        neutral, moved = self.points.neutral(known)[0], self.points.moved(known)
        frontal = np.concatenate([moved, self.speak(audio, neutral, moved[0])]) + neutral
        landmarks = seen_from(frontal, known[0, POSE], first.shape[0], matrix, crop)
        own, wanted = (torch.from_numpy(part).to(self.device) for part in (landmarks[:1], landmarks[1:]))
        image = to_network(cut_out(first, matrix, crop)[None]).to(self.device)
        state, pictures, attention = None, [], []
        for part in wanted.split(64):
            made = self.vg(image, own, part[None], state)
            state = made.state
            pictures.append(to_pictures(made.image[0]))
            attention.append(made.attention.flatten().cpu())
        frames = put_back(first, np.concatenate(pictures), matrix, soft_mask(crop, 0.35))
        return Generated(
            frames,
            None,
            np.repeat(known, len(frames), 0),
            np.zeros(len(frames), int),
            facts={"attention_mean": float(torch.cat(attention).mean())},
        )

    @torch.no_grad()
    def speak(self, audio: np.ndarray, neutral: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """What speech adds to the face at rest, (T, 68, 3).

        neutral, moved (68, 3): the target at rest, and what its first frame adds to it. What no component
        tells (a raised brow) stays as it is in that frame.
        """
        rows = torch.from_numpy(speech_rows(audio))[None].to(self.device)
        scores = self.at(rows, self.identity.scores(neutral[None]))[0]
        factors = self.settings.scales[: self.settings.components]
        factors = factors + [factors[-1]] * (self.settings.components - len(factors))
        middle = self.speech.scores(np.zeros((1, *neutral.shape)))
        # scaled about the face at rest, so that a closed mouth stays closed
        scores = middle + (scores - middle) * torch.tensor(factors, device=scores.device)
        rest = moved - self.speech.points(self.speech.scores(moved[None]))[0]
        return self.speech.points(scores) + rest


def hide(rows: Tensor, mean: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Put the mean into a random band of up to `most` columns of each of the rows (B, R, 12)."""
    if not most:
        return rows
    rows = rows.clone()
    for part in rows:
        width = int(rng.integers(most + 1))
        start = int(rng.integers(rows.shape[2] - width + 1))
        part[:, start : start + width] = mean[start : start + width]
    return rows


def falling(share: float) -> float:
    """Factor of the learning rate when `share` of the steps is done: 1, then straight down to 0.02."""
    return min(1.0, 2 * (1 - share) + 0.02)
