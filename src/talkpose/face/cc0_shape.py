"""Identity and expression of `cc0`: principal components of sampled heads, and the 52 ARKit units."""

from itertools import product

import numpy as np

from talkpose.face.cc0_assets import Assets
from talkpose.face.cc0_mesh import HeadMesh
from talkpose.seeds import numpy_rng

N_IDENTITY = 80
N_EXPRESSION = 64

SPREAD = {
    "head": 0.20,
    "forehead": 0.30,
    "eyebrows": 0.35,
    "eyes": 0.35,
    "nose": 0.32,
    "mouth": 0.32,
    "chin": 0.32,
    "cheek": 0.35,
    "ears": 0.30,
    "neck": 0.20,
    "asym": 0.12,
}
"""Standard deviation of the weights of each folder's targets; a weight of 1 is MakeHuman's own extreme."""

OPPOSITES = (
    ("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"), ("concave", "convex"),
    ("compress", "uncompress"), ("1", "2"), ("3", "4"), ("5", "6"), ("7", "8"),
)  # fmt: skip

LEFT_OUT = (
    "trans",
    "age",
    "epicanthus-out",
    "ear-shape",
    "measure",
    "chin-jaw-drop",
    "neck-double",
    "asymm",
    "angle-in",
)
"""Parts of names of targets that move the whole head or neck, or that make no plausible person."""

KEPT = (
    "nose-trans",
    "mouth-trans",
    "eye-trans",
    "cheek-trans",
    "eyebrows-trans",
    "forehead-trans",
    "ear-trans",
)

UNIT_SPREAD = 0.25
"""Standard deviation of a unit's weight that scales the expression basis."""


