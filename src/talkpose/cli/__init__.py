"""`talkpose ...`: one thin command a step; a rule of the workflow calls the command, a person can too."""

import os

# One BLAS thread: results then do not depend on how many cores a machine has, and jobs do not fight for them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# POT would import every array library that it finds, which takes seconds; it is given NumPy arrays alone.
for backend in ("PYTORCH", "JAX", "TENSORFLOW", "CUPY"):
    os.environ.setdefault(f"POT_BACKEND_DISABLE_{backend}", "1")
os.environ.setdefault("GLOG_minloglevel", "2")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from talkpose.cli.app import app, main  # noqa: E402

__all__ = ["app", "main"]
