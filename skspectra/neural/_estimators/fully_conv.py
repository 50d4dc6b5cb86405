"""The fully convolutional classifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from skspectra._sklearn import Interval, StrOptions
from skspectra.neural._estimators.classifier import SpectralNetClassifier
from skspectra.neural._estimators.docs import with_shared_docs

__all__ = ["FullyConvClassifier", "FullyConvParameters"]


@dataclass(kw_only=True, eq=False, repr=False)
class FullyConvParameters:
    """The parameters of the fully convolutional architectures."""

    architecture: str = "published"
    n_filters: Sequence[int] = (2, 2, 4, 8, 12)
    kernel_sizes: Sequence[int] = (9, 7, 7, 5, 3)
    dropout: float | None = None

    _module_parameters = ("n_filters", "kernel_sizes", "dropout")

    _parameter_constraints: ClassVar[dict] = {
        "architecture": [StrOptions({"published", "invariant"})],
        "n_filters": ["array-like"],
        "kernel_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left"), None],
    }


@with_shared_docs
@dataclass(kw_only=True, eq=False, repr=False)
class FullyConvClassifier(FullyConvParameters, SpectralNetClassifier):
    r"""Classify spectra by a fully convolutional net, which depends little on positions.

    Blocks of a convolution, a ReLU, batch normalisation and averaging of pairs make features, here
    of 12 filters at 6 positions for 300 channels. A convolution of kernel size 1 turns them into
    one map per class, whose average over the positions is the logit of the class [1]_:

    .. math:: p_k(x) = \mathrm{softmax}_k \Big( \frac{1}{P} \sum_{j=1}^{P} \mathrm{BN}_k
              \big( w_k \cdot f_j(x) + b_k \big) \Big)

    with the features :math:`f_j` at position :math:`j` of :math:`P`. No weight belongs to a
    position: with the defaults and three classes, 679 weights are trained whatever the width.

    Parameters
    ----------
    architecture : {"published", "invariant"}, default="published"
        "invariant" has as many weights, but takes the mean over all phases of the poolings, that is
        over all choices of every second position. The published architecture has one phase. The
        spectra are continued with the values at their ends, at random positions while the net is
        trained. It keeps its accuracy under shifts that it was not trained with. See the notes.
    n_filters : sequence of int, default=(2, 2, 4, 8, 12)
        Filters of each block.
    kernel_sizes : sequence of int, default=(9, 7, 7, 5, 3)
        Channels that the convolution of each block spans, without padding. For the published
        architecture the spectra must be wide enough: 140 channels with the default.
    dropout : float, default=None
        Share of the features that is dropped while training. None is 0.8 for the published
        architecture, as published, and 0.2 for the invariant one, which the random phases
        regularise too.
    <class_weight>
    <parameters>

    Attributes
    ----------
    <classifier_attributes>
    <attributes>

    See Also
    --------
    ConvDenseClassifier : The same features, classified by dense layers.
    skspectra.augmentation.EnergyShift : Augmentation that makes any net less sensitive to the
        position.

    Notes
    -----
    `activations` has ``block_1`` and so on, ``class_maps`` of shape (n_spectra, n_classes,
    n_positions), and ``logits``, their average. `embed` flattens the last block of the published
    architecture, and averages that of the invariant architecture over the positions.

    Halving the length in every block makes the published architecture depend on position to some
    degree: a shift that is not a multiple of ``2 ** len(kernel_sizes)`` channels changes the
    features [2]_. The invariant architecture computes the features of all of these phases at once:
    instead of dropping positions, it doubles the distance between the taps of its convolutions from
    block to block [3]_. Its logits are the same after a shift by any number of channels, as long as
    the spectrum begins with half of a receptive field (70 channels with the defaults) of one value
    and ends with the same value. While it is trained, one random phase of every batch is computed,
    so that it costs little more than the published architecture; the gradient is that of a random
    sample of the positions it predicts with. And up to a sixth of the channels is hidden at each
    end of every batch, behind the value of the next, so that the net does not rely on what a window
    may cut off.

    <notes>

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Figure 1 and Methods.
    .. [2] A. Azulay and Y. Weiss, "Why do deep convolutional networks generalize so poorly to small
       image transformations?", Journal of Machine Learning Research 20, 184 (2019).
    .. [3] M. J. Shensa, "The discrete wavelet transform: wedding the a trous and Mallat
       algorithms", IEEE Transactions on Signal Processing 40, 2464 (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import FullyConvClassifier
    >>> rng = np.random.default_rng(0)
    >>> channel, width = np.arange(160), np.repeat([[3.0], [9.0]], 60, axis=0)
    >>> X = np.exp(-(((channel - rng.uniform(60, 100, (120, 1))) / width) ** 2) / 2)
    >>> y = np.repeat(["narrow", "wide"], 60)
    >>> clf = FullyConvClassifier(dropout=0.1, lr=0.01, max_epochs=20, random_state=0)
    >>> clf.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    >>> clf.activations(X)["class_maps"].shape
    (120, 2, 1)
    """

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetClassifier._parameter_constraints,
        **FullyConvParameters._parameter_constraints,
    }
