"""Any fitted estimator on a whole spectrum image."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra._numerics.interpolation import resample_rows
from skspectra.exceptions import warn_spectra
from skspectra.imaging._image import finite_rows, spectrum_image

__all__ = ["check_mask", "predict_image"]


def predict_image(
    estimator,
    image,
    *,
    method="predict_proba",
    spectral_axis=None,
    shift=0.0,
    mask=None,
    fill_value=np.nan,
    verbose=0,
):
    """Apply a fitted estimator to every pixel of a spectrum image.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator or pipeline of scikit-learn, of this package or of another with their
        interface. If it, or its first step, has a `spectral_axis_` that is not the axis of the
        image, the spectra are interpolated linearly to it.
    image : HyperSpy signal, dask array or array-like of shape (..., n_channels)
        The image, with any number of navigation dimensions. A signal may be lazy, and its signal
        axis may lie anywhere in its array.
    method : str, default="predict_proba"
        Method of the estimator to call: "predict", "predict_proba", "decision_function",
        "transform" or any other that takes spectra and returns one or several values for each.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of an array, in the units of the estimator's. A signal has one.
    shift : float, default=0.0
        Calibration error of the image, in units of the axis, as `find_edges` gives it; it is
        subtracted from the axis.
    mask : array-like of shape (...), bool, default=None
        Pixels that are left out, True where they are.
    fill_value : scalar, default=nan
        Value of pixels that are left out, and of pixels with NaN or infinity, which are warned
        about. Integers become floats unless it is an integer.
    verbose : int or bool, default=0
        Whether to show progress over the blocks of an image in memory.

    Returns
    -------
    predicted : HyperSpy signal, dask array or ndarray of shape (...) or (..., n_values)
        In the kind of `image`, lazy if that is lazy, with its navigation axes. Labels that are not
        numbers are an array of objects; in a signal they are their index in ``estimator.classes_``,
        which is in its metadata under "Signal.classes".

    Raises
    ------
    ValueError
        If the number of channels or the axis does not fit the estimator, or the mask the image.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skspectra.imaging import predict_image
    >>> X, y = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), ["Mn2+", "Mn3+"]
    >>> classifier = KNeighborsClassifier(1).fit(X, y)
    >>> image = np.zeros((5, 4, 3))
    >>> image[..., 1] = 1
    >>> image[2:, :, 2] = 5
    >>> predict_image(classifier, image).shape
    (5, 4, 2)
    >>> predict_image(classifier, image, method="predict")[:, 0]
    array(['Mn2+', 'Mn2+', 'Mn3+', 'Mn3+', 'Mn3+'], dtype=object)
    """
    check_is_fitted(estimator)
    pixels = spectrum_image(image, spectral_axis)
    new_axis = _axis_to_resample(estimator, pixels, shift)
    if shift and new_axis is None:
        raise ValueError(
            f"shift={shift} needs the axis of the image and that of the estimator, a fitted "
            f"attribute spectral_axis_; {type(estimator).__name__} has none."
        )
    n_channels = pixels.data.shape[-1] if new_axis is None else new_axis[1].size
    as_it_is = new_axis is None and pixels.data.dtype.kind != "f"  # integers, of any size
    dtype = np.float64 if as_it_is else np.result_type(pixels.data, np.float32)
    trial = _trial(estimator, method, n_channels, dtype)
    is_label = trial.dtype.kind not in "biufc"
    classes = _classes(estimator) if is_label and pixels.signal is not None else None
    dtype = _output_dtype(trial, fill_value, classes)
    n_values = 1 if trial.ndim == 1 else trial.shape[1]
    values = pixels.map_rows(
        _predict_rows,
        n_values,
        dtype,
        check_mask(mask, pixels.shape),
        estimator=estimator,
        verbose=verbose,
        settings=(method, new_axis, classes, np.full(n_values, fill_value, dtype)),
    )
    result = pixels.like(values[..., 0] if trial.ndim == 1 else values)
    if classes is not None:
        result.metadata.set_item("Signal.classes", [str(name) for name in classes])
    return result


def check_mask(mask, shape):
    """Return the mask as an array of the shape of the image, all False for None."""
    if mask is None:
        return np.zeros(shape, dtype=bool)
    mask = np.asarray(mask.data if hasattr(mask, "axes_manager") else mask)
    if mask.shape != tuple(shape):
        raise ValueError(f"mask must have the shape of the image, {shape}, got {mask.shape}.")
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError("mask must be True for pixels that are left out, and False for others.")
    return mask.astype(bool)


def _predict_rows(rows, masked, *, estimator, settings):
    """Let the estimator predict rows, shape (n_rows, n_values)."""
    method, axes, classes, fill_values = settings
    bad = ~finite_rows(rows)
    warn_spectra(bad & ~masked, "{count} hold NaN or infinity; they get the fill_value.")
    seen = ~(bad | masked)
    values = np.tile(fill_values, (len(rows), 1))
    if not seen.any():
        return values
    X = rows if seen.all() else rows[seen]
    X = X if axes is None else resample_rows(_as_float(X), *axes)
    predicted = np.asarray(getattr(estimator, method)(X))
    if classes is not None:
        predicted = np.searchsorted(classes, predicted)
    values[seen] = predicted.reshape(len(X), -1)
    return values


def _trial(estimator, method, n_channels, dtype):
    """Predict two spectra, to see the type and number of values."""
    spectra = np.linspace([1.0, 2.0], 3.0, n_channels, dtype=dtype).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(getattr(estimator, method)(spectra))


def _output_dtype(trial, fill_value, classes):
    if classes is not None:
        return np.dtype(float)
    if trial.dtype.kind not in "biufc":
        return np.dtype(object)
    return np.result_type(trial.dtype, np.min_scalar_type(fill_value))


def _classes(estimator):
    return np.asarray(estimator.classes_)


def _axis_to_resample(estimator, pixels, shift):
    """Axis of the image and axis wanted; None where the spectra can stay as they are."""
    wanted = _spectral_axis(estimator)
    if wanted is None or pixels.axis is None:
        return None
    axis = pixels.axis - shift
    same = axis.shape == wanted.shape and np.allclose(axis, wanted, rtol=0, atol=1e-6)
    return None if same and not shift else (axis, wanted)


def _spectral_axis(estimator):
    """Axis that an estimator, or the first of its steps, was fitted on; None if it has none."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    steps = getattr(estimator, "steps", None)
    if steps:
        return _spectral_axis(steps[0][1])
    return getattr(estimator, "spectral_axis_", None)


def _as_float(rows):
    return rows.astype(np.result_type(rows, np.float32), copy=False)
