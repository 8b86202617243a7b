"""Rendered frames of a person: what stage 2 trains on, and what it refines."""

from dataclasses import dataclass

import numpy as np

from talkpose.compose.albedo import Scheme, VertexColours, vertex_colours
from talkpose.compose.assemble import render_sequence
from talkpose.compose.profile import fit_backgrounds
from talkpose.config import RunConfig
from talkpose.face.camera import Camera
from talkpose.face.coefficients import EXPRESSION, LIGHT, POSE
from talkpose.face.model import FaceModel, load_face_model
from talkpose.methods.contract import Footage, Target

POSE_WEIGHTS = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.1])
"""A radian moves a face's features about as far as a unit of tx or ty does; tz moves them a tenth of that."""


@dataclass(frozen=True)
class PersonRenderer:
    """Renders one person's mesh with colours learnt from footage."""

    config: RunConfig
    model: FaceModel
    colours: VertexColours

    @classmethod
    def learn(cls, config: RunConfig, footage: Footage, scheme: Scheme) -> "PersonRenderer":
        """Colours by `scheme` (section 3.3.1) from `footage`; UserError where no frame shows a face."""
        model = load_face_model(config.face.model, config.face.model_path)
        track = footage.track
        return cls(
            config, model, vertex_colours(scheme, model, footage.frames, track.coefficients, track.valid)
        )

    def render(self, coefficients: np.ndarray, backgrounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Frames (T, S, S, 3) uint8 and face masks (T, S, S) bool."""
        return render_sequence(
            self.model,
            coefficients,
            self.colours.colours,
            Camera(backgrounds.shape[1]),
            backgrounds,
            self.colours.lit,
            self.config.face.rasteriser,
            self.config.device,
        )

    def training_pairs(self, footage: Footage, gap: int) -> np.ndarray:
        """The footage's own coefficients rendered over other frames of it (T, S, S, 3).

        At test the background is a frame near in pose, never the frame itself. So that stage 2 meets in
        training what it has to mend at test, each background is the nearest in pose of those at least `gap`
        frames away.
        """
        poses = footage.track.coefficients[:, POSE]
        source = nearest_poses(poses, poses, gap)
        return self.render_over(footage, source, footage.track.coefficients)[0]

    def render_over(
        self, footage: Footage, place: np.ndarray, coefficients: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """`render` over backgrounds from `footage`, taken at `place` (T,), whole frames or between two."""
        backgrounds = fit_backgrounds(
            self.model,
            footage.frames,
            footage.track.coefficients,
            place.astype(np.float64),
            coefficients,
            self.config.compose,
        )
        return self.render(coefficients, backgrounds)


class TargetRenderer:
    """The renderer of the person that a method makes videos of: learnt once for all their sounds."""

    def __init__(self, config: RunConfig, scheme: Scheme):
        self.config, self.scheme = config, scheme
        self._target: Target | None = None
        self._learnt: PersonRenderer | None = None

    def of(self, target: Target, footage: Footage) -> PersonRenderer:
        """Renderer with colours from `footage`, the part of `target` that the method may see."""
        if self._learnt is None or self._target is not target:
            self._target, self._learnt = target, PersonRenderer.learn(self.config, footage, self.scheme)
        return self._learnt


def nearest_poses(poses: np.ndarray, real_poses: np.ndarray, gap: int = 0) -> np.ndarray:
    """For each pose (T, 6) the index of the nearest of real_poses (N, 6); where gap > 0 the two are one clip.

    With a gap, indices nearer than it are not chosen, unless the clip is too short to allow it. Returns (T,).
    """
    scaled, real = poses * POSE_WEIGHTS, real_poses * POSE_WEIGHTS
    distance = np.linalg.norm(scaled[:, None] - real[None], axis=2)
    apart = np.abs(np.arange(len(poses))[:, None] - np.arange(len(real_poses))[None])
    near = apart < min(gap, max(len(real_poses) // 2, 1))
    return np.where(near, np.inf, distance).argmin(1) if gap else distance.argmin(1)


def person_coefficients(
    expression: np.ndarray, pose: np.ndarray, footage: Footage, neutral: int
) -> np.ndarray:
    """Mixed coefficients (section 3.3.1): identity, texture and light of the person's frame `neutral`.

    expression (T, 64) and pose (T, 6) come from the sound. Returns (T, 257).
    """
    coefficients = np.repeat(footage.track.coefficients[neutral : neutral + 1], len(expression), axis=0)
    coefficients[:, LIGHT] = footage.track.coefficients[footage.track.valid][:, LIGHT].mean(0)
    coefficients[:, EXPRESSION] = expression
    coefficients[:, POSE] = pose
    return coefficients
