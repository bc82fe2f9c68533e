"""Automatic differentiation of NumPy code, in reverse and forward mode, to any order.

>>> import numpy as np
>>> from ravine.autograd import Tensor, grad
>>> x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
>>> np.sum(x * x).backward()
>>> x.grad
array([2., 4.])
>>> grad(grad(np.sin))(0.5) + np.sin(0.5)
np.float64(0.0)

To follow `loss.backward()`, read five files, from simple to complex: `op` (a function with its derivatives), `node` (a
place in the graph), `backward` (the pass over the graph), `dispatch` (how NumPy's functions find their ops), `tensor`
(the operators, which record). The other modules hold the table of ops (`ops`, `nn`), the functions that add to it
(`define`, `domain`), the rest of NumPy's interface (`methods`, `arguments`, `keywords`, `complex_tensor`), writes to
Tensors (`views`, `versions`), derivatives of functions (`call`, `forward`, `functional`, `checkpoint`), and tests of
derivatives (`check`, `properties`).
"""

if __name__ == "autograd":
    # If the root of the checkout is on the path, `import autograd` finds this folder, not the package of HIPS autograd.
    from .namesake import give_way

    give_way(__name__)
else:
    from . import explain, nn
    from .call import DisconnectedWarning
    from .check import check_grads
    from .checkpoint import checkpoint
    from .define import composite, constant, elementwise, linear, primitive
    from .domain import Domain, rand, sample
    from .explain import draw, kinks, steps, strict_dtype, strong_zero, trace_nan
    from .functional import elementwise_grad, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
    from .listing import table
    from .modes import no_grad
    from .op import Primitive
    from .ops.complex import takes_complex
    from .properties import check_row
    from .tensor import Parameter, Tensor

    __all__ = [
        "DisconnectedWarning",
        "Domain",
        "Parameter",
        "Primitive",
        "Tensor",
        "check_grads",
        "check_row",
        "checkpoint",
        "composite",
        "constant",
        "draw",
        "elementwise",
        "elementwise_grad",
        "explain",
        "grad",
        "hessian",
        "hvp",
        "jacobian",
        "jvp",
        "kinks",
        "linear",
        "nn",
        "no_grad",
        "primitive",
        "rand",
        "sample",
        "steps",
        "strict_dtype",
        "strong_zero",
        "table",
        "takes_complex",
        "trace_nan",
        "value_and_grad",
        "vjp",
    ]
