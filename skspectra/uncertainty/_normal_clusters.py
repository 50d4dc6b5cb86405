"""Classes as clusters of normally distributed scores, and how far other scores are from them."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.covariance import ledoit_wolf

__all__ = ["distance_to_nearest", "normal_clusters"]

_LEAST_SPECTRA = 4  # of a cluster, for every component
_SHRINKAGE = 0.3  # of the covariance of a cluster towards that of its class
_LEAST_VARIANCE = 1e-6  # of a class in any direction, over the mean of all


def normal_clusters(scores, labels, n_most):
    """Divide every class by k-means.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_components)
        Spectra along their principal components.
    labels : ndarray of shape (n_spectra,)
        Class of each.
    n_most : int
        Clusters of a class; fewer where one would have less than four spectra for each component.

    Returns
    -------
    means : ndarray of shape (n_clusters, n_components)
        Of the clusters of all classes.
    precisions : ndarray of shape (n_clusters, n_components, n_components)
        Inverse of the covariance of each, shrunk by three tenths towards that of its class.
    """
    least = _LEAST_VARIANCE * scores.var(axis=0).mean() + np.finfo(np.float64).tiny
    classes = [scores[labels == label] for label in np.unique(labels)]
    clusters = [cluster for members in classes for cluster in _clusters(members, n_most, least)]
    means, covariances = zip(*clusters, strict=True)
    return np.stack(means), np.linalg.inv(covariances)


def _clusters(scores, n_most, least_variance):
    """Yield mean and covariance of each cluster of a class."""
    n_spectra, n_components = scores.shape
    n_clusters = np.clip(n_spectra // (_LEAST_SPECTRA * n_components), 1, n_most)
    of_class, _ = ledoit_wolf(scores)
    of_class += least_variance * np.eye(n_components)
    kmeans = KMeans(n_clusters, n_init=1, random_state=0).fit(scores)
    for number, mean in enumerate(kmeans.cluster_centers_):
        offsets = scores[kmeans.labels_ == number] - mean
        of_cluster = offsets.T @ offsets / len(offsets)
        yield mean, (1 - _SHRINKAGE) * of_cluster + _SHRINKAGE * of_class


def distance_to_nearest(scores, means, precisions):
    """Mahalanobis distance of each spectrum to the cluster that is nearest by it, (n_spectra,)."""
    squares = [
        np.sum((scores - mean) @ precision * (scores - mean), axis=1)
        for mean, precision in zip(means, precisions, strict=True)
    ]
    return np.sqrt(np.min(squares, axis=0))
