"""Fits of references that are shifted by any amount within a range."""

import numpy as np

from skspectra._numerics.axis import dispersion
from skspectra._numerics.interpolation import shift_rows
from skspectra._numerics.mixtures.nnls import nnls
from skspectra._numerics.peaks import parabola_offset

__all__ = ["ShiftedReferences"]

_STEPS = (0.5, 0.1)  # of a channel
_COARSE = 4  # steps to either end of the range of a reference
_SWEEPS = 3
_CENTRINGS = 3
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
        Least and greatest shift of all in units of the axis.
    spread : float, default=0.0
        How far each reference may be shifted beyond that of all, in units of the axis.
    """

    def __init__(self, references, axis, shift, spread=0.0):
        step = dispersion(axis)
        self.step, self.spread = step, spread / step
        self.limits = np.array(shift) / step
        first = np.floor(self.limits[0] - self.spread)
        last = max(np.ceil(self.limits[1] + self.spread), first + 1)
        self.channels = np.arange(first, last + 1)
        shifts = np.repeat(self.channels[:, None] * step, len(references), axis=1)
        self.grid = np.stack([shift_rows(references, axis, each) for each in shifts])
        self.gram = self._products_by_lag(int(np.ceil(2 * self.spread)) + 1)

    def fit(self, X):
        """Fit each spectrum with the shifts that explain the most of it.

        Parameters
        ----------
        X : ndarray of shape (n_spectra, n_channels), float64
            Spectra.

        Returns
        -------
        coefficients : ndarray of shape (n_spectra, n_references)
            Not negative.
        shift : ndarray of shape (n_spectra,)
            Of all references, in units of the axis.
        reference_shift : ndarray of shape (n_spectra, n_references)
            Of each of them.
        model : ndarray of shape (n_spectra, n_channels)
            The fitted spectra.
        """
        products = np.tensordot(self.grid, X, axes=(2, 1)).transpose(0, 2, 1)
        common = self._best_common_position(products)
        position = np.repeat(common[:, None], self.grid.shape[1], axis=1)
        for _ in range(_CENTRINGS if self.spread else 0):
            position = self._best_positions(products, position, common)
            common = self._centre(products, position, common)
        coefficients = nnls(*self._normal_equations(products, position))
        position = np.where(coefficients > 0, position, common[:, None])
        model = np.zeros_like(X)
        left, weight = self._cell(position)
        for k in range(position.shape[1]):
            at = left[:, k]
            shifted = _blend(self.grid[at, k], self.grid[at + 1, k], weight[:, k, None])
            model += coefficients[:, k, None] * shifted
        return coefficients, self._shift(common), self._shift(position), model

    def _shift(self, position):
        return (position + self.channels[0]) * self.step

    def _products_by_lag(self, n_lags):
        """Products of the references at each point of the grid with those 0, 1 … points on."""
        gram = np.zeros((len(self.grid), n_lags + 1, *2 * self.grid.shape[1:2]))
        for lag in range(min(n_lags + 1, len(self.grid))):
            ahead = self.grid[lag:].swapaxes(1, 2)
            gram[: len(ahead), lag] = self.grid[: len(ahead)] @ ahead
        return gram

    def _best_common_position(self, products):
        """Position on the grid of the shift of all that explains most of each spectrum.

        The best point of the grid, then twice the best of two neighbours and of the top of the
        parabola through the three.
        """
        least, most = self.limits - self.channels[0]
        if least == most:
            return np.full(products.shape[1], least)
        on_grid = [_explained(*each) for each in zip(self.gram[:, 0], products, strict=True)]
        position = np.clip(_first_best(on_grid), least, most)
        for step in _STEPS:
            tried = [np.clip(position + k * step, least, most) for k in (-1, 0, 1)]
            scores = [self._score(products, each) for each in tried]
            tried.append(np.clip(position + step * parabola_offset(*scores), least, most))
            scores.append(self._score(products, tried[-1]))
            position = np.stack(tried)[_first_best(scores), np.arange(position.size)]
        return position

    def _best_positions(self, products, position, common):
        """Position of each reference within the spread about the common one, one after the other.

        First in coarse steps over the whole range, then in steps that are halved.
        """
        low, high = common - self.spread, common + self.spread
        position = np.clip(position, low[:, None], high[:, None])
        step = self.spread / _COARSE
        offsets = step * np.arange(-_COARSE, _COARSE + 1)
        position = self._descend(products, position, low, high, offsets)
        while step > _STEPS[-1]:
            step = step / 2
            offsets = (-step, step)
            position = self._descend(products, position, low, high, offsets)
        return position

    def _centre(self, products, position, common):
        """Middle of the positions of the references that are used, within the range of all."""
        coefficients = nnls(*self._normal_equations(products, position))
        used = coefficients > _ROUNDING * coefficients.max(axis=1, keepdims=True)
        low = np.where(used, position, np.inf).min(axis=1)
        high = np.where(used, position, -np.inf).max(axis=1)
        middle = np.where(used.any(axis=1), low + (high - low) / 2, common)
        return np.clip(middle, *(self.limits - self.channels[0]))

    def _descend(self, products, position, low, high, offsets):
        for _ in range(_SWEEPS):
            before = position
            for k in range(position.shape[1]):
                tried = [position]
                for offset in offsets:
                    tried.append(position.copy())
                    tried[-1][:, k] = np.clip(position[:, k] + offset, low, high)
                best = _first_best([self._score(products, each) for each in tried])
                position = np.stack(tried)[best, np.arange(len(position))]
            if np.array_equal(position, before):
                break
        return position

    def _score(self, products, position):
        return _explained(*self._normal_equations(products, position))

    def _cell(self, position):
        """Point of the grid to the left of each position, and how far it is beyond it."""
        left = np.clip(position.astype(int), 0, len(self.channels) - 2)
        return left, position - left

    def _normal_equations(self, products, position):
        """Products of the references at their positions with each other and with the spectra."""
        n_spectra, n_references = products.shape[1:]
        position = np.broadcast_to(position.reshape(n_spectra, -1), (n_spectra, n_references))
        left, weight = self._cell(position)
        rows, numbers = np.arange(n_spectra)[:, None], np.arange(n_references)
        wanted = _blend(products[left, rows, numbers], products[left + 1, rows, numbers], weight)
        gram = np.empty((n_spectra, n_references, n_references))
        for k in range(n_references):
            for m in range(k + 1):
                corners = [
                    [self._product(left[:, k] + i, left[:, m] + j, k, m) for j in (0, 1)]
                    for i in (0, 1)
                ]
                ends = [_blend(*each, weight[:, m]) for each in corners]
                gram[:, k, m] = gram[:, m, k] = _blend(*ends, weight[:, k])
        return gram, wanted

    def _product(self, at, other_at, k, m):
        """Product of reference k and reference m, each at a point of the grid."""
        ahead = other_at >= at
        first, lag = np.minimum(at, other_at), np.abs(other_at - at)
        return np.where(ahead, self.gram[first, lag, k, m], self.gram[first, lag, m, k])


def _explained(gram, products):
    """How much smaller the sum of squares becomes by the fit."""
    return (nnls(gram, products) * products).sum(axis=1)


def _first_best(scores):
    """Argmax over the first axis; of scores that differ by rounding only, the first."""
    scores = np.stack(scores)
    return (scores >= (1 - _ROUNDING) * scores.max(axis=0)).argmax(axis=0)


def _blend(low, high, weight):
    return (1 - weight) * low + weight * high
