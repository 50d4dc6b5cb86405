"""Fitted models as files without pickle."""

import json
from pathlib import Path

import imblearn.pipeline
import numpy as np
import safetensors
import safetensors.numpy
import sklearn.pipeline
import torch
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted
from torch.nn.utils import parameters_to_vector

import skspectra
from skspectra import augmentation, preprocessing
from skspectra._input.files import writing
from skspectra.augmentation._base import AugmenterChain
from skspectra.neural._estimators.base import SpectralNetEstimator
from skspectra.neural._estimators.conv_dense import ConvDenseClassifier
from skspectra.neural._estimators.dense import DenseClassifier
from skspectra.neural._estimators.fully_conv import FullyConvClassifier
from skspectra.neural._estimators.regressor import FullyConvRegressor
from skspectra.neural._training.device import available_device, resolve_device, seeded
from skspectra.uncertainty._ensemble import EnsembleClassifier
from skspectra.uncertainty._novelty import NoveltyRejector

__all__ = ["load_model", "save_model"]

_KEY = "skspectra"
_FORMAT = 1
_ESTIMATORS = {
    f"{each.__module__.partition('.')[0]}.{each.__name__}": each
    for each in (
        FullyConvClassifier,
        FullyConvRegressor,
        ConvDenseClassifier,
        DenseClassifier,
        EnsembleClassifier,
        NoveltyRejector,
        sklearn.pipeline.Pipeline,
        imblearn.pipeline.Pipeline,
        augmentation.AxisStretch,
        augmentation.EnergyShift,
        augmentation.PCANoise,
        augmentation.PoissonNoise,
        preprocessing.PCADenoiser,
        preprocessing.PeakAligner,
        preprocessing.SpectralCrop,
        preprocessing.SpectralResampler,
        preprocessing.SpectrumNormalizer,
    )
}
_LEFT_OUT = {"net_", "history_", "augmenters_", "_random_state"}  # of nets


def save_model(model, path):
    """Write a fitted classifier or regressor to a file that holds numbers and text only.

    The file is of the safetensors format: the arrays, and a description in JSON. Reading it runs
    no code, unlike reading a pickle. What is needed to predict is kept, how it came about is not:
    `history_` and the optimizer are left out.

    Parameters
    ----------
    model : classifier or regressor
        A fitted net of this package, an `EnsembleClassifier` or `NoveltyRejector`, or a pipeline of
        steps from `skspectra.preprocessing`, other than `PowerLawBackground`, that ends in one of
        these. Nets have no augmenters of one's own, no `callbacks` and no objects in other
        parameters.
    path : path-like
        The file, by custom with the ending ``.safetensors``; replaced if it exists.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    FileNotFoundError
        If the folder of the file does not exist.
    TypeError
        If it is none of the above or holds something that is neither number, text nor array.

    See Also
    --------
    load_model : The way back.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skspectra.models import load_model, save_model
    >>> from skspectra.neural import DenseClassifier
    >>> X, y = np.repeat(np.eye(2, 8), 20, axis=0), ["left"] * 20 + ["right"] * 20
    >>> net = DenseClassifier(max_epochs=30, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(net, Path(folder) / "net.safetensors")
    ...     loaded = load_model(Path(folder) / "net.safetensors")
    >>> loaded.predict(X[[0, -1]])
    array(['left', 'right'], dtype='<U5')
    """
    if not (is_classifier(model) or is_regressor(model)):
        raise TypeError(f"model must be a classifier or a regressor, got {model!r}.")
    check_is_fitted(model)
    tensors = {}
    header = {
        "format": _FORMAT,
        "skspectra": skspectra.__version__,
        "model": _pack(model, "model", tensors),
    }
    with writing(Path(path)) as temporary:
        metadata = {_KEY: json.dumps(header)}
        temporary.write_bytes(safetensors.numpy.save(tensors, metadata=metadata))


def load_model(path):
    """Read a model that `save_model` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    model : classifier or regressor
        Fitted. Nets run on the device that they are set to, or on the CPU where it is missing.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is cut short, is of another kind, comes from another format of this package, or
        does not fit together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} cannot be read as a safetensors file ({error}). It may be cut short, or be "
            "something else."
        ) from error
    if header is None:
        raise ValueError(f"{path} holds arrays, but no model that save_model wrote.")
    header = json.loads(header)
    if header.get("format") != _FORMAT:
        raise ValueError(
            f"{path} was written by skspectra {header.get('skspectra')} in format "
            f"{header.get('format')}; this is skspectra {skspectra.__version__}, which reads "
            f"format {_FORMAT}. Use the version that wrote it."
        )
    try:
        return _unpack(header["model"], tensors)
    except (KeyError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} does not fit together: {error}") from error


def _pack(value, where, tensors):
    """Describe a value by what JSON has; its arrays go to `tensors`."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"array": _store(value, tensors)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "UO":
        return {"strings": _strings(value, where), "dtype": value.dtype.kind}
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{where}.{number}", tensors) for number, item in enumerate(value)]
        return {type(value).__name__: items}
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {"dict": _pack_items(value, where, tensors)}
    if _name(value) in _ESTIMATORS:
        return _pack_estimator(value, where, tensors)
    raise TypeError(
        f"{where} cannot be saved: it is {value!r}, no number, text or array. Take out by "
        "set_params what only training needs, such as callbacks."
    )


