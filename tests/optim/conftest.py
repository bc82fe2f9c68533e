"""The tests that run over the registry of optimizers run over the dialects' rules too."""

import ravine.optim.dialects  # noqa: F401  (registers)
