"""Old pickles of pandas frames, read without pandas, without numpy's own unpickling and safely.

A pickle is a program. This reader knows the few names that numpy arrays and the frames of pandas up
to 1.2 (on Python 2 too) are made of, puts inert objects of its own in the place of every one, and
refuses all other names. Arrays are made of plain numbers whose bytes are counted, or of objects.
"""

import io
import pickle

import numpy as np

__all__ = ["Frame", "read_pickled_frames"]

_NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


class _Dtype:
    """A dtype of plain numbers, or "O8" for objects."""

    def __init__(self, code, *_):
        self.code, self.order = code, "|"

    def __setstate__(self, state):
        self.order = state[1]


class _Array:
    """An array, whose `values` are an ndarray of numbers or of objects in this reader's sense."""

    def __init__(self, *_):
        self.values = np.empty(0)

    def __setstate__(self, state):
        *_, shape, dtype, is_fortran, data = state
        if dtype.code in _NUMBERS:
            content = data.encode("latin1") if isinstance(data, str) else data
            flat = np.frombuffer(content, dtype.order.replace("|", "=") + dtype.code)
        elif dtype.code == "O8" and isinstance(data, list):
            flat = np.fromiter(map(_plain, data), dtype=object, count=len(data))
        else:
            raise pickle.UnpicklingError(f"an array of {dtype.code!r} is no array of numbers")
        self.values = flat.reshape(shape, order="F" if is_fortran else "C")

    def __iter__(self):
        return iter(self.values)


class _BlockManager:
    """The data of a frame: labels along each axis, and blocks of items of one dtype."""

    def __setstate__(self, state):
        axes, values, *rest = state
        self.axes = [list(_plain(axis)) for axis in axes]
        if len(rest) == 2:  # since pandas 0.14.1
            blocks = rest[1]["0.14.1"]["blocks"]
            self.blocks = [(block["mgr_locs"], _plain(block["values"])) for block in blocks]
        else:
            items = [list(_plain(labels)) for labels in rest[0]]
            self.blocks = [
                ([self.axes[0].index(label) for label in labels], _plain(block))
                for labels, block in zip(items, values, strict=True)
            ]

    def items(self):
        """One row for each label of the first axis."""
        rows = [None] * len(self.axes[0])
        for places, values in self.blocks:
            places = range(*places.indices(len(rows))) if isinstance(places, slice) else places
            for place, row in zip(places, values, strict=True):
                rows[place] = row
        if any(row is None for row in rows):
            raise pickle.UnpicklingError("a frame has labels without values")
        return rows


class Frame:
    """A pandas DataFrame or Series.

    Attributes
    ----------
    labels : list
        Names of the columns of a DataFrame, of the rows of a Series.
    items : list
        One item for each label: the column, an ndarray; the value.
    """

    def __setstate__(self, state):
        manager = state["_data"]
        self.labels, self.items = manager.axes[0], manager.items()

    def __iter__(self):
        return iter(self.items)

    def __getitem__(self, label):
        return self.items[self.labels.index(label)]


class _Index:
    """Stands for the classes of labels, which are not needed."""


def _plain(values):
    return values.values if isinstance(values, _Array) else values


def _new_index(kind, values):
    if "data" in values:
        return values["data"]
    return range(values["start"], values["stop"], values["step"])


def _encode(text, encoding):
    """Bytes, as Python 3 writes them into a pickle for Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding {encoding!r} is none of an array")
    return text.encode("latin1")


def _in_modules(modules, names):
    return {(module, name): value for module in modules for name, value in names.items()}


_KNOWN = (
    _in_modules(("numpy",), {"ndarray": _Array, "dtype": _Dtype})
    | _in_modules(("numpy.core.multiarray", "numpy._core.multiarray"), {"_reconstruct": _Array})
    | _in_modules(("__builtin__", "builtins"), {"slice": slice})
    | _in_modules(("_codecs",), {"encode": _encode})
    | _in_modules(("pandas.core.frame",), {"DataFrame": Frame})
    | _in_modules(("pandas.core.series",), {"Series": Frame})
    | _in_modules(
        ("pandas.core.internals", "pandas.core.internals.managers"),
        {"BlockManager": _BlockManager, "SingleBlockManager": _BlockManager},
    )
    | _in_modules(
        ("pandas.core.index", "pandas.indexes.base", "pandas.core.indexes.base"),
        {"_new_Index": _new_index, "Index": _Index, "Int64Index": _Index, "Float64Index": _Index},
    )
    | _in_modules(
        ("pandas.indexes.numeric", "pandas.core.indexes.numeric"),
        {"Int64Index": _Index, "Float64Index": _Index},
    )
    | _in_modules(("pandas.indexes.range", "pandas.core.indexes.range"), {"RangeIndex": _Index})
)


class _Reader(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of an array") from None


def read_pickled_frames(content):
    """Read a pickle that holds arrays of numbers and pandas frames.

    Parameters
    ----------
    content : bytes
        The file.

    Returns
    -------
    content : object
        What the file holds, with a `Frame` for every DataFrame and Series.

    Raises
    ------
    ValueError
        If this is no pickle, is cut short or names anything else than arrays and frames; what it
        names is not called.
    """
    try:
        return _plain(_Reader(io.BytesIO(content), encoding="latin1").load())
    except Exception as error:  # a damaged pickle raises nearly anything
        raise ValueError(f"This cannot be read as a pickle of arrays: {error}.") from error
