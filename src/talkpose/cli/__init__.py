"""`talkpose ...`: one thin command a step; a rule of the workflow calls the command, a person can too."""

import os

# One BLAS thread: results then do not depend on how many cores a machine has, and jobs do not fight for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# POT would import every array library that it finds, which takes seconds; it is given NumPy arrays alone.
for backend in ("PYTORCH", "JAX", "TENSORFLOW", "CUPY"):
    os.environ.setdefault(f"POT_BACKEND_DISABLE_{backend}", "1")
os.environ.setdefault("GLOG_minloglevel", "2")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main() -> None:
    """Entry point: a job of a run goes to the run's spawner, all else runs here."""
    from talkpose.cli import submit

    if address := os.environ.get(submit.VARIABLE):
        submit.submit(address)
    from talkpose.cli import app

    app.main()


__all__ = ["main"]
