"""Notes what a Python process writes, and where it connects to: an audit hook.

It stands alone (standard library only), so that it can be put into foreign interpreters as sitecustomize.py.
It is blind to writes by native code; the check looks for those in the working and the home folder.
"""

import os
import sys

ALLOWED = "TALKPOSE_WATCH_ALLOWED"
"""Folders that may be written, joined by the path separator."""
REPORT = "TALKPOSE_WATCH_REPORT"
"""File to which every forbidden act is appended, a line each."""

_PLACES = {
    "os.rename": ((0, 2), (1, 3)), "os.remove": ((0, 1),), "os.mkdir": ((0, 2),), "os.rmdir": ((0, 1),),
    "os.truncate": ((0, None),), "os.link": ((1, 3),), "os.symlink": ((1, 2),), "os.chmod": ((0, 2),),
}  # fmt: skip
"""Arguments of an event that name what it changes: of the path, and of the folder that it is relative to."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def install() -> None:
    """Start watching, where the environment says so; it cannot be undone in this process."""
    report = os.environ.get(REPORT)
    if not report:
        return
    roots = [os.path.realpath(part) for part in os.environ.get(ALLOWED, "").split(os.pathsep) if part]
    busy = [False]

    def forbidden(path: object, folder: object = None) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):  # a descriptor, or nothing
            return False
        name = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0:
            name = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
        real = os.path.realpath(name)
        if real.startswith(("/dev/", "/proc/")) or "__pycache__" in real.split(os.sep):
            return False
        return not any(real == root or real.startswith(root + os.sep) for root in roots)

    def note(text: str) -> None:
        handle = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, (text + "\n").encode())
        os.close(handle)

    def hook(event: str, arguments: tuple) -> None:
        if busy[0] or not (event == "open" or event in _PLACES or event == "socket.connect"):
            return
        busy[0] = True
        try:
            if event == "open":
                path, mode, flags = arguments
                writes = any(letter in mode for letter in "wax+") if mode else bool((flags or 0) & _WRITING)
                if writes and forbidden(path):
                    note(f"wrote {os.fsdecode(path)}")
            elif event == "socket.connect":
                if isinstance(arguments[1], tuple):
                    note(f"connected to {arguments[1][0]}")
            else:
                for place, folder in _PLACES[event]:
                    if forbidden(arguments[place], None if folder is None else arguments[folder]):
                        note(f"{event} {os.fsdecode(arguments[place])}")
        finally:
            busy[0] = False

    sys.addaudithook(hook)


if __name__ == "sitecustomize":
    install()
