"""How the weights of a net start, and what its batch normalisation ends with."""

import torch
from torch import nn

__all__ = ["settle_statistics", "standardize_layers"]


@torch.no_grad()
def standardize_layers(module, X):
    """Scale every layer so that its output has zero mean and unit variance on one batch.

    Layer after layer, the weights of each filter or unit are divided by the standard deviation of
    its output on `X`, and its bias makes the mean zero: about half of what it sees passes the
    ReLU. The running statistics of the batch normalisations start from the same batch [1]_.

    Parameters
    ----------
    module : SpectralModule
        Changed in place; left in evaluation mode.
    X : tensor of shape (n_spectra, n_channels)
        One batch of spectra. A filter that gives the same for all of it keeps its weights.

    References
    ----------
    .. [1] D. Mishkin and J. Matas, "All you need is a good init", ICLR (2016), arXiv:1511.06422;
       here with the mean as well as the variance.
    """
    module.eval()
    for layer in (child for child in module.modules() if not any(child.children())):
        if isinstance(layer, nn.Conv1d | nn.Linear):
            std, mean = _moments(layer(X))
            varies = std > 1e-6 * mean.abs()
            std = torch.where(varies, std, 1.0)
            layer.weight.div_(std.view(-1, *[1] * (layer.weight.ndim - 1)))
            layer.bias.sub_(mean).div_(std)
        elif isinstance(layer, nn.BatchNorm1d):
            std, mean = _moments(X)
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(std.square())
        X = layer(X)


@torch.no_grad()
def settle_statistics(module, batches, infer):
    """Take the statistics of batch normalisation from one pass with the weights as they are.

    Running averages lag behind by about a hundred batches at the published momentum of 0.99, which
    in a short training is all there is [1]_. Dropout is off in this pass, as it is at predict.

    Parameters
    ----------
    module : SpectralModule
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
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm1d)]
    momenta = [norm.momentum for norm in norms]
    module.eval()
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


def _moments(X):
    """Return standard deviation and mean of each channel (axis 1) over all other axes."""
    return torch.std_mean(X, dim=[axis for axis in range(X.ndim) if axis != 1], correction=0)
