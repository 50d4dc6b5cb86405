r"""Principal components of spectra, plain or scaled so that counting noise is even.

Both need sums over the spectra alone, taken block by block: those of more spectra are added to
those of fewer, and an image larger than memory is read once.

Keenan and Kotula [1]_ divide counts by the root of what their row and their column predict,

.. math:: S_{ij} = X_{ij} \Big/ \sqrt{r_i c_j / m},

with the means :math:`r` of the spectra, :math:`c` of the channels and :math:`m` of all, so that
Poisson noise has a variance of 1 on average, or of the gain. :math:`S^T S` is
:math:`\sum_i x_i x_i^T / r_i` with its rows and columns scaled afterwards.

References
----------
.. [1] M. R. Keenan and P. G. Kotula, "Accounting for Poisson noise in the multivariate analysis of
   ToF-SIMS spectrum images", Surface and Interface Analysis 36, 203-212 (2004).
"""

from typing import NamedTuple

import numpy as np

from skspectra._numerics.blocks import blocks

__all__ = ["Components", "Moments", "add_moments", "plain_components", "poisson_components"]

_BLOCK_BYTES = 1 << 24


class Moments(NamedTuple):
    """Sums over spectra from which components follow.

    Attributes
    ----------
    n_spectra : int
        How many spectra were added.
    total : ndarray of shape (n_channels,)
        Sum of the spectra.
    origin : ndarray of shape (n_channels,)
        What is subtracted from each spectrum before the products, to keep digits: zero for counts.
    scatter : ndarray of shape (n_channels, n_channels)
        Sum of the products of channels; for counts each spectrum's are divided by its mean.
    """

    n_spectra: int
    total: np.ndarray
    origin: np.ndarray
    scatter: np.ndarray


class Components(NamedTuple):
    """Components of (scaled) spectra, the strongest first.

    Attributes
    ----------
    values : ndarray of shape (n_channels,)
        Sum of the squared scores of each component; noise alone has about the number of spectra,
        if it is scaled to a variance of 1.
    vectors : ndarray of shape (n_channels, n_channels)
        Orthonormal components, one a row; the greatest entry of each is positive.
    mean : ndarray of shape (n_channels,)
        What is subtracted from spectra; zeros for counts.
    scale : ndarray of shape (n_channels,)
        What spectra are divided by; ones for plain components.
    """

    values: np.ndarray
    vectors: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    @property
    def variance_ratio(self):
        """Share of the variance that each component explains; zeros if there is none."""
        return self.values / max(self.values.sum(), np.finfo(np.float64).tiny)


def add_moments(X, moments=None, *, poisson):
    """Add the sums over more spectra to what was summed before.

    Parameters
    ----------
    X : array of shape (n_spectra, n_channels)
        Spectra of any real dtype. Read in blocks of 16 MiB, which may be those of a dask array.
    moments : Moments, default=None
        Of the spectra so far; it is changed in place. None starts anew.
    poisson : bool
        Whether products are divided by the mean of their spectrum. Spectra without counts add
        nothing to the products.

    Returns
    -------
    moments : Moments
    """
    n_channels = X.shape[1]
    for rows in blocks(X, _BLOCK_BYTES):
        block = np.array(X[rows], dtype=np.float64)
        if moments is None:
            origin = np.zeros(n_channels) if poisson else block.mean(axis=0)
            moments = Moments(0, np.zeros(n_channels), origin, np.zeros((n_channels, n_channels)))
        moments.total[:] += block.sum(axis=0)
        if poisson:
            root = np.sqrt(block.mean(axis=1, keepdims=True).clip(0))
            root[root == 0] = np.inf
            block /= root
        else:
            block -= moments.origin
        moments.scatter[:] += block.T @ block
        moments = moments._replace(n_spectra=moments.n_spectra + len(block))
    return moments


def plain_components(moments):
    """Components of the spectra about their mean: those of a plain PCA."""
    mean = moments.total / moments.n_spectra
    away = mean - moments.origin
    scatter = moments.scatter - moments.n_spectra * np.outer(away, away)
    return Components(*_eigen(scatter), mean, np.ones_like(mean))


def poisson_components(moments):
    """Components of counts by Keenan and Kotula's scaling; channels without counts are left out."""
    channel = moments.total / moments.n_spectra
    scale = np.sqrt(np.where(channel > 0, channel, 1.0))
    scatter = moments.scatter * channel.mean() / scale / scale[:, None]
    return Components(*_eigen(scatter), np.zeros_like(channel), scale)


def _eigen(scatter):
    """Eigenvalues and eigenvectors as rows, in falling order."""
    values, vectors = np.linalg.eigh(scatter)
    values, vectors = values[::-1].clip(0), vectors.T[::-1]
    greatest = np.abs(vectors).argmax(axis=1)
    sign = np.sign(vectors[np.arange(len(vectors)), greatest])
    return values, vectors * sign[:, None]
