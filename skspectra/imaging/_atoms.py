"""Where atoms are in an image."""

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_array

from skspectra._numerics.peaks import parabola_offset
from skspectra._sklearn import Interval, validate_params

__all__ = ["find_atoms"]


@validate_params(
    {
        "image": ["array-like"],
        "separation": [Interval(Real, 1, None, closed="left")],
        "threshold": [Interval(Real, 0, 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def find_atoms(image, separation, *, threshold=0.2):
    """Find bright atoms: maxima of the smoothed image, by scikit-image, refined by parabolas.

    Only scikit-image is needed, which many have. atomap fits Gaussians and tells sublattices apart;
    `NeighborVectors` takes its positions as well, with the columns in the order row, column.

    Parameters
    ----------
    image : array-like of shape (height, width)
        Image in which atoms are bright.
    separation : float
        Least distance between atoms in pixels; a sixth of it is the width of the smoothing.
    threshold : float, default=0.2
        Least height of an atom, as a share of the range of the smoothed image.

    Returns
    -------
    positions : ndarray of shape (n_atoms, 2)
        Row and column in pixels, to fractions of a pixel. Atoms within half a separation of the
        border are left out.

    Raises
    ------
    ImportError
        If scikit-image is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import find_atoms
    >>> row, column = np.mgrid[:24, :24]
    >>> image = np.exp(-((row - 8.25) ** 2 + (column - 12.5) ** 2) / 8)
    >>> find_atoms(image, separation=6).round(1)
    array([[ 8.2, 12.5]])
    """
    from scipy.ndimage import gaussian_filter

    try:
        from skimage.feature import peak_local_max
    except ImportError as error:
        raise ImportError(
            "find_atoms needs scikit-image: pip install scikit-image, or skspectra[atoms]."
        ) from error
    image = check_array(image, dtype=np.float64, input_name="image")
    smooth = gaussian_filter(image, separation / 6)
    if np.ptp(smooth) == 0:
        return np.zeros((0, 2))
    margin = max(1, int(separation / 2))
    peaks = peak_local_max(
        smooth,
        min_distance=max(1, int(separation / 2)),
        threshold_abs=smooth.min() + threshold * np.ptp(smooth),
        exclude_border=margin,
    )
    row, column = peaks.T
    middle = smooth[row, column]
    down = parabola_offset(smooth[row - 1, column], middle, smooth[row + 1, column])
    across = parabola_offset(smooth[row, column - 1], middle, smooth[row, column + 1])
    return peaks + np.column_stack([down, across])
