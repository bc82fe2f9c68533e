"""The tests that run over the registry of optimizers run over the dialects' rules too."""

import glissade.optim.dialects  # noqa: F401  (registers)
