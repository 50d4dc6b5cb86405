"""What each spectrum weighs in the loss."""

import numpy as np
from sklearn.utils import compute_class_weight

from skspectra._input.spectra import refuse_masks
from skspectra._sklearn import check_sample_weight

__all__ = ["check_weights", "spectrum_weights"]


def check_weights(sample_weight, X):
    """Weight of each spectrum, or a ValueError if one is masked, negative or not finite.

    Parameters
    ----------
    sample_weight : array-like of shape (n_spectra,), float or None
        None is 1 for all.
    X : array of shape (n_spectra, n_channels)
        Spectra.

    Returns
    -------
    weight : ndarray of shape (n_spectra,), float64
    """
    refuse_masks(sample_weight, "sample_weight")
    return check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True, copy=True
    )


def spectrum_weights(X, y, sample_weight=None, class_weight=None):
    """Weight of each spectrum: its own times that of its class.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Spectra.
    y : ndarray of shape (n_spectra,)
        Labels.
    sample_weight : array-like of shape (n_spectra,), default=None
        Not negative; None is 1 for all.
    class_weight : dict, "balanced" or None, default=None
        See scikit-learn's `compute_class_weight`; "balanced" counts the spectra by their weight.

    Returns
    -------
    weight : ndarray of shape (n_spectra,), float64

    Raises
    ------
    ValueError
        If a weight is masked, negative or not finite, or if fewer than two classes have weight.
    """
    weight = check_weights(sample_weight, X)
    _check_classes(y, weight)
    if class_weight is None:
        return weight
    weighed = weight > 0
    classes, codes = np.unique(y[weighed], return_inverse=True)
    by_class = compute_class_weight(
        class_weight, classes=classes, y=y[weighed], sample_weight=weight[weighed]
    )
    if not (np.isfinite(by_class).all() and by_class.min() >= 0):
        raise ValueError(f"class_weight must be finite and not negative, got {class_weight!r}.")
    weight[weighed] *= by_class[codes]
    _check_classes(y, weight)
    return weight


def _check_classes(y, weight):
    classes = np.unique(y[weight > 0])
    if classes.size < 2:
        raise ValueError(
            "Spectra of at least two classes are needed with a weight above 0, got "
            f"{classes.size} class: {classes.tolist()}."
        )
