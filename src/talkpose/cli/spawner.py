"""The process from which the jobs of a run are forked, with all that they need imported once.

    python -m talkpose.cli.spawner SOCKET

It listens at SOCKET for the jobs that `talkpose.cli.submit` hands over and ends when its standard input is
closed, as it is when the run ends in whatever way. Nothing is computed here and no device is touched: a job
starts from modules alone, as it would in a process of its own.
"""

import contextlib
import importlib
import json
import os
import select
import selectors
import signal
import socket
import struct
import sys
import traceback
from typing import Any, Final, NoReturn

from talkpose.cli.submit import CODE, LENGTH, VARIABLE

MODULES: Final = (
    "talkpose.cli.app",
    "talkpose.metrics.step",
    "talkpose.methods.generate_step",
    "talkpose.methods.pairs_step",
    "talkpose.methods.refine_steps",
    "talkpose.methods.motion_steps",
    "talkpose.methods.baseline_steps",
    "talkpose.face.ingest_step",
    "talkpose.validation.step",
    "talkpose.synthetic.write",
    "dlib",
    "mediapipe",
    "ot",
    "scipy.signal",
    "librosa.onset",
)
"""What the steps import, also those that they load late."""


class Spawner:
    """Forks a process a job and passes its end on; one thread, so that forking is safe."""

    def __init__(self, address: str):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(address)
        self.listener.listen(64)  # before the imports: the first jobs wait at the door
        self.selector = selectors.DefaultSelector()
        self.jobs: dict[int, socket.socket] = {}

    def serve(self, stop: int) -> None:
        """Take jobs until the file descriptor `stop` is closed at its other end; then end those at work."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run's to answer
        for source, kind in ((self.listener, "job"), (woken, "ended"), (stop, "stop")):
            self.selector.register(source, selectors.EVENT_READ, kind)
        while True:
            for key, _ in self.selector.select():
                if key.data == "stop":
                    return self._end()
                if key.data == "job":
                    self._accept()
                elif key.data == "ended":
                    os.read(woken, 4096)
                    self._reap()
                elif key.data in self.jobs:  # whoever asked for it is gone
                    _kill(key.data)
                    self.selector.unregister(key.fileobj)

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        files: list[int] = []
        try:
            head, files, _, _ = socket.recv_fds(connection, LENGTH.size, 2)
            size = LENGTH.unpack(head)[0]
            body = connection.recv(size, socket.MSG_WAITALL)
            if len(body) < size or len(files) < 2:
                raise ValueError("whoever asked left before all was said")
            request = json.loads(body.decode("utf-8", "surrogateescape"))
        except (OSError, ValueError, struct.error) as error:
            print(f"spawner: a job that can not be read: {error}", file=sys.stderr)
            for file in files:
                os.close(file)
            connection.close()
            return
        job = os.fork()
        if job == 0:
            for other in (connection, self.listener, *self.jobs.values()):
                other.close()
            _work(request, files)
        for file in files:
            os.close(file)
        self.jobs[job] = connection
        self.selector.register(connection, selectors.EVENT_READ, job)

    def _reap(self) -> None:
        while self.jobs:
            job, status = os.waitpid(-1, os.WNOHANG)
            if job == 0:
                return
            connection = self.jobs.pop(job)
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(KeyError):  # its asker was seen to leave
                self.selector.unregister(connection)
            with contextlib.suppress(OSError):  # its asker left just now
                # as a shell tells of a signal
                connection.sendall(CODE.pack(code if code >= 0 else 128 - code))
            connection.close()

    def _end(self) -> None:
        for job in self.jobs:
            _kill(job)


def _kill(job: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(job, signal.SIGTERM)


def _work(request: dict[str, Any], files: list[int]) -> NoReturn:
    """Be the process that the job would have been; does not return."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for new, old in zip((nothing, *files), (0, 1, 2), strict=True):
            os.dup2(new, old)
        environment = dict(request["environment"])
        environment.pop(VARIABLE, None)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(request["cwd"])
        sys.argv = list(request["argv"])
        import torch

        from talkpose.cli import app

        # what torch would have read when it was loaded
        torch.set_num_threads(int(environment.get("OMP_NUM_THREADS") or os.cpu_count() or 1))
        app.main()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Import what jobs need, then serve them."""
    spawner = Spawner(sys.argv[1])
    for module in MODULES:
        if select.select([sys.stdin], [], [], 0)[0]:  # the run is over already: there was nothing to do
            return
        try:
            importlib.import_module(module)
        except Exception:
            traceback.print_exc()  # the jobs that need it meet this themselves and tell it in their own logs
    spawner.serve(sys.stdin.fileno())


if __name__ == "__main__":
    main()
