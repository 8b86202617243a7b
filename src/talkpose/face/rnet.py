"""Reconstruction `rnet`: the ResNet-50 regressor of Deng et al. (2019) with the published Deep3DFaceRecon
weights.

Facts taken from sicxu/Deep3DFaceRecon_pytorch: the checkpoint is a dict with `net_recon`, whose keys are
`backbone.*` (ResNet-50, stride in the 3x3 convolutions) and `final_layers.0..6` (1x1 convolutions for
identity 80, expression 64, texture 80, angles 3, light 27, tx ty 2, tz 1); input is RGB in [0, 1], 224 px,
aligned by five points so that a model unit spans 102 px. Its camera, rotation and light are this package's
own (angles need no change of sign); only the order of the coefficients and the crop differ.
"""

import pickle
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from talkpose.config.face import FaceConfig
from talkpose.errors import UserError
from talkpose.face.camera import Camera, project, transform
from talkpose.face.coefficients import EXPRESSION, IDENTITY, LIGHT, POSE, SIZE, TEXTURE
from talkpose.face.fit import fit_pose
from talkpose.face.model import FaceModel, correspondence_points
from talkpose.face.observed import observe

CROP: Final = 224
PIXELS_PER_UNIT: Final = 102.0
HEADS: Final = (80, 64, 80, 3, 27, 2, 1)
WHERE: Final = "epoch_20.pth from the README of https://github.com/sicxu/Deep3DFaceRecon_pytorch"

# Five points: both eyes (mean of the corners), nose tip, mouth corners.
_FIVE: Final = {
    68: ((36, 39), (42, 45), (30,), (48,), (54,)),
    468: ((33, 133), (362, 263), (1,), (61,), (291,)),
}


class Bottleneck(nn.Module):
    """Residual block 1x1, 3x3 (with the stride), 1x1; widens `width` fourfold."""

    def __init__(self, inside: int, width: int, stride: int):
        super().__init__()
        outside = 4 * width
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outside, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inside, H, W) to (B, 4 width, H / stride, W / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.bn3(self.conv3(y)) + shortcut)


class ResNet50(nn.Module):
    """He et al. (2016), without the last layer: (B, 3, 224, 224) to (B, 2048, 1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 64, 3, 1)
        self.layer2 = _stage(256, 128, 4, 2)
        self.layer3 = _stage(512, 256, 6, 2)
        self.layer4 = _stage(1024, 512, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Features of RGB pictures in [0, 1]."""
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean((2, 3), keepdim=True)


