"""Whether the methods can be told from the files' properties alone: a classifier against chance."""

from dataclasses import dataclass

import numpy as np

from talkpose.seeds import numpy_rng

ALPHA = 0.01
SHUFFLES = 199


@dataclass(frozen=True)
class Guess:
    """How well the methods were guessed."""

    accuracy: float
    """cross-validated over groups"""
    chance: float
    """mean accuracy on shuffled labels"""
    p: float
    """share of shuffles that did as well, (k + 1) / (n + 1)"""
    videos: int

    @property
    def beats_chance(self) -> bool:
        """Whether the properties give methods away."""
        return self.p <= ALPHA and self.accuracy > self.chance


def guess_methods(features: np.ndarray, methods: list[str], groups: list[str]) -> Guess | None:
    """Guess `methods` from features (n, k) of files; None where all files have the same ones.

    Each feature is also given relative to its group, as somebody would compare the files of one screen. A
    decision tree is cross-validated over whole groups; labels shuffled inside groups say what chance does
    (Ojala and Garriga, JMLR 11, 2010).
    """
    from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
    from sklearn.tree import DecisionTreeClassifier

    names, members = np.unique(groups, return_inverse=True)
    labels = np.unique(methods, return_inverse=True)[1]
    means = np.stack([features[members == g].mean(0) for g in range(len(names))])
    relative = features - means[members]
    both = np.concatenate([features, relative], 1)
    both = both[:, np.ptp(both, 0) > 1e-6 * np.maximum(np.abs(both).max(0), 1)]
    if not both.shape[1] or len(names) < 2 or len(set(labels)) < 2:
        return None
    # Whole groups that were never seen: leave one out where there are few.
    splitter = LeaveOneGroupOut() if len(names) < 6 else GroupKFold(5)
    folds = list(splitter.split(both, labels, members))

    def accuracy(truth: np.ndarray) -> float:
        right = 0
        for train, test in folds:
            tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=2, random_state=0).fit(
                both[train], truth[train]
            )
            right += int((tree.predict(both[test]) == truth[test]).sum())
        return right / len(truth)

    rng = numpy_rng(0, "study", "guess")
    chances = []
    for _ in range(SHUFFLES):
        shuffled = labels.copy()
        for g in range(len(names)):
            shuffled[members == g] = rng.permutation(labels[members == g])
        chances.append(accuracy(shuffled))
    reached = accuracy(labels)
    as_good = sum(chance >= reached - 1e-12 for chance in chances)
    return Guess(reached, float(np.mean(chances)), (as_good + 1) / (SHUFFLES + 1), len(labels))
