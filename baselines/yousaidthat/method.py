"""You Said That? (Chung, Jamaludin and Zisserman, BMVC 2017), trained here."""

from typing import ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from talkpose.config import RunConfig
from talkpose.methods.aligned import WINDOWS, mouth_weights, put_back, soft_mask
from talkpose.methods.contract import Generated, Target
from talkpose.methods.lipchange import LipChange
from talkpose.methods.lips import CODES
from talkpose.methods.lipsense import teach_lips
from talkpose.methods.retrained import Retrained, Settings, TrainingClips
from talkpose.methods.specs import MethodSpec
from talkpose.methods.stills import Batch, StillSource, first_still, to_network, to_pictures
from talkpose.methods.training import Session, decay
from talkpose.seeds import derive_seed
from talkpose.speech.mfcc import context_windows

from .network import ROWS, Deblur, Generator


class Sizes(Settings):
    """Networks and training; PAPER holds the paper's own where it tells them."""

    window: Literal["face", "lips"] = Field("lips", description="what the networks see; paper: the face")
    face: int = Field(48, description="side of the picture of it [pixels]")
    stills: int = Field(1, description="pictures of the person; an image method knows one, so it is repeated")
    audio_width: int = 8
    identity_widths: tuple[int, ...] = (16, 32, 48)
    embedding: int = Field(8, description="of the sound and of the person; 8 are the lips' codes themselves")
    dropout: float = Field(0.3, description="of the audio encoder")
    mask: int = Field(3, description="widest band of a sound's rows or columns that training hides")
    lips_steps: int = Field(500, description="first lesson of the audio encoder: to tell the lips' landmarks")
    lips_batch: int = 64
    lips_lr: float = 2e-3
    hold_audio: bool = Field(True, description="the audio encoder stays as the first lesson left it")
    teacher: float = Field(
        0.75,
        ge=0,
        le=1,
        description="share of steps whose lips are told by their landmarks, not by the sound",
    )
    relative: bool = Field(True, description="the decoder is told how the lips differ from the still's")
    most_gain: float = Field(2.0, ge=1, description="limit of the gain that makes sound's codes lively")
    copy_still: bool = Field(True, description="the decoder moves the still's pixels and adds to them")
    deblur_width: int = 24
    deblur_layers: int = 5
    mouth_weight: float = Field(16.0, description="of the lips in the loss; 1 is the paper's plain L1")
    max_turn: float = Field(0.08, description="how far the still's pose may lie from the frame's [radians]")
    batch: int = 12
    steps: int = 700
    deblur_steps: int = 20
    lr: float = 1.5e-3
    audio_scale: float = Field(1.3, description="factor on the sound's embedding when generating")
    PAPER: ClassVar = {
        "window": "face", "relative": False, "face": 112, "stills": 5, "audio_width": 64,
        "identity_widths": (96, 256, 512, 512), "embedding": 256,
        "mask": 0, "lips_steps": 20_000, "lips_lr": 2e-4, "hold_audio": False, "teacher": 0.0,
        "copy_still": False, "mouth_weight": 1.0, "deblur_width": 64, "deblur_layers": 10, "batch": 64,
        "steps": 200_000, "deblur_steps": 50_000, "audio_scale": 1.0, "lr": 2e-4,
    }  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.teacher and self.embedding != CODES:
            raise ValueError(
                f"`embedding` must be {CODES} where `teacher` tells the lips' codes; or set `teacher` to 0"
            )
        if self.relative and not (self.hold_audio and self.embedding == CODES):
            raise ValueError(f"`relative` needs `hold_audio` and an `embedding` of {CODES}")
        if self.face % 2 ** len(self.identity_widths):
            raise ValueError("`face` must halve evenly, once for each of `identity_widths`")
        return self


