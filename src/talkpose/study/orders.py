"""Balanced orders: who stands where, in one packet and over all participants, equal to within one.

A Latin square has every entry once in every row and column. A Williams square [1] is one in which every entry
also follows every other equally often (for an odd size: the square and its mirror image together).

[1] E. J. Williams, Experimental designs balanced for the estimation of residual effects of treatments,
    Australian Journal of Scientific Research A 2 (1949).
"""

import numpy as np


def williams(n: int) -> np.ndarray:
    """(n, n) integers: Williams' cyclic Latin square; row r is row 0 plus r, modulo n.

    For an even n every ordered pair of different entries stands side by side in exactly one row; for an odd n
    in exactly two of the rows of the square and its mirror image `williams(n)[:, ::-1]` together.
    """
    zigzag = [k // 2 if k % 2 == 0 else n - (k + 1) // 2 for k in range(n)]
    return (np.array(zigzag)[None] + np.arange(n)[:, None]) % n


def even_starts(n: int, count: int) -> list[int]:
    """`count` numbers of [0, n), each equally often to within one, those left over spread evenly.

    So also every window of w numbers (cyclic, w at most n) holds equally many of them to within one.
    """
    whole, rest = divmod(count, n)
    return [*range(n)] * whole + [i * n // rest for i in range(rest)]


def position_orders(
    n: int, trials: int, participants: int, rng: np.random.Generator
) -> list[list[list[int]]]:
    """Orders of `n` videos: [participant][trial] is a permutation of range(n), in reading order.

    `trials` are the slots of a packet before they are shuffled. Equal to within one are, for each video and
    each position, its counts: in any run of consecutive slots of one packet; over all participants in any
    one slot; over all participants in any run of slots.
    """
    square = williams(n)
    names = rng.permutation(n)
    starts = even_starts(n, participants)
    orders = []
    for participant, start in enumerate(starts):
        # A whole round of n participants has one square; the next its mirror image, which an odd n needs.
        rows = square if (participant // n) % 2 == 0 else square[:, ::-1]
        orders.append([[int(names[k]) for k in rows[(slot + start) % n]] for slot in range(trials)])
    # Which participant gets which start is left to chance, so that it goes with no other order of the study.
    return [orders[i] for i in rng.permutation(participants)]


def sequences(n: int, participants: int, rng: np.random.Generator) -> list[list[int]]:
    """Orders in which `n` things follow each other, [participant].

    Over all participants every thing stands at every place equally often to within one.
    """
    square = williams(n)
    names = rng.permutation(n)
    picked = []
    for participant, start in enumerate(even_starts(n, participants)):
        row = square[start] if (participant // n) % 2 == 0 else square[start][::-1]
        picked.append([int(names[k]) for k in row])
    return [picked[i] for i in rng.permutation(participants)]
