"""The metrics of `metrics.extra` of one shard: one more table of rows, and features that are pooled later.

A metric whose published weights are missing gives no row; `collect` lists it in metrics/not_attempted.json.
"""

from pathlib import Path
from typing import Any

import numpy as np

from talkpose.clips.store import read_wav
from talkpose.config import MetricsConfig, RunConfig
from talkpose.errors import UserError
from talkpose.face.coefficients import POSE
from talkpose.face.track import load_track
from talkpose.files import write_npz
from talkpose.layout import OWN, RunLayout, item_id
from talkpose.metrics import audio_pose, beat, blink, cpbd, csim, fid, lpips, lse
from talkpose.metrics.base import COLUMNS, REAL, Protocol
from talkpose.metrics.csim_real import known_feature, real_features
from talkpose.metrics.needs import missing_weights
from talkpose.metrics.scene import Scene
from talkpose.speech.mfcc import SAMPLES_PER_FRAME

Row = dict[str, Any]
FEATURES = ".fid.npz"
"""Suffix of the file of Inception features beside a shard's table."""


def needs_poses(config: MetricsConfig) -> bool:
    """Whether any of these metrics wants the pose tracked in the frames."""
    return bool({"audio-pose", "beat"} & set(config.extra))


def attempted(config: MetricsConfig, metric: str) -> bool:
    """Whether `metric` is asked for and has its weights."""
    return metric in config.extra and not missing_weights(config, metric)


class ExtraMeter:
    """Measures the items of one method's shard; `write` then leaves what is pooled over shards."""

    def __init__(self, layout: RunLayout, config: RunConfig, method: str, corpus: str):
        self.layout, self.config, self.method, self.corpus = layout, config, method, corpus
        self.features: list[tuple[np.ndarray, np.ndarray]] = []

    def measure(
        self,
        item: dict[str, Any],
        frames: np.ndarray,
        points: np.ndarray,
        real: np.ndarray | None,
        real_points: np.ndarray | None,
        poses: np.ndarray | None,
    ) -> list[Row]:
        """Rows with COLUMNS of one item of the videos' receipt; arrays as in Scene."""
        if not self.config.metrics.extra:
            return []
        name = item_id(item["person"], item["audio"])
        scene = self._scene(item, frames, points, real, real_points, poses)
        pooled = fid_features(frames, real, self.config.metrics, self.config.device)
        if pooled is not None:
            self.features.append(pooled)
        values = measure_scene(
            scene, self.config.metrics, name, seed=self.config.seed, device=self.config.device
        )
        head = (self.method, self.corpus, name)
        return [dict(zip(COLUMNS, (*head, p.metric, p.id, v, n), strict=True)) for p, v, n in values]

    def write(self, table: Path) -> None:
        """Leave the Inception features beside the shard's table, or nothing where there are none."""
        path = table.with_suffix(FEATURES)
        if self.features:
            generated, real = (np.concatenate(part) for part in zip(*self.features, strict=True))
            write_npz(path, generated=generated, real=real)
        else:
            path.unlink(missing_ok=True)

    def _scene(
        self,
        item: dict[str, Any],
        frames: np.ndarray,
        points: np.ndarray,
        real: np.ndarray | None,
        real_points: np.ndarray | None,
        poses: np.ndarray | None,
    ) -> Scene:
        layout, config, person = self.layout, self.config, item["person"]
        words = config.corpora[self.corpus].role == "test"
        track, folder = load_track(layout.track(self.corpus, person)), layout.clip_folder(self.corpus, person)
        own = read_wav(folder / "audio.wav")
        start = 0 if words else config.held_out_start
        sound = own[start * SAMPLES_PER_FRAME :] if item["audio"] == OWN else self._foreign(item["audio"])
        whole = None
        if self.method == REAL and item["audio"] == OWN and not words:
            whole = own[: len(track.valid) * SAMPLES_PER_FRAME], track.coefficients[:, POSE]
        known = features = None
        if attempted(config.metrics, "csim"):
            where = layout.track(self.corpus, person), folder / "frames.mkv"
            count = 1 if words else min(config.train_frames, len(track.valid))
            known = known_feature(*where, count, config.metrics)
            if item["audio"] == OWN:
                features = real_features(*where, start, config.metrics)
        return Scene(
            frames,
            points,
            sound[: len(frames) * SAMPLES_PER_FRAME],
            real,
            real_points,
            poses,
            known,
            whole,
            features,
        )

    def _foreign(self, audio: str) -> np.ndarray:
        for corpus in self.config.corpora_with("foreign"):
            path = self.layout.clip_folder(corpus, audio) / "audio.wav"
            if path.is_file():
                return read_wav(path)
        raise UserError(f"metrics: no sound {audio} in clips/; ingest the foreign corpora again")


Value = tuple[Protocol, float, int]
"""Protocol, value, frames that it rests on."""


