"""What a file holds, and one signal of it, as HyperSpy signals."""

from pathlib import Path

import numpy as np

from skspectra._input.files import ARRAY_ENDINGS, TEXT_ENDINGS, check_readable, printable
from skspectra.exceptions import warn_spectra
from skspectra.io._arrays import load_arrays
from skspectra.io._formats import load_signals, one_of
from skspectra.io._hyperspy import import_hyperspy
from skspectra.io._signals import axis_label, axis_unit, describe_axis, increasing_axis
from skspectra.io._spectra import naming
from skspectra.io._units import conversion, unit_of

__all__ = ["list_signals", "read_signal"]


def read_signal(path, signal=None, *, unit="eV", reader=None, lazy=True):
    """Read one signal of spectra from a file, with its navigation axes.

    Parameters
    ----------
    path : path-like
        A file of any format that HyperSpy reads, or a .npz with an array of energies and one of
        spectra, of shape (..., n_channels).
    signal : int or str, default=None
        Which signal to take, by number or title; see `list_signals`. None takes the only one whose
        signal dimension is 1; survey images are skipped.
    unit : str, default="eV"
        Unit of the signal axis. Another unit of the same quantity, such as keV, is converted;
        another quantity is refused.
    reader : str, default=None
        HyperSpy's name of the format, such as "HSPY" or "USID", where the ending does not tell it.
    lazy : bool, default=True
        Whether the data stay in the file until they are needed, where the format allows it.

    Returns
    -------
    signal : hyperspy.api.signals.BaseSignal
        With axes, metadata and original metadata, but without models, markers, decompositions and
        signals that are nested in the metadata. A functional axis becomes an axis of its values.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError, ImportError
        As `read_spectra` does.
    ValueError
        If the file cannot be read or is not safe to read, if it holds none or several such signals,
        or if the axis is of another quantity than `unit`.

    Warns
    -----
    SpectrumWarning
        If the axis has no unit; it is taken to be in `unit`.

    See Also
    --------
    read_spectra : Rows of spectra from many files, on one axis.
    to_matrix : Rows of spectra from a signal.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skspectra.io import read_signal
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "image.npz"
    ...     np.savez(path, energy_eV=np.arange(600, 700.0), counts=np.ones((5, 4, 100)))
    ...     read_signal(path)
    <Signal1D, title: counts, dimensions: (4, 5|100)>
    """
    path = Path(path)
    taken = one_of(_load(path, unit, reader, lazy), signal, path)
    with naming(printable(path)):
        increasing_axis(taken)
        factor = conversion(axis_label(taken), unit)
    if factor is None:
        warn_spectra(
            np.ones(1, dtype=bool),
            f"The signal axis of {printable(path)} comes without a unit and is taken to be in "
            f"{unit}.",
        )
    axis = taken.axes_manager.signal_axes[0]
    if factor not in (None, 1.0):
        if axis.is_uniform:
            axis.scale, axis.offset = axis.scale * factor, axis.offset * factor
        else:
            axis.axis = np.asarray(axis.axis) * factor
    axis.units = unit
    return taken


def list_signals(path, *, reader=None):
    """List the signals in a file, such as one of dual EELS or with survey images.

    Parameters
    ----------
    path : path-like
        A file of any format that HyperSpy reads, or .npz.
    reader : str, default=None
        HyperSpy's name of the format, if the ending does not tell it.

    Returns
    -------
    signals : DataFrame
        One row per signal, whose number is the index: its ``title``, the shapes ``navigation`` and
        ``signal`` in numpy's order, the ``dtype``, and for spectra the ``start``, ``stop`` and
        ``unit`` of the axis as they are in the file.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError, ImportError, ValueError
        If the file cannot be read or is not safe to read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skspectra.io import list_signals
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "image.npz"
    ...     np.savez(path, energy_eV=np.arange(600, 700.0), counts=np.ones((5, 4, 100)))
    ...     list_signals(path)[["title", "navigation", "start", "stop", "unit"]]
        title navigation  start   stop unit
    0  counts     (5, 4)  600.0  699.0   eV
    """
    import pandas as pd

    rows = []
    for each in _load(Path(path), "eV", reader, lazy=True):
        manager = each.axes_manager
        row = {
            "title": each.metadata.General.title,
            "navigation": manager.navigation_shape[::-1],
            "signal": manager.signal_shape[::-1],
            "dtype": str(each.data.dtype),
        }
        if manager.signal_dimension == 1:
            axis = manager.signal_axes[0]
            row |= {"start": axis.low_value, "stop": axis.high_value, "unit": axis_unit(axis)}
        rows.append(row)
    return pd.DataFrame(rows)


def _load(path, unit, reader, lazy):
    if reader is None and path.suffix.lower() in ARRAY_ENDINGS:
        check_readable(path)
        return _array_signals(path, unit)
    if reader is None and path.suffix.lower() in TEXT_ENDINGS:
        check_readable(path)
        raise ValueError(
            f"{printable(path)} is text, which holds spectra but no image or other signals. "
            "read_spectra reads it, and so does skspectra classify."
        )
    return load_signals(path, reader=reader, lazy=lazy)


def _array_signals(path, unit):
    """Signals of the spectra in a file of NumPy."""
    hs = import_hyperspy()
    energies, arrays, label, titles = load_arrays(path, unit=unit)
    axis = {"name": label, "units": unit_of(label), "navigate": False} | describe_axis(energies)
    signals = []
    for data, title in zip(arrays, titles, strict=True):
        axes = [{"size": size, "navigate": True} for size in data.shape[:-1]]
        metadata = {"General": {"title": title}}
        with naming(printable(path)):
            signals.append(hs.signals.Signal1D(data, axes=[*axes, axis], metadata=metadata))
    return signals
