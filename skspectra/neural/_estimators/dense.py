"""The classifier with dense layers only."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from skspectra._sklearn import Interval
from skspectra.neural._estimators.classifier import SpectralNetClassifier
from skspectra.neural._estimators.docs import with_shared_docs

__all__ = ["DenseClassifier"]


@with_shared_docs
@dataclass(kw_only=True, eq=False, repr=False)
class DenseClassifier(SpectralNetClassifier):
    """Classify spectra by a net of dense layers.

    Two layers of 32 units, each after a dropout and followed by a ReLU and batch normalisation, and
    a linear layer that gives the logits [1]_. With the defaults, 300 channels and three classes,
    10915 weights are trained. The net has to learn each position of an edge separately: train it
    with `skspectra.augmentation.EnergyShift`.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(32, 32)
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
    FullyConvClassifier : A net that depends little on the position of an edge.

    Notes
    -----
    `activations` has ``dense_1`` and so on, and ``logits``. `embed` gives the last hidden layer.

    <notes>

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import DenseClassifier
    >>> rng = np.random.default_rng(0)
    >>> channel, width = np.arange(160), np.repeat([[3.0], [9.0]], 60, axis=0)
    >>> X = np.exp(-(((channel - rng.uniform(60, 100, (120, 1))) / width) ** 2) / 2)
    >>> y = np.repeat(["narrow", "wide"], 60)
    >>> clf = DenseClassifier(dropout=0.1, lr=0.01, max_epochs=20, random_state=0)
    >>> clf.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    >>> clf.embed(X).shape
    (120, 32)
    """

    hidden_layer_sizes: Sequence[int] = (32, 32)
    dropout: float = 0.5

    architecture = "dense"
    _module_parameters = ("hidden_layer_sizes", "dropout")

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetClassifier._parameter_constraints,
        "hidden_layer_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }
