"""Statistics of results, as functions of plain arrays.

A run that diverged is NaN (or infinite). It is never averaged: it is the worst of all in quantiles, ranks and paired
tests, takes for ever to reach a target, and whatever averages refuses it. In a table of results a row is what is
paired, a problem or a seed, and a column is what is compared.
"""

from .bootstrap import bootstrap_interval
from .budget import expected_best, expected_best_of_distinct, quantiles_of_best
from .order import costs, diverged, quantiles
from .paired import Paired, holm, sign_test, wilcoxon
from .profiles import algoperf_score, performance_profile, performance_ratios, tuned_time
from .ranks import Friedman, average_ranks, critical_difference, friedman, indistinguishable
from .sensitivity import GoodInterval, good_interval
from .targets import steps_to_target, time_to_target

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
