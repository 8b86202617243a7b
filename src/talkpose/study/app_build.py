"""The packet's page (app/): bundled once by Node into app/dist, then used without network."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from talkpose.errors import UserError
from talkpose.files import atomic_path, write_text

APP = Path(__file__).with_name("app")
DIST = APP / "dist"
BUNDLED = ("app.js", "app.css", "licences.txt")
_SOURCES = ("package.json", "package-lock.json", "build.mjs")
_STAMP = "built-from"


def build_app() -> Path:
    """Folder with app.js, app.css and licences.txt; bundles them first where they are absent or stale.

    `npm ci` and the bundler run in a temporary folder, so that nothing but dist/ is left. UserError where
    Node is missing or the bundling fails, which without network it does.
    """
    sources = _hash_of_sources()
    stamp = DIST / _STAMP
    if stamp.is_file() and stamp.read_text() == sources and all((DIST / name).is_file() for name in BUNDLED):
        return DIST
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise UserError(
            "Node.js is missing, with which the pages of a study are bundled once; install it "
            "(environment.yml has it; Debian: `apt install nodejs npm`), then run "
            "`make setup` or `talkpose study build` again"
        )
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in _SOURCES:
            shutil.copyfile(APP / name, work / name)
        shutil.copytree(APP / "src", work / "src")
        for command in ([npm, "ci", "--no-audit", "--no-fund"], [npm, "run", "--silent", "build"]):
            done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines()
                raise UserError(
                    f"the pages of the study could not be bundled: `{' '.join(command[1:])}` said: "
                    f"{said[-1] if said else 'nothing'}; it needs the npm registry once"
                )
        with atomic_path(DIST) as made:
            made.mkdir()
            for name in BUNDLED:
                shutil.copyfile(work / "dist" / name, made / name)
            (made / _STAMP).write_text(sources)
    return DIST


def _hash_of_sources() -> str:
    digest = hashlib.sha256()
    for path in [*(APP / name for name in _SOURCES), *sorted((APP / "src").iterdir())]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def page_html(scripts: list[str], offline: bool) -> str:
    """index.html of a packet, with its scripts in order.

    `offline` forbids the page every connection (Content Security Policy), so that it can send nothing.
    """
    policy = "default-src 'self' file: blob: data: 'unsafe-inline'; connect-src 'none'; form-action 'none'"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if offline else ""
    tags = "\n".join(f'<script src="{script}"></script>' for script in scripts)
    text = (APP / "index.html").read_text(encoding="utf-8")
    return text.replace("<!--policy-->", meta).replace("<!--scripts-->", tags)


def write_page(folder: Path, dist: Path, texts: str) -> None:
    """Write what all packets share into `folder`/data: the bundle and the words."""
    for name in BUNDLED:
        shutil.copyfile(dist / name, folder / "data" / name)
    write_text(folder / "data" / "texts.js", texts)


if __name__ == "__main__":
    try:
        build_app()
    except UserError as error:
        sys.exit(f"talkpose: {error}")
