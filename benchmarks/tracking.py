"""Track clips and print how well and how fast: a row a clip.

    python benchmarks/tracking.py CLIP... [--size 128] [--detector mediapipe] [--model cc0] [--overlay FOLDER]

The targets are 40 frames/s on 2 cores for detection, fit and appearance together, a landmark error of at
most 1.2% of the inter-ocular distance, and a correlation of the fitted with the detected mouth opening of
at least 0.98. Speeds are frames a second of wall time; the detector sees the source at its own size, as the
ingestion does.
"""

import argparse
import time
from itertools import islice
from pathlib import Path

import numpy as np

from talkpose.clips.crop import crop_frames, fit_window
from talkpose.clips.decode import VideoReader
from talkpose.clips.store import write_mp4
from talkpose.config import FaceConfig
from talkpose.face.camera import Camera
from talkpose.face.fit import fit_clip
from talkpose.face.landmarks import make_detector
from talkpose.face.model import load_face_model
from talkpose.face.observed import observe
from talkpose.face.overlay import overlay_frames
from talkpose.face.track import summary, track_clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--frames", type=int, default=None, help="at most so many of each clip")
    parser.add_argument("--detector", default="mediapipe")
    parser.add_argument("--model", default="cc0")
    parser.add_argument("--model-path")
    parser.add_argument("--smoothness", type=float, default=FaceConfig().smoothness)
    parser.add_argument("--overlay", type=Path, help="write overlay videos here")
    options = parser.parse_args()
    config = FaceConfig(smoothness=options.smoothness)
    model = load_face_model(options.model, options.model_path)
    detector = make_detector(options.detector, max_faces=1)
    warm = True
    print(f"{'clip':16} frames  error   lips  mouth r  jitter (detected)  drift   detect  fit  track  all")
    for path in options.clips:
        source = np.stack(list(islice(iter(VideoReader(path)), options.frames)))
        start = time.perf_counter()
        found = detector.detect(source).points
        detect = time.perf_counter() - start
        window = fit_window(found, options.size, 0.62)
        frames, points = np.stack(list(crop_frames(source, window))), window.to_crop(found)
        if warm:  # compile
            track_clip(frames[:10], points[:10], model, config)
            warm = False
        start = time.perf_counter()
        observed = observe(model, points.shape[1])
        fit_clip(
            observed, points, Camera(options.size), config.iterations, config.smoothness, config.key_frames
        )
        fit = time.perf_counter() - start
        start = time.perf_counter()
        track = track_clip(frames, points, model, config)
        whole = time.perf_counter() - start
        s, n = summary(track, model, options.size), len(frames)
        print(
            f"{path.stem:16} {n:6} {s['landmark_error']:6.2%} {s['lips_error']:6.2%}"
            f" {s['mouth_correlation']:8.4f} {s['jitter']:7.2%} ({s['detected_jitter']:.2%})"
            f"    {s['drift']:+7.2%} {n / detect:6.0f} {n / fit:5.0f} {n / whole:5.0f}"
            f" {n / (detect + whole):5.0f}",
            flush=True,
        )
        if options.overlay:
            options.overlay.mkdir(parents=True, exist_ok=True)
            write_mp4(options.overlay / f"{path.stem}.mp4", overlay_frames(frames, track, model), None)


if __name__ == "__main__":
    main()
