"""Settings that all tests share."""

import os

from hypothesis import settings

# A slow machine is no failure, and a failure found once is found again.
settings.register_profile("ravine", deadline=None, derandomize=True)
settings.load_profile("ravine")

# The processes of pytest-xdist share the processors, so the linear algebra of each has one thread. NumPy, which reads
# this when it is imported, is imported after this file.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
