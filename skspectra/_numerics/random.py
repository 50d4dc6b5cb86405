"""Random draws that follow their arrays: numpy or torch, on whatever device."""

from numbers import Integral, Real

import numpy as np
from array_api_compat import array_namespace, is_torch_array
from sklearn.utils import check_random_state

__all__ = ["as_generator", "check_pair", "check_range", "draw_range", "poisson"]


def as_generator(random_state):
    """Turn scikit-learn's `random_state` into a numpy Generator.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        An int gives the same Generator each time; a RandomState is advanced.

    Returns
    -------
    rng : numpy.random.Generator
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, Integral):
        return np.random.default_rng(random_state)
    return np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))


def _drawn(values, like):
    """Return numbers that were drawn on the CPU, like another array."""
    return array_namespace(like).asarray(values, dtype=like.dtype, device=like.device)


def check_range(value, name):
    """Return a scalar or a pair as (low, high), or raise what is wrong with it."""
    pair = (value, value) if isinstance(value, Real) else tuple(value)
    if len(pair) != 2 or not all(isinstance(end, Real) for end in pair):
        raise ValueError(f"{name} must be a number or a pair (low, high), got {value!r}.")
    low, high = map(float, pair)
    if not (np.isfinite([low, high]).all() and low <= high):
        raise ValueError(f"{name} must be finite with low <= high, got ({low:g}, {high:g}).")
    return low, high


def check_pair(pair, name):
    """Raise a ValueError if a value is no pair (low, high) of finite numbers with low < high."""
    is_pair = len(pair) == 2 and all(isinstance(end, Real) for end in pair)
    if not is_pair or not -np.inf < pair[0] < pair[1] < np.inf:
        raise ValueError(
            f"{name} must be a pair (low, high), finite, with low < high, got {pair!r}."
        )


def draw_range(bounds, n, rng, like):
    """One uniform draw from (low, high) for each of `n` rows, as a column like `like`.

    Parameters
    ----------
    bounds : tuple of (float, float)
        Equal bounds draw nothing from `rng`.
    n : int
        Number of rows.
    rng : numpy.random.Generator or torch.Generator
        A torch generator must live on the device of `like`.
    like : numpy or torch array
        Gives namespace, dtype and device.

    Returns
    -------
    column : array of shape (n, 1)
    """
    low, high = bounds
    xp = array_namespace(like)
    if low == high:
        return xp.full((n, 1), low, dtype=like.dtype, device=like.device)
    if isinstance(rng, np.random.Generator):
        return _drawn(rng.uniform(low, high, (n, 1)), like)
    return low + (high - low) * xp.rand((n, 1), generator=rng, dtype=like.dtype, device=like.device)


def poisson(rate, rng):
    """Poisson counts of the expectations in `rate`, in its namespace, dtype and device."""
    if is_torch_array(rate) and not isinstance(rng, np.random.Generator):
        return array_namespace(rate).poisson(rate, generator=rng)
    return _drawn(rng.poisson(np.asarray(rate.cpu() if is_torch_array(rate) else rate)), rate)
