"""Settings that all tests share."""

from hypothesis import settings

# A slow machine is no failure, and a failure found once is found again.
settings.register_profile("ravine", deadline=None, derandomize=True)
settings.load_profile("ravine")
