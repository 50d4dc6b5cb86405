"""Old pickles of pandas frames, read without pandas and without running anything else.

A pickle is a program. This reader knows the few names that numpy arrays and the frames of pandas up
to 1.2 (on Python 2 too) are made of, puts inert objects in the place of the pandas ones and refuses
every other name.
"""

import codecs
import pickle

import numpy as np

__all__ = ["Frame", "read_pickled_frames"]


class _BlockManager:
    """The data of a frame: labels along each axis, and blocks of items of one dtype."""

    def __setstate__(self, state):
        self.axes, values, *rest = state
        self.axes = [np.asarray(axis).tolist() for axis in self.axes]
        if len(rest) == 2:  # since pandas 0.14.1
            blocks = rest[1]["0.14.1"]["blocks"]
            self.blocks = [(block["mgr_locs"], block["values"]) for block in blocks]
        else:
            items = [np.asarray(labels).tolist() for labels in rest[0]]
            self.blocks = [
                ([self.axes[0].index(label) for label in labels], block)
                for labels, block in zip(items, values, strict=True)
            ]

    def items(self):
        """Array of shape (n_columns, n_rows) of a DataFrame, (n_rows,) of a Series."""
        dtype = np.result_type(*(values for _, values in self.blocks))
        items = np.empty([len(axis) for axis in self.axes], dtype)
        for places, values in self.blocks:
            items[places] = values
        return items


class Frame:
    """A pandas DataFrame or Series.

    Attributes
    ----------
    labels : list
        Names of the columns of a DataFrame, of the rows of a Series.
    items : ndarray of shape (n_columns, n_rows) or (n_rows,)
        One item for each label.
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


def _new_index(kind, values):
    if "data" in values:
        return values["data"]
    return np.arange(values["start"], values["stop"], values["step"])


def _encode(text, encoding):
    """Bytes, as Python 3 writes them into a pickle for Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding {encoding!r} is none of an array")
    return codecs.encode(text, "latin1")


def _in_modules(modules, names):
    return {(module, name): value for module in modules for name, value in names.items()}


_KNOWN = (
    _in_modules(("numpy",), {"ndarray": np.ndarray, "dtype": np.dtype})
    | _in_modules(
        ("numpy.core.multiarray", "numpy._core.multiarray"),
        {"_reconstruct": np.empty(0).__reduce__()[0]},
    )
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


def read_pickled_frames(path):
    """Read a pickle that holds numpy arrays and pandas frames.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    content : object
        Lists, dicts, numbers, strings, arrays, and a `Frame` for every DataFrame and Series.

    Raises
    ------
    ValueError
        If the file is no pickle, is cut short or names anything else than arrays and frames; what
        it names is not called.
    """
    with path.open("rb") as file:
        try:
            return _Reader(file, encoding="latin1").load()
        except Exception as error:  # a damaged pickle raises nearly anything
            raise ValueError(f"{path} cannot be read as a pickle of arrays: {error}.") from error
