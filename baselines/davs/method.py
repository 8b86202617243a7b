"""DAVS, disentangled audio-visual system (Zhou, Liu, Liu, Luo and Wang, AAAI 2019), trained here."""

import copy
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F

from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.methods.aligned import FACE, mouth_weights, put_back, soft_mask
from talkpose.methods.contract import Generated, Target
from talkpose.methods.lips import CODES
from talkpose.methods.lipsense import teach_lips
from talkpose.methods.retrained import Retrained, Settings, TrainingClips
from talkpose.methods.specs import MethodSpec
from talkpose.methods.stills import StillSource, first_still, to_network, to_pictures
from talkpose.methods.training import Session, decay
from talkpose.seeds import derive_seed
from talkpose.speech.mfcc import context_windows

from . import losses
from .network import (
    ROWS,
    AudioEncoder,
    Classifier,
    Decoder,
    IdentityEncoder,
    SequenceDiscriminator,
    VideoEncoder,
)


class Sizes(Settings):
    """Networks and training; PAPER holds the paper's and its public code's own where they tell them."""

    face: int = Field(48, description="side of the aligned face [pixels]")
    length: int = Field(2, description="frames of a run, which the sequence discriminator sees as one")
    identity_widths: tuple[int, ...] = (16, 32, 48)
    audio_width: int = 8
    video_width: int = 16
    embedding: int = Field(8, description="of the word (wid); 8 are the lips' codes themselves")
    person: int = Field(32, description="of the person (pid)")
    hidden: int = Field(64, description="of the classifiers")
    words: int = Field(64, description="classes that words are hashed into")
    dropout: float = Field(0.5, description="of the audio encoder")
    mask: int = Field(4, description="widest band of a sound's rows or columns that training hides")
    lips_steps: int = Field(300, description="first lesson of the audio encoder: to tell the lips' landmarks")
    lips_batch: int = 64
    lips_lr: float = 2e-3
    look_steps: int = Field(
        150, description="first lesson of the video encoder: the same codes from the lips"
    )
    video_share: float = Field(
        0.75, description="share of steps at which the lips' wid is drawn, not the sound's"
    )
    copy_still: bool = Field(True, description="the decoder adds to the still, through its own mask")
    mouth_weight: float = Field(16.0, description="of the lips in the L1; the public code: 8 / 4")
    max_turn: float = Field(0.08, description="how far the still's pose may lie from the frame's [radians]")
    lambda_l1: float = 4.0
    lambda_temporal: float = 1.0
    lambda_contrastive: float = 0.1
    lambda_lips: float = Field(
        0.5, description="both encoders go on telling the lips' codes; only if embedding is 8"
    )
    lambda_word: float = 0.05
    lambda_adversarial: float = 0.05
    lambda_gan: float = 0.01
    discriminator_width: int = 16
    batch: int = 7
    steps: int = 600
    lr: float = 2e-3
    momentum: float = Field(0.9, description="first beta of Adam")
    adapt_steps: int = Field(0, description="steps of fitting the decoder to the still before generating")
    adapt_lr: float = 1e-4
    audio_scale: float = Field(2.0, description="factor on the sound's wid when generating")
    PAPER: ClassVar = {
        "face": 256, "length": 8, "identity_widths": (32, 64, 128, 256, 512, 512), "audio_width": 64,
        "video_width": 64, "embedding": 256, "person": 256, "hidden": 512, "words": 4096, "mask": 0,
        "lips_steps": 20_000, "lips_lr": 2e-4, "look_steps": 0, "video_share": 0.5, "copy_still": False,
        "mouth_weight": 2.0, "lambda_temporal": 5.0, "lambda_contrastive": 1.0, "lambda_lips": 0.0,
        "lambda_word": 1.0, "lambda_adversarial": 1.0, "lambda_gan": 1.0, "discriminator_width": 64,
        "batch": 8, "steps": 200_000, "lr": 2e-4, "momentum": 0.5, "adapt_steps": 5, "audio_scale": 1.5,
    }  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.lambda_lips or self.look_steps) and self.embedding != CODES:
            raise ValueError(f"`embedding` must be {CODES} unless `lambda_lips`, `look_steps` are 0")
        if self.face % 2 ** len(self.identity_widths):
            raise ValueError("`face` must halve evenly, once for each of `identity_widths`")
        return self


