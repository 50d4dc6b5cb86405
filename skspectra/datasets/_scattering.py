"""Plural scattering: what a specimen of some thickness adds to an edge."""

import numpy as np
from scipy import fft

__all__ = ["energy_loss_function", "scatter"]


def energy_loss_function(energies, plasmon_energy, plasmon_width):
    r"""Energy-loss function of free electrons (Drude), normalised to unit area [1]_.

    .. math::
        P(E) \propto \mathrm{Im}\frac{-1}{\epsilon}
        = \frac{E\,\Gamma E_p^2}{(E^2 - E_p^2)^2 + (E\,\Gamma)^2}

    Parameters
    ----------
    energies : ndarray
        Energy losses in eV, not below zero.
    plasmon_energy, plasmon_width : float or ndarray
        :math:`E_p` and :math:`\Gamma < 2 E_p` in eV; broadcast with `energies`.

    Returns
    -------
    density : ndarray
        Probability per eV.

    References
    ----------
    .. [1] R. F. Egerton, "Electron Energy-Loss Spectroscopy in the Electron Microscope",
       Springer (2011), eq. 3.43.
    """
    squared = plasmon_energy**2
    root = np.sqrt(4 * squared - plasmon_width**2)
    angle = np.pi / 2 + np.arctan((2 * squared - plasmon_width**2) / (plasmon_width * root))
    damped = energies * plasmon_width
    loss = damped * squared / ((energies**2 - squared) ** 2 + damped**2)
    return loss * root / (squared * angle)


def scatter(curves, bin_width, thickness, plasmon_energy, plasmon_width):
    r"""Edges of a specimen in which electrons also lose energy to plasmons.

    The number of plasmons is Poisson distributed with mean :math:`t / \lambda` [1]_, so that with
    the distribution of one loss P(E)

    .. math::
        I = \sum_n e^{-t/\lambda} \frac{(t / \lambda)^n}{n!} \, S * \underbrace{P * \dots * P}_n
          = \mathcal{F}^{-1} \big[ \tilde S \exp\big( (t / \lambda) (\tilde P - 1) \big) \big].

    Parameters
    ----------
    curves : ndarray of shape (n_spectra, n_bins)
        Single scattering on a uniform grid, near zero at its beginning.
    bin_width : float
        Step of the grid in eV.
    thickness : ndarray of shape (n_spectra,)
        Thickness :math:`t / \lambda` in inelastic mean free paths.
    plasmon_energy, plasmon_width : ndarray of shape (n_spectra,)
        Of the `energy_loss_function`, in eV.

    Returns
    -------
    scattered : ndarray of shape (n_spectra, n_bins)
        In the dtype of `curves`.

    References
    ----------
    .. [1] R. F. Egerton, "Electron Energy-Loss Spectroscopy in the Electron Microscope",
       Springer (2011), section 4.1.1.
    """
    if not thickness.any():
        return curves
    n_bins = curves.shape[1]
    n_fft = fft.next_fast_len(4 * n_bins, real=True)  # a fifth loss could wrap around
    loss = np.arange(n_bins) * bin_width
    once = energy_loss_function(loss, plasmon_energy[:, None], plasmon_width[:, None]) * bin_width
    transformed = fft.rfft(once.astype(curves.dtype), n_fft)
    losses = np.exp(thickness[:, None].astype(curves.dtype) * (transformed - 1))
    return fft.irfft(fft.rfft(curves, n_fft) * losses, n_fft)[:, :n_bins]
