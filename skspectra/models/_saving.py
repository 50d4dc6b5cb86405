"""Fitted models as files without pickle."""

import json
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skspectra.models._file import read, write
from skspectra.models._packing import Packer
from skspectra.models._unpacking import Unpacker

__all__ = ["describe_model", "load_model", "save_model"]


def save_model(model, path, *, spectral_axis=None, figures=None):
    """Write a fitted estimator to a file that holds numbers and text only.

    The file is of the safetensors format: the arrays, a description in JSON and a checksum. Reading
    it runs no code, unlike reading a pickle. It holds what is needed to predict. Optimizers,
    histories and the state of random numbers are left out.

    Parameters
    ----------
    model : estimator
        Any fitted estimator of this package, and most of scikit-learn: pipelines and unions,
        `GridSearchCV`, voting, stacking and calibrated classifiers, linear and nearest-neighbour
        models, support vectors, trees, forests and gradient boosting, decompositions, mixtures,
        scalers; any estimator composed of these. See the notes for nets of torch modules of one's
        own.
    path : path-like
        The file, with the ending ``.safetensors``; replaced if it exists.
    spectral_axis : array-like of shape (n_channels,), default=None
        Energies of the channels that the model takes, in eV. None takes them from the first step
        that has them. These are channel numbers if spectra were plain arrays and no step has a
        `spectral_axis`.
    figures : dict, default=None
        Numbers, text, lists and dicts of them, such as the accuracy of the model, the test spectra
        and the author. `describe_model` returns it.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    FileNotFoundError
        If the folder of the file does not exist.
    TypeError
        If the model holds something that is not a number, text, an array or one of these
        estimators.
    ValueError
        If the file has another ending, the axis is not that of the model, or the figures hold
        something that JSON cannot.

    See Also
    --------
    load_model : Read the file.
    describe_model : Describe the content of the file.

    Notes
    -----
    The same version of scikit-learn gives the same predictions to the last bit. Another version may
    have renamed attributes of its estimators: then they raise an error when they predict, and the
    model must be trained again. The `memory` of a pipeline is left out: it names a folder of
    pickles.

    A net of your own torch module is saved with the name of its class. `load_model` imports nothing
    by a name found in a file, so it has to be given the class.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skspectra.models import describe_model, load_model, save_model
    >>> from skspectra.preprocessing import SpectrumNormalizer
    >>> X, y = np.repeat(np.eye(2, 8), 20, axis=0), ["left"] * 20 + ["right"] * 20
    >>> axis = 640 + np.arange(8) / 2
    >>> model = make_pipeline(SpectrumNormalizer(spectral_axis=axis), LogisticRegression())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     save_model(model.fit(X, y), path, figures={"accuracy": 1.0})
    ...     loaded, about = load_model(path), describe_model(path)
    >>> loaded.predict(X[[0, -1]])
    array(['left', 'right'], dtype='<U5')
    >>> about["spectral_axis"][:3], about["figures"]
    (array([640. , 640.5, 641. ]), {'accuracy': 1.0})
    """
    if not isinstance(model, BaseEstimator):
        raise TypeError(f"model must be an estimator, got {model!r}.")
    check_is_fitted(model)
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"Models are files of safetensors: name it {path.stem}.safetensors.")
    packer = Packer()
    packer.pack(model, "model")
    axis = _axis(model, packer.spectral_axis, spectral_axis)
    axis = packer.pack(axis, "spectral_axis")
    header = {"objects": packer.objects, "spectral_axis": axis, "figures": _figures(figures)}
    write(path, header, packer.arrays)


def load_model(path, *, modules=()):
    """Read a model that `save_model` wrote.

    Parameters
    ----------
    path : path-like
        The file.
    modules : sequence of type, default=()
        Your own classes of torch modules that nets in the file use.

    Returns
    -------
    model : estimator
        Fitted. Nets run on the device that they are set to, or on the CPU where it is missing.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is cut short, was changed, is of another kind, comes from a later version, names
        a class that is not allowed, or is inconsistent.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.dummy import DummyClassifier
    >>> from skspectra.models import load_model, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     save_model(DummyClassifier().fit([[0.0], [1.0]], ["Mn2+", "Mn2+"]), path)
    ...     model = load_model(path)
    >>> model.predict([[2.0]])
    array(['Mn2+'], dtype='<U4')
    """
    return _read(path, lambda header, arrays: Unpacker(arrays, modules).make(header["objects"]))


def describe_model(path):
    """Describe the content of a model file, without loading the model.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    about : dict
        ``"model"``, the name of its class; ``"spectral_axis"``, an ndarray of shape (n_channels,)
        in eV or None where no step has an axis; ``"figures"``, the dict that was given to
        `save_model`; ``"skspectra"``, the version that wrote it; ``"format"``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file was not written by `save_model`, or was changed since.

    See Also
    --------
    save_model : Write a model to a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.dummy import DummyClassifier
    >>> from skspectra.models import describe_model, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     model = DummyClassifier().fit([[0.0], [1.0]], ["Mn2+", "Mn2+"])
    ...     save_model(model, path, figures={"accuracy": 1.0})
    ...     about = describe_model(path)
    >>> about["model"], about["figures"]
    ('sklearn.dummy.DummyClassifier', {'accuracy': 1.0})
    """
    return _read(path, _description)


def _read(path, make):
    """Make something of a file; whatever is wrong with it is one kind of error that names it."""
    path = Path(path)
    if not path.is_file():
        hint = "" if path.suffix else " load_pretrained loads readers of the package by their name."
        raise FileNotFoundError(f"There is no file {path}.{hint}")
    try:
        return make(*read(path))
    except KeyError as error:
        raise ValueError(f"{path} cannot be loaded: it lacks {error}.") from error
    except Exception as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error


def _description(header, arrays):
    axis = header["spectral_axis"]
    return {
        "model": header["objects"][-1]["class"],
        "spectral_axis": Unpacker(arrays).unpack(axis),
        "figures": header["figures"],
        "skspectra": header["skspectra"],
        "format": header["format"],
    }


def _axis(model, found, given):
    """Return the axis that is given, if it does not contradict the one found in the model."""
    if given is None:
        return found
    given = np.asarray(given, dtype=float)
    n_channels = getattr(model, "n_features_in_", given.size)
    if given.shape != (n_channels,):
        raise ValueError(
            f"spectral_axis has shape {given.shape}, but the model takes {n_channels} channels."
        )
    known = found is not None and not np.array_equal(found, np.arange(n_channels))
    if known and not np.allclose(found, given):
        raise ValueError(
            f"spectral_axis runs from {given[0]:g} to {given[-1]:g}, but the model was fitted on "
            f"{found[0]:g} to {found[-1]:g}. Leave it out."
        )
    return given


def _figures(figures):
    figures = {} if figures is None else figures
    if not isinstance(figures, dict):
        raise TypeError(f"figures must be a dict, got {figures!r}.")
    try:
        return json.loads(json.dumps(figures, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"figures hold what JSON has not: {error}.") from error
