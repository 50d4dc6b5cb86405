"""How far endmembers and abundances of the smallest simplex can be trusted."""

from typing import NamedTuple

import numpy as np

from skspectra._numerics.mixtures.affine_plane import principal_axes
from skspectra._numerics.mixtures.bootstrap import bootstrap_mixture, rows_of_blocks
from skspectra._progress import Progress
from skspectra.unmixing._rows import rows_of_sample

__all__ = ["UnmixingUncertainty", "bootstrap_uncertainty"]


class UnmixingUncertainty(NamedTuple):
    """Result of `MinimumVolumeUnmixer.bootstrap`.

    Attributes
    ----------
    components_std : ndarray of shape (n_components, n_channels)
        Standard deviation of the endmembers, which are at `components_`.
    abundances : ndarray of shape (n_spectra, n_components)
        Mean of the abundances.
    abundances_std : ndarray of shape (n_spectra, n_components)
        Their standard deviation.
    """

    components_std: np.ndarray
    abundances: np.ndarray
    abundances_std: np.ndarray


def bootstrap_uncertainty(unmixer, X, image_shape, block, n_draws, rng, n_most, verbose):
    """Return the `UnmixingUncertainty` of a fitted `MinimumVolumeUnmixer`."""
    shape, block = _check_draws(X, image_shape, block, n_draws)
    spectra = rows_of_sample(X, len(X), rng)
    draws = (rng.permutation(rows_of_blocks(shape, block, rng))[:n_most] for _ in range(n_draws))
    found = bootstrap_mixture(
        spectra,
        principal_axes([spectra], poisson=unmixer.poisson),
        unmixer.components_,
        unmixer.volume_weight_,
        draws,
        rng,
        max_iter=unmixer.max_iter,
    )
    components, total, squares = [], 0.0, 0.0
    for endmembers, shares in Progress(verbose, "drawing", n_draws, "image").over(found):
        components.append(endmembers)
        total, squares = total + shares, squares + shares**2
    mean = total / n_draws
    deviation = np.sqrt(np.maximum(squares - n_draws * mean**2, 0) / (n_draws - 1))
    return UnmixingUncertainty(np.std(components, axis=0, ddof=1), mean, deviation)


def _check_draws(X, image_shape, block, n_draws):
    """Return the shape of the image and the side of its blocks, or raise."""
    if n_draws < 2:
        raise ValueError(f"n_draws={n_draws} must be 2 at least.")
    if image_shape is None:
        return (len(X),), 1
    if np.prod(image_shape) != len(X):
        raise ValueError(
            f"image_shape={image_shape} has {np.prod(image_shape)} pixels, but there are {len(X)} "
            "spectra. Pass the shape of the image whose pixels they are."
        )
    if not 1 <= block <= max(min(image_shape) // 2, 1):
        raise ValueError(
            f"block={block} must be between 1 and half of the image of {image_shape} pixels."
        )
    return tuple(image_shape), block
