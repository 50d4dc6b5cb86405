"""How the weights of a net start, and what its batch normalisation ends with."""

from contextlib import ExitStack

import torch
from torch import nn

__all__ = ["settle_statistics", "standardize_layers"]

_WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Linear)


@torch.no_grad()
def standardize_layers(module, X):
    """Scale every layer so that its output has zero mean and unit variance on one batch.

    Layer after layer, as they run, the weights of each filter or unit are divided by the standard
    deviation of its output on `X`, and its bias makes the mean zero: about half of what it sees
    passes the ReLU. The running statistics of the batch normalisations start from the same batch
    [1]_. A layer that runs more than once is scaled the first time.

    Parameters
    ----------
    module : nn.Module
        Changed in place; left in evaluation mode.
    X : tensor of shape (n_spectra, n_channels)
        One batch of spectra, on any scale. A filter that gives the same for all of it keeps its
        weights.

    References
    ----------
    .. [1] D. Mishkin and J. Matas, "All you need is a good init", ICLR (2016), arXiv:1511.06422;
       here with the mean as well as the variance.
    """
    module.eval()
    done = set()

    def first_time(layer):
        return layer not in done and not done.add(layer)

    def see_input(layer, inputs):
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            if layer.running_mean is not None and first_time(layer):
                std, mean = _moments(inputs[0], axis=1)
                layer.running_mean.copy_(mean)
                layer.running_var.copy_(std.square())
        elif layer.bias is not None and layer not in done:
            layer.bias.zero_()  # beside it small numbers would be rounded away

    def see_output(layer, inputs, output):
        if not isinstance(layer, _WEIGHTED) or not first_time(layer):
            return None
        axis = output.ndim - 1 if isinstance(layer, nn.Linear) else 1
        std, mean = _moments(output, axis)
        std = torch.where(std > 1e-6 * mean.abs(), std, 1.0)
        layer.weight.div_(std.view(-1, *[1] * (layer.weight.ndim - 1)))
        if layer.bias is not None:
            layer.bias.copy_(-mean / std)
        return layer.forward(*inputs)

    with ExitStack() as hooks:
        for layer in module.modules():
            if isinstance(layer, (*_WEIGHTED, nn.BatchNorm1d, nn.BatchNorm2d)):
                hooks.enter_context(layer.register_forward_pre_hook(see_input))
                hooks.enter_context(layer.register_forward_hook(see_output))
        module(X)


@torch.no_grad()
def settle_statistics(module, batches, infer):
    """Take the statistics of batch normalisation from one pass with the weights as they are.

    Running averages lag behind by about a hundred batches at the published momentum of 0.99, which
    in a short training is all there is [1]_. Dropout is off in this pass, as it is at predict.

    Parameters
    ----------
    module : nn.Module
        Changed in place; left in evaluation mode.
    batches : iterable of (dict of str to tensor, tensor)
        Training batches, with the spectra in ``"X"``.
    infer : callable
        What runs the module on the first part of a batch.

    References
    ----------
    .. [1] S. Ioffe and C. Szegedy, "Batch normalization", ICML (2015), arXiv:1502.03167,
       Algorithm 2.
    """
    norms = [
        layer
        for layer in module.modules()
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and layer.track_running_stats
    ]
    momenta = [norm.momentum for norm in norms]
    module.eval()
    if not norms:
        return
    for norm in norms:
        norm.train().reset_running_stats()
    try:
        for number, (X, _) in enumerate(batches, start=1):
            for norm in norms:
                norm.momentum = 1 / number  # the plain mean over the batches
            infer(X)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.eval().momentum = momentum


def _moments(X, axis):
    """Return standard deviation and mean of each channel over all axes but one."""
    return torch.std_mean(X, dim=[each for each in range(X.ndim) if each != axis], correction=0)
