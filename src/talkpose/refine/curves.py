"""Curves of a training: means of what its steps noted, between one point and the next."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


class Curves:
    """Rows of numbers; what is noted stays on its device until a row is made, since to read is to wait."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self._noted: dict[str, list[Tensor]] = {}

    def note(self, **terms: Tensor) -> None:
        """Note a step's numbers."""
        for name, term in terms.items():
            self._noted.setdefault(name, []).append(term.detach().float())

    def means(self) -> dict[str, float]:
        """Mean of everything noted since the last call, by name."""
        means = {name: float(np.mean(values)) for name, values in self._read().items()}
        self._noted = {}
        return means

    def state_dict(self) -> dict[str, Any]:
        """Rows, and what is noted since the last of them."""
        return {"rows": self.rows, "noted": self._read()}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Take up what `state_dict` gave."""
        self.rows = state["rows"]
        self._noted = {
            name: list(torch.tensor(values, device=device).unbind())
            for name, values in state["noted"].items()
        }

    def _read(self) -> dict[str, list[float]]:
        return {name: torch.stack(values).tolist() for name, values in self._noted.items()}
