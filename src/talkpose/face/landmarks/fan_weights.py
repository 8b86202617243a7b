"""Where face-alignment (1.5) keeps its weights; known without its package and without torch."""

import os
from pathlib import Path

SOURCE = "https://www.adrianbulat.com/downloads/python-fan/"
WEIGHTS = ("s3fd-619a316812.pth", "2DFAN4-11f355bf06.pth.tar")


def weights_folder() -> Path:
    """Where the package looks for its weights: `checkpoints` in torch hub's folder (set by TORCH_HOME)."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"
