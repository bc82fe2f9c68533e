"""Sweeps: problems x optimizers x search spaces x schedules x seeds, declared in a file or in Python.

`ravine plan|run|status|report|verify FILE.toml`, or in Python `run(load(file), Store(path), executor(jobs))`. A sweep
resumes after an interruption, and what is stored is not run again. `compare` runs a sweep of one problem. A file has
these parts, of which only problems and optimizers are needed.

    name = "warmup"                     # results go to runs/warmup; by default the file's name
    measures = ["gradient_norm"]        # at every step; also batch_loss, parameter_norm, update_norm, update_ratio

    [problems.digits]                   # `ravine list` has the names
    epochs = 10
    [problems.small]                    # another name needs `problem`; other entries are the problem's fields
    problem = "digits"
    hidden = [16]
    dropout = 0.1

    [optimizers.momentum]               # hyperparameters: a value, or a search space
    lr = { log = [1e-3, 1.0] }          # evenly in the logarithm; optional: points = 9
    momentum = { choice = [0.9, 0.99] } # or { points = [...] } for increasing numbers
    [optimizers.adamw]
    lr = { log = [1e-4, 1e-1] }
    weight_decay = { uniform = [0.0, 0.1] }
    beta2 = { class = "Linear", start = 0.9, end = 0.999, steps = "50%" }  # a schedule; half of the run's steps

    [schedules]                         # multiply lr; each optimizer is tuned with each of them
    constant = {}
    cosine = { class = "Cosine", start = 1.0, end = 0.0, steps = "100%" }

    [tuning]
    search = "grid"                     # or "halton", "sobol"
    points = 7                          # of every range; "halton" and "sobol" have budgets = [25, 75] and seed
    extend = 2                          # points added at most at an end of a range where the best setting lies

    [seeds]
    tuning = 2                          # runs of every setting
    final = 10                          # runs of the best one, on other seeds
    fixed = { data = 0 }                # random streams with one seed: data, initial, order, noise
    reshuffled = true                   # false: every epoch has the first one's batches

    [[claims]]                          # a paired test, "sign" or "wilcoxon", two-sided
    better = "adamw cosine"
    than = "momentum constant"
    on = "digits"
    test = "wilcoxon"
    p = 0.05
    [[claims]]                          # below, above or both; quantities: test_metric, test_loss,
    median = "adamw cosine"             # validation_metric, validation_loss, train_loss, epochs_, steps_,
    on = "digits"
    quantity = "test_metric"            # seconds_to_target
    above = 0.95
    [[claims]]
    diverging = "adamw cosine"
    on = "digits"
    at_most = 0
"""

from .claims import Better, Diverging, Median
from .configuration import OptimizerConfig, ProblemConfig
from .execution import executor
from .report import write_report
from .results import Results
from .running import run, status
from .search import Grid, Halton, Sobol
from .space import Choice, LogUniform, Points, Uniform
from .specification import Seeding, Sweep
from .store import Store
from .toml import load, read, write

__all__ = [
    "Better",
    "Choice",
    "Diverging",
    "Grid",
    "Halton",
    "LogUniform",
    "Median",
    "OptimizerConfig",
    "Points",
    "ProblemConfig",
    "Results",
    "Seeding",
    "Sobol",
    "Store",
    "Sweep",
    "Uniform",
    "executor",
    "load",
    "read",
    "run",
    "status",
    "write",
    "write_report",
]