def _stage(inside: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    rest = [Bottleneck(4 * width, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(Bottleneck(inside, width, stride), *rest)


class ReconNet(nn.Module):
    """257 coefficients in Deep3DFaceRecon's order from aligned pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet50()
        self.final_layers = nn.ModuleList(nn.Conv2d(2048, size, 1) for size in HEADS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, 224, 224) RGB in [0, 1] to (B, 257)."""
        features = self.backbone(x)
        return torch.cat([layer(features) for layer in self.final_layers], 1).flatten(1)


def load_rnet(path: str | None) -> ReconNet:
    """The network with the published weights; UserError where the file is missing or is none of theirs."""
    if path is None:
        raise UserError(f"face.reconstruction is rnet but face.rnet_weights is not set; give {WHERE}")
    if not Path(path).is_file():
        raise UserError(f"face.rnet_weights: {path} is no file; get {WHERE}")
    network = ReconNet()
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(checkpoint["net_recon"])
    except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"face.rnet_weights: {path} holds no Deep3DFaceRecon network ({reason}); get {WHERE}"
        ) from (error)
    return network.eval()


@lru_cache(maxsize=1)
def _loaded(path: str | None, written: int, device: str) -> ReconNet:
    """The network on its device, read once for all clips of a job; `written` tells a replaced file."""
    return load_rnet(path).to(device)


def regress(
    frames: np.ndarray, points: np.ndarray, model: FaceModel, config: FaceConfig, device: str = "cpu"
) -> np.ndarray:
    """Coefficients (T, 257) float32 in this package's layout, for the frames' own camera.

    frames: (T, S, S, 3) uint8; points: (T, 68 or 468, 2) landmarks, which align each frame. Frames without
    a face are interpolated. Raises UserError without weights, or with a face model other than bfm09.
    """
    path = config.rnet_weights
    written = Path(path).stat().st_mtime_ns if path and Path(path).is_file() else 0
    network = _loaded(path, written, device)
    if model.name != "bfm09":
        raise UserError(f"rnet regresses coefficients of bfm09, not of {model.name}; set face.model to bfm09")
    found = np.flatnonzero(np.isfinite(points).all((1, 2)))
    if not len(found):
        raise UserError(
            "rnet: no frame has landmarks; give a clip that shows a face, or another face.landmarks"
        )
    scale, centre = align(five_points(points[found]), model)
    outputs = []
    with torch.inference_mode():
        for start in range(0, len(found), config.rnet_batch):
            part = slice(start, start + config.rnet_batch)
            crops = crop_frames(frames[found[part]], scale[part], centre[part])
            batch = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float() / 255
            outputs.append(network(batch).float().cpu().numpy())
    known = reorder(np.concatenate(outputs))
    known[:, POSE] = uncrop_pose(known, scale, centre, model, frames.shape[1])
    every = np.arange(len(frames))
    return np.stack([np.interp(every, found, column) for column in known.T], 1).astype(np.float32)


def five_points(points: np.ndarray) -> np.ndarray:
    """Eyes, nose tip and mouth corners (T, 5, 2) of landmarks (T, 68 or 468, 2)."""
    groups = _FIVE[points.shape[1]]
    return np.stack([points[:, list(group)].mean(1) for group in groups], 1).astype(np.float64)


def align(five: np.ndarray, model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """Scale (T,) and centre (T, 2) of the crops: pixel p of the frame goes to (p - centre) * scale + 112.

    Scaled orthography by least squares of the mean face's five points, as upstream's POS; 102 px a model
    unit.
    """
    mean = correspondence_points(model.mean_shape.astype(np.float64), model.triangles, model.landmarks68)
    solid = np.stack([mean[list(group)].mean(0) for group in _FIVE[68]])
    design = np.concatenate([solid, np.ones((5, 1))], 1)
    affine = np.linalg.pinv(design) @ five
    size = np.linalg.norm(affine[:, :3], axis=1).mean(1)
    return PIXELS_PER_UNIT / size, affine[:, 3]


def crop_frames(frames: np.ndarray, scale: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Aligned crops (T, 224, 224, 3) uint8, bicubic, black beyond the frame."""
    crops = np.empty((len(frames), CROP, CROP, 3), np.uint8)
    for crop, frame, s, c in zip(crops, frames, scale, centre, strict=True):
        # OpenCV counts from pixel centres, this package from corners: half a pixel on both sides
        shift = CROP / 2 - s * c + 0.5 * s - 0.5
        matrix = np.array([[s, 0, shift[0]], [0, s, shift[1]]])
        cv2.warpAffine(frame, matrix, (CROP, CROP), dst=crop, flags=cv2.INTER_CUBIC)
    return crops


def reorder(output: np.ndarray) -> np.ndarray:
    """Deep3DFaceRecon's order (identity, expression, texture, angles, light, translation) to this
    package's.
    """
    result = np.zeros((len(output), SIZE))
    result[:, IDENTITY], result[:, EXPRESSION] = output[:, :80], output[:, 80:144]
    result[:, TEXTURE], result[:, LIGHT] = output[:, 144:224], output[:, 227:254]
    result[:, POSE] = np.concatenate([output[:, 224:227], output[:, 254:257]], 1)
    return result


def uncrop_pose(
    coefficients: np.ndarray, scale: np.ndarray, centre: np.ndarray, model: FaceModel, size: int
) -> np.ndarray:
    """Pose (T, 6) that shows the crop's 68 landmarks at their place in the `size` px frame.

    The crop's camera is not the frame's, so no closed form keeps every point: the pose is fitted to them.
    """
    observed = observe(model, 68)
    shapes = model.shape(coefficients[:, IDENTITY], coefficients[:, EXPRESSION]).astype(np.float64)
    solid = correspondence_points(shapes, model.triangles, model.landmarks68)[:, observed.which]
    flat = project(Camera(CROP), transform(solid, coefficients[:, POSE]))[..., :2]
    wanted = (flat - CROP / 2) / scale[:, None, None] + centre[:, None]
    return fit_pose(observed, solid, wanted, Camera(size))
