"""A study from end to end with made-up answers: so that a demonstration shows every page, under a banner."""

import hashlib
from pathlib import Path

from talkpose.errors import UserError
from talkpose.files import read_json, write_json, write_text
from talkpose.layout import RunLayout
from talkpose.study.analyse_step import analyse_study
from talkpose.study.app_build import build_app
from talkpose.study.build import build_study
from talkpose.study.config import load_study_config
from talkpose.study.import_step import import_answers
from talkpose.study.schema import KEY_FOLDER
from talkpose.study.simulate import load_preferences, simulate_answers


def rehearse(layout: RunLayout, study: Path, preferences: Path | None = None) -> None:
    """Build the packets of a study, simulate, import and analyse its answers; all are marked simulated.

    Orders and names follow the seeds, so two rehearsals give the same bytes. Without Node.js, which bundles
    the packets' page, analysis.json says that the study was not attempted, and why. Raises UserError where
    people have answered this study.
    """
    folder = layout.root / "study"
    receipt = folder / "import.json"
    if receipt.is_file() and not read_json(receipt)["simulated"]:
        raise UserError(
            f"{folder}: people have answered this study; take `rehearsed_study` out of the config"
        )
    config = load_study_config(study)
    try:
        build_app()
    except UserError as error:
        absent = {"study": config.study, "simulated": True, "designs": {}, "import": {}, "sections": []}
        write_json(folder / "analysis.json", absent | {"not_attempted": str(error)})
        return
    # Nobody is to be kept blind in a rehearsal; a secret that is drawn would change every name.
    secret = hashlib.sha256(f"rehearsal {config.study} {config.seed}".encode()).hexdigest()
    write_text(folder / KEY_FOLDER / "secret.txt", secret + "\n")
    build_study(config, layout, replace=True)
    for old in [*folder.glob("simulated/*.json"), *folder.glob("answers/*.json")]:
        old.unlink()
    simulate_answers(folder, load_preferences(preferences), folder / "simulated")
    import_answers(folder, [folder / "simulated"])
    analyse_study(layout)
