"""Labels, and targets of a regression."""

import numpy as np

from skspectra._input.spectra import refuse_masks

__all__ = ["refuse_labels", "refuse_targets"]


def refuse_targets(X, y):
    """Raise a ValueError if `y` is of the columns of `X`, or has entries that are no targets.

    Those are masked or missing entries, and others beside text.

    Parameters
    ----------
    X : array-like of shape (n_spectra, n_channels)
        Spectra.
    y : array-like
        Labels or targets; numbers that are NaN are left to scikit-learn's checks.
    """
    import pandas as pd

    refuse_masks(y, "y")
    values, shape = np.asarray(y), getattr(X, "shape", ())
    if values.ndim and len(shape) == 2 and shape[0] != len(values) == shape[1]:
        raise ValueError(
            f"X has {shape[0]} rows and {shape[1]} columns, and y has {len(values)} entries. One "
            "row is one spectrum: transpose X."
        )
    if values.dtype.kind != "O" or not values.ndim:
        return
    missing = pd.isna(values.reshape(len(values), -1)).any(axis=1)
    if missing.any():
        raise ValueError(
            f"{missing.sum()} of {missing.size} entries of y are missing (None, NaN or NA), the "
            f"first is that of row {missing.argmax()}. Leave these spectra out, or label them."
        )
    is_text = [isinstance(value, str) for value in values.ravel()]
    if any(is_text) and not all(is_text):
        text, other = values.ravel()[[is_text.index(True), is_text.index(False)]].tolist()
        raise ValueError(
            f"y mixes text and other labels, {str(text)!r} and {other!r}. Write all of them alike."
        )


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
            raise ValueError(f"y must hold numbers, got the label {str(value)!r}. {instead}")


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
