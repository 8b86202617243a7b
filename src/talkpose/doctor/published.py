"""Files of others that a run rests on: published weights and face models, by key of the configuration."""

from importlib import resources
from pathlib import Path
from typing import NamedTuple

import yaml

from talkpose.config import RunConfig
from talkpose.doctor.weights import stands_in, value_of, wanted
from talkpose.face.landmarks.fan_weights import WEIGHTS, weights_folder


class Published(NamedTuple):
    """A file that the configuration names and uses, there or not."""

    key: str
    path: Path
    loader: str
    """module of this package that reads it"""


def published_files(config: RunConfig) -> list[Published]:
    """The files that this configuration uses: not those of a feature that another stands in for."""
    facts = yaml.safe_load((resources.files("talkpose") / "resources" / "needs.yaml").read_text())
    found = [
        Published(fact["key"], Path(path), fact["loader"])
        for fact in wanted(config, facts["weights"])
        if not stands_in(config, fact) and (path := value_of(config, fact["key"]))
    ]
    if config.face.landmarks == "face-alignment":
        loader = "face.landmarks.face_alignment_detector"
        found += [Published(f"face.landmarks: {name}", weights_folder() / name, loader) for name in WEIGHTS]
    return found