def measure_scene(
    scene: Scene, settings: MetricsConfig, name: str, *, seed: int = 0, device: str = "cpu"
) -> list[Value]:
    """Every metric of `metrics.extra` that the scene allows and whose weights are there.

    `seed` and `name` name the random draws of the null; networks run on `device`. Raises UserError where
    sizes do not match or weights are not what they should be.
    """
    found: list[Value] = []
    if "audio-pose" in settings.extra:
        if scene.poses is not None and scene.real is not None:
            found += _audio_pose("audio-pose", scene.sound, scene.poses, settings, seed, name)
        if scene.whole is not None:
            found += _audio_pose("appendix-a", *scene.whole, settings, seed, name)
    if "beat" in settings.extra and scene.poses is not None:
        found.append((beat.PROTOCOL, *beat.compute(scene.sound, scene.poses)))
    if "blink" in settings.extra and len(scene.frames) >= blink.MIN_FRAMES:
        found.append((blink.protocol(settings.landmarks), *blink.compute(scene.points, settings.landmarks)))
    if "cpbd" in settings.extra:
        found.append(_cpbd(scene.frames, settings.batch, device))
    if attempted(settings, "csim"):
        found += _csim(scene, settings)
    if attempted(settings, "lpips") and scene.real is not None:
        found.append(_lpips(scene.frames, scene.real, settings, device))
    if attempted(settings, "lse"):
        found += _lse(scene, settings, device)
    return found


def _audio_pose(
    metric: str, sound: np.ndarray, poses: np.ndarray, settings: MetricsConfig, seed: int, name: str
) -> list[Value]:
    count = min(len(poses), round(settings.audio_pose_seconds * 25))
    sound, poses = sound[: count * SAMPLES_PER_FRAME], poses[:count]
    found: list[Value] = []
    for feature, draws in (
        ("window", settings.audio_pose_draws),
        ("frame", settings.audio_pose_frame_draws),
    ):
        series = audio_pose.update(sound, poses, feature)
        for result in audio_pose.measure(series, feature, draws, seed, name, feature):
            known = audio_pose.protocol(metric, result.choice, None, settings.audio_pose_seconds)
            found.append((known, result.value, count))
            if draws:
                for part, value in (("p", result.p), ("null", result.null)):
                    known = audio_pose.protocol(
                        f"{metric}-{part}", result.choice, draws, settings.audio_pose_seconds
                    )
                    found.append((known, value, count))
    return found


def _cpbd(frames: np.ndarray, batch: int, device: str) -> Value:
    spans = [slice(i, i + batch) for i in range(0, len(frames), batch)]
    if device == "cpu":
        parts = [cpbd.update(frames[s]) for s in spans]
    else:
        from talkpose.metrics import torch_cpbd

        parts = [torch_cpbd.update(frames[s], device) for s in spans]
    return cpbd.PROTOCOL, *cpbd.compute(parts)


def _csim(scene: Scene, config: MetricsConfig) -> list[Value]:
    feature = csim.load_embedder(config.csim_embedder, config.arcface_weights)
    by_frame, by_person = csim.protocols(csim.embedder_id(config), config.network_every)
    generated = csim.describe(feature, scene.frames, scene.points, config.network_every)
    found: list[Value] = []
    if scene.real is not None and scene.real_points is not None:
        real = scene.real_features
        if real is None:
            real = csim.describe(feature, scene.real, scene.real_points, config.network_every)
        real = real[: len(generated)]
        found.append((by_frame, *csim.compute([csim.update(generated, real)])))
    if scene.known is not None:
        found.append((by_person, *csim.compute([csim.update(generated, scene.known)])))
    return found


def _lpips(generated: np.ndarray, real: np.ndarray, settings: MetricsConfig, device: str) -> Value:
    from talkpose.metrics.lpips_network import (
        load_lpips,
    )  # PyTorch takes seconds: only where there are weights

    network = load_lpips(str(settings.lpips_backbone), str(settings.lpips_weights), device)
    g, r = generated[:: settings.network_every], real[:: settings.network_every]
    spans = [slice(i, i + settings.batch) for i in range(0, len(g), settings.batch)]
    parts = [lpips.update(network, g[s], r[s], device) for s in spans]
    return lpips.protocol(settings.network_every), *lpips.compute(parts)


def _lse(scene: Scene, settings: MetricsConfig, device: str) -> list[Value]:
    from talkpose.metrics.syncnet import load_syncnet

    network = load_syncnet(str(settings.syncnet_weights), device)
    if not np.isfinite(scene.points).all((1, 2)).any():
        return [(protocol, float("nan"), 0) for protocol in lse.protocols(settings.landmarks)]
    faces = lse.crop_faces(scene.frames, scene.points)
    distance, confidence, offset, count = lse.compute(
        lse.face_features(network, faces, settings.batch, device),
        lse.sound_features(network, scene.sound, settings.batch, device),
    )
    values = (distance, confidence, float(offset))
    return [(p, v, count) for p, v in zip(lse.protocols(settings.landmarks), values, strict=True)]


def fid_features(
    frames: np.ndarray, real: np.ndarray | None, settings: MetricsConfig, device: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Inception features of every `network_every`-th generated and real frame; None without the weights."""
    if real is None or not attempted(settings, "fid"):
        return None
    from talkpose.metrics.inception import load_inception

    network = load_inception(str(settings.fid_weights), device)
    generated, real = (
        fid.describe(network, frames[:: settings.network_every], settings.batch, device)
        for frames in (frames, real)
    )
    return generated, real
