"""The classifier with convolutions and dense layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from skspectra._sklearn import Interval
from skspectra.neural._estimators.classifier import SpectralNetClassifier
from skspectra.neural._estimators.docs import with_shared_docs

__all__ = ["ConvDenseClassifier"]


@with_shared_docs
@dataclass(kw_only=True, eq=False, repr=False)
class ConvDenseClassifier(SpectralNetClassifier):
    """Classify spectra by a net of convolutions and dense layers.

    Blocks of a convolution, a ReLU, batch normalisation and averaging of pairs make features, here
    of 12 filters at 6 positions for 300 channels. They are flattened to 72 values, which dense
    layers of 8 and 4 units (dropout, ReLU, batch normalisation) and a linear layer turn into logits
    [1]_. With the defaults, 300 channels and three classes, 1293 weights are trained.

    Parameters
    ----------
    n_filters : sequence of int, default=(2, 2, 4, 8, 12)
        Filters of each block.
    kernel_sizes : sequence of int, default=(9, 7, 7, 5, 3)
        Channels that the convolution of each block spans, without padding. The spectra must be
        wide enough: 140 channels with the default.
    hidden_layer_sizes : sequence of int, default=(8, 4)
        Units of each dense layer before the logits.
    dropout : float, default=0.5
        Share of its inputs that each hidden layer drops while training.
    <class_weight>
    <parameters>

    Attributes
    ----------
    <classifier_attributes>
    <attributes>

    See Also
    --------
    FullyConvClassifier : The same features, classified without regard to their position.

    Notes
    -----
    `activations` has ``block_1`` and so on, ``dense_1`` and so on, and ``logits``. `embed` flattens
    the last block of convolutions.

    <notes>

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import ConvDenseClassifier
    >>> rng = np.random.default_rng(0)
    >>> channel, width = np.arange(160), np.repeat([[3.0], [9.0]], 60, axis=0)
    >>> X = np.exp(-(((channel - rng.uniform(60, 100, (120, 1))) / width) ** 2) / 2)
    >>> y = np.repeat(["narrow", "wide"], 60)
    >>> clf = ConvDenseClassifier(dropout=0.1, lr=0.01, max_epochs=20, random_state=0)
    >>> clf.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    >>> clf.embed(X).shape
    (120, 12)
    """

    n_filters: Sequence[int] = (2, 2, 4, 8, 12)
    kernel_sizes: Sequence[int] = (9, 7, 7, 5, 3)
    hidden_layer_sizes: Sequence[int] = (8, 4)
    dropout: float = 0.5

    architecture = "conv-dense"
    _module_parameters = ("n_filters", "kernel_sizes", "hidden_layer_sizes", "dropout")

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetClassifier._parameter_constraints,
        "n_filters": ["array-like"],
        "kernel_sizes": ["array-like"],
        "hidden_layer_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }
