import numpy as np
import pytest

from talkpose.clips.crop import CropWindow, crop_frames, cut_out, fit_window, paste_back


def face(x, y, width=100.0, height=130.0):
    """Landmarks on an ellipse."""
    angle = np.linspace(0, 2 * np.pi, 40)
    return np.stack([x + width / 2 * np.cos(angle), y + height / 2 * np.sin(angle)], -1)


@pytest.fixture
def picture():
    y, x = np.mgrid[0:240, 0:320]
    waves = [np.sin(x / 17) + np.cos(y / 23), np.cos(x / 31), np.sin((x + y) / 41)]
    return np.stack([128 + 50 * w for w in waves], -1).astype(np.uint8)


def test_a_still_face_gets_its_share_of_the_side():
    window = fit_window(np.stack([face(200, 150)] * 20), 128, 0.62)
    assert abs(100 / window.side - 0.62) < 0.01
    inside = window.to_crop(face(200, 150))
    assert abs((inside[:, 0].min() + inside[:, 0].max()) / 2 - 64) < 1, "centred sideways"
    above, below = inside[:, 1].min(), 128 - inside[:, 1].max()
    assert above > below > 4, "more room above, where the hair is"


def test_the_window_grows_with_the_motion_and_ignores_a_stray_frame():
    rng = np.random.default_rng(0)
    centres = np.array([200, 150]) + rng.uniform(-60, 60, (400, 2))
    points = np.stack([face(*c) for c in centres]).astype(np.float32)
    points[10] += 1000
    points[20] = np.nan
    window = fit_window(points, 128, 0.62)
    inside = window.to_crop(points)
    ok = ((inside > 0) & (inside < 128)).all((1, 2))
    assert ok.sum() >= 398 and window.side < 280


def test_points_go_there_and_back():
    window = CropWindow(-7, 31, 173, 128)
    points = np.random.default_rng(0).uniform(-50, 300, (5, 9, 2))
    assert np.allclose(window.to_source(window.to_crop(points)), points, atol=1e-3)
    assert np.allclose(window.to_crop(np.array([-7, 31])), 0)
    assert np.allclose(window.to_crop(np.array([166, 204])), 128)


@pytest.mark.parametrize("side", [100, 160, 64])
def test_points_stay_on_the_picture(side):
    """A bright spot is found where to_crop says, whether the crop shrinks or grows."""
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[88:92, 108:112] = 255  # centre of the spot: (110, 90)
    window = CropWindow(80, 60, side, 128)
    crop = cut_out(picture, window)[..., 0].astype(float)
    y, x = np.mgrid[0:128, 0:128] + 0.5
    found = np.array([(x * crop).sum(), (y * crop).sum()]) / crop.sum()
    assert np.allclose(found, window.to_crop(np.array([110.0, 90.0])), atol=0.05)


def test_shrinking_averages():
    board = np.indices((256, 256)).sum(0) % 2 * 255
    crop = cut_out(np.repeat(board[..., None], 3, 2).astype(np.uint8), CropWindow(0, 0, 256, 64))
    assert np.abs(crop.astype(int) - 128).max() <= 1


def test_the_picture_is_continued_by_its_edge(picture):
    crop = cut_out(picture, CropWindow(-20, -10, 128, 128))
    assert np.array_equal(crop[10:, 20:], picture[:118, :108])
    assert np.array_equal(crop[50, :20], np.repeat(picture[40:41, 0], 20, 0))
    assert cut_out(picture, CropWindow(250, 200, 100, 50)).shape == (50, 50, 3)


def test_pasting_back_the_same_crop_changes_next_to_nothing(picture):
    for window in (
        CropWindow(60, 40, 150, 256),
        CropWindow(-30, 120, 200, 256),
        CropWindow(200, -10, 128, 128),
    ):
        back = paste_back(picture, cut_out(picture, window), window)
        assert back.shape == picture.shape
        assert np.abs(back.astype(int) - picture).max() <= 4


def test_pasting_blends_inside_the_window_alone(picture):
    window = CropWindow(100, 50, 120, 64)
    white = np.full((64, 64, 3), 255, np.uint8)
    before = picture.copy()
    out = paste_back(picture, white, window)
    assert np.array_equal(picture, before), "the input is left alone"
    outside = np.ones((240, 320), bool)
    outside[50:170, 100:220] = False
    assert np.array_equal(out[outside], picture[outside])
    assert (out[100:120, 150:170] == 255).all()
    rim = out[110, 100:108].astype(int) - picture[110, 100:108]
    assert np.all(np.diff(rim[:, 0]) >= 0) and rim[0, 0] < 10, "starts softly"
    mask = np.zeros((64, 64))
    mask[:32] = 1
    half = paste_back(picture, white, window, mask)
    assert np.array_equal(half[114:170], picture[114:170]) and (half[80:100, 150:170] == 255).all()


def test_pasting_has_no_rim_at_the_pictures_edge(picture):
    out = paste_back(picture, np.full((64, 64, 3), 255, np.uint8), CropWindow(0, 100, 140, 64))
    assert (out[150:180, 0:50] == 255).all() and (out[235:, 30:60] == 255).all()


def test_pasting_many_frames(picture):
    window = CropWindow(60, 40, 150, 64)
    frames = np.stack([picture, picture[::-1]])
    crops = np.stack(list(crop_frames(frames, window)))
    masks = np.random.default_rng(0).random((2, 64, 64))
    both = paste_back(frames, 255 - crops, window, masks)
    for i in range(2):
        assert np.array_equal(both[i], paste_back(frames[i], 255 - crops[i], window, masks[i]))
