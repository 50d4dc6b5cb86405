"""What an augmenter is, and how several act one after another."""

from abc import ABCMeta, abstractmethod

from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.random import as_generator
from skspectra._sklearn import fit_context

__all__ = ["Augmenter", "AugmenterChain"]


class Augmenter(SpectralMixin, TransformerMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of perturbations that act while a pipeline is fitted, and not at predict.

    `fit_transform` perturbs, `transform` leaves the spectra alone. A subclass writes `perturb`
    once, for numpy and for torch arrays; where it learns from the spectra it overrides
    `_fit_spectra`, and where its columns change `_nominal` and `_output_axis`.

    Its parameters include `random_state` and, where the perturbation needs energies,
    `spectral_axis`.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.augmentation import Augmenter
    >>> class Gain(Augmenter):
    ...     def __init__(self, gain=2.0, random_state=None):
    ...         self.gain = gain
    ...         self.random_state = random_state
    ...     def perturb(self, X, rng):
    ...         return self.gain * X
    >>> X = np.ones((1, 3))
    >>> Gain().fit_transform(X), Gain().fit(X).transform(X)
    (array([[2., 2., 2.]]), array([[1., 1., 1.]]))
    """

    _parameter_constraints: dict = {
        "spectral_axis": ["array-like", None],
        "random_state": ["random_state"],
    }

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn from the spectra what the perturbation needs.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._fit_spectra(self._validate_spectra(X, reset=True))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Fit, and return one perturbed copy of the spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.
        y : None
            Ignored.

        Returns
        -------
        X_perturbed : ndarray of shape (n_spectra, n_channels_out)
        """
        X = self._validate_spectra(X, reset=True)
        self._fit_spectra(X)
        return self.perturb(X, as_generator(self.random_state))

    def transform(self, X):
        """Return the spectra as they are.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        X_nominal : ndarray of shape (n_spectra, n_channels_out)
        """
        check_is_fitted(self, "spectral_axis_")
        return self._nominal(self._validate_spectra(X, reset=False))

    @abstractmethod
    def perturb(self, X, rng):
        """Return a perturbed copy of the spectra.

        Parameters
        ----------
        X : numpy or torch array of shape (n_spectra, n_channels)
            Spectra in floating point, as many channels as at fit.
        rng : numpy.random.Generator or torch.Generator
            Source of random numbers; a torch generator must be on the device of `X`.

        Returns
        -------
        X_perturbed : array of shape (n_spectra, n_channels_out)
            In the namespace, dtype and device of `X`.
        """

    def _fit_spectra(self, X):
        """Learn from validated spectra."""

    def _nominal(self, X):
        """Spectra as `transform` returns them."""
        return X


class AugmenterChain:
    """Augmenters that act one after another, each fitted on the nominal output of the last.

    Parameters
    ----------
    augmenters : Augmenter or sequence of Augmenter
        Cloned; the originals stay as they are. An augmenter that has no `spectral_axis` of its own
        is given the axis that comes out of the one before.
    spectral_axis : ndarray of shape (n_channels,), default=None
        Axis for the first; None takes it from numeric column names, else the channel numbers.
    """

    def __init__(self, augmenters, spectral_axis=None):
        self.spectral_axis = spectral_axis
        given = [augmenters] if isinstance(augmenters, Augmenter) else list(augmenters)
        for augmenter in given:
            if not isinstance(augmenter, Augmenter):
                raise TypeError(
                    f"augmenters must be instances of Augmenter, such as PoissonNoise(), got "
                    f"{augmenter!r}. A transformer that is to act at predict as well belongs in "
                    "the pipeline."
                )
        self.augmenters = [clone(augmenter) for augmenter in given]

    def fit(self, X):
        """Fit every augmenter to spectra of shape (n_spectra, n_channels)."""
        axis = self.spectral_axis
        for augmenter in self.augmenters:
            if axis is not None and getattr(augmenter, "spectral_axis", axis) is None:
                augmenter.set_params(spectral_axis=axis)
            X = augmenter.fit(X).transform(X)
            axis = augmenter._output_axis()
        return self

    def transform(self, X):
        """Return the spectra unperturbed, as the last augmenter leaves them."""
        for augmenter in self.augmenters:
            X = augmenter.transform(X)
        return X

    def perturb(self, X, rng):
        """Return a perturbed copy, see `Augmenter.perturb`."""
        for augmenter in self.augmenters:
            X = augmenter.perturb(X, rng)
        return X
