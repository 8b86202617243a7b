"""Names of the report's files: safe in a URL and on every file system, whatever a clip is called."""

import hashlib
import re

from talkpose.layout import OWN


def slug(name: str) -> str:
    """`name` where it is safe as it is; else its safe letters and a hash that keeps it apart from others."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    if safe == name and len(safe) <= 100:
        return name
    return f"{safe[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")


def clip_title(item: str) -> str:
    """How pages call the item <clip>__<audio>: the clip, and whose sound is heard where it is not its own."""
    clip, _, audio = item.partition("__")
    return clip if audio in ("", OWN) else f"{clip}, sound of {audio}"


def page(kind: str, name: str) -> str:
    """File name of a page, such as `person-ann.html`."""
    return f"{kind}-{slug(name)}.html"
