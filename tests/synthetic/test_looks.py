"""Who the synthetic people are: looks drawn from a seed, and what stands behind them."""

import numpy as np
import pytest

from talkpose.face.model import load_face_model
from talkpose.synthetic.backdrop import backdrop
from talkpose.synthetic.body import body_parts, neck_shade, neck_weights
from talkpose.synthetic.looks import BACKDROPS, CLOTHES, HAIR_STYLES, brow_colour, sample_look

MODEL = load_face_model("cc0")


@pytest.fixture(scope="module")
def people():
    return [sample_look(MODEL, n, "p", presents=("female", "male")[n % 2]) for n in range(120)]


def test_the_name_alone_decides(people):
    again = sample_look(MODEL, 3, "p", presents="male")
    for one, other in zip(again, people[3], strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(sample_look(MODEL, 3, "q", presents="male").identity, people[3].identity)


def test_styles_come_as_often_as_their_shares(people):
    many = [sample_look(MODEL, n, "share", presents="female").hair_style for n in range(400)]
    for style, share in HAIR_STYLES["female"]:
        assert many.count(style) / 400 == pytest.approx(share, abs=0.08)
    assert sum(share for _, share in HAIR_STYLES["male"]) == pytest.approx(1)
    assert {p.clothes for p in people} <= set(CLOTHES) and {p.backdrop for p in people} == set(BACKDROPS)


def test_only_men_have_beards(people):
    beards = {who: [p.beard for p in people if p.presents == who] for who in ("female", "male")}
    assert max(beards["female"]) == 0
    assert 0.25 < np.mean(np.array(beards["male"]) > 0.2) < 0.65


def test_dark_skin_goes_with_dark_hair_and_eyes(people):
    skin = [
        float(MODEL.texture(p.texture)[MODEL.triangles[MODEL.triangle_region == 0]].mean()) for p in people
    ]
    dark = np.array(skin) < 0.42
    assert dark.any() and (~dark).any()
    hair, iris = (np.array([getattr(p, key).mean() for p in people]) for key in ("hair_colour", "iris"))
    assert np.median(hair[dark]) < np.median(hair[~dark])
    assert np.median(iris[dark]) < np.median(iris[~dark])


def test_people_differ_but_nobody_is_a_monster(people):
    identities = np.stack([p.identity for p in people])
    assert 0.5 < identities.std() < 1.1 and np.abs(identities).max() < 4
    heads = MODEL.mean_shape.reshape(-1) + identities[:20] @ MODEL.identity_basis.reshape(-1, 80).T
    apart = np.linalg.norm((heads[1:] - heads[:-1]).reshape(19, -1, 3), axis=2).mean(1)
    assert (apart > 0.01).all() and (apart < 0.25).all()


def test_men_have_wider_necks_and_shoulders(people):
    shoulders = {w: np.mean([p.shoulders for p in people if p.presents == w]) for w in ("female", "male")}
    assert shoulders["male"] > shoulders["female"] + 0.15
    neck = np.unique(MODEL.triangles[MODEL.triangle_region == MODEL.regions.index("neck")])
    width = {}
    for who in ("female", "male"):
        mean = np.mean([p.identity for p in people if p.presents == who], axis=0)
        width[who] = np.ptp((MODEL.mean_shape + MODEL.identity_basis @ mean)[neck, 0])
    assert width["male"] > width["female"]


def test_lamps_shine_from_above_and_in_front(people):
    keys = np.stack([p.key for p in people])
    np.testing.assert_allclose(np.linalg.norm(keys, axis=1), 1, atol=1e-6)
    assert (keys[:, 1] > 0).all() and (keys[:, 2] > 0).mean() > 0.9


def test_a_brow_is_never_as_light_or_as_black_as_hair():
    black, fair = brow_colour(np.full(3, 0.02)), brow_colour(np.full(3, 0.9))
    assert (black > 0.02).all() and (fair < 0.9).all()


@pytest.mark.parametrize("kind", BACKDROPS)
def test_a_backdrop_is_the_same_at_every_size(people, kind):
    look = people[0]._replace(backdrop=kind)
    small, large = backdrop(look, 64), backdrop(look, 256)
    assert small.shape == (64, 64, 3) and small.min() >= 0 and small.max() <= 1
    shrunk = large.reshape(64, 4, 64, 4, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 0.02
    assert (backdrop(look, 64) == small).all()


def test_backdrops_differ(people):
    pictures = [backdrop(p, 32) for p in people[:12]]
    apart = [np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]]
    assert min(apart) > 0.005 and np.median(apart) > 0.05


@pytest.mark.parametrize("clothes", CLOTHES)
def test_the_body_hangs_from_the_neck(people, clothes):
    look = people[0]._replace(clothes=clothes)
    neutral = MODEL.mean_shape + MODEL.identity_basis @ look.identity
    parts = body_parts(look, MODEL, neutral, np.array([0.6, 0.5, 0.4]))
    assert len(parts) == (1 if clothes == "scoop" else 2), "all but the scoop have a collar"
    torso = parts[0]
    assert torso.weight.max() == 0, "the body stays"
    assert np.ptp(torso.vertices[:, 0]) == pytest.approx(2 * look.shoulders, rel=0.2)
    face = np.unique(MODEL.triangles[MODEL.face_mask])
    assert torso.vertices[:, 1].max() < neutral[face, 1].min() + 0.15, "below the chin"


def test_the_chin_shades_the_neck_alone():
    shade = neck_shade(MODEL)
    neck = np.unique(MODEL.triangles[MODEL.triangle_region == MODEL.regions.index("neck")])
    rest = np.setdiff1d(np.arange(MODEL.n_vertices), neck)
    assert (shade[rest] == 1).all() and 0.5 < shade.min() < 0.85


def test_the_neck_moves_less_the_lower_it_is():
    weight = neck_weights(MODEL)
    neck = np.unique(MODEL.triangles[MODEL.triangle_region == MODEL.regions.index("neck")])
    assert np.corrcoef(MODEL.mean_shape[neck, 1], weight[neck])[0, 1] > 0.8
