"""A detector: electrons are counted, amplified, read out and digitised."""

import numpy as np
from scipy import fft

from skspectra.datasets._broadening import FWHM_PER_SIGMA

__all__ = ["correlated_noise", "record"]


def record(ideal, settings, rngs):
    r"""Spectra as a detector records them.

    .. math::
        X = \frac{1}{g d} \Big\lfloor g (1 + \epsilon)\,\mathrm{Poisson}\big(d\,[S + b]\big)
            + r \Big\rceil - b

    with dose d, gain g, background b, a gain error :math:`\epsilon` that is correlated from channel
    to channel, and readout noise r; both are normally distributed.

    Parameters
    ----------
    ideal : ndarray of shape (n_spectra, n_channels), float32
        Expected spectra without background.
    settings : mapping of str to ndarray of shape (n_spectra,)
        ``dose`` (electrons in a channel where `ideal` is 1; infinite in all or in none, which
        leaves the gain error alone), ``background`` (counted and subtracted, in units of `ideal`),
        ``gain`` (counts per electron), ``gain_noise`` (relative standard deviation),
        ``gain_correlation`` (full width at half maximum in channels) and ``readout_noise``
        (standard deviation in counts).
    rngs : sequence of three numpy.random.Generator
        Of the gain, the electrons and the readout, so that one can be changed alone.

    Returns
    -------
    recorded : ndarray of shape (n_spectra, n_channels)
        In the units of `ideal`.
    """
    gain_rng, electron_rng, readout_rng = rngs
    dose, background, gain, gain_noise, readout_noise = (
        settings[name][:, None]
        for name in ("dose", "background", "gain", "gain_noise", "readout_noise")
    )
    pattern = correlated_noise(ideal.shape, settings["gain_correlation"], gain_rng)
    relative_gain = 1 + gain_noise * pattern
    if np.isinf(dose).all():
        return relative_gain * (ideal + background) - background
    electrons = electron_rng.poisson(dose * np.clip(ideal + background, 0, None))
    readout = readout_noise * readout_rng.standard_normal(ideal.shape, np.float32)
    counts = np.rint(gain * relative_gain * electrons + readout)
    return counts / (gain * dose) - background


def correlated_noise(shape, correlation, rng):
    """White noise smoothed along the rows by a Gaussian, with unit variance.

    Parameters
    ----------
    shape : tuple of (int, int)
        Number of rows and of channels.
    correlation : ndarray of shape (n_rows,)
        Full width at half maximum of the Gaussian in channels.
    rng : numpy.random.Generator
        Draws the noise.

    Returns
    -------
    noise : ndarray of shape `shape`, float32
        The ends of a row are neighbours.
    """
    k = (2 * np.pi * fft.fftfreq(shape[1])).astype(np.float32)
    sigma = (correlation[:, None] / FWHM_PER_SIGMA).astype(np.float32)
    response = np.exp(-((sigma * k) ** 2) / 2)
    response /= np.sqrt(np.mean(response**2, axis=1, keepdims=True))
    white = fft.rfft(rng.standard_normal(shape, np.float32))
    return fft.irfft(white * response[:, : white.shape[1]], shape[1])
