"""The spectral axis in the column names of a frame."""

import re

import numpy as np

__all__ = ["columns_as_axis", "refuse_columns_of_spectra", "spectral_columns"]

_NUMBER = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?")
_MOST_NAMED = 5
_ENERGY = re.compile(
    r"(energ(y|ie)([ _-]?loss)?|loss|e|spectral[ _]axis)?[ _/]*[(\[]?[mk]?(ev)?[)\]]?",
    re.IGNORECASE,
)
_FEWEST_ENERGIES = 8  # a shorter column that increases may be anything


def columns_as_axis(X):
    """Return the column names of a frame as numbers, or None where they are none.

    Parameters
    ----------
    X : array-like or frame
        Anything; only an object with a `columns` attribute can carry an axis.

    Returns
    -------
    axis : ndarray of shape (n_channels,) or None
        None if `X` is no frame or if one of its names does not parse as a number.
    """
    numbers = [_number(name) for name in getattr(X, "columns", ())]
    return None if not numbers or None in numbers else np.array(numbers)


def spectral_columns(X):
    """Return the axis in the column names of spectra, or None where they say nothing of one.

    Parameters
    ----------
    X : array-like or frame of shape (n_spectra, n_channels)
        Spectra.

    Returns
    -------
    axis : ndarray of shape (n_channels,) or None
        None if `X` is no frame and no DataArray of xarray with coordinates, if its names are
        words, or if they count its channels from 0, as those of a frame without names do.

    Raises
    ------
    ValueError
        If a name is repeated, if only some of the names are numbers, or if all of them have a
        number in them, such as "620.5 eV": the message has the columns.
    """
    names = _names(X)
    if len(set(names)) < len(names):
        twice = max(names, key=names.count)
        raise ValueError(
            f"{names.count(twice)} columns of X are called {twice!r}. Name every channel by its "
            "own energy, or pass the spectra without names: X.to_numpy()."
        )
    numbers = [_number(name) for name in names]
    words = [name for name, number in zip(names, numbers, strict=True) if number is None]
    if not words:
        return None if numbers == list(range(len(numbers))) else np.array(numbers)
    if len(words) < len(names):
        listed = ", ".join(map(repr, words[:_MOST_NAMED]))
        more = ", ..." if len(words) > _MOST_NAMED else ""
        raise ValueError(
            f"{len(names) - len(words)} of the {len(names)} column names of X are numbers, the "
            f"energies of an axis, but {len(words)} are not: {listed}{more}. Drop columns that are "
            "no channels, and name every channel by its energy (pandas renames a repeated one)."
        )
    if _hold_energies(list(map(str, names))):
        raise ValueError(
            f"The column names of X, from {names[0]!r} to {names[-1]!r}, hold the energies of an "
            "axis, but are not numbers. Name the columns by the numbers alone, or pass the "
            "spectra without names: X.to_numpy()."
        )
    return None


def refuse_columns_of_spectra(X):
    """Raise a ValueError if a frame has the energies in a column or down its side.

    Parameters
    ----------
    X : array-like or frame of shape (n_spectra, n_channels)
        Spectra whose columns tell no axis.
    """
    found = _energies_of_rows(X)
    if found is None:
        return
    what, energies, mend = found
    steps = np.diff(energies)
    if energies.size < _FEWEST_ENERGIES or not ((steps > 0).all() or (steps < 0).all()):
        return
    raise ValueError(
        f"{what} runs from {energies[0]:g} to {energies[-1]:g} through all {energies.size} rows, "
        f"as the energies of spectra in columns do. One row is one spectrum: {mend}"
    )


def _energies_of_rows(X):
    """Find what may be the energies of the rows: its name, its values, and what to do, or None."""
    for name in _names(X):
        if isinstance(name, str) and len(name) > 1 and _ENERGY.fullmatch(name.strip()):
            values = np.asarray(X[name])
            if values.dtype.kind in "iuf":
                return f"The column {name!r} of X", values, f"X.set_index({name!r}).T in pandas."
    labels, drop = getattr(X, "index", None), "X.reset_index(drop=True)"
    if _is_data_array(X) and len(X.dims) == 2:
        labels, drop = X.coords.get(X.dims[0]), f"X.drop_vars({X.dims[0]!r})"
    if getattr(getattr(labels, "dtype", None), "kind", "") != "f":
        return None
    mend = f"transpose X, as X.T. If these are no energies, leave them out by {drop}."
    return "The index of X", np.asarray(labels), mend


def _names(X):
    """Names of the columns of a frame, or the coordinates of the channels of a DataArray."""
    if _is_data_array(X):
        return list(np.asarray(X.coords.get(X.dims[-1], ())))
    return list(getattr(X, "columns", ()))


def _is_data_array(X):
    return hasattr(X, "dims") and hasattr(X, "coords") and len(X.dims) > 0


def _number(name):
    try:
        number = float(name)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _hold_energies(names):
    """Whether names are numbers with the same text around each, and more than a count."""
    found = [_last_number(name) for name in names]
    if None in found:
        return False
    around = {_NUMBER.sub("0", name) for name in names}  # with other numbers, as in "620 to 621"
    if len(around) > 1:
        return False
    before = names[0][: found[0].start()]
    numbers = np.array([float(at.group().replace(",", ".")) for at in found])
    is_count = bool(np.all(np.diff(numbers) == 1))  # x0, x1, ...; Mn2+, Mn3+, ...
    return before == "" or before.endswith("__") or not is_count


def _last_number(name):
    return max(_NUMBER.finditer(name), key=lambda at: at.start(), default=None)
