"""Statistics of results, as functions of plain arrays.

A diverged run is NaN or infinite. It is never averaged: quantiles, ranks and paired tests treat it as the worst result,
its time to a target is infinite, and functions that average refuse it. In a table of results, the rows are problems or
seeds, which are paired, and the columns are the methods, which are compared.
"""

from .order import bootstrap_interval, costs, diverged, quantiles
from .paired import Paired, holm, sign_test, wilcoxon
from .ranks import Friedman, average_ranks, critical_difference, friedman, indistinguishable
from .targets import (
    algoperf_score,
    performance_profile,
    performance_ratios,
    steps_to_target,
    time_to_target,
    tuned_time,
)
from .tuning import GoodInterval, expected_best, expected_best_of_distinct, good_interval, quantiles_of_best

__all__ = [
    "Friedman",
    "GoodInterval",
    "Paired",
    "algoperf_score",
    "average_ranks",
    "bootstrap_interval",
    "costs",
    "critical_difference",
    "diverged",
    "expected_best",
    "expected_best_of_distinct",
    "friedman",
    "good_interval",
    "holm",
    "indistinguishable",
    "performance_profile",
    "performance_ratios",
    "quantiles",
    "quantiles_of_best",
    "sign_test",
    "steps_to_target",
    "time_to_target",
    "tuned_time",
    "wilcoxon",
]
