"""Fits of references that are shifted by any amount within a range."""

import numpy as np

from skspectra._numerics.axis import dispersion
from skspectra._numerics.interpolation import shift_rows
from skspectra._numerics.nnls import nnls
from skspectra._numerics.peaks import parabola_offset

__all__ = ["ShiftedReferences"]

_STEPS = (0.5, 0.1)  # of a channel
_ROUNDING = 1e-10


class ShiftedReferences:
    """References at every whole channel of a range of shifts, and what is shared by all spectra.

    Between two channels a shift interpolates linearly, so that products with the spectra and
    among the references follow from those at the two channels.

    Parameters
    ----------
    references : ndarray of shape (n_references, n_channels)
        The references; beyond their ends, the value at the end.
    axis : ndarray of shape (n_channels,)
        Their axis, uniform if they are shifted at all.
    shift : tuple of (float, float)
        Least and greatest shift in units of the axis.
    """

    def __init__(self, references, axis, shift):
        step = dispersion(axis)
        self.step, self.limits = step, np.array(shift) / step
        first, last = np.floor(self.limits[0]), np.ceil(self.limits[1])
        self.channels = np.arange(first, max(last, first + 1) + 1)
        shifts = np.repeat(self.channels[:, None] * step, len(references), axis=1)
        self.grid = np.stack([shift_rows(references, axis, each) for each in shifts])
        self.gram = self.grid @ self.grid.swapaxes(1, 2)
        self.cross = self.grid[:-1] @ self.grid[1:].swapaxes(1, 2)

    def fit(self, X):
        """Fit each spectrum with the shift that explains the most of it.

        Parameters
        ----------
        X : ndarray of shape (n_spectra, n_channels), float64
            Spectra.

        Returns
        -------
        coefficients : ndarray of shape (n_spectra, n_references)
            Not negative.
        shift : ndarray of shape (n_spectra,)
            In units of the axis.
        model : ndarray of shape (n_spectra, n_channels)
            The fitted spectra.
        """
        products = np.tensordot(self.grid, X, axes=(2, 1)).transpose(0, 2, 1)
        position = self._best_position(products)
        coefficients = nnls(*self._normal_equations(products, position))
        left, weight = self._cell(position)
        shifted = _blend(self.grid[left], self.grid[left + 1], weight)
        model = np.einsum("ij,ijk->ik", coefficients, shifted)
        return coefficients, (position + self.channels[0]) * self.step, model

    def _best_position(self, products):
        """Position on the grid of the shift that explains most of each spectrum.

        The best point of the grid, then twice the best of two neighbours and of the top of the
        parabola through the three.
        """
        least, most = self.limits - self.channels[0]
        if least == most:
            return np.full(products.shape[1], least)
        on_grid = [_explained(*each) for each in zip(self.gram, products, strict=True)]
        position = np.clip(_first_best(on_grid), least, most)
        for step in _STEPS:
            tried = [np.clip(position + k * step, least, most) for k in (-1, 0, 1)]
            scores = [_explained(*self._normal_equations(products, each)) for each in tried]
            tried.append(np.clip(position + step * parabola_offset(*scores), least, most))
            scores.append(_explained(*self._normal_equations(products, tried[-1])))
            position = np.stack(tried)[_first_best(scores), np.arange(position.size)]
        return position

    def _cell(self, position):
        """Point of the grid to the left of each position, and how far it is beyond it."""
        left = np.clip(position.astype(int), 0, len(self.channels) - 2)
        return left, position - left

    def _normal_equations(self, products, position):
        """Products of the references at each position with each other and with the spectra."""
        left, weight = self._cell(position)
        cross = self.cross[left] + self.cross[left].swapaxes(1, 2)
        ends = _blend(self.gram[left], self.gram[left + 1], weight)
        chord = self.gram[left] + self.gram[left + 1] - cross
        rows = np.arange(len(position))
        return (
            ends - (weight * (1 - weight))[:, None, None] * chord,
            _blend(products[left, rows], products[left + 1, rows], weight),
        )


def _explained(gram, products):
    """How much smaller the sum of squares becomes by the fit."""
    return (nnls(gram, products) * products).sum(axis=1)


def _first_best(scores):
    """Argmax over the first axis; of scores that differ by rounding only, the first."""
    scores = np.stack(scores)
    return (scores >= (1 - _ROUNDING) * scores.max(axis=0)).argmax(axis=0)


def _blend(low, high, weight):
    weight = weight.reshape(-1, *[1] * (low.ndim - 1))
    return (1 - weight) * low + weight * high
