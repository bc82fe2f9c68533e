"""The average of the parameters in place of the parameters."""

from __future__ import annotations

from ..errors import UsageError
from .callback import Callback, Logs
from .optimizers import averaged


class WeightAveraging(Callback):
    """Validation sees the average that the optimizer keeps, and at the end the parameters become it.

    The optimizer computes it, Adam(ema=0.999) or SGD(swa=1000), as part of its state; see `opt.averaged()`. With a rule
    that is an average itself, such as ScheduleFreeSGD, all this holds without the callback. Buffers, such as the
    statistics of batch normalisation, stay those of the parameters that were trained.

    Raises:
        UsageError: the optimizer keeps no average, or more than one.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.fit import fit
    >>> from ravine.optim import SGD
    >>> net, data = nn.Linear(1, 1, bias=False, init="zeros"), (np.ones((1, 1)), np.ones((1, 1)))
    >>> history = fit(net, data, SGD(lr=0.25, ema=0.5), epochs=2, callbacks=[WeightAveraging()])
    >>> net.weight.data.tolist()  # it went 0, 1/2, 3/4
    [[0.625]]
    """

    def on_train_begin(self, logs: Logs) -> None:
        """From now on, look at the average."""
        try:
            with averaged(self.training.optimizer):
                self.training.at_average = True
        except ValueError as error:
            raise UsageError(f"WeightAveraging: {error}") from error
