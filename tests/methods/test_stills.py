import numpy as np
import pytest
import torch
from torch import nn

from talkpose.errors import ClipError, UserError
from talkpose.face.coefficients import POSE, SIZE
from talkpose.face.track import Track
from talkpose.methods.aligned import FACE
from talkpose.methods.contract import Footage, Target
from talkpose.methods.lips import CODES, lip_basis, lip_motion
from talkpose.methods.lipsense import teach_lips
from talkpose.methods.retrained import TrainingClip, TrainingClips
from talkpose.methods.stills import Standardise, StillSource, first_still, to_network, to_pictures
from talkpose.methods.training import Session, decay

T = 20


def face(opening: float, shift: float = 0.0) -> np.ndarray:
    points = np.random.default_rng(0).uniform(20, 40, (68, 2))
    points[[36, 39, 42, 45]] = (20, 24), (24, 24), (36, 24), (40, 24)
    points[33] = 30, 35
    points[48:58, 1], points[58:68, 1] = 42 - opening, 42 + opening
    return (points + shift).astype(np.float32)


def made(opening: np.ndarray, shift: float = 0.0, valid: np.ndarray | None = None) -> Footage:
    """A clip whose frame t has the colour 10 t, and whose sound at t is as loud as the mouth is open."""
    frames = np.tile((10 * np.arange(T, dtype=np.uint8))[:, None, None, None], (1, 64, 64, 3))
    coefficients = np.zeros((T, SIZE), np.float32)
    coefficients[:, POSE.start] = np.linspace(0, 1, T)
    valid = np.ones(T, bool) if valid is None else valid
    points = np.stack([face(a, shift * t) for t, a in enumerate(opening)])
    points[~valid] = np.nan
    return Footage(
        frames, Track(coefficients, points, np.zeros(T, np.float32), valid),
        np.repeat(opening, 640).astype(np.float32),
    )  # fmt: skip


def source(*footages: Footage, length: int = 3, max_turn: float = 10.0) -> StillSource:
    clips = TrainingClips(
        [str(n) for n in range(len(footages))], lambda name: TrainingClip(name, footages[int(name)])
    )
    return StillSource(clips, FACE, 16, length, lambda audio: audio.reshape(-1, 2, 320), max_turn)


def test_batch_holds_runs_and_another_frame():
    batch = source(made(np.linspace(0, 3, T))).batch(np.random.default_rng(0), 40)
    assert batch.stills.shape == (40, 3, 16, 16)
    assert batch.frames.shape == (40, 3, 3, 16, 16)
    assert batch.codes.shape == (40, 3, CODES)
    shown = ((batch.frames.mean((2, 3, 4)) + 1) * 12.75).round().long()
    assert (shown.diff(dim=1) == 1).all()
    still = ((batch.stills.mean((1, 2, 3)) + 1) * 12.75).round().long()
    assert not (still[:, None] == shown).any()
    # the sound is that of the frames
    assert batch.sounds[:, :, 0, 0].numpy() == pytest.approx(np.linspace(0, 3, T)[shown.numpy()], rel=1e-5)


def test_still_has_a_near_pose():
    batch = source(made(np.zeros(T)), length=1, max_turn=0.11).batch(np.random.default_rng(0), 60)
    apart = (batch.frames[:, 0].mean((1, 2, 3)) - batch.stills.mean((1, 2, 3))).abs() * 12.75
    assert apart.max().round() == 2  # steps of 1/19 radians
    assert apart.min().round() == 1


def test_equal_seeds_give_equal_batches_and_unseen_frames_are_avoided():
    valid = np.ones(T, bool)
    valid[:12] = False
    drawn = source(made(np.linspace(0, 3, T), valid=valid), made(np.zeros(T), valid=np.zeros(T, bool)))
    one, two = (drawn.batch(np.random.default_rng(4), 8) for _ in range(2))
    assert (one.frames == two.frames).all()
    assert one.frames.min() >= 120 / 127.5 - 1
    assert set(one.clips) == {0}
    assert drawn.sample(0) == [0]


def test_clips_without_faces_are_refused():
    blind = source(made(np.zeros(T), valid=np.zeros(T, bool)))
    with pytest.raises(UserError, match="of 100 clips none has 3 frames"):
        blind.batch(np.random.default_rng(0), 1)
    with pytest.raises(UserError, match="no clip has 3 frames"):
        blind.scales(0)


def test_codes_follow_the_lips_and_not_the_head():
    opening = np.random.default_rng(1).uniform(0, 4, T)
    still, moving = lip_motion(made(opening)), lip_motion(made(opening, shift=0.3))
    assert moving == pytest.approx(still, abs=1e-5)
    codes = lip_basis([still]).codes(still)
    assert codes.shape == (T, CODES)
    assert codes[:, 0].std() == pytest.approx(1, rel=1e-3)
    assert abs(np.corrcoef(codes[:, 0], opening)[0, 1]) == pytest.approx(1, abs=1e-6)


def test_lesson_teaches_to_tell_the_lips(tmp_path):
    drawn = source(*(made(np.random.default_rng(n).permutation(np.linspace(0, 4, T))) for n in range(3)))
    session = Session("cpu", "32-true", 0, tmp_path / "c", [], log_every=20)
    encoder = nn.Sequential(nn.Flatten(), nn.AvgPool1d(640), nn.Linear(1, CODES))
    teach_lips(session, encoder, CODES, drawn, steps=200, batch=16, lr=0.03)
    assert session.curves[0]["lips error"] > 0.6
    assert session.curves[-1]["lips error"] < 0.3


def test_standardise_takes_out_mean_and_scale_and_hides_bands_in_training():
    rng = np.random.default_rng(0)
    rows = rng.normal(3, 2, (50, 9, 6)).astype(np.float32)
    layer = Standardise(6, mask=3)
    layer.fit(rows.reshape(-1, 6).mean(0), rows.reshape(-1, 6).std(0))
    plain = layer.eval()(torch.from_numpy(rows))
    assert plain.mean().item() == pytest.approx(0, abs=1e-5)
    assert plain.std().item() == pytest.approx(1, abs=1e-3)
    torch.manual_seed(0)
    hidden = layer.train()(torch.from_numpy(rows)) == 0
    columns, lines = hidden.all(1).sum(1), hidden.all(2).sum(1)
    assert set(columns.tolist()) == set(lines.tolist()) == {0, 1, 2, 3}
    kept = ~hidden
    assert (layer(torch.from_numpy(rows)) != 0).any()
    assert torch.equal(plain[kept], (plain * kept)[kept])


def test_pictures_come_back():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(np.uint8)
    assert to_network(pictures).shape == (2, 3, 4, 5)
    assert (to_pictures(to_network(pictures)) == pictures).all()
    assert to_pictures(torch.full((1, 3, 1, 1), 7.0)).max() == 255


def test_first_still_needs_a_face():
    whole = made(np.zeros(T))
    frame, crop, matrix = first_still(Target("who", whole), FACE, 16)
    assert (frame == whole.frames[0]).all()
    assert crop.shape == (16, 16, 3)
    assert matrix.shape == (2, 3)
    with pytest.raises(ClipError, match="who: no face in the first frame"):
        first_still(Target("who", made(np.zeros(T), valid=np.zeros(T, bool))), FACE, 16)


def test_rate_falls_over_the_second_half():
    adam = torch.optim.Adam([nn.Parameter(torch.zeros(1))], 1.0)
    rates = []
    for step in range(4):
        decay(adam, 0.5, step, 4)
        rates.append(adam.param_groups[0]["lr"])
    assert rates == [0.5, 0.5, 0.5, 0.25]
