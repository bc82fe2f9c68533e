"""Ctrl-C and errors leave parameters, states and counts of one step together."""

import signal
import threading
import time

import numpy as np
import pytest

from ravine.kernels import ArrayRule, threads
from ravine.optim import SGD, Adam, Muon, Optimizer
from ravine.optim.hyper import NonNegative


def interrupt_after(seconds):
    main = threading.main_thread().ident
    timer = threading.Timer(seconds, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    return timer


@pytest.mark.parametrize("moment", range(8))
def test_interrupts_wait_for_the_end_of_a_step(moment):
    arrays = [np.zeros(400_000) for _ in range(6)]
    gradients = [np.ones_like(a) for a in arrays]
    opt = Adam(arrays, lr=1.0)
    opt.step(gradients)
    timer = interrupt_after(0.005 + 0.003 * moment)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (it may come at any time)
        for _ in range(1000):
            opt.step(gradients)
        time.sleep(10)
    timer.join()
    states = opt.state_dict()["state"].values()
    assert {state["t"] for state in states} == {opt.t}
    kept = [a.copy() for a in arrays]
    for array in arrays:
        assert np.all(array == arrays[0][0])
    time.sleep(0.01)
    np.testing.assert_array_equal(arrays, kept)


def test_no_thread_writes_after_an_error(monkeypatch):
    monkeypatch.setattr(threads, "thread_count", lambda: 2)
    monkeypatch.setattr(threads, "_pool", None)
    running = []

    def loop(x):
        running.append(1)
        try:
            if threading.current_thread() is threading.main_thread():
                raise FloatingPointError
            time.sleep(0.05)
        finally:
            running.pop()

    with pytest.raises(FloatingPointError):
        threads.run(loop, [np.zeros(1 << 18)], ())
    assert not running
    threads._workers().shutdown()


class Failing(Optimizer, abstract=True):
    granularity = "per-tensor"
    lr: NonNegative = 1.0

    @staticmethod
    def rule(x, g, m, lr):
        if x.shape == (3,):
            raise np.linalg.LinAlgError("SVD did not converge")
        return x - lr * g, m + 1


def test_an_error_in_one_parameter_leaves_all_as_they_were():
    arrays = [np.ones(2), np.ones(3)]
    opt = Failing(arrays)
    with pytest.raises(np.linalg.LinAlgError):
        opt.step([np.ones(2), np.ones(3)])
    assert opt.t == 0
    assert [a.tolist() for a in arrays] == [[1, 1], [1, 1, 1]]
    for state in opt.state_dict()["state"].values():
        assert (state["t"], state["m"].any()) == (0, False)


def test_a_state_may_be_the_former_x():
    def rule(x, g, former, lr):
        return x - lr * g, x

    x, former = np.ones(2), np.zeros(2)
    ArrayRule(rule, ["x", "former"])([x, np.ones(2), former], [0.5])
    assert (x.tolist(), former.tolist()) == ([0.5, 0.5], [1.0, 1.0])


@pytest.mark.parametrize(("dtype", "eps"), [("f", 1e-38), ("d", 1e-310)])
def test_a_hyperparameter_that_kernels_take_for_zero(dtype, eps):
    with pytest.raises(ValueError, match="eps must be 0 or at least"):
        Adam([np.ones(2, dtype)], eps=eps)
    opt = Adam([np.ones(2, dtype)])
    with pytest.raises(ValueError, match="eps must be 0 or at least"):
        opt.eps = eps
    assert opt.eps == Adam().eps
    assert SGD([np.ones(2, dtype)], lr=0.0).lr == 0
    Muon([np.ones((2, 2), dtype)], lr=eps)


class DividesByZero(Optimizer, abstract=True):
    lr: NonNegative = 0.5

    @staticmethod
    def rule(x, g, t, lr):
        return x - lr / (t - 2) * g


@pytest.mark.parametrize("size", [2, 3000])
def test_an_error_in_numbers_leaves_all_as_they_were(size):
    arrays = [np.ones(size), np.ones(size)]
    opt = DividesByZero(arrays)
    opt.step([None, np.ones(size)])
    with pytest.raises(ZeroDivisionError):
        opt.step([np.ones(size)] * 2)
    np.testing.assert_array_equal(arrays, [[1.0] * size, [1.5] * size])
    assert [state["t"] for state in opt.state_dict()["state"].values()] == [0, 1]
    assert opt.t == 1
