"""Turn fitted estimators into text and arrays: what JSON has, and numbered arrays beside it."""

import inspect
import sys

import numpy as np
from scipy.interpolate import PPoly
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from skspectra.models._classes import is_left_out, may_be_set, name_of
from skspectra.models._nets import describe_net, is_net
from skspectra.models._trees import describe_tree, is_tree

__all__ = ["Packer"]


class Packer:
    """Collects the objects of a model, each after those that it holds, and their arrays.

    Attributes
    ----------
    objects : list of dict
        One for every estimator: its class, its parameters and what its fit set.
    arrays : dict of str to ndarray
        Each array once, by its number.
    spectral_axis : ndarray or None
        Of the model, or of the first step in it that has one.
    """

    def __init__(self):
        self.objects, self.arrays, self.spectral_axis = [], {}, None
        self._numbers, self._names = {}, {}

    def pack(self, value, where):
        """Describe a value, or raise a TypeError that says where it is.

        Parameters
        ----------
        value : object
            Number, text, array, container, estimator.
        where : str
            What leads to it, such as ``"model.steps.0"``.

        Returns
        -------
        packed : None, bool, int, float, str or dict of one kind and its content
        """
        if isinstance(value, np.generic):
            return self._scalar(value, where)
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if np.isfinite(value) else {"float": repr(value)}
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if _is_list_of_scalars(value):
            return {"scalars": self._number(np.array(value))}
        if type(value) in (list, tuple):
            return {type(value).__name__: self._items(value, where)}
        if type(value) in (dict, Bunch):
            return self._dict(value, where)
        if isinstance(value, type):
            return self._module_class(value, where)
        return self._object(value, where)

    def _items(self, values, where):
        return [self.pack(item, f"{where}.{number}") for number, item in enumerate(values)]

    def _by_name(self, items, where):
        return {name: self.pack(item, f"{where}.{name}") for name, item in items.items()}

    def _dict(self, value, where):
        if all(type(name) is str for name in value):
            return {type(value).__name__.lower(): self._by_name(value, where)}
        return {"pairs": [self._items(pair, where) for pair in value.items()]}

    def _scalar(self, value, where):
        if isinstance(value, np.str_):
            return str(value)
        if value.dtype.kind not in "biuf":
            raise _refusal(value, where)
        return {"scalar": self._number(np.asarray(value))}

    def _array(self, value, where):
        if isinstance(value, np.ma.MaskedArray):
            return {"masked": self._items([value.data, np.ma.getmaskarray(value)], where)}
        if value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
            if value.flags.f_contiguous and not value.flags.c_contiguous:
                return {"transposed": self._number(value.T)}
            return {"array": self._number(value)}
        if value.dtype.kind == "U":
            return {"text": [value.dtype.str[1:], list(value.shape), value.ravel().tolist()]}
        if value.dtype.names and value.ndim == 1:
            fields = {name: np.ascontiguousarray(value[name]) for name in value.dtype.names}
            return {"record": self._by_name(fields, where)}
        if value.dtype.kind == "O":
            return {"objects": [list(value.shape), self._items(value.ravel(), where)]}
        raise _refusal(value, where)

    def _number(self, array):
        """Return the number of an array, the same for arrays of the same bytes."""
        native = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
        key = native.dtype.str, native.shape, native.tobytes()
        if key not in self._numbers:
            self._numbers[key] = str(len(self.arrays))
            self.arrays[self._numbers[key]] = native
        return self._numbers[key]

    def _module_class(self, value, where):
        """Name a torch module of the user's, which has to be given again to be loaded."""
        torch = sys.modules.get("torch")
        if torch is None or not issubclass(value, torch.nn.Module):
            raise _refusal(value, where)
        return {"class": f"{value.__module__}.{value.__qualname__}"}

    def _object(self, value, where):
        """Describe an object once; the same one is the same again when it is loaded."""
        if id(value) not in self._names:
            packed = self._describe(value, where)
            self.objects.append(packed)
            self._names[id(value)] = len(self.objects) - 1, value  # so that no other has its id
        return {"object": self._names[id(value)][0]}

    def _describe(self, value, where):
        if is_tree(value):
            return {"tree": self._by_name(describe_tree(value), where)}
        if isinstance(value, PPoly):
            parts = {name: getattr(value, name) for name in ("c", "x", "extrapolate", "axis")}
            return {"polynomial": self._by_name(parts, where)}
        if type(value).__module__.startswith("scipy.stats.") and hasattr(value, "dist"):
            parts = {"name": value.dist.name, "args": value.args, "kwds": value.kwds}
            return {"distribution": self._by_name(parts, where)}
        if type(value) is np.random.RandomState:
            state = value.get_state(legacy=True)[1:]
            parts = dict(zip(("key", "position", "has_normal", "normal"), state, strict=True))
            return {"random_state": self._by_name(parts, where)}
        name = name_of(type(value))
        if name is None:
            raise _refusal(value, where)
        params = value.get_params(deep=False) if isinstance(value, BaseEstimator) else {}
        if "memory" in params:
            params["memory"] = None  # a folder of pickles
        fitted = _fitted_attributes(value, params)
        if self.spectral_axis is None:
            self.spectral_axis = fitted.get("spectral_axis_")
        packed = {"class": name, "params": self._by_name(params, where)}
        if is_net(value):
            packed["net"] = self._by_name(describe_net(fitted.pop("net_")), where)
        for attribute in fitted:
            if not may_be_set(type(value), attribute):
                raise TypeError(
                    f"{where} cannot be saved: {name} has the attribute {attribute}, which is not "
                    "declared in skspectra.models._classes."
                )
        packed["fitted"] = self._by_name(fitted, where)
        return packed


def _fitted_attributes(value, params):
    """Return what a fit set, neither parameters nor what the constructor sets besides them."""
    if hasattr(value, "_fields"):  # a named tuple
        return value._asdict()
    attributes = dict(vars(value))
    if isinstance(value, BaseEstimator):
        unfitted = vars(type(value)(**params))
        attributes = {name: each for name, each in attributes.items() if name not in unfitted}
    return {name: each for name, each in attributes.items() if not is_left_out(type(value), name)}


def _is_list_of_scalars(value):
    """Whether it is a list of numbers of one numpy dtype, such as the losses of a training."""
    if type(value) is not list or not value or not isinstance(value[0], np.generic):
        return False
    return value[0].dtype.kind in "biuf" and {type(each) for each in value} == {type(value[0])}


def _refusal(value, where):
    kind = value if inspect.isclass(value) else type(value)
    return TypeError(
        f"{where} cannot be saved: it is {value!r}, and a {kind.__module__}.{kind.__qualname__} is "
        "neither number, text, array nor a class that a model file may hold. Take out by "
        "set_params what only training needs, such as callbacks."
    )
