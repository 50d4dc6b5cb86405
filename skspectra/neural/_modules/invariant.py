"""The fully convolutional architecture that does not feel where the edge lies."""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import avg_pool1d, conv1d

from skspectra.neural._modules.blocks import (
    SpectralModule,
    check_blocks,
    class_map_blocks,
    normalization,
)

__all__ = ["InvariantConvModule", "PhasedAvgPool1d", "PhasedConv1d", "Phases"]

_HIDDEN = 6  # of so many channels one, at most, at each end while training


class InvariantConvModule(SpectralModule):
    """The published fully convolutional architecture, at all phases of its poolings.

    Each pooling of the published one keeps every second position. Which ones, is the phase: with
    five blocks there are 32, and a shift by one channel changes it. This one has the weights of
    `FullyConvModule` and

    - continues the spectra at both ends with the values there: by a whole receptive field behind
      the tail of the edge, so that no position that sees some of it is missing, and by half of one
      before its onset, where what is cut off is steep and continues less well;
    - predicts with the mean over all phases. They are computed together by dilation: no pooling
      drops a position, and from block to block the taps of the convolutions and the two positions
      of a pair are twice as far apart [1]_, [2]_;
    - is trained with one phase, drawn at random for every batch, at the cost of the published
      architecture. The features are an unbiased sample of those it predicts with, as in stochastic
      pooling [3]_;
    - is shown, in every batch, spectra that end earlier: at both ends up to a sixth of the channels
      is hidden behind the value of the next, as if a window had cut them off. So it does not rely
      on what another window would not hold.

    A spectrum has the same logits after a shift by any number of channels, as long as it begins
    with half of a receptive field (70 channels) of one value and ends with the same value.

    Parameters
    ----------
    n_channels, n_outputs : int
        Width of the spectra and number of outputs: one for each class.
    n_filters, kernel_sizes : sequence of int
        Filters and kernel size of each block of the feature extractor.
    dropout : float
        Share of the features dropped while training; less than as published, since drawing phases
        regularises too.

    References
    ----------
    .. [1] M. J. Shensa, "The discrete wavelet transform: wedding the a trous and Mallat
       algorithms", IEEE Transactions on Signal Processing 40, 2464 (1992).
    .. [2] A. Azulay and Y. Weiss, "Why do deep convolutional networks generalize so poorly to small
       image transformations?", Journal of Machine Learning Research 20, 184 (2019).
    .. [3] M. D. Zeiler and R. Fergus, "Stochastic pooling for regularization of deep convolutional
       neural networks", ICLR (2013), arXiv:1301.3557.
    """

    def __init__(
        self,
        n_channels,
        n_outputs,
        *,
        n_filters=(2, 2, 4, 8, 12),
        kernel_sizes=(9, 7, 7, 5, 3),
        dropout=0.2,
    ):
        check_blocks(n_filters, kernel_sizes)
        features = []
        for number, (pair, kernel_size) in enumerate(
            zip(pairwise([1, *n_filters]), kernel_sizes, strict=True)
        ):
            layers = OrderedDict(
                conv=PhasedConv1d(*pair, kernel_size, dilation=2**number),
                relu=nn.ReLU(),
                norm=normalization(pair[1]),
                pool=PhasedAvgPool1d(2**number),
            )
            if number == 0:
                phases = Phases(n_channels, receptive_field(kernel_sizes), 2 ** len(kernel_sizes))
                layers = OrderedDict(phases=phases, **layers)
            features.append((f"block_{number + 1}", nn.Sequential(layers)))
        super().__init__(features, class_map_blocks(n_filters[-1], n_outputs, dropout))

    def embed(self, X):
        """Features averaged over the positions, of shape (n_spectra, n_filters)."""
        return self.features(X).mean(dim=2)


class Phases(nn.Module):
    """Continue spectra at both ends; while training, at a random phase and from nearer ends.

    Parameters
    ----------
    n_channels : int
        Width of the spectra.
    field : int
        Channels that one position of the last block sees.
    n_phases : int
        Distance in channels of the positions of one phase. All phases have the same number of
        positions: together, one for every channel, half a field and as many more as that takes.

    Attributes
    ----------
    generator : torch.Generator or None
        What phases are drawn from while a net is trained; None is torch's global one.
    """

    generator = None

    def __init__(self, n_channels, field, n_phases):
        super().__init__()
        self.n_channels = n_channels
        self.n_phases = n_phases
        n_positions = -(-(n_channels + field // 2) // n_phases) * n_phases
        n_seen = field - 1 + n_positions
        channels = torch.arange(n_seen) - field // 2
        self.register_buffer("channels", channels.clamp(0, n_channels - 1), persistent=False)

    def forward(self, X):
        """Return signals of shape (n_spectra, 1, n_seen)."""
        channels = self.draw(self.generator) if self.training else self.channels
        return X.index_select(1, channels).unsqueeze(1)

    def draw(self, generator):
        """Channels that are seen at a random phase, some of those at the ends hidden."""
        n_ends = self.n_channels // _HIDDEN + 1
        phase, first, last = (
            torch.randint(n, (1,), generator=generator, device=self.channels.device)
            for n in (self.n_phases, n_ends, n_ends)
        )
        channels = self.channels.unfold(0, len(self.channels) - self.n_phases + 1, 1)[phase]
        return channels.squeeze(0).clamp(first, self.n_channels - 1 - last)


class PhasedConv1d(nn.Conv1d):
    """A convolution that is dilated when all phases are computed, not while one is trained."""

    def forward(self, X):
        """Convolve maps of shape (n_spectra, n_filters, n_positions)."""
        return conv1d(X, self.weight, self.bias) if self.training else super().forward(X)


class PhasedAvgPool1d(nn.Module):
    """Means of two positions: of neighbours while one phase is trained, else this far apart.

    Parameters
    ----------
    distance : int
        Between the two when all phases are computed; no position is dropped then.
    """

    def __init__(self, distance):
        super().__init__()
        self.distance = distance

    def forward(self, X):
        """Average maps of shape (n_spectra, n_filters, n_positions)."""
        if self.training:
            return avg_pool1d(X, 2)
        return (X[:, :, : -self.distance] + X[:, :, self.distance :]) / 2


def receptive_field(kernel_sizes):
    """Channels that one position of the last block sees."""
    return 1 + sum(kernel_size * 2**number for number, kernel_size in enumerate(kernel_sizes))
