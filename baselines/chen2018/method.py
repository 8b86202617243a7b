"""Lip Movements Generation at a Glance (Chen, Li, Maddox, Duan and Xu, ECCV 2018), trained here."""

from functools import partial
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from talkpose.config import RunConfig
from talkpose.methods.aligned import LIPS, mouth_weights, put_back, soft_mask
from talkpose.methods.contract import Generated, Target
from talkpose.methods.lips import CODES
from talkpose.methods.lipsense import teach_lips
from talkpose.methods.retrained import Retrained, Settings, TrainingClips
from talkpose.methods.specs import MethodSpec
from talkpose.methods.stills import Batch, StillSource, first_still, to_network, to_pictures
from talkpose.methods.training import Session, decay
from talkpose.seeds import derive_seed

from .motion import correlation_lesson, flow, judge, log_mel, perceptual, spectra
from .network import Autoencoder, Correlation, Discriminator, Generator


class Sizes(Settings):
    """Networks and training; PAPER holds the paper's and its public code's own where they tell them."""

    lips: int = Field(44, description="side of the picture of the lips [pixels], a multiple of 4")
    length: int = Field(3, description="frames of a run")
    mels: int = Field(40, description="bands of the log-mel spectrum")
    width: int = 12
    blocks: int = 2
    audio_width: int = 8
    embedding: int = Field(8, description="of the sound; 8 are the lips' codes themselves")
    judge_embedding: int = 32
    dropout: float = Field(0.5, description="of the audio encoder")
    mask: int = Field(6, description="widest band of a sound's rows or columns that training hides")
    judge_width: int = Field(8, description="of the discriminator, the correlation and the autoencoder")
    lips_steps: int = Field(300, description="first lesson of the audio encoder: to tell the lips' landmarks")
    lips_batch: int = 64
    lips_lr: float = 2e-3
    hold_audio: bool = Field(True, description="the audio encoder stays as the first lesson left it")
    teacher: float = Field(
        0.75,
        ge=0,
        le=1,
        description="share of steps whose lips are told by their landmarks, not by the sound",
    )
    correlation_steps: int = Field(100, description="lesson of the sound-flow correlation, on real runs")
    autoencoder_steps: int = Field(100, description="training of the autoencoder behind the perceptual loss")
    lesson_batch: int = 8
    copy_still: bool = Field(True, description="the decoder's output is added to the still")
    mouth_weight: float = Field(6.0, description="of the lips in the L1; 1 is the paper's plain L1")
    max_turn: float = Field(0.08, description="how far the still's pose may lie from the frame's [radians]")
    lambda_l1: float = 10.0
    lambda_gan: float = 0.02
    lambda_correlation: float = 0.05
    lambda_perceptual: float = 1.0
    batch: int = 6
    steps: int = 500
    lr: float = 2e-3
    momentum: float = Field(0.9, description="first beta of the generator's Adam")
    audio_scale: float = Field(2.0, description="factor on the sound's embedding when generating")
    PAPER: ClassVar = {
        "lips": 64, "length": 16, "mels": 128, "width": 64, "blocks": 9, "audio_width": 64,
        "embedding": 256, "judge_embedding": 256, "mask": 0, "judge_width": 64, "lips_steps": 20_000,
        "lips_lr": 2e-4, "hold_audio": False, "teacher": 0.0, "correlation_steps": 20_000,
        "autoencoder_steps": 20_000, "lesson_batch": 24, "copy_still": False, "mouth_weight": 1.0,
        "lambda_l1": 0.2, "lambda_gan": 1.0, "lambda_correlation": 0.5, "batch": 24, "steps": 100_000,
        "lr": 2e-4, "momentum": 0.5, "audio_scale": 1.0,
    }  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.teacher and self.embedding != CODES:
            raise ValueError(
                f"`embedding` must be {CODES} where `teacher` tells the lips' codes; or set `teacher` to 0"
            )
        if self.lips % 4:
            raise ValueError("`lips` must be a multiple of 4")
        return self


