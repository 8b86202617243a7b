"""The 257-vector chi (section 3.1): how identity, expression, texture, light and pose lie in it."""

from typing import Final

IDENTITY: Final = slice(0, 80)
EXPRESSION: Final = slice(80, 144)
TEXTURE: Final = slice(144, 224)
LIGHT: Final = slice(224, 251)
POSE: Final = slice(251, 257)
SIZE: Final = 257

POSE_NAMES: Final = ("pitch", "yaw", "roll", "tx", "ty", "tz")
"""Euler angles in radians, then translation in model units (decimetres)."""
