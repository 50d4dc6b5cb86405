"""Writers of pickles as old versions of pandas wrote them on Python 2."""

import pickle
import struct

import numpy as np

INDEXES = "pandas.indexes"  # where pandas 0.18 had its index classes


class Text(bytes):
    """A string of Python 2."""


class Name:
    """A class or function by its name, which need not exist."""

    def __init__(self, dotted):
        self.module, _, self.name = dotted.rpartition(".")


class Made:
    """What a call gives, then filled with a state."""

    def __init__(self, callable_, arguments=(), state=None, opcode=pickle.REDUCE):
        self.parts, self.state, self.opcode = (Name(callable_), arguments), state, opcode


class OldPickler(pickle._Pickler):
    """Writes what Python 2 wrote with protocol 2."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Name):
            self.write(f"c{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Text):
            self.write(pickle.BINSTRING + struct.pack("<i", len(obj)) + obj)
        elif isinstance(obj, Made):
            for part in obj.parts:
                self.save(part)
            self.write(obj.opcode)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def write_old_pickle(content, path):
    with path.open("wb") as file:
        OldPickler(file, protocol=2).dump(content)
    return path


def old_array(values):
    values = np.asarray(values)
    is_object = values.dtype == object
    kind, order, flags = (
        (b"O8", b"|", 63) if is_object else (values.dtype.str[1:].encode(), b"<", 0)
    )
    dtype = Made(
        "numpy.dtype",
        (Text(kind), 0, 1),
        (3, Text(order), None, None, None, -1, -1, flags),
    )
    data = values.ravel().tolist() if is_object else Text(values.tobytes())
    return Made(
        "numpy.core.multiarray._reconstruct",
        (Name("numpy.ndarray"), (0,), Text(b"b")),
        (1, values.shape, dtype, False, data),
    )


def objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def old_labels(labels):
    base = f"{INDEXES}.base"
    data = old_array(objects([Text(label.encode()) for label in labels]))
    return Made(f"{base}._new_Index", (Name(f"{base}.Index"), {"data": data, "name": None}))


def old_range(n):
    kind = Name(f"{INDEXES}.range.RangeIndex")
    values = {"start": 0, "stop": n, "step": 1, "name": None}
    return Made(f"{INDEXES}.base._new_Index", (kind, values))


def old_frame(kind, manager, axes, blocks, **state):
    """`blocks`: places along the first axis, their labels and values."""
    places = [
        {"mgr_locs": Made("__builtin__.slice", place), "values": values}
        for place, _, values in blocks
    ]
    values, labels = [block[2] for block in blocks], [block[1] for block in blocks]
    manager_state = (axes, values, labels, {"0.14.1": {"axes": axes, "blocks": places}})
    made = Made(f"pandas.core.internals.{manager}", (), manager_state, pickle.NEWOBJ)
    return Made(kind, (), {"_data": made, "_metadata": []} | state, pickle.NEWOBJ)


def old_data_frame(columns, blocks, n_rows):
    axes = [columns, old_range(n_rows)]
    return old_frame("pandas.core.frame.DataFrame", "BlockManager", axes, blocks, _typ="dataframe")


def old_spectra(spectra):
    n_rows, n_columns = spectra.shape
    values = old_array(np.ascontiguousarray(spectra.T))
    columns = old_range(n_columns)
    return old_data_frame(columns, [((0, n_columns, 1), columns, values)], n_rows)


def old_points(energy, intensity):
    columns = old_labels(["Energy", "Intensity"])
    blocks = [
        ((place, place + 1, 1), old_labels([name]), old_array(values[np.newaxis]))
        for place, (name, values) in enumerate({"Energy": energy, "Intensity": intensity}.items())
    ]
    return old_data_frame(columns, blocks, energy.size)


def old_series(items):
    axes = [old_range(len(items))]
    block = ((0, len(items), 1), axes[0], old_array(objects(items)))
    kind = "pandas.core.series.Series"
    return old_frame(kind, "SingleBlockManager", axes, [block], _typ="series", name=None)
