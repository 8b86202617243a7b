"""All checks of one configuration."""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import yaml

from talkpose.config import RunConfig
from talkpose.doctor.corpora import examine_corpora
from talkpose.doctor.finding import Finding
from talkpose.doctor.machine import examine_device, examine_disk, examine_packages
from talkpose.doctor.weights import examine_weights


def examine(config: RunConfig, with_hash: bool = True, results: Path = Path("results")) -> list[Finding]:
    """Findings about data sets, weights, packages, device and disk; paths may hold unset placeholders.

    with_hash: read every file that is found, which takes minutes for the large data sets.
    """
    facts = yaml.safe_load((resources.files("talkpose") / "resources" / "needs.yaml").read_text())
    findings, clips = examine_corpora(config, facts["corpora"], with_hash)
    findings += examine_weights(config, facts["weights"], with_hash)
    findings += examine_packages(config)
    if all(finding.name != "torch" for finding in findings):
        findings.append(examine_device(config))
    findings.append(examine_disk(config, clips, results))
    return findings


def exit_code(findings: Iterable[Finding]) -> int:
    """0: all there; 1: usable, with substitutes or parts; 2: something that the run needs is missing."""
    statuses = {finding.status for finding in findings}
    if "missing" in statuses:
        return 2
    return 1 if statuses & {"substitute", "partial"} else 0
