"""A fully convolutional graph that does not feel where the edge lies."""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import conv1d

from skspectra.neural._modules import (
    EPS,
    MOMENTUM,
    SpectralModule,
    check_blocks,
    class_map_blocks,
)

__all__ = ["InvariantConvModule"]

_N_BLURRED = 2  # blocks that halve the length; 4 channels are still finer than a white line
_BINOMIAL = (1, 6, 15, 20, 15, 6, 1)
_PAIR = (1, 1)


class InvariantConvModule(SpectralModule):
    """The published fully convolutional graph without its sense of position.

    The convolutions and the weights that are trained are those of `FullyConvModule`. What differs:
    the first two blocks blur with a binomial filter before every second position is dropped [1]_;
    the others drop none, and from block to block their convolutions and averages of pairs are
    dilated twice as much instead; and the spectra are continued with the values at their ends by
    half of the receptive field, so that positions are centred on every channel.

    Spectra that end flat, at the same value on both sides, and differ by a shift of a multiple of
    four channels have the same logits, as long as the edge stays half a receptive field (77
    channels) away from the ends.

    Parameters
    ----------
    n_channels, n_outputs : int
        Width of the spectra and number of outputs: one for each class.
    n_filters, kernel_sizes : sequence of int
        Filters and kernel size of each block of the feature extractor.
    dropout : float
        Share of the features dropped while training.
    eps, momentum : float
        Of every batch normalisation.

    References
    ----------
    .. [1] R. Zhang, "Making convolutional networks shift-invariant again", ICML (2019),
       arXiv:1904.11486.
    """

    def __init__(
        self,
        n_channels,
        n_outputs,
        *,
        n_filters,
        kernel_sizes,
        dropout,
        eps=EPS,
        momentum=MOMENTUM,
    ):
        check_blocks(n_filters, kernel_sizes)
        margin = _receptive_field(kernel_sizes) // 2
        features = []
        for number, (pair, kernel_size) in enumerate(
            zip(pairwise([1, *n_filters]), kernel_sizes, strict=True)
        ):
            is_blurred = number < _N_BLURRED
            dilation = 1 if is_blurred else 2 ** (number - _N_BLURRED)
            layers = OrderedDict(
                conv=nn.Conv1d(*pair, kernel_size, dilation=dilation),
                relu=nn.ReLU(),
                norm=nn.BatchNorm1d(pair[1], eps, momentum),
                smooth=(
                    FixedFilter(_BINOMIAL, stride=2)
                    if is_blurred
                    else FixedFilter(_PAIR, dilation=dilation)
                ),
            )
            if number == 0:
                unflatten = nn.Unflatten(1, (1, n_channels))
                continued = nn.ReplicationPad1d(margin)
                layers = OrderedDict(unflatten=unflatten, continued=continued, **layers)
            features.append((f"block_{number + 1}", nn.Sequential(layers)))
        super().__init__(
            features, class_map_blocks(n_filters[-1], n_outputs, dropout, eps, momentum)
        )


class FixedFilter(nn.Module):
    """Weighted mean of neighbouring positions, the same in every channel and never trained.

    Parameters
    ----------
    weights : sequence of float
        Weights of the neighbours; scaled to a sum of 1.
    stride, dilation : int, default=1
        Distance of the positions that come out, and of the neighbours.
    """

    def __init__(self, weights, *, stride=1, dilation=1):
        super().__init__()
        weights = torch.tensor(weights, dtype=torch.get_default_dtype()).view(1, 1, -1)
        self.register_buffer("weights", weights / weights.sum())
        self.stride = stride
        self.dilation = dilation

    def forward(self, X):
        """Filter maps of shape (n_spectra, n_filters, n_positions)."""
        n_spectra, n_filters, n_positions = X.shape
        rows = X.reshape(n_spectra * n_filters, 1, n_positions)
        smooth = conv1d(rows, self.weights, stride=self.stride, dilation=self.dilation)
        return smooth.view(n_spectra, n_filters, -1)


def _receptive_field(kernel_sizes):
    """Channels that one position of the last block sees."""
    field, distance = 1, 1
    for number, kernel_size in enumerate(kernel_sizes):
        if number < _N_BLURRED:
            field += distance * (kernel_size - 1 + len(_BINOMIAL) - 1)
            distance *= 2
        else:
            dilation = 2 ** (number - _N_BLURRED)
            field += distance * dilation * (kernel_size - 1 + len(_PAIR) - 1)
    return field
