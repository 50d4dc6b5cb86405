"""Points of spectra, as text holds them, as spectra on increasing axes."""

import numpy as np

from skspectra.io._spectra import Spectra

__all__ = ["Repeated", "spectra_of_points"]


class Repeated(ValueError):
    """Energies that start again or repeat, as those of several spectra do."""


def spectra_of_points(energies, values, *, label, groups, titles, where, name):
    """Put points in order of their energies, spectrum by spectrum.

    Parameters
    ----------
    energies : ndarray of shape (n_points,)
        Energies, in any order.
    values : ndarray of shape (n_columns, n_points)
        Intensities.
    label : str
        What the file calls the energy.
    groups : tuple of (ndarray of shape (n_points,) of int, list of str) or None
        Number of the spectrum that each point belongs to, and the names of the spectra; None if
        all points belong to one.
    titles : list of str or None
        Names of the columns, where there are several.
    where : str
        The file, for messages.
    name : str
        Name of a single spectrum.

    Returns
    -------
    spectra : list of Spectra

    Raises
    ------
    ValueError
        If an energy is not finite, or if the energies of a spectrum start again or repeat.
    """
    if groups is None:
        axis, rows = _in_order(energies, values, where)
        return [Spectra(where, titles or [name], rows, axis, label)]
    codes, names = groups
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    energies, values = energies[order], values[:, order]
    if (sizes == sizes[0]).all():
        each = energies.reshape(len(names), sizes[0])
        if (each == each[0]).all():
            rows = values.reshape(len(values), len(names), sizes[0]).swapaxes(0, 1)
            axis, rows = _in_order(each[0], rows.reshape(-1, sizes[0]), where)
            return [Spectra(where, _names(names, titles), rows, axis, label)]
    spectra = []
    for one, stop, size in zip(names, np.cumsum(sizes), sizes, strict=True):
        at = f"{where}, spectrum {one!r}"
        axis, rows = _in_order(energies[stop - size : stop], values[:, stop - size : stop], at)
        spectra.append(Spectra(at, _names([one], titles), rows, axis, label))
    return spectra


def _names(names, titles):
    return [f"{name}, {title}" for name in names for title in titles] if titles else list(names)


def _in_order(energies, rows, where):
    """Points in order of energy, with the mean intensity where a few energies are repeated."""
    if not np.isfinite(energies).all():
        raise ValueError(f"{where}: an energy is NaN or infinite. Remove that line.")
    steps = np.diff(energies)
    if (steps > 0).all():
        return energies, rows
    if (steps < 0).all():
        return energies[::-1], rows[:, ::-1]
    axis, group, counts = np.unique(energies, return_inverse=True, return_counts=True)
    repeated = axis.size > 1 and np.mean(counts > 1) >= 0.5
    if repeated or _starts_again(energies):
        raise Repeated(
            f"{where}: the energies {'are repeated' if repeated else 'start again'}, as those of "
            "several spectra in one column do. Put each in a file or a column, or add a column "
            "'spectrum' with their names. If it is one spectrum, sort its lines by energy."
        )
    if axis.size == energies.size:
        return axis, rows[:, np.argsort(energies)]
    return axis, np.array([np.bincount(group, row) for row in rows]) / counts


def _starts_again(energies):
    """Whether energies turn back by more than a slip of digitising, and are not just shuffled."""
    steps = np.diff(energies)
    if steps.size < 7:
        return False
    forward = energies * (1 if np.median(np.sign(steps)) >= 0 else -1)
    turned_back = np.maximum.accumulate(forward) - forward > 2 * np.median(np.abs(steps))
    n_turns = np.count_nonzero(np.diff(np.sign(steps[steps != 0])))
    return bool(turned_back.any()) and n_turns < steps.size / 3
