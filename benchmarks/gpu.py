"""What CUDA gives: does it agree with the CPU, and how fast is it? Needs a CUDA device.

    python benchmarks/gpu.py [--quick]

Agreement: rasteriser `torch` against `numba` on a mesh of the paper's size; PSNR, SSIM, CPBD; a short
training of stage 2 in float32 from one seed on both; the same twice on CUDA, and stopped and resumed. Speed:
each of these, and a step of both stages with the paper's networks at 256x256 in float32 and bf16. Every time
is that of work that has ended (synchronised), after a warm-up; medians.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from raster import sheet

from talkpose.config import MotionConfig, RefineConfig
from talkpose.face.camera import Camera, project, transform
from talkpose.face.raster import rasterise
from talkpose.metrics import cpbd, torch_cpbd
from talkpose.metrics.images import image_metrics
from talkpose.motion.data import MotionClip
from talkpose.motion.train import train_general as train_motion
from talkpose.refine.pairs import ClipPairs
from talkpose.refine.predict import refine_frames
from talkpose.refine.train import train_general
from talkpose.seeds import numpy_rng

DEVICE = "cuda"


def timed(work: Callable[[], object], repeats: int = 10) -> float:
    """Median milliseconds of a call, the first left out."""
    spans = []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        spans.append(1000 * (time.perf_counter() - start))
    return median(spans[1:])


def tell(what: str, value: str) -> None:
    """One line of the table."""
    print(f"{what:66} {value}", flush=True)


def check_raster() -> None:
    """Ids, barycentrics and time a frame."""
    vertices, triangles = sheet()
    pose = np.linspace([0.1, 0.2, 0.05, 0, 0, 0], [-0.1, -0.2, 0, 0, 0, 0], 16)
    points = project(Camera(256), transform(vertices, pose)).astype(np.float32)
    index = torch.as_tensor(triangles, device=DEVICE)
    one = rasterise(points, triangles, 256)
    other = rasterise(torch.as_tensor(points, device=DEVICE), index, 256, "torch")
    same = one.triangle == other.triangle.cpu().numpy()
    gap = np.abs(one.barycentric - other.barycentric.cpu().numpy())[same].max()
    tell("rasteriser: equal ids, largest difference of barycentrics", f"{same.mean():.6%}, {gap:.1e}")
    tell(
        "rasteriser numba, one core, ms a frame",
        f"{timed(lambda: rasterise(points, triangles, 256)) / 16:.2f}",
    )
    for batch in (1, 16):
        part = torch.as_tensor(points[:batch], device=DEVICE)
        spent = timed(lambda part=part: rasterise(part, index, 256, "torch")) / batch
        tell(f"rasteriser torch on CUDA, {batch} at a time, ms a frame", f"{spent:.2f}")


def check_metrics() -> None:
    """PSNR and SSIM of noise on smooth pictures, under every protocol, and CPBD."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.linspace(0, 9, 256))
    real = (127 + 100 * np.outer(wave, wave)[None, :, :, None] + np.zeros((128, 1, 1, 3))).astype(np.uint8)
    made = np.clip(real + rng.normal(0, 8, real.shape), 0, 255).astype(np.uint8)
    protocols = {"full-v1", "atvg-v1", "atvg-fixed-v1"}

    def scores(device: str) -> dict[str, float]:
        found = image_metrics(made, real, {"psnr", "ssim"}, protocols, 64, device)
        return {f"{p.metric} {p.id}": value for p, value, _ in found}

    cpu, cuda = scores("cpu"), scores(DEVICE)
    gap = max(abs(cpu[name] - cuda[name]) for name in cpu)
    tell(f"PSNR and SSIM, {len(cpu)} values: largest difference", f"{gap:.1e}")
    spent = [timed(lambda d=d: scores(d), 5) / len(real) for d in ("cpu", DEVICE)]
    tell("PSNR and SSIM, all protocols, ms a frame on CPU, on CUDA", f"{spent[0]:.2f}, {spent[1]:.2f}")
    same = np.array_equal(cpbd.update(made), torch_cpbd.update(made, DEVICE), equal_nan=True)
    spent = [
        timed(work, 5) / len(made)
        for work in (lambda: cpbd.update(made), lambda: torch_cpbd.update(made, DEVICE))
    ]
    tell("CPBD: equal values; ms a frame on CPU, on CUDA", f"{same}; {spent[0]:.2f}, {spent[1]:.2f}")


