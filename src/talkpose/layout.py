"""Where a run keeps what: the one place that knows the names of files under results/<run>."""

from dataclasses import dataclass
from pathlib import Path

from talkpose.config import RunConfig, parse_config
from talkpose.errors import UserError
from talkpose.files import read_json

BASE = "base"
"""Variant of a model that changes nothing."""

OWN = "own"
"""Audio id of a person's own remaining sound."""


@dataclass(frozen=True)
class RunLayout:
    """Paths of one run; `root` is results/<run>."""

    root: Path

    @property
    def config_file(self) -> Path:
        """Checked configuration, with defaults, as this run uses it."""
        return self.root / "config.json"

    @property
    def quarantine(self) -> Path:
        """Clips that could not be used, and why."""
        return self.root / "clips" / "quarantine.tsv"

    @property
    def metrics(self) -> Path:
        """Tidy metric rows of all methods."""
        return self.root / "metrics" / "metrics.parquet"

    @property
    def hs_sensitivity(self) -> Path:
        """HS of the generated poses by number of bins and range."""
        return self.root / "metrics" / "hs_sensitivity.parquet"

    @property
    def run_record(self) -> Path:
        """Program, versions, device and seed that the run started with."""
        return self.root / "run.json"

    @property
    def kept_hashes(self) -> Path:
        """SHA-256 of the large files of others that the run rests on, with the size and time they had."""
        return self.root / "logs" / "hashes.json"

    @property
    def manifest(self) -> Path:
        """Hashes of what the run was made of."""
        return self.root / "manifest.json"

    @property
    def crate(self) -> Path:
        """RO-Crate of the run; the one file beside times.js and the logs that holds a time."""
        return self.root / "ro-crate-metadata.json"

    @property
    def not_attempted(self) -> Path:
        """Metrics that were asked for and could not be computed, and why: a list, empty where all were."""
        return self.root / "metrics" / "not_attempted.json"

    @property
    def validation(self) -> Path:
        """What the tracker is worth where the truth is known."""
        return self.root / "validation" / "validation.json"

    @property
    def figures(self) -> Path:
        """Which frames the paper's figures show; the pictures lie beside it."""
        return self.root / "figures" / "figures.json"

    @property
    def study_analysis(self) -> Path:
        """What people's answers, or simulated ones, say."""
        return self.root / "study" / "analysis.json"

    @property
    def tables(self) -> Path:
        """Folder of the tables."""
        return self.root / "tables"

    @property
    def report(self) -> Path:
        """Folder of the report."""
        return self.root / "report"

    def load_config(self) -> RunConfig:
        """Configuration of the run; raises UserError where the run has not been started."""
        if not self.config_file.is_file():
            raise UserError(
                f"{self.root}: not a run (no config.json); start one with `talkpose run --config ...`"
            )
        return parse_config(read_json(self.config_file), str(self.config_file))

    def clip_folder(self, corpus: str, clip: str) -> Path:
        """Normalised clip: frames.mkv, audio.wav, clip.json, landmarks.npz."""
        return self.root / "clips" / corpus / clip

    def clips_shard(self, corpus: str, shard: str) -> Path:
        """Index of one shard: a row a usable clip."""
        return self.root / "clips" / corpus / f"shard-{shard}.parquet"

    def quarantine_shard(self, corpus: str, shard: str) -> Path:
        """Quarantined clips of one shard."""
        return self.root / "clips" / corpus / f"shard-{shard}.quarantine.tsv"

    def clips_index(self, corpus: str) -> Path:
        """Index of a corpus: a row a usable clip."""
        return self.root / "clips" / f"{corpus}.parquet"

    def track(self, corpus: str, clip: str) -> Path:
        """Coefficients and landmarks of a clip."""
        return self.root / "tracks" / corpus / f"{clip}.npz"

    def tracks_shard(self, corpus: str, shard: str) -> Path:
        """Summary of the tracks of one shard: a row a clip."""
        return self.root / "tracks" / corpus / f"shard-{shard}.parquet"

    def pairs(self, corpus: str, clip: str, length: str = BASE) -> Path:
        """Folder of rendered frames that stage 2 trains on, of the training length `base` or `n<N>`."""
        return self.root / "pairs" / length / corpus / clip

    def pairs_shard(self, corpus: str, shard: str, length: str = BASE) -> Path:
        """Receipt of the rendered pairs of one shard."""
        return self.root / "pairs" / length / corpus / f"shard-{shard}.json"

    def model(self, stage: str, name: str, variant: str = BASE) -> Path:
        """Receipt of a trained model; weights, curve and check lie beside it under the same stem."""
        return self.root / "models" / stage / variant / f"{name}.json"

    def models_shard(self, stage: str, variant: str, corpus: str, shard: str) -> Path:
        """Receipt of the models fine-tuned to one shard of persons."""
        return self.root / "models" / stage / variant / "shards" / f"{corpus}-{shard}.txt"

    def corpus_shard(self, part: str, shard: str) -> Path:
        """Receipt of one shard of the embedded corpus."""
        return self.root / "corpus" / "receipts" / f"{part}-{shard}.json"

    def clip_list(self, corpus: str) -> Path:
        """The corpus's raw clips as they were planned, usable or not: one row a clip, with its shard."""
        return self.root / "clips" / f"{corpus}.list.parquet"

    def videos_shard(self, method: str, corpus: str, shard: str) -> Path:
        """Receipt of one method's videos for one shard of persons."""
        return self.root / "videos" / method / f"{corpus}-{shard}.json"

    def video(self, method: str, item: str) -> Path:
        """Folder of one generated video: frames.mkv, video.mp4, item.json, ..."""
        return self.root / "videos" / method / item

    def metrics_shard(self, method: str, corpus: str, shard: str) -> Path:
        """Metric rows of one method for one shard of persons."""
        return self.root / "metrics" / method / f"{corpus}-{shard}.parquet"


def item_id(person: str, audio: str) -> str:
    """Name of the video in which `person` speaks the sound `audio` (`own`, or a foreign clip's id)."""
    return f"{person}__{audio}"
