"""Blocks of layers that the architectures are made of."""

from collections import OrderedDict
from itertools import pairwise
from math import prod
from numbers import Integral

import torch
from torch import nn

__all__ = [
    "Dropout",
    "SpectralModule",
    "check_blocks",
    "class_map_blocks",
    "conv_blocks",
    "dense_blocks",
    "dropout_mask",
    "fill_with_bits",
    "least_channels",
    "n_passing",
    "n_positions",
    "normalization",
]

_SHIFTS = torch.arange(16)[:, None]


class SpectralModule(nn.Module):
    """Named blocks in a row: those that make features, then those that classify them.

    The layers inside run in the order in which they are registered, from spectra of shape
    (n_spectra, n_channels) to logits of shape (n_spectra, n_outputs).

    Parameters
    ----------
    features, classifier : list of (str, nn.Module)
        Name and block.
    """

    def __init__(self, features, classifier):
        super().__init__()
        self.features = nn.Sequential(OrderedDict(features))
        self.classifier = nn.Sequential(OrderedDict(classifier))

    def forward(self, X):
        """Logits of shape (n_spectra, n_outputs)."""
        return self.classifier(self.features(X))

    def embed(self, X):
        """Features of shape (n_spectra, n_features)."""
        return self.features(X).flatten(1)

    def activations(self, X):
        """Output of every block, as a dict from name to tensor."""
        outputs = {}
        for part in (self.features, self.classifier):
            for name, block in part.named_children():
                X = outputs[name] = block(X)
        return outputs


class Dropout(nn.Dropout):
    """Dropout as in torch, with masks that are cheaper to draw; see `dropout_mask`.

    Attributes
    ----------
    generator : torch.Generator or None
        What masks are drawn from while a net is trained; None is torch's global one.
    """

    generator = None

    def forward(self, X):
        """X times a mask while it is trained, else X."""
        if not self.training or self.p == 0:
            return X
        return X * dropout_mask(X.shape, self.p, X, self.generator)


def dropout_mask(shape, p, like, generator=None):
    """Draw zeros with probability p, and elsewhere what makes the mean 1.

    Sixteen random bits decide on a number, or one where p is a half, while torch's own mask takes a
    double from the generator and most of the time of a small net. So p is rounded to a multiple of
    2 ** -16, and the mean is 1 for that.

    Parameters
    ----------
    shape : sequence of int
        Shape of the mask.
    p : float
        Probability of a zero, below 1.
    like : tensor
        Gives dtype and device.
    generator : torch.Generator, default=None
        Of that device; torch's own if None.

    Returns
    -------
    mask : tensor of that shape
    """
    size, passing = prod(shape), n_passing(p)
    words = torch.empty(-(-size // 4), dtype=torch.int64, device=like.device)
    bits = fill_with_bits(words, p, generator).view(torch.int16)[:size].view(shape)
    mask = like.new_empty(shape)
    return torch.le(bits, passing - 2**15 - 1, out=mask).mul_(2**16 / passing)


def n_passing(p):
    """Of 2 ** 16 numbers, how many dropout keeps: one at least."""
    return max(1, round((1 - p) * 2**16))


def fill_with_bits(words, p, generator):
    """Fill a tensor of int64 with random bits that dropout with probability p decides by.

    Numbers of 16 bits are compared to `n_passing`. For a half that is to look at their first bits,
    so on a CPU, which takes longer to draw bits than to move them, the others are not drawn.
    """
    least = torch.iinfo(torch.int64).min
    if p != 0.5 or words.device.type != "cpu":
        return words.random_(least, None, generator=generator)
    drawn = words.new_empty(-(-len(words) // 16)).random_(least, None, generator=generator)
    moved = drawn << _SHIFTS
    return words.copy_(moved.flatten()[: len(words)])


def normalization(n_filters):
    """Batch normalisation with the defaults of Keras, as published; its momentum of .99 is .01."""
    return nn.BatchNorm1d(n_filters, eps=1e-3, momentum=0.01)


def class_map_blocks(n_filters, n_outputs, dropout):
    """Blocks that turn features into one map per class, and the maps into their averages."""
    class_maps = OrderedDict(
        dropout=Dropout(dropout),
        conv=nn.Conv1d(n_filters, n_outputs, 1),
        norm=normalization(n_outputs),
    )
    average = OrderedDict(pool=nn.AdaptiveAvgPool1d(1), flatten=nn.Flatten())
    return [("class_maps", nn.Sequential(class_maps)), ("logits", nn.Sequential(average))]


def least_channels(kernel_sizes):
    """Width at which the last of the blocks still has one position to give."""
    width = 1
    for kernel_size in reversed(kernel_sizes):
        width = 2 * width + kernel_size - 1
    return width


def n_positions(n_channels, kernel_sizes):
    """Positions that come out of the last block; every pooling drops an odd one out."""
    for kernel_size in kernel_sizes:
        n_channels = (n_channels - kernel_size + 1) // 2
    return n_channels


def check_blocks(n_filters, kernel_sizes):
    """Raise a ValueError if blocks of convolutions are not described by positive integers."""
    _check_sizes(n_filters, "n_filters")
    _check_sizes(kernel_sizes, "kernel_sizes")
    if len(n_filters) != len(kernel_sizes):
        raise ValueError(
            f"n_filters and kernel_sizes must be of one length, got {len(n_filters)} and "
            f"{len(kernel_sizes)}."
        )


def conv_blocks(n_channels, n_filters, kernel_sizes):
    """Blocks of a convolution, a ReLU, a batch normalisation and an average of pairs.

    Raises
    ------
    ValueError
        If the spectra are too narrow for them.
    """
    check_blocks(n_filters, kernel_sizes)
    least = least_channels(kernel_sizes)
    if n_channels < least:
        raise ValueError(
            f"Spectra of {n_channels} channels (n_features = {n_channels}) are too narrow for "
            f"convolutions with kernel_sizes={tuple(kernel_sizes)}, each followed by a pooling of "
            f"2: at least {least} channels are needed. Bring wider spectra, or fewer or shorter "
            "kernels."
        )
    blocks = []
    for number, (pair, kernel_size) in enumerate(
        zip(pairwise([1, *n_filters]), kernel_sizes, strict=True), start=1
    ):
        layers = OrderedDict(
            conv=nn.Conv1d(*pair, kernel_size),
            relu=nn.ReLU(),
            norm=normalization(pair[1]),
            pool=nn.AvgPool1d(2),
        )
        if number == 1:
            layers = OrderedDict(unflatten=nn.Unflatten(1, (1, n_channels)), **layers)
        blocks.append((f"block_{number}", nn.Sequential(layers)))
    return blocks


def dense_blocks(n_inputs, hidden_layer_sizes, dropout):
    """Blocks of a dropout, a linear layer, a ReLU and a batch normalisation."""
    _check_sizes(hidden_layer_sizes, "hidden_layer_sizes")
    blocks = []
    for number, pair in enumerate(pairwise([n_inputs, *hidden_layer_sizes]), start=1):
        layers = OrderedDict(
            flatten=nn.Flatten(),
            dropout=Dropout(dropout),
            linear=nn.Linear(*pair),
            relu=nn.ReLU(),
            norm=normalization(pair[1]),
        )
        blocks.append((f"dense_{number}", nn.Sequential(layers)))
    return blocks


def _check_sizes(sizes, name):
    if len(sizes) == 0 or not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(f"{name} must hold positive integers, one at least, got {sizes!r}.")