def made_pairs(size: int, frames: int) -> list[ClipPairs]:
    """Two clips of smooth moving pictures; what is rendered lacks some colour."""
    clips = []
    for name in "ab":
        rng = numpy_rng(0, "cuda", name)
        base = rng.integers(0, 255, (frames, 8, 8, 3)).astype(np.uint8)
        real = np.kron(base, np.ones((1, size // 8, size // 8, 1), np.uint8))
        identity = rng.normal(size=(frames, 128)).astype(np.float32)
        identity /= np.linalg.norm(identity, axis=1, keepdims=True)
        points = rng.uniform(0.2 * size, 0.8 * size, (frames, 468, 2)).astype(np.float32)
        clips.append(ClipPairs(name, (real * 0.8).astype(np.uint8), real, identity, points))
    return clips


class Stop(Exception):
    """Ends a training."""


def check_training(folder: Path) -> None:
    """A short training of stage 2 on both, from one seed."""
    config = RefineConfig(
        generator_width=8, levels=4, general_steps=20, checkpoint_every=5, log_every=20, memory_size=50
    )
    clips = made_pairs(64, 24)

    def train(name: str, device: str, stop: int = 0) -> tuple[dict[str, float], bytes]:
        def ended(step: int, _: int) -> None:
            if step == stop:
                raise Stop

        out = folder / f"{name}.safetensors"
        refiner = train_general(clips, config, 0, device, "32-true", out, folder / f"{name}.ckpt", ended)
        kept = refine_frames(refiner.generator, refiner.memory, clips[0].rendered).frames
        gap = np.abs(kept.astype(int) - clips[0].real).mean()
        return {"gap": float(gap)}, out.read_bytes()

    cpu, cuda, again = train("cpu", "cpu"), train("cuda", DEVICE), train("again", DEVICE)
    tell(
        "stage 2, 20 steps in float32: mean error of a frame after them, CPU, CUDA",
        f"{cpu[0]['gap']:.4f}, {cuda[0]['gap']:.4f} of 255",
    )
    tell("the same training twice on CUDA: equal bytes", str(cuda[1] == again[1]))
    try:
        train("stopped", DEVICE, stop=12)
    except Stop:
        resumed = train("stopped", DEVICE)
        tell("stopped at step 12 and resumed on CUDA: equal bytes", str(resumed[1] == cuda[1]))
        tell("the same, mean error of a frame", f"{resumed[0]['gap']:.4f} of 255")


def paper(section: type, **changes: object) -> object:
    """A section of the configuration at `scale: paper`."""
    return section(**{**section.PAPER, **changes})


def time_training(folder: Path, quick: bool) -> None:
    """A step of stage 2 and of stage 1 with the paper's networks."""
    clips, marks = made_pairs(256, 40), []

    def mark(step: int, _: int) -> None:
        torch.cuda.synchronize()
        marks.append(time.perf_counter())

    steps = 12 if quick else 40
    cases = [(8, "bf16-mixed")] if quick else [(1, "32-true"), (8, "32-true"), (8, "bf16-mixed")]
    for batch, precision in cases:
        config = paper(
            RefineConfig, batch=batch, general_steps=steps, log_every=steps, checkpoint_every=9999,
            memory_size=500, validation_frames=2, focus_face=8.0, focus_mouth=20.0, augment="shift",
            dropout=0.0,
        )  # fmt: skip
        marks.clear()
        torch.cuda.reset_peak_memory_stats()
        refiner = train_general(
            clips, config, 0, DEVICE, precision, folder / "p.safetensors", folder / "p.ckpt", mark
        )
        spent = 1000 * median(np.diff(marks[2:]))
        held = torch.cuda.max_memory_allocated() / 2**30
        tell(f"stage 2 at 256x256, batch {batch}, {precision}, ms a step", f"{spent:.1f} ({held:.1f} GiB)")
    frames = np.concatenate([clip.rendered for clip in clips])
    spent = timed(
        lambda: refine_frames(
            refiner.generator, refiner.memory, frames, device=DEVICE, precision="bf16-mixed", batch=16
        ),
        3,
    )
    tell("stage 2 at 256x256, refining, bf16-mixed, frames/s", f"{1000 * len(frames) / spent:.0f}")

    rng = np.random.default_rng(0)
    sound = [
        MotionClip(
            str(i),
            rng.normal(0, 0.1, 640 * 60).astype(np.float32),
            rng.normal(size=(60, 64)).astype(np.float32),
            rng.normal(size=(60, 6)).astype(np.float32),
            np.ones(60, bool),
        )
        for i in range(4)
    ]
    for precision in ("bf16-mixed",) if quick else ("32-true", "bf16-mixed"):
        marks.clear()
        config = paper(MotionConfig, general_steps=steps, log_every=steps, checkpoint_every=9999)
        train_motion(sound, config, 0, DEVICE, precision, folder / "m.safetensors", folder / "m.ckpt", mark)
        tell(f"stage 1, batch 16, {precision}, ms a step", f"{1000 * median(np.diff(marks[2:])):.1f}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer cases, for a first look")
    options = parser.parse_args()
    torch.set_num_threads(4)
    tell("device", f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    check_raster()
    check_metrics()
    with tempfile.TemporaryDirectory() as folder:
        check_training(Path(folder))
        time_training(Path(folder), options.quick)


if __name__ == "__main__":
    main()
