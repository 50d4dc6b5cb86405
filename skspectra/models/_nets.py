"""Trained nets as vectors of numbers, and back without what only training needs."""

import math
import sys

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["describe_net", "is_net", "restore_net"]

_MOST_CONSTANTS = 2**22  # numbers that a module computes for itself
_INITIALIZATIONS = {
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
}


def is_net(estimator):
    """Whether an estimator is a fitted net of this package."""
    base = sys.modules.get("skspectra.neural._estimators.base")
    is_of_ours = base is not None and isinstance(estimator, base.SpectralNetEstimator)
    return is_of_ours and hasattr(estimator, "net_")


def describe_net(net):
    """Return the number of channels of a net and its numbers, one vector for each dtype."""
    vectors = {}
    for tensor in _numbers(net.module_).values():
        values = tensor.detach().cpu().numpy()
        vectors.setdefault(values.dtype.name, []).append(values.ravel())
    return {
        "n_channels": int(net.get_params_for("module")["n_channels"]),
        "state": {dtype: np.concatenate(parts) for dtype, parts in vectors.items()},
    }


def restore_net(estimator, n_channels, state):
    """Give an estimator the net that it was saved with; no optimizer is built.

    Parameters
    ----------
    estimator : SpectralNetEstimator
        Has everything but the net; changed in place.
    n_channels : int
        Width of the spectra that the module takes.
    state : dict of str to ndarray
        The numbers of the module, one vector for each dtype.

    Raises
    ------
    ValueError
        If these are more or fewer numbers than the module has.
    """
    from skspectra.neural._training.device import available_device, resolve_device

    wanted = estimator.device
    device = resolve_device(wanted) if wanted == "auto" else available_device(wanted)
    net = estimator._make_net(n_channels, device, warm=False)
    with _allotment(sum(vector.size for vector in state.values()) + _MOST_CONSTANTS):
        module = net.module(**net.get_params_for("module"))
    module.load_state_dict(_cut(_numbers(module), state), strict=False)
    net.take_module(module.to(device))
    estimator.net_, estimator.history_ = net, []
    estimator._random_state = check_random_state(estimator.random_state)


def _allotment(n_numbers):
    """Context in which torch makes so many numbers at most and draws none from its generator.

    Parameters of a file may ask for a module that is larger than the file: they are refused before
    the memory is taken. (The dispatch mode that training draws by would import torch's compiler.)
    """
    import torch
    from torch.overrides import TorchFunctionMode

    makers = {torch.empty, torch.full, torch.ones, torch.rand, torch.randn, torch.zeros}
    draws = {torch.rand, torch.randn, torch.Tensor.normal_, torch.Tensor.uniform_}
    draws |= {
        function for name, function in vars(torch.nn.init).items() if name in _INITIALIZATIONS
    }

    class Allotment(TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.left, self.generator = n_numbers, torch.Generator()

        def __torch_function__(self, function, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            if function in makers:
                size = args[0] if isinstance(args[0], (tuple, list)) else args
                self.left -= math.prod(size)
            elif function is torch.arange:
                self.left -= len(range(*args))
            if self.left < 0:
                raise ValueError("its net has more numbers by its parameters than are in it.")
            if function in draws:
                kwargs["generator"] = self.generator
            return function(*args, **kwargs)

    return Allotment()


def _numbers(module):
    """All that a module predicts with, by name."""
    state = module.state_dict()
    return {name: each for name, each in state.items() if not name.endswith("num_batches_tracked")}


def _cut(planned, vectors):
    """Cut vectors into the tensors that are planned."""
    import torch

    names = {}
    for name, tensor in planned.items():
        names.setdefault(str(tensor.dtype).removeprefix("torch."), []).append(name)
    sizes = {dtype: sum(planned[name].numel() for name in names[dtype]) for dtype in names}
    found = {dtype: vector.size for dtype, vector in vectors.items()}
    if found != sizes:
        raise ValueError(f"its net has {sizes} numbers by its parameters, but {found} are in it.")
    tensors = {}
    for dtype, group in names.items():
        parts = torch.from_numpy(vectors[dtype]).split([planned[name].numel() for name in group])
        for name, part in zip(group, parts, strict=True):
            tensors[name] = part.view_as(planned[name])
    return tensors
