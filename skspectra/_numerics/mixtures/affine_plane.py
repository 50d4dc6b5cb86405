"""The plane on which mixtures lie whose shares add up to one."""

from typing import NamedTuple

import numpy as np

from skspectra._numerics.n_components import marchenko_pastur_edge
from skspectra._numerics.poisson_pca import add_moments, plain_components

__all__ = [
    "PrincipalAxes",
    "brightness_varies",
    "count_above_noise",
    "count_endmembers",
    "noise_variance",
    "precision",
    "principal_axes",
    "project",
]

_ANGLE = 0.2  # of the mean spectrum to the axes; varying brightness by 5 % makes it 0.04 to 0.16
_WIDER = 1.1  # how much farther from 1 than by the law noise may reach


class PrincipalAxes(NamedTuple):
    """Principal axes of spectra about their mean, the strongest first.

    Attributes
    ----------
    n_spectra : int
        Number of spectra.
    values : ndarray of shape (n_channels,)
        Sum of the squared scores along each axis; those of noise of variance 1 are about the number
        of spectra.
    vectors : ndarray of shape (n_channels, n_channels)
        Orthonormal axes of the scaled spectra, one a row.
    mean : ndarray of shape (n_channels,)
        Mean spectrum; of counts it is weighted by the precision of each spectrum.
    scale : ndarray of shape (n_channels,)
        What the channels are divided by: the root of their mean for counts, else 1.
    brightness : float or None
        Mean of all values of counts, the variance of which is 1 in a spectrum of this mean; None
        for spectra that are no counts.
    """

    n_spectra: int
    values: np.ndarray
    vectors: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    brightness: float | None


def principal_axes(blocks, *, poisson):
    """Find the principal axes of spectra that are given block by block.

    For counts, channels and spectra are scaled as by Keenan and Kotula, so that noise has a
    variance of 1, but the weighted mean is subtracted: shares that add up to one lie on a plane
    that need not go through the origin.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_rows, n_channels), float64
        Spectra; those without counts are left out if `poisson`.
    poisson : bool
        Whether the spectra are counts.

    Returns
    -------
    axes : PrincipalAxes
    """
    moments, weight, weighted = None, 0.0, 0.0
    for block in blocks:
        moments = add_moments(block, moments, poisson=poisson)
        if poisson:
            inverse = _inverse(block.mean(axis=1))
            weight, weighted = weight + inverse.sum(), weighted + inverse @ block
    if not poisson:
        plain = plain_components(moments)
        return PrincipalAxes(moments.n_spectra, *plain, brightness=None)
    channel = moments.total / moments.n_spectra
    scale = np.sqrt(np.where(channel > 0, channel, 1.0))
    mean = weighted / max(weight, np.finfo(float).tiny)
    scatter = moments.scatter - weight * np.outer(mean, mean)
    scatter *= channel.mean() / scale / scale[:, None]
    values, vectors = np.linalg.eigh(scatter)
    return PrincipalAxes(
        moments.n_spectra, values[::-1].clip(0), vectors.T[::-1], mean, scale, channel.mean()
    )


def noise_variance(axes, n_signal):
    """Mean variance along the axes after the first `n_signal`: 1 for counts, or the gain."""
    return axes.values[n_signal:].mean() / axes.n_spectra if n_signal < axes.values.size else 0.0


def count_above_noise(values, n_spectra):
    r"""Count the components that stand out of noise.

    Those are above the edge of Marchenko and Pastur's law, at a level of 99 %; the variance of
    noise is that of the median component. The law is for even noise. That of counts is even on
    average only, and where phases differ the law is wider: as much as the weakest component lies
    below its lower end, and 10 % more.

    Parameters
    ----------
    values : ndarray of shape (n_channels,)
        Sum of the squared scores of each component, falling.
    n_spectra : int
        Number of spectra.

    Returns
    -------
    n_components : int
    """
    n, p = n_spectra, np.count_nonzero(values > values[0] * 1e-14)
    if p < 2:
        return p
    size = max(n, p)
    shape = min(n, p) / size
    variance = np.median(values[:p]) / (size * (1 - shape / 3))  # nearly, for the law
    below = (1 - values[p - 1] / (size * variance)) / (1 - (1 - np.sqrt(shape)) ** 2)
    wider = _WIDER * max(1, below)
    edge = size + wider * (marchenko_pastur_edge(n, p) - size)
    return int((values > variance * edge).sum())


def count_endmembers(axes):
    """One more than the axes that stand out of noise."""
    return 1 + count_above_noise(axes.values, axes.n_spectra)


def brightness_varies(axes):
    """Whether the plane of the spectra goes through the origin, as brightness that varies makes it.

    Then one axis, of those that stand out of noise, leads from the origin to the mean spectrum.
    """
    signal = axes.vectors[: count_endmembers(axes) - 1]
    mean = axes.mean / axes.scale
    outside = mean - signal.T @ (signal @ mean)
    return bool(len(signal)) and np.linalg.norm(outside) < _ANGLE * np.linalg.norm(mean)


def project(X, axes, n_dimensions):
    """Return the scores of spectra, (n_spectra, n_dimensions), in the scaled units."""
    return (X - axes.mean) @ (axes.vectors[:n_dimensions] / axes.scale).T


def precision(X, axes, n_dimensions):
    """One over the variance of the scores of each spectrum, (n_spectra,).

    Of counts it is the lower the more counts there are; of those without any it is 0.
    """
    noise = max(noise_variance(axes, n_dimensions), np.finfo(float).tiny)
    if axes.brightness is None:
        return np.full(len(X), 1 / noise)
    return axes.brightness * _inverse(X.mean(axis=1)) / noise


def _inverse(values):
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