class Method(Retrained):
    """One picture of the lips and a sound to moving lips, pasted into the first frame."""

    settings_type = Sizes
    settings: Sizes

    def __init__(self, spec: MethodSpec, settings: Sizes, config: RunConfig, seed: int):
        super().__init__(spec, settings, config, seed)
        s = settings
        torch.manual_seed(derive_seed(seed, "initialise"))
        self.generator = Generator(
            s.mels, s.audio_width, s.width, s.embedding, s.blocks, s.dropout, s.mask, s.copy_still
        )
        self.networks = {"generator": self.generator}

    def fit(self, clips: TrainingClips, session: Session) -> None:
        """Three lessons (lips, correlation, autoencoder), then the generator against its discriminator."""
        s = self.settings
        source = StillSource(clips, LIPS, s.lips, s.length, partial(log_mel, mels=s.mels), s.max_turn)
        audio = self.generator.audio
        audio.standardise.fit(*source.scales(self.seed))
        teach_lips(session, audio, s.embedding, source, steps=s.lips_steps, batch=s.lips_batch, lr=s.lips_lr)
        torch.manual_seed(derive_seed(self.seed, "judges"))
        correlation = Correlation(s.length, s.mels, s.judge_width, s.judge_embedding, s.lips)
        autoencoder = Autoencoder(s.length, s.judge_width)
        discriminator = Discriminator(s.length, s.mels, s.judge_width, s.judge_embedding, s.lips)
        for network in (self.generator, correlation, autoencoder, discriminator):
            network.to(session.device)

        def draw(size: int) -> tuple[Batch, Tensor]:
            """A batch and its spectra, standardised."""
            batch = source.batch(session.rng("batch"), size).to(session.device)
            plain = (batch.sounds - audio.standardise.mean) / audio.standardise.scale
            return batch, spectra(plain)

        self._lesson(session, "correlation", correlation, draw)
        self._lesson(session, "autoencoder", autoencoder, draw)
        audio.requires_grad_(not s.hold_audio)
        learnt = [p for p in self.generator.parameters() if p.requires_grad]
        adam = torch.optim.Adam(learnt, s.lr, (s.momentum, 0.999), fused=True)
        against = torch.optim.Adam(discriminator.parameters(), s.lr / 2, (0.5, 0.999), fused=True)
        weights = torch.from_numpy(mouth_weights(LIPS, s.lips, s.mouth_weight) * soft_mask(s.lips, 0.25))
        weights = (weights / weights.mean()).to(session.device)

        def step(index: int) -> dict[str, Tensor]:
            decay(adam, s.lr, index, s.steps)
            decay(against, s.lr / 2, index, s.steps)
            batch, heard = draw(s.batch)
            audio.train(not s.hold_audio)
            taught, codes_shape = (
                session.rng("teacher").random() < s.teacher,
                (s.batch, s.length, s.embedding),
            )
            frames, real_flow = batch.frames, flow(batch.frames)
            with session.autocast():
                told = batch.codes if taught else audio(batch.sounds.flatten(0, 1)).view(*codes_shape)
                drawn = self.generator.draw(told, batch.stills)
                moved = flow(drawn.float())
                tell = judge(
                    discriminator(heard, frames, real_flow),
                    discriminator(heard, drawn.detach(), moved.detach()),
                    discriminator(heard.roll(1, 0), frames, real_flow),
                )
            session.descend(against, tell)
            with session.autocast():
                l1 = ((drawn - frames).abs() * weights).mean()
                apart = (1 - correlation(heard, moved)).mean()
                alike = perceptual(autoencoder.features(drawn), autoencoder.features(frames))
                fooled = torch.nn.functional.softplus(-discriminator(heard, drawn, moved)).mean()
                total = s.lambda_l1 * l1 + s.lambda_correlation * apart
                total = total + s.lambda_perceptual * alike + s.lambda_gan * fooled
            session.descend(adam, total)
            copied = ((batch.stills[:, None] - frames).abs() * weights).mean()
            return {
                "l1": l1.detach(), "copy": copied, "correlation": apart.detach(),
                "perceptual": alike.detach(), "discriminator": tell.detach(),
            }  # fmt: skip

        networks = {"generator": self.generator, "discriminator": discriminator}
        session.run("generator", s.steps, step, networks, {"adam": adam, "against": against})

    def _lesson(self, session: Session, phase: str, network: Correlation | Autoencoder, draw) -> None:  # type: ignore[no-untyped-def]
        """Train what judges the generator on real runs; afterwards it is held."""
        s = self.settings
        steps = s.correlation_steps if phase == "correlation" else s.autoencoder_steps
        adam = torch.optim.Adam(network.parameters(), s.lr / 2, fused=True)

        def step(index: int) -> dict[str, Tensor]:
            batch, heard = draw(s.lesson_batch)
            with session.autocast():
                if isinstance(network, Correlation):
                    moves = flow(batch.frames)
                    loss = correlation_lesson(network(heard, moves), network(heard.roll(1, 0), moves))
                else:
                    loss = (network(batch.frames) - batch.frames).abs().mean()
            session.descend(adam, loss)
            return {"loss": loss.detach()}

        session.run(phase, steps, step, {phase: network}, {"adam": adam})
        network.requires_grad_(False).eval()

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """The first frame, its lips replaced by those that the generator draws."""
        s = self.settings
        frame, still, matrix = first_still(target, LIPS, s.lips)
        stills = to_network(still[None]).to(self.device)
        sounds = torch.from_numpy(log_mel(audio, s.mels)).to(self.device)
        drawn = []
        with torch.inference_mode():
            heard = torch.cat([self.generator.audio(part) * s.audio_scale for part in sounds.split(256)])
            for start in range(0, len(heard), 64):
                before = min(start, 1)  # the fusing kernel sees one frame to each side
                part = heard[start - before : start + 65]
                run = self.generator.draw(part[None], stills)[0, before : before + 64]
                drawn.append(to_pictures(run))
        mask, over = soft_mask(s.lips, 0.3), still if s.copy_still else None
        return Generated(put_back(frame, np.concatenate(drawn), matrix, mask, over))
