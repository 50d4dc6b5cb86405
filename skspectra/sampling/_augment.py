"""Perturbed copies of the training spectra."""

from numbers import Integral

import numpy as np

from skspectra._numerics.random import as_generator
from skspectra._sklearn import Interval
from skspectra.augmentation import Augmenter
from skspectra.augmentation._base import AugmenterChain
from skspectra.sampling._base import SpectralSampler

__all__ = ["Augment"]


class Augment(SpectralSampler):
    """Add perturbed copies of the training spectra, for any classifier.

    Each copy goes through all augmenters, one after another. In a `skspectra.pipeline.Pipeline`
    copies are made only while it is fitted, not at predict.

    Parameters
    ----------
    augmenters : Augmenter or list of Augmenter
        Applied to each copy. They must keep the columns: instead of ``EnergyShift(window=...)`` use
        `EnergyShift` without a window, and a `SpectralCrop` after this step.
    n_copies : int, default=10
        Number of perturbed copies of every spectrum.
    keep_original : bool, default=True
        Whether the original spectra are returned too, before the copies.
    random_state : int, RandomState instance or None, default=None
        Seeds the perturbations; the `random_state` of the augmenters is not used.

    Attributes
    ----------
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis: numeric column names, else the channel numbers.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    TypeError
        If a step is not an `Augmenter`.
    ValueError
        If an augmenter changes the columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skspectra.augmentation import EnergyShift, PoissonNoise
    >>> from skspectra.pipeline import make_pipeline
    >>> from skspectra.sampling import Augment
    >>> X = np.exp(-((np.arange(20.0) - 10) ** 2) / [[4.0], [25.0]])
    >>> augment = Augment([EnergyShift(shift=(-3, 3)), PoissonNoise()], random_state=0)
    >>> augment.fit_resample(X, ["sharp", "broad"])[0].shape
    (22, 20)
    >>> forest = make_pipeline(augment, RandomForestClassifier(random_state=0))
    >>> forest.fit(X, ["sharp", "broad"]).predict(X)
    array(['sharp', 'broad'], dtype='<U5')
    """

    _parameter_constraints: dict = {
        "augmenters": [Augmenter, list, tuple],
        "n_copies": [Interval(Integral, 1, None, closed="left")],
        "keep_original": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(self, augmenters, n_copies=10, *, keep_original=True, random_state=None):
        self.augmenters = augmenters
        self.n_copies = n_copies
        self.keep_original = keep_original
        self.random_state = random_state

    def _fit_resample(self, X, y):
        chain = AugmenterChain(self.augmenters, spectral_axis=self.spectral_axis_).fit(X)
        if chain.transform(X[:1]).shape[1] != X.shape[1]:
            raise ValueError(
                "Augment adds rows and cannot change the columns, but one of its augmenters does. "
                "Leave the window of EnergyShift out and put SpectralCrop(window) after Augment."
            )
        rng = as_generator(self.random_state)
        first = [X] if self.keep_original else []
        rows = [*first, *(chain.perturb(X, rng) for _ in range(self.n_copies))]
        return np.concatenate(rows), np.tile(y, len(rows))
