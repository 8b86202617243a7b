"""The one schema of the configuration; a file a section."""

from talkpose.config.base import Precision, Section
from talkpose.config.clips import ClipsConfig, CorpusConfig
from talkpose.config.compose import ComposeConfig
from talkpose.config.face import FaceConfig
from talkpose.config.motion import MotionConfig
from talkpose.config.refine import RefineConfig
from talkpose.config.report import MetricsConfig, ReportConfig
from talkpose.config.run import RunConfig, load_config, parse_config
from talkpose.config.synthetic import SyntheticConfig

__all__ = [
    "ClipsConfig",
    "ComposeConfig",
    "CorpusConfig",
    "FaceConfig",
    "MetricsConfig",
    "MotionConfig",
    "Precision",
    "RefineConfig",
    "ReportConfig",
    "RunConfig",
    "Section",
    "SyntheticConfig",
    "load_config",
    "parse_config",
]
