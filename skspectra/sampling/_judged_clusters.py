"""Clusters of spectra, each judged by what the sum of its spectra says of the edge."""

from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans

from skspectra._numerics.edges.evidence import (
    Evidence,
    divide_by_thickness,
    edge_evidence,
    keeps_thin_edges,
)
from skspectra._numerics.edges.onset import find_l3
from skspectra._numerics.images.phases import sums_by_label
from skspectra._numerics.images.shape_clusters import shape_clusters

__all__ = ["Clusters", "judged_clusters"]

_WEAK, _THICK = 0.25, 1.5


class Clusters(NamedTuple):
    """Clusters, the one with the strongest edge first.

    Attributes
    ----------
    cluster_centers : ndarray of shape (n_clusters, n_channels)
        Mean spectra.
    contrast, edge_strength, thickness_index : ndarray of shape (n_clusters,)
        Edge over background, the same in standard errors, and the thickness index; empty where the
        axis is not positive.
    labels : ndarray of shape (n_spectra,), int
        Cluster of each spectrum.
    good : ndarray of shape (n_clusters,), bool
        Which show the edge of a thin specimen.
    """

    cluster_centers: np.ndarray
    contrast: np.ndarray
    edge_strength: np.ndarray
    thickness_index: np.ndarray
    labels: np.ndarray
    good: np.ndarray


def judged_clusters(X, axis, n_clusters, pre_edge, random_state):
    """Cluster spectra, and judge the clusters.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Counts with their background.
    axis : ndarray of shape (n_channels,)
        Energies in eV; clusters are not judged where one is not positive.
    n_clusters : int or "auto"
        Number of clusters by k-means, or clusters by the shape of the spectra.
    pre_edge : tuple of (float, float) or None
        Window of the background; see `edge_evidence`.
    random_state : RandomState
        Seeds the clustering.

    Returns
    -------
    clusters : Clusters
    """
    is_judged = axis[0] > 0
    peak = find_l3(X.sum(axis=0, dtype=np.float64), axis) if is_judged else None

    def judge(spectra):
        if peak is None:
            return _no_evidence(len(spectra))
        return edge_evidence(spectra, axis, peak, pre_edge)

    if n_clusters == "auto":
        spectra = judge(X)
        labels = shape_clusters(X, _first_guess(spectra), random_state)
        labels = divide_by_thickness(labels, spectra, judge(_sums(X, labels)))
    else:
        labels = KMeans(n_clusters, n_init=10, random_state=random_state).fit_predict(X)
    sums = _sums(X, labels)
    evidence = judge(sums)
    strength = evidence.contrast / evidence.error
    order, sizes = np.argsort(-strength, kind="stable"), np.bincount(labels)
    known = order if is_judged else order[:0]
    return Clusters(
        cluster_centers=sums[order] / sizes[order, None],
        contrast=evidence.contrast[known],
        edge_strength=strength[known],
        thickness_index=evidence.thickness[known],
        labels=np.argsort(order)[labels],
        good=keeps_thin_edges(evidence, sizes)[order],
    )


def _no_evidence(n_spectra):
    nothing = np.zeros(n_spectra)
    return Evidence(nothing, nothing + 1, nothing + np.nan, nothing)


def _sums(X, labels):
    return sums_by_label(X, labels, range(labels.max() + 1))


def _first_guess(spectra):
    """Group single spectra by their evidence: without edge, thin, thick."""
    weak = spectra.contrast < _WEAK * np.quantile(spectra.contrast, 0.95)
    return np.where(weak, 0, np.where(spectra.thickness < _THICK, 1, 2))
