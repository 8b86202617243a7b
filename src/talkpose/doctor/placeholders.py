"""Placeholders of a configuration that is examined before all of them are known."""

import os
import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = r"\$\{([A-Z][A-Z0-9_]*)\}"


def fill_known(data: Any, values: Mapping[str, str]) -> Any:
    """Replace ${NAME} by values[NAME], else the environment's NAME; what is in neither stays."""
    if isinstance(data, str):
        return re.sub(
            PLACEHOLDER, lambda found: values.get(found[1]) or os.environ.get(found[1]) or found[0], data
        )
    if isinstance(data, Mapping):
        return {key: fill_known(value, values) for key, value in data.items()}
    if isinstance(data, list):
        return [fill_known(value, values) for value in data]
    return data


def unset(text: str) -> str:
    """A sentence about the first placeholder that is left in a path; "" if there is none."""
    found = re.search(PLACEHOLDER, text)
    return (
        f"{found[1]} is not set; give it with --set {found[1]}=<folder> or in the environment"
        if found
        else ""
    )
