"""Make fitted estimators of text and arrays again; nothing in a file is run."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from skspectra.models._checks import finish
from skspectra.models._classes import class_named, may_be_set
from skspectra.models._nets import restore_net
from skspectra.models._trees import restore_tree

__all__ = ["Unpacker"]

_MOST_COPIES = 256  # of the bytes of a file, handed out as arrays
_LONGEST_TEXT = 2**22  # characters of an array of text, which all take the room of the longest


class Unpacker:
    """Makes values again of what `Packer` wrote.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The arrays of the file.
    modules : sequence of type
        Torch modules that the file may name besides those of this package.
    """

    def __init__(self, arrays, modules=()):
        self._arrays = arrays
        self._modules = {f"{each.__module__}.{each.__qualname__}": each for each in modules}
        self._objects = []
        self._room = _MOST_COPIES * sum(array.nbytes for array in arrays.values())

    def make(self, objects):
        """Make all objects, in order, and return the last."""
        if not objects:
            raise ValueError("it holds no object.")
        for packed in objects:
            self._objects.append(self._make_one(packed))
        return self._objects[-1]

    def unpack(self, packed):
        """Make a value again of its description."""
        if packed is None or isinstance(packed, (bool, int, float, str)):
            return packed
        ((kind, content),) = packed.items()
        return _KINDS[kind](self, content)

    def _items(self, items):
        return [self.unpack(item) for item in _of_type(list, items)]

    def _by_name(self, items):
        return {name: self.unpack(item) for name, item in _of_type(dict, items).items()}

    def _float(self, text):
        return float(_of_type(str, text))

    def _slice(self, parts):
        start, stop, step = (part if part is None else _of_type(int, part) for part in parts)
        return slice(start, stop, step)

    def _pairs(self, pairs):
        return dict(map(self._items, _of_type(list, pairs)))

    def _array(self, name):
        array = self._arrays[_of_type(str, name)]
        self._room -= array.nbytes
        if self._room < 0:
            raise ValueError("it repeats its arrays beyond measure.")
        return array.copy()

    def _transposed(self, name):
        return self._array(name).T

    def _scalar(self, name):
        return self._array(name)[()]

    def _scalars(self, name):
        return list(self._array(name))

    def _text(self, content):
        dtype, shape, items = content
        width = int(dtype.removeprefix("U"))
        if not all(isinstance(item, str) for item in items):
            raise TypeError("an array of text holds something else")
        if width * max(len(items), 1) > _LONGEST_TEXT:
            raise ValueError("an array of text in it is too large.")
        return np.array(items, dtype=f"U{width}").reshape(shape)

    def _object_array(self, content):
        shape, items = content
        array = np.empty(len(items), dtype=object)
        array[:] = self._items(items)
        return array.reshape(shape)

    def _record(self, fields):
        columns = self._by_name(fields)
        return np.rec.fromarrays(columns.values(), names=list(columns)).view(np.ndarray)

    def _masked(self, parts):
        data, mask = self._items(parts)
        return np.ma.MaskedArray(data, mask)

    def _object(self, number):
        return self._objects[_not_negative(number)]

    def _module_class(self, name):
        if name not in self._modules:
            raise ValueError(
                f"it uses the torch module {name}, which is not of this package. Give the class: "
                f"load_model(path, modules=[{name.rpartition('.')[2]}])."
            )
        return self._modules[name]

    def _make_one(self, packed):
        if "tree" in packed:
            return restore_tree(self._by_name(packed["tree"]))
        if "polynomial" in packed:
            return _polynomial(**self._by_name(packed["polynomial"]))
        if "distribution" in packed:
            return _distribution(**self._by_name(packed["distribution"]))
        if "random_state" in packed:
            return _random_state(**self._by_name(packed["random_state"]))
        return self._make_object(packed)

    def _make_object(self, packed):
        kind = class_named(_of_type(str, packed["class"]))
        params, fitted = self._by_name(packed["params"]), self._by_name(packed["fitted"])
        for name in fitted:
            if not may_be_set(kind, name):
                raise ValueError(f"it sets {name} of {kind.__name__}, which no fit does.")
        if hasattr(kind, "_fields"):
            return kind(**fitted)
        if not issubclass(kind, BaseEstimator):
            value = kind.__new__(kind)
            vars(value).update(fitted)
            return value
        value = kind(**params)
        vars(value).update(fitted)
        if hasattr(kind, "_parameter_constraints"):
            value._validate_params()
        if "net" in packed:
            restore_net(value, **self._by_name(packed["net"]))
        finish(packed["class"], value)
        return value


_KINDS = {
    "float": Unpacker._float,
    "slice": Unpacker._slice,
    "list": Unpacker._items,
    "tuple": lambda self, items: tuple(self._items(items)),
    "dict": Unpacker._by_name,
    "bunch": lambda self, items: Bunch(**self._by_name(items)),
    "pairs": Unpacker._pairs,
    "array": Unpacker._array,
    "transposed": Unpacker._transposed,
    "scalar": Unpacker._scalar,
    "scalars": Unpacker._scalars,
    "text": Unpacker._text,
    "objects": Unpacker._object_array,
    "record": Unpacker._record,
    "masked": Unpacker._masked,
    "object": Unpacker._object,
    "class": Unpacker._module_class,
}


def _of_type(kind, value):
    if type(value) is not kind:
        raise TypeError(f"{value!r:.80} is no {kind.__name__}.")
    return value


def _not_negative(number):
    if _of_type(int, number) < 0:
        raise ValueError(f"{number} is no number of an object.")
    return number


def _polynomial(c, x, extrapolate, axis):
    from scipy.interpolate import PPoly

    return PPoly(c, x, extrapolate, axis)


def _distribution(name, args, kwds):
    import scipy.stats

    family = getattr(scipy.stats, name, None)
    if not isinstance(family, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
        raise ValueError(f"scipy.stats has no distribution {name}.")
    return family(*args, **kwds)


def _random_state(key, position, has_normal, normal):
    if not 0 <= position <= len(key):
        raise ValueError("a random state in it reads beyond its numbers.")
    random_state = np.random.RandomState()
    random_state.set_state(("MT19937", key, position, has_normal, normal))
    return random_state
