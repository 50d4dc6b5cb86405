"""Signals from the formats that HyperSpy reads, with nothing in them that runs."""

import importlib

import numpy as np

from skspectra._input.files import beginning, check_ending, check_readable, printable
from skspectra._input.foreign import advice_on
from skspectra.io._axis_expression import evaluate_axis
from skspectra.io._hyperspy import import_hyperspy, quiet_hyperspy
from skspectra.io._msa import read_msa
from skspectra.io._safety import UnsafeFile, check_content, check_reader
from skspectra.io._units import quantity_of

__all__ = ["load_signals", "one_of"]

_AXIS_ENTRIES = {"name", "units", "navigate", "size", "index_in_array", "scale", "offset", "axis"}
_OBJECTS = ("_sig_", "_hspy_", "Markers")


def load_signals(path, *, reader=None, lazy=False):
    """Load all signals of a file.

    Parameters
    ----------
    path : Path
        The file.
    reader : str, default=None
        HyperSpy's name of the format; None goes by the ending.
    lazy : bool, default=False
        Whether data stay in the file until they are needed, where the format allows it.

    Returns
    -------
    signals : list of hyperspy.api.signals.BaseSignal
        Without the models, markers, decompositions and nested signals that the file may hold.

    Raises
    ------
    OSError, ImportError, ValueError
        As `read_spectra` does.
    """
    check_readable(path)
    import_hyperspy()
    plugin = _find_plugin(path, reader)
    check_reader(path, plugin["name"])
    try:
        with quiet_hyperspy():
            check_content(path, lazy=lazy)
            built = [_build(each, lazy) for each in _read(path, plugin, lazy) if "data" in each]
            if any(each.axes_manager.signal_dimension == 1 for each in built):
                return built
            return [_of_spectra(each) for each in built]
    except (ImportError, PermissionError):
        raise
    except UnsafeFile as error:
        raise ValueError(f"{printable(path)}: {error}") from error
    except Exception as error:
        raise ValueError(
            f"{printable(path)} cannot be read as {plugin['name']} "
            f"({type(error).__name__}: {error}). It may be cut short, or have the wrong ending."
        ) from error


def one_of(signals, chosen, path):
    """Return one of the signals of a file.

    Parameters
    ----------
    signals : list of hyperspy.api.signals.BaseSignal
        All of them.
    chosen : int, str or None
        Number or title of the signal; None wants the only one of spectra.
    path : Path
        The file, for messages.

    Raises
    ------
    ValueError
        If there is no such signal, or several.
    """
    if chosen is None:
        found = [each for each in signals if each.axes_manager.signal_dimension == 1]
    else:
        found = [
            each
            for number, each in enumerate(signals)
            if chosen in (number, each.metadata.General.title)
        ]
    if len(found) == 1:
        return found[0]
    listed = "; ".join(f"number {number} is {each!r}" for number, each in enumerate(signals))
    asked = "of spectra" if chosen is None else f"of number or title {chosen!r}"
    raise ValueError(
        f"{printable(path)} holds {len(found)} signals {asked}, wanted is one. Of all its signals, "
        f"{listed or 'there is none'}. Choose by signal=, a number or a title. The energy axis "
        "must be the signal axis."
    )


def _find_plugin(path, reader):
    """Return the reader of RosettaSciIO for a file."""
    from rsciio import IO_PLUGINS

    ending = path.suffix.lower().removeprefix(".")
    if reader is None:
        check_ending(path)
        found = [
            plugin
            for plugin in IO_PLUGINS
            if ending in {each.lower() for each in plugin["file_extensions"]}
        ]
    else:
        found = [
            plugin
            for plugin in IO_PLUGINS
            for name in (plugin["name"], *plugin.get("name_aliases", ()))
            if name.casefold() == reader.casefold()
        ][:1]
    names = sorted(plugin["name"] for plugin in found or IO_PLUGINS)
    if reader is not None and not found:
        raise ValueError(f"reader must be one of {', '.join(names)}, got {reader!r}.")
    if len(found) > 1:
        raise ValueError(
            f"{printable(path)} may be of several formats. Say which by reader=, one of "
            f"{', '.join(map(repr, names))}.{advice_on(beginning(path))}"
        )
    return found[0]


def _read(path, plugin, lazy):
    """Return what a reader finds in a file, one dictionary for each signal."""
    if plugin["name"] == "MSA":
        return [read_msa(path)]
    read = importlib.import_module(plugin["api"]).file_reader
    if lazy:
        try:
            return read(str(path), lazy=True)
        except (NotImplementedError, ValueError):  # the format or its layout is read whole
            check_content(path, lazy=False)
    return read(str(path))


def _build(found, lazy):
    """Build a signal of data, axes and plain metadata, and of nothing else in a file."""
    from hyperspy.io import dict2signal

    shape = found["data"].shape
    signal = {
        "data": found["data"],
        "metadata": _plain(found.get("metadata", {})),
        "original_metadata": _plain(found.get("original_metadata", {})),
    }
    signal |= {key: found[key] for key in ("mapping", "post_process") if key in found}
    if "axes" in found:
        axes = [_axis(axis, shape, number) for number, axis in enumerate(found["axes"])]
        signal["axes"] = axes
    signal["metadata"].setdefault("Signal", {}).pop("binned", None)
    return dict2signal(signal, lazy=lazy)


def _of_spectra(signal):
    """Make the only axis of energies the signal axis; leave a signal of these energies alone."""
    axes = signal.axes_manager._axes
    energies = [axis for axis in axes if quantity_of(f"({axis.units})") == "energy"]
    if len(energies) != 1:
        return signal
    if signal.data.ndim == 1 and np.array_equal(np.asarray(signal.data), energies[0].axis):
        return signal
    return signal.transpose(signal_axes=energies)


def _axis(axis, shape, number):
    size = shape[int(axis.get("index_in_array", number))]
    plain = {key: axis[key] for key in _AXIS_ENTRIES if key in axis}
    if "expression" in axis or "axis" in axis:
        plain = {key: plain[key] for key in ("name", "units", "navigate") if key in plain}
        plain["axis"] = evaluate_axis(axis, size)
    elif int(plain.setdefault("size", size)) != size:
        raise ValueError(f"An axis has {plain['size']} channels, but the data have {size}.")
    return plain


def _plain(metadata):
    """Metadata without what HyperSpy would make objects of."""
    if isinstance(metadata, dict):
        return {
            key: _plain(value)
            for key, value in metadata.items()
            if not str(key).startswith(_OBJECTS)
        }
    if isinstance(metadata, (list, tuple)):
        return type(metadata)(
            _plain(item)
            for item in metadata
            if not (isinstance(item, dict) and any(str(key).startswith(_OBJECTS) for key in item))
        )
    return metadata
