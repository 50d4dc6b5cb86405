"""Constants that follow the arrays they are used with: numpy or torch, on whatever device."""

from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace

__all__ = ["as_float64", "as_like"]

# Constants held on devices other than the CPU: more than the nets of one stack perturb with, since
# recorded steps read them where they are.
_HELD = 512


def as_like(values, like):
    """Values that stay the same as an array of the namespace, dtype and device of `like`.

    What was copied to a device is held there: handing it over again would make the device wait.
    """
    return _as_constant(values, like.dtype, like)


def as_float64(values, like):
    """Values as `as_like` gives them, in float64."""
    return _as_constant(values, array_namespace(like).float64, like)


def _as_constant(values, dtype, like):
    xp = array_namespace(like)
    if not isinstance(values, np.ndarray) or str(like.device) == "cpu":
        return xp.asarray(values, dtype=dtype, device=like.device)
    return _held(values.tobytes(), values.dtype.str, values.shape, xp, dtype, like.device)


@lru_cache(_HELD)
def _held(content, kind, shape, xp, dtype, device):
    """Copy of an array on a device, found again by its content."""
    values = np.frombuffer(content, kind).reshape(shape).copy()
    return xp.asarray(values, dtype=dtype, device=device)
