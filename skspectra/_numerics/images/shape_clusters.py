"""Clusters of counts by the shape of the spectra."""

import numpy as np
from sklearn.mixture import GaussianMixture

from skspectra._numerics.n_components import marchenko_pastur_edge
from skspectra._numerics.poisson_pca import add_moments, poisson_components

__all__ = ["likeliest_shape", "shape_clusters"]

_MOST_PARTS = 4
_MOST_COMPONENTS = 6
_DEPTH = 3
_FEWEST = 30


def shape_clusters(spectra, seeds, random_state, depth=_DEPTH):
    """Cluster spectra by Gaussian mixtures, and each cluster again by components of its own.

    Parameters
    ----------
    spectra : ndarray of shape (n_spectra, n_channels)
        Counts.
    seeds : ndarray of shape (n_spectra,), int
        A first guess of groups, whose means are tried as a start of the mixtures.
    random_state : RandomState
        Seeds the mixtures.
    depth : int, default=3
        How often clusters are split.

    Returns
    -------
    labels : ndarray of shape (n_spectra,), int
        From 0.
    """
    labels = _mixture_labels(_shape_scores(spectra), seeds, random_state)
    parts = np.zeros(len(spectra), dtype=int)
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)
        if depth > 1 and _FEWEST <= len(rows) < len(spectra):
            parts[rows] = shape_clusters(spectra[rows], seeds[rows], random_state, depth - 1)
    return np.unique(np.stack([labels, parts]), axis=1, return_inverse=True)[1].ravel()


def likeliest_shape(spectra, centers):
    """Index of the centre in whose shape the counts of each spectrum are likeliest."""
    shapes = centers + 1e-6 * centers.mean(axis=1, keepdims=True)
    return (spectra @ np.log(shapes / shapes.sum(axis=1, keepdims=True)).T).argmax(axis=1)


def _shape_scores(spectra):
    """Poisson-scaled scores of the components above noise, over that of the first."""
    found = poisson_components(add_moments(spectra, poisson=True))
    n_components = (found.values > marchenko_pastur_edge(*spectra.shape)).sum()
    n_components = min(max(n_components, 2), _MOST_COMPONENTS, len(found.values))
    scores = spectra @ (found.vectors[:n_components] / found.scale).T
    first = np.where(scores[:, :1] > 0, scores[:, :1], 1)
    return scores[:, 1:] / first


def _mixture_labels(features, seeds, random_state):
    """Mixture whose number of parts, and whether they share their spread, BIC chooses."""
    groups = [features[seeds == name].mean(axis=0) for name in np.unique(seeds)]
    tries = [(k, None) for k in range(1, _MOST_PARTS + 1)] + [(len(groups), np.array(groups))]
    best, least = np.zeros(len(features), dtype=int), np.inf
    for n_parts, means in tries:
        for kind in ("tied", "full"):
            if len(features) < 10 * n_parts or features.shape[1] == 0:
                continue
            mixture = GaussianMixture(
                n_parts,
                covariance_type=kind,
                means_init=means,
                n_init=2 if means is None else 1,
                reg_covar=1e-6 * features.var() + 1e-12,
                random_state=random_state,
            ).fit(features)
            bic = mixture.bic(features)
            if bic < least:
                best, least = mixture.predict(features), bic
    return best
