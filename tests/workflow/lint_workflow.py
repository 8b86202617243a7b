"""`snakemake --lint` on the real Snakefile, over a corpus of empty made files (it reads none of them)."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Exit code of the linter; it prints what it finds."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ["grid_a.mpg", "personal_a.mp4", "driving_a.wav"]:
            (Path(folder) / name).touch()
        command = [sys.executable, "-m", "snakemake", "--lint", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--configfile", str(ROOT / "config" / "clips.yaml"), "--directory", folder]
        return subprocess.run([*command, "--config", f"CLIPS={folder}"], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
