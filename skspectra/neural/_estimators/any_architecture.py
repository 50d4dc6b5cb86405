"""The classifier and the regressor of any architecture, given by its name or as a module."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from skspectra._sklearn import StrOptions
from skspectra.neural._estimators.classifier import SpectralNetClassifier
from skspectra.neural._estimators.docs import with_shared_docs
from skspectra.neural._estimators.regressor import SpectralNetRegressor
from skspectra.neural._modules import ARCHITECTURES

__all__ = ["NetClassifier", "NetRegressor"]


@dataclass(kw_only=True, eq=False, repr=False)
class _AnyArchitecture:
    """The parameter that chooses an architecture by name, or a torch module of the user."""

    architecture: str | type = "invariant"

    _parameter_constraints: ClassVar[dict] = {
        "architecture": [StrOptions(set(ARCHITECTURES)), type]
    }

    def _module_class(self):
        module = super()._module_class()
        if not issubclass(module, torch.nn.Module):
            raise TypeError(
                f"architecture must be one of {sorted(ARCHITECTURES)} or a subclass of "
                f"torch.nn.Module, got {module!r}."
            )
        return module


@with_shared_docs
@dataclass(kw_only=True, eq=False, repr=False)
class NetClassifier(_AnyArchitecture, SpectralNetClassifier):
    """Classify spectra by a net of any architecture, given by its name or as a torch module.

    Parameters
    ----------
    <architecture>
    <class_weight>
    <parameters>

    Attributes
    ----------
    <classifier_attributes>
    <attributes>

    See Also
    --------
    FullyConvClassifier, ConvDenseClassifier, DenseClassifier : With the sizes of one architecture
        as parameters.
    NetRegressor : The same for numbers.

    Notes
    -----
    <notes>

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from skspectra.neural import NetClassifier
    >>> class Perceptron(nn.Sequential):
    ...     def __init__(self, n_channels, n_outputs, n_units=16):
    ...         layers = nn.Linear(n_channels, n_units), nn.ReLU(), nn.Linear(n_units, n_outputs)
    ...         super().__init__(*layers)
    >>> X = np.repeat(np.eye(2, 8), 20, axis=0)
    >>> y = ["left"] * 20 + ["right"] * 20
    >>> net = NetClassifier(architecture=Perceptron, random_state=0)
    >>> net.set_params(module__n_units=4).fit(X, y).predict(X[[0, -1]])
    array(['left', 'right'], dtype='<U5')
    """

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetClassifier._parameter_constraints,
        **_AnyArchitecture._parameter_constraints,
    }


@with_shared_docs
@dataclass(kw_only=True, eq=False, repr=False)
class NetRegressor(_AnyArchitecture, SpectralNetRegressor):
    r"""Predict numbers or fractions by a net of any architecture.

    For each target the net has two outputs: one is the prediction, the other is the logarithm of
    the squared error to be expected of it, :math:`\log \sigma^2(x)`. See `FullyConvRegressor` for
    how they are trained and how intervals are made of them.

    Parameters
    ----------
    <target>
    <architecture>
    <parameters>

    Attributes
    ----------
    <regressor_attributes>
    <attributes>

    See Also
    --------
    FullyConvRegressor : With the sizes of the fully convolutional architectures as parameters.
    NetClassifier : The same for labels.

    Notes
    -----
    <notes>

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.neural import NetRegressor
    >>> X = np.random.default_rng(0).normal(size=(200, 8))
    >>> y = X[:, 0] - X[:, 1]
    >>> net = NetRegressor(architecture="dense", max_epochs=20, random_state=0)
    >>> net.set_params(module__dropout=0.0).fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **SpectralNetRegressor._parameter_constraints,
        **_AnyArchitecture._parameter_constraints,
    }
