"""The paper's method: Ours-G (one image) and Ours-P (a short video), and two ways to probe Ours-P."""

from dataclasses import dataclass

import numpy as np

from talkpose.compose.albedo import most_neutral_frame
from talkpose.compose.backgrounds import match_backgrounds
from talkpose.compose.profile import turn_images
from talkpose.config import RunConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera
from talkpose.face.coefficients import POSE
from talkpose.methods.contract import Generated, Target
from talkpose.methods.footage import SAMPLES, cut
from talkpose.methods.regions import judged_regions
from talkpose.methods.rendering import TargetRenderer, nearest_poses, person_coefficients
from talkpose.methods.specs import MethodSpec, method_spec
from talkpose.motion.network import MotionNetwork
from talkpose.motion.predict import predict
from talkpose.refine.predict import refine_frames
from talkpose.refine.refiner import Refiner

_OURS_P = method_spec("ours-p")

SHIFT = 16000
"""Samples by which `shifted-sound` delays the sound: 1 s."""


@dataclass(frozen=True)
class _Stage2:
    """Refines rendered frames with a trained refiner."""

    config: RunConfig
    refiner: Refiner

    def __call__(self, rendered: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
        refined = refine_frames(
            self.refiner.generator,
            self.refiner.memory,
            rendered,
            others=self.refiner.others,
            device=self.config.device,
            precision=self.config.precision,
        )
        attention = refined.attention
        return refined.frames, {
            "attention_mean": float(attention.mean()),
            "attention_low": float((attention < 0.05).mean()),
            "attention_high": float((attention > 0.95).mean()),
        }


class OursG:
    """Ours-G: the general mapping, with the target's first frame as its only image."""

    spec: MethodSpec = method_spec("ours-g")

    def __init__(self, config: RunConfig, motion: MotionNetwork, refiner: Refiner):
        self.config, self.motion, self.stage2 = config, motion, _Stage2(config, refiner)
        self.renderer = TargetRenderer(config, config.compose.albedo_general)

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Background: the image itself, turned to the predicted pose (face profiling, section 3.3.2)."""
        first = cut(target.train, 0, 1)
        if not first.track.valid[0]:
            raise UserError(f"{target.person}: no face in the first frame, the only one that Ours-G may see")
        renderer = self.renderer.of(target, first)
        expression, pose = predict(self.motion, audio, self.config.device)
        pose = _anchored(pose, first.track.coefficients[0, POSE])
        coefficients = person_coefficients(expression, pose, first, 0)
        camera = Camera(first.frames.shape[1])
        turned = turn_images(renderer.model, first.frames, first.track.coefficients, coefficients, camera)
        rendered, masks = renderer.render(coefficients, turned)
        frames, facts = self.stage2(rendered)
        sources = np.zeros(len(frames), int)
        return Generated(frames, rendered, coefficients, sources, {"face": masks}, facts)


class OursP:
    """Ours-P: both stages fine-tuned on the person's video."""

    def __init__(
        self,
        config: RunConfig,
        motion: MotionNetwork,
        refiner: Refiner,
        spec: MethodSpec = _OURS_P,
    ):
        self.config, self.motion, self.stage2 = config, motion, _Stage2(config, refiner)
        self.renderer = TargetRenderer(config, config.compose.albedo)
        self.spec = spec

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Background: key backgrounds of the training video (section 3.3.2)."""
        train = target.train
        renderer = self.renderer.of(target, train)
        expression, pose = predict(self.motion, audio, self.config.device)
        real = train.track.coefficients[:, POSE]
        neutral = most_neutral_frame(train.track.coefficients, train.track.valid)
        if self.spec.pose == "fixed":
            pose = np.repeat(real[neutral : neutral + 1], len(expression), axis=0)
        matched = match_backgrounds(pose, real, self.config.compose)
        coefficients = person_coefficients(expression, matched.pose, train, neutral)
        rendered, masks = renderer.render_over(train, matched.place, coefficients)
        frames, facts = self.stage2(rendered)
        jumps = np.abs(np.diff(matched.source))
        facts |= {"key_frames": float(len(matched.keys)), "background_jump_max": float(jumps.max(initial=0))}
        return Generated(frames, rendered, coefficients, matched.source, {"face": masks}, facts)


class ShiftedSound(OursP):
    """Ours-P driven by the sound 1 s late: what its mouth correlation is worth without the right sound."""

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """The sound's last second comes first."""
        return super().generate(target, np.roll(audio, SHIFT), is_own)


class Rerender:
    """Held-out tracked coefficients through rendering and stage 2 of Ours-P: what stage 2 itself is worth."""

    spec: MethodSpec = method_spec("rerender")

    def __init__(self, config: RunConfig, refiner: Refiner):
        self.config, self.stage2 = config, _Stage2(config, refiner)
        self.renderer = TargetRenderer(config, config.compose.albedo)

    def generate(self, target: Target, audio: np.ndarray, is_own: bool) -> Generated:
        """Background: the training frame nearest in pose. Raises UserError without the real continuation."""
        if not is_own or target.held_out is None:
            raise UserError(f"{target.person}: re-rendering needs the person's own held-out frames")
        train, held_out = target.train, cut(target.held_out, 0, len(audio) // SAMPLES)
        renderer = self.renderer.of(target, train)
        coefficients = held_out.track.coefficients
        source = nearest_poses(coefficients[:, POSE], train.track.coefficients[:, POSE])
        rendered, masks = renderer.render_over(train, source, coefficients)
        frames, facts = self.stage2(rendered)
        regions = judged_regions(masks, held_out.track.landmarks)
        return Generated(frames, rendered, coefficients, source, regions, facts)


def _anchored(pose: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The predicted pose about the image's own instead of its mean: the general mapping knows no framing."""
    return (pose - pose.mean(0) + real).astype(np.float32)
