"""Mixtures of valences, and intervals for what is read of them."""

import numpy as np

from skspectra._numerics.interpolation import shift_rows
from skspectra.readers._by_noise import quantile_curve

__all__ = ["drawn_labels", "interval_curve", "mixtures", "unshrinking"]

PURE = 0.4  # share of the training spectra that are of one valence
RELATIVE_SHIFT = 1.0  # eV, of the components of a mixture against each other
N_NODES = 21
NODE_WIDTH = 0.12  # of a valence, over which predictions are averaged


def mixtures(spectra, classes, n_samples, axis, rng):
    """Mix aligned edges of all classes in random proportion, and leave a share of them pure.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_aligned)
        Edges of height 1.
    classes : ndarray of shape (n_spectra,), int
        The class of each.
    n_samples : int
        How many to make.
    axis : ndarray of shape (n_aligned,)
        Their axis in eV.
    rng : numpy.random.Generator
        Draws spectra, proportions and shifts.

    Returns
    -------
    mixed : ndarray of shape (n_samples, n_aligned)
    fractions : ndarray of shape (n_samples, n_classes)
        Of spectra of equal height.
    """
    n_classes = classes.max() + 1
    n_pure = round(PURE * n_samples)
    pure = np.eye(n_classes)[rng.integers(n_classes, size=n_pure)]
    fractions = np.concatenate([pure, rng.dirichlet(np.ones(n_classes), n_samples - n_pure)])
    mixed = np.zeros((n_samples, spectra.shape[1]))
    for number, share in enumerate(fractions.T):
        rows = rng.choice(np.flatnonzero(classes == number), n_samples)
        shifts = rng.uniform(-RELATIVE_SHIFT, RELATIVE_SHIFT, n_samples)
        mixed += share[:, None] * shift_rows(spectra[rows], axis, shifts)
    return mixed, fractions


def drawn_labels(fractions, rng):
    """Draw a class for each mixture by its fractions: classifiers then expect the fractions."""
    passed = np.cumsum(fractions, axis=1) < rng.uniform(size=(len(fractions), 1))
    return np.minimum(passed.sum(axis=1), fractions.shape[1] - 1)


def unshrinking(predicted, valence, ends):
    """Curve from the mean prediction of spectra of one valence to that valence.

    A regression draws its predictions inwards where spectra say little; the inverse of its mean
    at each valence takes that back.

    Parameters
    ----------
    predicted, valence : ndarray of shape (n_spectra,)
        Of spectra that the regressor has not seen.
    ends : tuple of (float, float)
        Lowest and highest valence.

    Returns
    -------
    curve : ndarray of shape (2, n_nodes)
        Predictions, ascending, and valences, for `numpy.interp`.
    """
    nodes = np.linspace(*ends, N_NODES)
    weights = np.exp(-(((valence[:, None] - nodes) / NODE_WIDTH) ** 2) / 2)
    means = (predicted @ weights) / weights.sum(axis=0)
    means = np.maximum.accumulate(means) + 1e-6 * np.arange(N_NODES)
    return np.array([means, nodes])


def interval_curve(predicted, valence, noise, coverage):
    """Half the width of the interval that covers the valence, by noise (split conformal)."""
    return quantile_curve(np.abs(predicted - valence), noise, coverage)
