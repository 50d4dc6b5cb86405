"""Targets of a regression."""

import numpy as np

__all__ = ["refuse_labels"]


def refuse_labels(y, *, instead):
    """Raise if targets hold text that is no number.

    Parameters
    ----------
    y : array-like
        Targets. Only labels are refused here; all else is left to scikit-learn's checks.
    instead : str
        What to do with labels, at the end of the message.

    Raises
    ------
    ValueError
        If a target is no number; the message has the first such.
    """
    values = np.asarray(y)
    if values.dtype.kind not in "OU":
        return
    for value in values.ravel().tolist():
        if isinstance(value, str) and not _is_number(value):
            raise ValueError(f"y must hold numbers, got the label {value!r}. {instead}")


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
