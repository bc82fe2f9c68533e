"""Sweeps: problems x optimizers x search spaces x schedules x seeds, declared once, run anywhere, resumed, judged.

`ravine plan|run|status|report|verify FILE.toml`, or in Python `campaign(load(file), Store(path), executor(jobs))`. A
file has these parts, of which only problems and optimizers are needed.

    name = "warmup"                     # results go to runs/warmup; the file's name, if it isn't said
    measures = ["gradient_norm"]        # at every step; also batch_loss, parameter_norm, update_norm, update_ratio

    [problems.digits]                   # `ravine list` has the names
    epochs = 10
    [problems.small]                    # a name of one's own needs `problem`; other entries are the problem's fields
    problem = "digits"
    hidden = [16]
    dropout = 0.1

    [optimizers.momentum]               # hyperparameters: a value, or a space that is searched
    lr = { log = [1e-3, 1.0] }          # evenly in the logarithm; also points = 9
    momentum = { choice = [0.9, 0.99] }
    [optimizers.adamw]
    lr = { log = [1e-4, 1e-1] }
    weight_decay = { uniform = [0.0, 0.1] }
    beta2 = { class = "Linear", start = 0.9, end = 0.999, steps = "50%" }  # a schedule; of the run's steps, half

    [schedules]                         # shapes that multiply lr; each optimizer is tuned with each
    constant = {}
    cosine = { class = "Cosine", start = 1.0, end = 0.0, steps = "100%" }

    [tuning]
    search = "grid"                     # with points (of every range) and extend (where an end wins);
    points = 7                          # or "halton", "sobol", with budgets = [25, 75] and seed
    extend = 2

    [seeds]
    tuning = 2                          # runs of every setting
    final = 10                          # of the best one, on other seeds
    fixed = { data = 0 }                # streams that don't vary: of data, initial, order, noise
    reshuffled = true                   # false: every epoch has the first one's batches

    [[claims]]                          # a paired test, "sign" or "wilcoxon", two-sided
    better = "adamw cosine"
    than = "momentum constant"
    on = "digits"
    test = "wilcoxon"
    p = 0.05
    [[claims]]                          # below, above or both; also of test_loss, validation_metric,
    median = "adamw cosine"             # validation_loss, train_loss; epochs_, steps_, seconds_to_target
    on = "digits"
    quantity = "test_metric"
    above = 0.95
    [[claims]]
    diverging = "adamw cosine"
    on = "digits"
    at_most = 0
"""

from .campaign import campaign, survey
from .claims import Better, Diverging, Median
from .config import load, read, write
from .contender import Contender, Task
from .execution import executor
from .page import render
from .search import Grid, Halton, Sobol
from .seeding import Seeding
from .space import Choice, LogUniform, Uniform
from .specification import Sweep
from .store import Store

__all__ = [
    "Better",
    "Choice",
    "Contender",
    "Diverging",
    "Grid",
    "Halton",
    "LogUniform",
    "Median",
    "Seeding",
    "Sobol",
    "Store",
    "Sweep",
    "Task",
    "Uniform",
    "campaign",
    "executor",
    "load",
    "read",
    "render",
    "survey",
    "write",
]