class Population:
    """Draws heads: a mix of races, a sex, an age, a build, and local features; vertices of the head mesh."""

    def __init__(self, assets: Assets, mesh: HeadMesh):
        self._mesh = mesh
        self._macro: list[np.ndarray] = []
        self._macro_key: dict[tuple[str, ...], int] = {}
        for race, sex, age in product(
            ("caucasian", "african", "asian"), ("female", "male"), ("young", "old")
        ):
            self._add((race, sex, age), assets.target(f"macrodetails/{race}-{sex}-{age}"))
        levels = ("min", "average", "max")
        for sex, age, muscle, weight in product(("female", "male"), ("young", "old"), levels, levels):
            name = f"macrodetails/universal-{sex}-{age}-{muscle}muscle-{weight}weight"
            self._add((sex, age, muscle, weight), assets.target(name))
        self.features = self._pair(
            [n for folder in SPREAD for n in assets.target_names(folder) if _plausible(n)]
        )
        local = [assets.target(name) for _, names in self.features for name in names]
        self._basis = np.stack([(mesh.matrix @ target).ravel() for target in self._macro + local]).astype(
            np.float32
        )
        self.base = mesh.position(assets.mesh.vertices)

    def _add(self, key: tuple[str, ...], target: np.ndarray) -> None:
        self._macro_key[key] = len(self._macro)
        self._macro.append(target)

    @staticmethod
    def _pair(names: list[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Targets that oppose each other, as one feature with a sign; the others alone."""
        features: list[tuple[str, tuple[str, ...]]] = []
        seen: set[str] = set()
        for name in names:
            if name in seen:
                continue
            group: tuple[str, ...] = (name,)
            for low, high in OPPOSITES:
                for side in ("", "-l", "-r"):
                    end = f"-{low}{side}"
                    other = name.removesuffix(end) + f"-{high}{side}"
                    if name.endswith(end) and other in names:
                        group = (name, other)
            seen.update(group)
            features.append((name.split("/")[0], group))
        return features

    def _weights(self, rng: np.random.Generator) -> np.ndarray:
        weights = np.zeros(len(self._basis), np.float32)
        race = dict(zip(("caucasian", "african", "asian"), rng.dirichlet([0.5, 0.5, 0.5]), strict=True))
        male, old = rng.beta(0.35, 0.35), rng.beta(1.0, 1.6)
        sexes = {"female": 1 - male, "male": male}
        ages = {"young": 1 - old, "old": old}
        build = [_levels(rng.normal(0, 0.45)), _levels(rng.normal(0, 0.45))]
        for (sex, s), (age, a) in product(sexes.items(), ages.items()):
            for name, r in race.items():
                weights[self._macro_key[name, sex, age]] = r * s * a
            for (muscle, m), (weight, w) in product(build[0].items(), build[1].items()):
                weights[self._macro_key[sex, age, muscle, weight]] = s * a * m * w
        column = len(self._macro)
        shared: dict[str, float] = {}
        for folder, group in self.features:
            spread = SPREAD[folder]
            value = rng.normal(0, spread)
            # The two sides of a face are alike: a right-hand target follows its left-hand twin.
            twin = group[0].replace("/r-", "/l-")
            if "/r-" in group[0]:
                value = 0.98 * shared[twin] + 0.2 * value
            shared[group[0]] = value
            value = float(np.clip(value, -1, 1))
            if len(group) == 1:
                weights[column] = max(value, 0.0)
            else:
                weights[column + int(value > 0)] = abs(value)
            column += len(group)
        return weights

    def draw(self, count: int, seed: int) -> np.ndarray:
        """Heads (count, V, 3), not yet aligned."""
        rng = numpy_rng(seed, "cc0", "population")
        weights = np.stack([self._weights(rng) for _ in range(count)])
        return (weights @ self._basis).reshape(count, -1, 3) + self.base.astype(np.float32)


def _plausible(name: str) -> bool:
    return any(part in name for part in KEPT) or not any(part in name for part in LEFT_OUT)


def _levels(value: float) -> dict[str, float]:
    value = float(np.clip(value, -1, 1))
    return {"min": max(-value, 0), "average": 1 - abs(value), "max": max(value, 0)}


def align(heads: np.ndarray, reference: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Similarity transforms (Umeyama 1991) that bring the chosen vertices of each head to the reference's."""
    target = reference[chosen]
    middle = target.mean(0)
    source = heads[:, chosen]
    centre = source.mean(1, keepdims=True)
    u, s, vt = np.linalg.svd(np.einsum("nki,kj->nij", source - centre, target - middle))
    rotation = u @ vt
    flip = np.linalg.det(rotation) < 0
    u[flip, :, 2] *= -1
    s[flip, 2] *= -1
    rotation = u @ vt
    scale = s.sum(1) / ((source - centre) ** 2).sum((1, 2))
    return (heads - centre) @ (rotation * scale[:, None, None]).astype(heads.dtype) + middle.astype(
        heads.dtype
    )


def principal(
    samples: np.ndarray, count: int, centre: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (D,), components (count, D) scaled by standard deviation, and their share of the variance.

    Signs are fixed (the largest entry is positive), so that every machine gives the same basis.
    """
    mean = samples.mean(0, dtype=np.float64) if centre else np.zeros(samples.shape[1])
    centred = samples - mean.astype(samples.dtype)
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    order = np.argsort(-values)[:count]
    # |v_k^T X| = sqrt(lambda_k), so the standard deviation along component k is sqrt(lambda_k / n).
    directions = (vectors[:, order].T.astype(samples.dtype) @ centred).astype(np.float64) / np.sqrt(
        len(samples)
    )
    largest = np.take_along_axis(directions, np.abs(directions).argmax(1)[:, None], 1)
    return mean, directions * np.sign(largest), values[order] / np.maximum(values, 0).sum()


def symmetric_principal(
    heads: np.ndarray, mirror: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`principal` of heads (N, V, 3) and their mirror images: mean (V, 3), components (count, V, 3), shares.

    The mean is symmetric, and every component is either symmetric or antisymmetric.
    """
    flipped = heads[:, mirror] * np.array([-1, 1, 1], heads.dtype)
    even = ((heads + flipped) / 2).reshape(len(heads), -1)
    odd = ((heads - flipped) / 2).reshape(len(heads), -1)
    mean, even_parts, even_shares = principal(even, count)
    _, odd_parts, odd_shares = principal(odd, count, centre=False)
    total_even, total_odd = float(((even - mean) ** 2).sum()), float((odd**2).sum())
    shares = np.concatenate([even_shares * total_even, odd_shares * total_odd]) / (total_even + total_odd)
    order = np.argsort(-shares)[:count]
    parts = np.concatenate([even_parts, odd_parts])[order]
    return mean.reshape(-1, 3), parts.reshape(count, -1, 3), shares[order]


def expression_map(units: np.ndarray) -> np.ndarray:
    """Map (52, 64) from unit weights to coefficients of an orthogonal basis of the units' span.

    All columns of the basis have one length, so that distances between coefficients are distances between
    shapes; the strongest has standard deviation 1 when weights spread by UNIT_SPREAD. The last 12 are zero.
    """
    flat = units.reshape(len(units), -1).astype(np.float64)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(-values)
    vectors = vectors[:, order] * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(len(units))])[order]
    scale = np.sqrt(values[order] / values.max()) / UNIT_SPREAD
    result = np.zeros((len(units), N_EXPRESSION))
    result[:, : len(units)] = vectors * scale
    return result
