"""Decoding from the middle of a file."""

from collections.abc import Iterator
from typing import Any

SEEKABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "wav", "avi"}
"""FFmpeg's names of the containers whose times stay true after a seek; the others are read from the start."""
MARGINS = (1.0, 10.0)  # seconds before the wanted moment at which decoding begins, tried in turn


def seek_before(container: Any, stream: Any, seconds: float | None) -> Iterator[Any]:
    """Decoded frames of a stream from `seconds` on the file's clock on, and some before it.

    None: all. Those before are few where the container's times can be sought.
    """
    begin = float((stream.start_time or 0) * stream.time_base)
    moved = False
    for margin in MARGINS:
        if seconds is None or container.format.name not in SEEKABLE or seconds - margin <= begin:
            break
        container.seek(int((seconds - margin) / stream.time_base), stream=stream)
        moved = True
        frames = container.decode(stream)
        first = next(frames, None)
        if first is not None and first.pts is not None and first.pts * first.time_base <= seconds:
            yield first
            yield from frames
            return
    if moved:
        container.seek(stream.start_time or 0, stream=stream)
    yield from container.decode(stream)
