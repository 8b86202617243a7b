"""Draws of the next steps, made in threads while the device computes."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Calls `draw(step)` some steps ahead of who asks; a draw must depend on its step alone.

    Steps are asked for in order, without gaps; none from `end` on is drawn. Without workers every draw is
    made when it is asked for. An error in a draw is raised where its step is asked for.
    """

    def __init__(self, draw: Callable[[int], T], end: int, workers: int):
        self.draw, self.end, self.workers = draw, end, workers
        self.pool = ThreadPoolExecutor(workers) if workers else None
        self.waiting: deque[tuple[int, Future[T]]] = deque()

    def __call__(self, step: int) -> T:
        """What `draw(step)` gives."""
        if self.pool is None:
            return self.draw(step)
        after = self.waiting[-1][0] + 1 if self.waiting else step
        for number in range(after, min(step + 2 * self.workers + 1, self.end)):
            self.waiting.append((number, self.pool.submit(self.draw, number)))
        number, drawn = self.waiting.popleft()
        if number != step:
            raise ValueError(f"step {step} was asked for where step {number} is next")
        return drawn.result()

    def __enter__(self) -> "Ahead[T]":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)
