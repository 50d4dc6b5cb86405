"""Draws of abundances and endmembers given each other, for all spectra or channels at once."""

import numpy as np
from scipy.special import gammaln, ndtr, ndtri

__all__ = [
    "draw_abundances",
    "draw_concentration",
    "draw_endmembers",
    "draw_volume",
    "off_faces",
    "truncated_normal",
]

_TINY = 1e-12
_STEPS = 10  # of the walk of a concentration
_FROM_FACES = 0.02
_FAR = 30.0  # standard deviations beyond which a normal tail is drawn as an exponential one


def off_faces(abundances):
    """Move abundances a little to the middle of the simplex: a prior may be infinite at a face."""
    return (1 - _FROM_FACES) * abundances + _FROM_FACES / abundances.shape[1]


def truncated_normal(mean, deviation, high, rng):
    """Draw from normal distributions cut at 0 and at `high`, by inversion.

    Parameters
    ----------
    mean, deviation, high : ndarray of shape (n,)
        Mean and standard deviation before the cut, and the upper limit.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    values : ndarray of shape (n,)
    """
    mirrored = mean < 0.5 * high  # so that the greater tail, which has the digits, is on the left
    mode = np.where(mirrored, high - mean, mean) / deviation
    top = high / deviation
    low, up = ndtr(-mode), ndtr(top - mode)
    values = mode + ndtri(np.maximum(low + rng.random(mode.shape) * (up - low), 1e-300))
    far = mode - top > _FAR
    if far.any():
        values[far] = top[far] - rng.standard_exponential(far.sum()) / mode[far]
    values = np.clip(values, 0, top)
    return np.where(mirrored, top - values, values) * deviation


def draw_abundances(abundances, gram, products, variance, rng, concentration=None):
    """Draw abundances on the simplex, moving mass between two endmembers at a time.

    Parameters
    ----------
    abundances : ndarray of shape (n_spectra, n_components)
        Those of now; changed in place.
    gram : ndarray of shape (n_components, n_components) or (n_spectra, n_components, n_components)
        Products of the endmembers, weighed by the precision of the channels.
    products : ndarray of shape (n_spectra, n_components)
        Products of the spectra with the endmembers, weighed alike.
    variance : float or ndarray of shape (n_spectra,)
        Variance for a weight of 1.
    rng : numpy.random.Generator
        Draws.
    concentration : ndarray of shape (n_components,), default=None
        Of the Dirichlet prior; None is uniform. With one, the draws of the uniform prior are
        proposals that are accepted or not (Metropolis and Hastings).
    """
    n_spectra, n_components = abundances.shape
    gram = np.broadcast_to(gram, (n_spectra, n_components, n_components))
    rest = products - np.einsum("nk,nkl->nl", abundances, gram)
    for k, other in _pairs(n_components, rng):
        difference = gram[:, k] - gram[:, other]
        stiffness = np.maximum(difference[:, k] - difference[:, other], 1e-300)
        both = abundances[:, k] + abundances[:, other]
        mean = abundances[:, k] + (rest[:, k] - rest[:, other]) / stiffness
        drawn = truncated_normal(mean, np.sqrt(variance / stiffness), both, rng)
        if concentration is not None:
            gain = (concentration[k] - 1) * _log_ratio(drawn, abundances[:, k])
            gain += (concentration[other] - 1) * _log_ratio(both - drawn, abundances[:, other])
            accepted = -rng.standard_exponential(n_spectra) < gain
            drawn = np.where(accepted, drawn, abundances[:, k])
        rest -= (drawn - abundances[:, k])[:, None] * difference
        abundances[:, k], abundances[:, other] = drawn, both - drawn
    abundances /= abundances.sum(axis=1, keepdims=True)


