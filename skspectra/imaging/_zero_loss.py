"""Where the zero-loss peak lies: the energy axis of dual EELS as the instrument recorded it."""

import numpy as np

from skspectra._numerics.peaks import refined_peak
from skspectra.imaging._image import spectrum_image

__all__ = ["zero_loss_positions"]

_REACH = 20.0  # eV each way from 0 that the peak is looked for


def zero_loss_positions(low_loss, *, spectral_axis=None):
    """Find the position of the zero-loss peak in every pixel.

    The position is that of the highest channel, refined by the parabola through the logarithms of
    it and its neighbours, which is exact for a Gaussian.

    Parameters
    ----------
    low_loss : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        Spectra that hold the zero-loss peak, in eV.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of an array in eV; a signal has one, in eV, meV or keV.

    Returns
    -------
    positions : ndarray of shape (...)
        Energies in eV, NaN where a spectrum has no counts. Subtract their median from the axis of a
        core-loss image of the same acquisition; how they vary is the drift.

    Raises
    ------
    ValueError
        If 0 eV does not lie on the axis.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import zero_loss_positions
    >>> energy = np.arange(-20.0, 80.0, 0.5)
    >>> drift = np.linspace(1.0, 1.4, 5)
    >>> spectra = 1e6 * np.exp(-((energy - drift[:, None]) ** 2))
    >>> zero_loss_positions(spectra, spectral_axis=energy).round(2)
    array([1. , 1.1, 1.2, 1.3, 1.4])
    """
    pixels = spectrum_image(low_loss, spectral_axis, unit="eV")
    axis = pixels.axis
    if axis is None or not axis[0] < 0 < axis[-1]:
        raise ValueError(
            "The spectra must hold the zero-loss peak, on an axis in eV around 0; "
            + ("got none." if axis is None else f"it runs from {axis[0]:g} to {axis[-1]:g}.")
        )
    near = np.flatnonzero(np.abs(axis) <= _REACH)
    rows = np.asarray(pixels.data[..., near], dtype=float).reshape(-1, near.size)
    highest = rows.argmax(axis=1)
    floor = 1e-3 * np.maximum(rows.max(axis=1, keepdims=True), 1e-12)
    channels, _ = refined_peak(np.log(np.maximum(rows, floor)), highest)
    positions = np.interp(channels, np.arange(near.size), axis[near])
    return np.where(rows.max(axis=1) > 0, positions, np.nan).reshape(pixels.shape)
