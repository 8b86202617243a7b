"""A job's command, handed to the run's spawner (talkpose.cli.spawner), which has everything loaded.

A job of a run is short and importing what it needs takes seconds, so `talkpose run` imports once and each
job is a fork of that. This side knows the standard library alone, so that it starts at once.
"""

import json
import os
import socket
import struct
import sys
from typing import Final, NoReturn

VARIABLE: Final = "TALKPOSE_SPAWNER"
"""Environment variable with the path of the spawner's socket; jobs of a run find it set."""

LENGTH: Final = struct.Struct("!I")
CODE: Final = struct.Struct("!i")


def submit(address: str) -> NoReturn:
    """Have the spawner at `address` run this process's command, and end with its exit code.

    The job writes to this process's output and error stream. When this process is killed, the job is too.
    """
    request = {"argv": sys.argv, "cwd": os.getcwd(), "environment": dict(os.environ)}
    body = json.dumps(request).encode("utf-8", "surrogateescape")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [LENGTH.pack(len(body))], [1, 2])
            connection.sendall(body)
            answer = connection.recv(CODE.size, socket.MSG_WAITALL)
        except OSError as error:
            answer, reason = b"", f": {error}"
        else:
            reason = ""
    if len(answer) < CODE.size:
        sys.exit(f"talkpose: the run that this job belongs to has ended{reason}; run it again, it resumes")
    sys.exit(CODE.unpack(answer)[0])
