"""Automatic differentiation of NumPy code: `Tensor`, one row per function, any order of derivative.

>>> import numpy as np
>>> from glissade.autograd import Tensor, grad
>>> x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> np.sum(x * x).backward()
>>> x.grad
array([2., 4.])
>>> grad(grad(np.sin))(0.5) + np.sin(0.5)
np.float64(0.0)
"""

if __name__ == "autograd":
    # Where the checkout's root is on the path, this folder lies under the name of HIPS autograd: give way to that.
    from .namesake import give_way

    give_way(__name__)
else:
    from . import nn
    from .check import check_grads
    from .domain import Domain, arr, case
    from .functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
    from .modes import no_grad
    from .op import Op, composite, constant, elementwise, linear, structural
    from .tensor import Parameter, Tensor

    __all__ = [
        "Domain",
        "Op",
        "Parameter",
        "Tensor",
        "arr",
        "case",
        "check_grads",
        "composite",
        "constant",
        "elementwise",
        "grad",
        "hessian",
        "hvp",
        "jacobian",
        "jvp",
        "linear",
        "nn",
        "no_grad",
        "structural",
        "value_and_grad",
        "vjp",
    ]
