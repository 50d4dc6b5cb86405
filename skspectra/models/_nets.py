"""Trained nets as vectors of numbers, and back without what only training needs."""

import sys

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["describe_net", "is_net", "restore_net"]

_MOST_CONSTANTS = 2**22  # numbers that a module computes for itself


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
    """Give an estimator the net that it was saved with.

    The module is first planned without memory for its numbers, so that a file whose parameters ask
    for more than it brings is refused before anything is allocated. No optimizer is built.

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
    import torch

    from skspectra.neural._training.device import available_device, resolve_device

    wanted = estimator.device
    device = resolve_device(wanted) if wanted == "auto" else available_device(wanted)
    net = estimator._make_net(n_channels, device, warm=False)
    arguments = net.get_params_for("module")
    with torch.device("meta"):
        planned = net.module(**arguments)
    if sum(buffer.numel() for buffer in planned.buffers()) > _MOST_CONSTANTS:
        raise ValueError("its net takes more memory than a net of spectra needs.")
    tensors = _cut(_numbers(planned), state)
    with torch.random.fork_rng([]):
        module = net.module(**arguments)
    module.load_state_dict(tensors, strict=False)
    net.take_module(module.to(device))
    estimator.net_, estimator.history_ = net, []
    estimator._random_state = check_random_state(estimator.random_state)


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