def _store(array, tensors):
    """Add an array to `tensors`, unless it is there, and return its name."""
    for name, stored in tensors.items():
        if stored.dtype == array.dtype and np.array_equal(stored, array):
            return name
    name = str(len(tensors))
    tensors[name] = np.ascontiguousarray(array)
    return name


def _pack_items(items, where, tensors):
    return {name: _pack(item, f"{where}.{name}", tensors) for name, item in items.items()}


def _pack_estimator(estimator, where, tensors):
    params = estimator.get_params(deep=False)
    fitted = {name: value for name, value in vars(estimator).items() if name not in params}
    packed = {"estimator": _name(estimator), "params": _pack_items(params, where, tensors)}
    if isinstance(estimator, SpectralNetEstimator) and fitted:
        module = estimator.net_.module_
        packed["n_channels"] = int(estimator.net_.get_params_for("module")["n_channels"])
        weights = parameters_to_vector(_weights(module)).cpu().numpy()
        packed["weights"] = _pack(weights, f"{where}.weights", tensors)
        if estimator.augmenters_ is not None:
            augmenters = estimator.augmenters_.augmenters
            packed["augmenters"] = _pack(augmenters, f"{where}.augment", tensors)
        fitted = {name: value for name, value in fitted.items() if name not in _LEFT_OUT}
    packed["fitted"] = _pack_items(fitted, where, tensors)
    return packed


def _unpack(packed, tensors):
    """Make a value again from its description."""
    if not isinstance(packed, dict):
        return packed
    if "estimator" in packed:
        return _unpack_estimator(packed, tensors)
    if "strings" in packed:
        return np.array(packed["strings"], dtype=packed["dtype"])
    ((kind, content),) = packed.items()
    if kind == "array":
        return tensors[content]
    if kind == "dict":
        return _unpack_items(content, tensors)
    if kind == "slice":
        return slice(*content)
    return {"list": list, "tuple": tuple}[kind](_unpack(item, tensors) for item in content)


def _unpack_items(items, tensors):
    return {name: _unpack(item, tensors) for name, item in items.items()}


def _unpack_estimator(packed, tensors):
    if packed["estimator"] not in _ESTIMATORS:
        raise ValueError(f"there is no {packed['estimator']} in skspectra {skspectra.__version__}.")
    estimator = _ESTIMATORS[packed["estimator"]](**_unpack_items(packed["params"], tensors))
    for name, value in _unpack_items(packed["fitted"], tensors).items():
        setattr(estimator, name, value)
    if "weights" in packed:
        estimator.history_, estimator.augmenters_ = [], None
        if "augmenters" in packed:
            estimator.augmenters_ = AugmenterChain([])
            estimator.augmenters_.augmenters = _unpack(packed["augmenters"], tensors)
        weights = _unpack(packed["weights"], tensors)
        estimator.net_ = _make_net(estimator, packed["n_channels"], weights)
    return estimator


def _make_net(estimator, n_channels, weights):
    """Net with given weights."""
    wanted = estimator.device
    device = resolve_device(wanted) if wanted == "auto" else available_device(wanted)
    net = estimator._make_net(n_channels, device, warm=False)
    with seeded(0, device):
        net.initialize()
    places = _weights(net.module_)
    parts = torch.from_numpy(np.array(weights)).split([place.numel() for place in places])
    for place, part in zip(places, parts, strict=True):
        place.copy_(part.view_as(place))
    return net


def _weights(module):
    """Parameters and statistics of a module: all that it predicts with."""
    return [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]


def _name(estimator):
    kind = type(estimator)
    return f"{kind.__module__.partition('.')[0]}.{kind.__name__}"


def _strings(values, where):
    strings = values.tolist()
    if values.ndim != 1 or not all(isinstance(each, str) for each in strings):
        raise TypeError(f"{where} cannot be saved: it is {values!r}, which holds other than text.")
    return strings