def draw_endmembers(endmembers, precision, products, variance, rng):
    """Draw non-negative endmembers, each channel by itself.

    A draw of all endmembers at once is taken where none of it is negative, which is an independence
    step; elsewhere they are drawn one by one.

    Parameters
    ----------
    endmembers : ndarray of shape (n_components, n_channels)
        Those of now; not changed.
    precision : ndarray of shape (n_channels, n_components, n_components)
        Products of the abundances, weighed by the precision of the spectra in each channel.
    products : ndarray of shape (n_channels, n_components)
        Products of the spectra with the abundances, weighed alike.
    variance : float
        Variance for a weight of 1.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    endmembers : ndarray of shape (n_components, n_channels)
    """
    values, deviation = endmembers.T.copy(), np.sqrt(variance)
    root = np.linalg.cholesky(precision).swapaxes(1, 2)
    noise = np.linalg.solve(root, rng.standard_normal(values.shape)[..., None])[..., 0]
    drawn = np.linalg.solve(precision, products[..., None])[..., 0] + deviation * noise
    valid = (drawn >= 0).all(axis=1)
    values[valid] = drawn[valid]
    if not valid.all():
        rest, part = values[~valid], precision[~valid]
        for k in range(len(endmembers)):
            stiffness = part[:, k, k]
            mean = rest[:, k] + (products[~valid, k] - (rest * part[:, k]).sum(axis=1)) / stiffness
            width = deviation / np.sqrt(stiffness)
            rest[:, k] = truncated_normal(mean, width, np.maximum(mean, 0) + 12 * width, rng)
        values[~valid] = rest
    return values.T


def draw_volume(abundances, endmembers, rng):
    """Stretch or shrink the simplex along its edges, with the spectra that it explains unchanged.

    A generalised Gibbs step for a uniform prior, which mixes what single draws move slowly: an
    endmember becomes :math:`c m_k + (1 - c) m_l` with a density of
    :math:`c^{n_{channels} - n_{spectra} - 1}`, within what keeps all non-negative.

    Parameters
    ----------
    abundances : ndarray of shape (n_spectra, n_components)
        Those of now; changed in place.
    endmembers : ndarray of shape (n_components, n_channels)
        Those of now; changed in place.
    rng : numpy.random.Generator
        Draws.
    """
    exponent = endmembers.shape[1] - len(abundances)
    if exponent >= 0:
        return
    for pair in _pairs(len(endmembers), rng):
        for k, other in (pair, pair[::-1]):
            with np.errstate(divide="ignore", invalid="ignore"):
                low = 1 / (1 + np.nanmin(abundances[:, other] / abundances[:, k]))
                excess = endmembers[other] - endmembers[k]
                high = np.where(excess > 0, endmembers[other] / excess, np.inf).min()
            if low < high:
                span = np.expm1(exponent * np.log(high / low))
                c = low * np.exp(np.log1p(rng.random() * span) / exponent)
                endmembers[k] = c * endmembers[k] + (1 - c) * endmembers[other]
                moved = (1 - c) / c * abundances[:, k]
                abundances[:, other] = np.maximum(abundances[:, other] - moved, 0)
                abundances[:, k] /= c


def draw_concentration(concentration, abundances, rng):
    """Draw the concentration of the Dirichlet prior by a random walk of its logarithm.

    Each has a Gamma(2, 2) prior, of mean 1.

    Parameters
    ----------
    concentration : ndarray of shape (n_components,)
        That of now; not changed.
    abundances : ndarray of shape (n_spectra, n_components)
        Abundances.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    concentration : ndarray of shape (n_components,)
    """
    n_spectra, log_sum = len(abundances), np.log(abundances + _TINY).sum(axis=0)

    def log_density(values):
        constant = gammaln(values.sum()) - gammaln(values).sum()
        return n_spectra * constant + values @ log_sum + (2 * np.log(values) - 2 * values).sum()

    for _ in range(_STEPS):
        step = rng.standard_normal(concentration.size) * (rng.random(concentration.size) < 0.5)
        proposed = concentration * np.exp(1.2 / np.sqrt(n_spectra) * step)
        if -rng.standard_exponential() < log_density(proposed) - log_density(concentration):
            concentration = proposed
    return concentration


def _pairs(n_components, rng):
    """All pairs in random order and direction."""
    pairs = [(k, other) for k in range(n_components) for other in range(k)]
    return [pairs[i][:: rng.choice([-1, 1])] for i in rng.permutation(len(pairs))]


def _log_ratio(new, old):
    return np.log((new + _TINY) / (old + _TINY))