def hear(audio: np.ndarray) -> np.ndarray:
    """MFCC 1..12 of 350 ms around the middle of every frame, (T, 35, 12): 40 filters, 300 to 3700 Hz."""
    return context_windows(audio, ROWS // 2 - 2, ROWS, 40, 300.0, 3700.0)


class Method(Retrained):
    """Sound and a still to frames by two networks: one draws, one sharpens."""

    settings_type = Sizes
    settings: Sizes

    def __init__(self, spec: MethodSpec, settings: Sizes, config: RunConfig, seed: int):
        super().__init__(spec, settings, config, seed)
        s = settings
        self.window = WINDOWS[s.window]
        torch.manual_seed(derive_seed(seed, "initialise"))
        self.generator = Generator(
            s.face, s.stills, s.audio_width, s.identity_widths, s.embedding, s.dropout, s.mask, s.copy_still
        )
        self.deblur = Deblur(s.deblur_width, s.deblur_layers)
        self.change = LipChange()
        self.networks = {"generator": self.generator, "deblur": self.deblur, "change": self.change}

    def fit(self, clips: TrainingClips, session: Session) -> None:
        """L1 for the generator, then L1 for what sharpens its frames."""
        s = self.settings
        source = StillSource(clips, self.window, s.face, 1, hear, s.max_turn)
        self.generator.audio.standardise.fit(*source.scales(self.seed))

        weights = torch.from_numpy(
            mouth_weights(self.window, s.face, s.mouth_weight) * soft_mask(s.face, 0.25)
        )
        weights = (weights / weights.mean()).to(session.device)

        def l1(drawn: Tensor, frames: Tensor) -> Tensor:
            return ((drawn - frames).abs() * weights).mean()

        def draw() -> tuple[Batch, Tensor, Tensor]:
            batch = source.batch(session.rng("batch"), s.batch).to(session.device)
            return batch, batch.stills.repeat(1, s.stills, 1, 1), batch.frames[:, 0]

        audio = self.generator.audio
        teach_lips(session, audio, s.embedding, source, steps=s.lips_steps, batch=s.lips_batch, lr=s.lips_lr)
        self.change.to(session.device)
        if s.relative:
            self.change.fit(source, audio, s.most_gain)
        audio.requires_grad_(not s.hold_audio)
        adam = torch.optim.Adam([p for p in self.generator.parameters() if p.requires_grad], s.lr, fused=True)

        def generate(step: int) -> dict[str, Tensor]:
            decay(adam, s.lr, step, s.steps)
            audio.train(not s.hold_audio)
            batch, stills, frames = draw()
            taught = session.rng("teacher").random() < s.teacher
            with session.autocast():
                heard = batch.codes[:, 0] if taught else self.hear(batch.sounds[:, 0])
                loss = l1(self.generator.draw(self.told(heard, batch.still_codes), stills), frames)
            session.descend(adam, loss)
            return {"l1": loss.detach(), "copy": l1(stills[:, :3], frames)}

        session.run("generator", s.steps, generate, {"generator": self.generator}, {"adam": adam})
        self.generator.eval()
        sharpen = torch.optim.Adam(self.deblur.parameters(), s.lr, fused=True)

        def deblur(step: int) -> dict[str, Tensor]:
            decay(sharpen, s.lr, step, s.deblur_steps)
            batch, stills, frames = draw()
            with session.autocast():
                with torch.no_grad():
                    told = self.told(self.hear(batch.sounds[:, 0]), batch.still_codes)
                    blurred = self.generator.draw(told, stills)
                loss = l1(self.deblur(blurred, stills), frames)
            session.descend(sharpen, loss)
            return {"l1": loss.detach(), "blurred": l1(blurred, frames)}

        session.run("deblur", s.deblur_steps, deblur, {"deblur": self.deblur}, {"adam": sharpen})

    def hear(self, sounds: Tensor) -> Tensor:
        """Windows (B, 35, 12) to their embedding, as lively as lips are where `relative`."""
        heard: Tensor = self.generator.audio(sounds)
        return heard * self.change.gain if self.settings.relative else heard

    def told(self, codes: Tensor, still: Tensor) -> Tensor:
        """What the decoder is told of codes (B, E), given those of the still."""
        return self.change(codes, still) if self.settings.relative else codes

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """The first frame, its face replaced by what the networks draw for every window of sound."""
        s = self.settings
        frame, still, matrix = first_still(target, self.window, s.face)
        stills = to_network(still[None]).repeat(1, s.stills, 1, 1).to(self.device)
        sounds = torch.from_numpy(hear(audio)).to(self.device)
        drawn = []
        with torch.inference_mode():
            for part in sounds.split(64):
                heard = self.told(self.hear(part) * s.audio_scale, self.change.still(target))
                same = stills.expand(len(part), -1, -1, -1)
                drawn.append(to_pictures(self.deblur(self.generator.draw(heard, same), same)))
        mask, over = soft_mask(s.face, 0.25), still if s.copy_still else None
        return Generated(put_back(frame, np.concatenate(drawn), matrix, mask, over))