def hear(audio: np.ndarray) -> np.ndarray:
    """MFCC 1..12, rows 4 t - 7 to 4 t + 12 of frame t, (T, 20, 12): 13 filters, 300 to 3700 Hz."""
    return context_windows(audio, 7, ROWS, 13, 300.0, 3700.0)


class Method(Retrained):
    """pid from the first frame, wid from the sound, a decoder of both."""

    settings_type = Sizes
    settings: Sizes

    def __init__(self, spec: MethodSpec, settings: Sizes, config: RunConfig, seed: int):
        super().__init__(spec, settings, config, seed)
        s = settings
        torch.manual_seed(derive_seed(seed, "initialise"))
        self.identity = IdentityEncoder(s.face, s.identity_widths, s.person)
        self.audio = AudioEncoder(s.audio_width, s.embedding, s.dropout, s.mask)
        self.video = VideoEncoder(s.video_width, s.embedding)
        self.decoder = Decoder(s.face, s.identity_widths, s.person + s.embedding, s.copy_still)
        self.networks = {
            "identity": self.identity, "audio": self.audio, "video": self.video, "decoder": self.decoder,
        }  # fmt: skip

    def fit(self, clips: TrainingClips, session: Session) -> None:
        """A lesson in lips for the audio encoder, then everything at once, against its three adversaries."""
        s = self.settings
        source = StillSource(clips, FACE, s.face, s.length, hear, s.max_turn)
        self.audio.standardise.fit(*source.scales(self.seed))
        teach_lips(
            session, self.audio, s.embedding, source, steps=s.lips_steps, batch=s.lips_batch, lr=s.lips_lr
        )
        torch.manual_seed(derive_seed(self.seed, "adversaries"))
        words = Classifier(s.length * s.embedding, s.hidden, s.words)
        critics = {
            "frames": SequenceDiscriminator(s.length, s.discriminator_width),
            "words": Classifier(s.person, s.hidden, s.words),
            "speakers": Classifier(s.embedding, s.hidden, s.person),
        }
        trained = {**self.networks, "classifier": words}
        for network in (*trained.values(), *critics.values()):
            network.to(session.device)
        self._look(session, source)
        adam = torch.optim.Adam(
            [p for n in trained.values() for p in n.parameters()], s.lr, (s.momentum, 0.999), fused=True
        )
        adversary = torch.optim.Adam(
            [p for n in critics.values() for p in n.parameters()], s.lr, (0.5, 0.999), fused=True
        )
        weights = torch.from_numpy(mouth_weights(FACE, s.face, s.mouth_weight) * soft_mask(s.face, 0.25))
        weights = (weights / weights.mean()).to(session.device)

        def step(index: int) -> dict[str, Tensor]:
            decay(adam, s.lr, index, s.steps)
            decay(adversary, s.lr, index, s.steps)
            batch = source.batch(session.rng("batch"), s.batch).to(session.device)
            labels = torch.tensor([self._label(clips, clip) for clip in batch.clips], device=session.device)
            who = torch.arange(s.batch, device=session.device).repeat_interleave(s.length)
            stills, frames, codes = batch.stills, batch.frames, batch.codes.flatten(0, 1)
            with session.autocast():
                pid, maps = self.identity(stills)
                heard = self.audio(batch.sounds.flatten(0, 1))
                seen = self.video(frames.flatten(0, 1))
                # Sound and lips take turns at the decoder: half the cost of drawing both at every step.
                wid = seen if session.rng("turn").random() < s.video_share else heard
                drawn = self.decoder(pid[who], wid, [m[who] for m in maps], stills[who])
                drawn = drawn.view_as(frames)
                tell = losses.judge(critics["frames"](frames), critics["frames"](drawn.detach()))
                tell = tell + F.cross_entropy(critics["words"](pid.detach()), labels)
                given_away = critics["speakers"](wid.detach())
                tell = tell + F.cross_entropy(losses.speaker_logits(given_away, pid.detach()), who)
            session.descend(adversary, tell)
            with session.autocast():
                l1 = ((drawn - frames).abs() * weights).mean()
                steady = losses.temporal(drawn, frames)
                apart = losses.contrastive(heard, seen)
                spoken = sum(F.cross_entropy(words(part.view(s.batch, -1)), labels) for part in (heard, seen))
                told = losses.speaker_logits(critics["speakers"](wid), pid.detach())
                hidden = losses.confusion(told) + losses.confusion(
                    losses.among(critics["words"](pid), labels)
                )
                total = s.lambda_l1 * l1 + s.lambda_temporal * steady + s.lambda_contrastive * apart
                total = total + s.lambda_word * spoken + s.lambda_adversarial * hidden
                total = total + s.lambda_gan * losses.fool(critics["frames"](drawn))
                if s.lambda_lips:
                    lips = sum((part - codes).square().mean() for part in (heard, seen))
                    total = total + s.lambda_lips * lips
            session.descend(adam, total)
            return {
                "l1": l1.detach(), "copy": ((stills[:, None] - frames).abs() * weights).mean(),
                "contrastive": apart.detach(), "words": torch.as_tensor(spoken).detach() / 2,
                "hidden": hidden.detach(), "adversaries": tell.detach(),
            }  # fmt: skip

        session.run("joint", s.steps, step, {**trained, **critics}, {"adam": adam, "adversary": adversary})

    def _look(self, session: Session, source: StillSource) -> None:
        """The video encoder's own first lesson: the lips' codes from their picture."""
        s = self.settings
        adam = torch.optim.Adam(self.video.parameters(), s.lr)

        def step(index: int) -> dict[str, Tensor]:
            decay(adam, s.lr, index, s.look_steps)
            batch = source.batch(session.rng("batch"), 2 * s.batch).to(session.device)
            codes = batch.codes.flatten(0, 1)
            with session.autocast():
                error = (self.video(batch.frames.flatten(0, 1)) - codes).square().sum(1).mean()
            session.descend(adam, error)
            return {"error": error.detach() / codes.square().sum(1).mean()}

        session.run("look", s.look_steps, step, {"video": self.video}, {"adam": adam})

    def _label(self, clips: TrainingClips, number: int) -> int:
        word = clips[number].word
        if word is None:
            raise UserError(
                f"davs learns from words, and clip {clips.names[number]} tells none; give the run a general "
                "corpus that does (LRW), or take davs out of `methods`"
            )
        return losses.word_class(word, self.settings.words)

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """The first frame, its face replaced by what the decoder draws of pid and the sound's wid."""
        s = self.settings
        frame, still, matrix = first_still(target, FACE, s.face)
        stills = to_network(still[None]).to(self.device)
        sounds = torch.from_numpy(hear(audio)).to(self.device)
        decoder = self._adapted(stills) if s.adapt_steps else self.decoder
        drawn = []
        with torch.no_grad():
            pid, maps = self.identity(stills)
            for part in sounds.split(64):
                wid = self.audio(part) * s.audio_scale
                alike = [m.expand(len(part), *m.shape[1:]) for m in (pid, stills, *maps)]
                drawn.append(to_pictures(decoder(alike[0], wid, alike[2:], alike[1])))
        mask, over = soft_mask(s.face, 0.25), still if s.copy_still else None
        return Generated(put_back(frame, np.concatenate(drawn), matrix, mask, over))

    def _adapted(self, stills: Tensor) -> Decoder:
        """The decoder after `adapt_steps` steps towards drawing the still from its own lips."""
        decoder = copy.deepcopy(self.decoder)
        adam = torch.optim.Adam(decoder.parameters(), self.settings.adapt_lr)
        with torch.no_grad():
            pid, maps = self.identity(stills)
            wid = self.video(stills)
        for _ in range(self.settings.adapt_steps):
            loss = (decoder(pid, wid, maps, stills) - stills).abs().mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
        return decoder
