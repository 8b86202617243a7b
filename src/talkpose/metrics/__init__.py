"""Metrics: one file each, protocols as data (floor 4)."""

import os

# POT would import torch and JAX as backends, for 2 s a process; NumPy is the one used here.
for _backend in ("PYTORCH", "JAX", "CUPY", "TENSORFLOW"):
    os.environ.setdefault(f"POT_BACKEND_DISABLE_{_backend}", "1")
