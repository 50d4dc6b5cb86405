"""What every estimator that works along a spectral axis shares."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Set
from functools import partial

import numpy as np
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skspectra._numerics.axis import axis_names, check_same_axis, resolve_axis
from skspectra._numerics.column_names import spectral_columns
from skspectra._sklearn import print_within

__all__ = [
    "SpectralMixin",
    "in_memory",
    "noting_bad_rows",
    "refuse_extremes",
    "refuse_images",
    "refuse_masks",
    "refuse_negative",
]


def refuse_images(X):
    """Raise if `X` is a file, a signal, an image or one spectrum, and say how rows are made of it.

    Raises
    ------
    TypeError
        If it is the name of a file, or a HyperSpy signal: as an array it would lose its axis; or
        if it is no array at all, or one of times.
    ValueError
        If it has one dimension, or more than two, or if its rows differ in length.
    """
    if isinstance(X, str | os.PathLike):
        raise TypeError(
            f"X must be an array or a frame of one spectrum per row, got the name of a file, {X!r}."
            " skspectra.io.read_spectra makes rows of it."
        )
    if hasattr(X, "axes_manager"):
        raise TypeError(
            f"X must be an array or a frame of one spectrum per row, got the HyperSpy signal {X!r}."
            " X, spectral_axis, shape = skspectra.io.to_matrix(signal) makes one of it."
        )
    is_table = hasattr(X, "shape")  # as a sparse matrix, which is a mapping too, has
    if hasattr(X, "collect") or (isinstance(X, Mapping | Set | Iterator) and not is_table):
        raise TypeError(
            f"X must be an array or a frame of one spectrum per row, got a {type(X).__name__}. "
            "Make a list of what yields spectra, and call collect() of a lazy frame."
        )
    if getattr(getattr(X, "dtype", None), "kind", "f") in "mM":
        raise TypeError(f"X must hold real numbers, got times of dtype {X.dtype}.")
    if isinstance(X, list | tuple):
        widths = {len(row) for row in X if hasattr(row, "__len__") and not isinstance(row, str)}
        if len(widths) > 1:
            raise ValueError(
                f"The spectra in X have from {min(widths)} to {max(widths)} channels. Put them on "
                "one axis first, as skspectra.io.read_spectra does with files."
            )
    if getattr(X, "ndim", 2) == 1 and len(X):
        raise ValueError(
            f"Expected 2D array, got an array of shape ({len(X)},). One row is one spectrum. "
            "Reshape your data by X.reshape(1, -1) if it is a single spectrum."
        )
    if getattr(X, "ndim", 2) > 2:
        raise ValueError(
            f"Expected 2D array, got an array of shape {tuple(X.shape)}. One row is one spectrum: "
            "reshape an image to (n_spectra, n_channels), by X.reshape(-1, n_channels) if the "
            "spectra lie along its last axis."
        )


def refuse_masks(X, name="X"):
    """Raise a ValueError if an entry of `X`, an array or a list of rows, is masked."""
    parts = X if isinstance(X, list | tuple) else [X]
    masks = [np.ma.getmask(part) for part in parts if isinstance(part, np.ma.MaskedArray)]
    count = sum(int(np.sum(mask)) for mask in masks)
    if count:
        raise ValueError(
            f"{count} entries of {name} are masked. Leave out their rows or their channels, or "
            "replace them by values, for instance from their neighbours: a mask would be ignored."
        )


def refuse_negative(X, estimator, wanting, advice):
    """Raise a ValueError if an entry of `X` is negative where an estimator wants counts."""
    least = X.min()
    if least < 0:
        raise ValueError(
            f"Negative values in data passed to {type(estimator).__name__} (least {least:g}), but "
            f"{wanting} wants counts. {advice}"
        )


def refuse_extremes(X):
    """Raise a ValueError if numbers of `X`, an array of float64, overflow or vanish when squared.

    Parameters
    ----------
    X : ndarray of shape (n_spectra, n_channels)
        Finite spectra.
    """
    if X.dtype != np.float64 or not X.size:
        return
    with np.errstate(over="ignore", under="ignore"):
        square = np.einsum("ij,ij->", X, X)  # without a copy, whatever the strides
    if square > 1e200 or (square < 1e-200 and X.any()):
        raise ValueError(
            f"The numbers in X reach {np.abs(X).max():.0e}, where squares "
            f"{'overflow' if square > 1 else 'vanish'}. Divide all spectra by one number, so that "
            "they lie between 1e-90 and 1e90."
        )


def in_memory(X):
    """Return `X`, computed if it is a dask array, or raise if an entry is masked."""
    X = X.compute() if hasattr(X, "__dask_graph__") else X
    refuse_masks(X)
    return X


@contextlib.contextmanager
def noting_bad_rows(X):
    """Add to a ValueError how many rows of `X` hold NaN or infinity, and which is the first."""
    try:
        yield
    except ValueError as error:
        # scikit-learn's advice, which is not for spectra, and all values of a complex array
        if "HistGradientBoosting" in str(error) or "Complex data" in str(error):
            error.args = (str(error).partition("\n")[0],)
        text = re.fullmatch(r"could not convert string to float: .*?('.*').*", str(error))
        if text:
            raise ValueError(
                f"X holds the text {text[1]}, which is no number. Leave out columns of "
                "names. skspectra.io.read_spectra reads files with decimal commas."
            ) from error
        with contextlib.suppress(TypeError, ValueError):  # what is no table of numbers
            values = np.asarray(X)
            values = values.astype(np.float64) if values.dtype.kind == "O" else values
            bad = ~np.isfinite(values).all(axis=1)
            if bad.any():
                error.add_note(
                    f"{bad.sum()} of {bad.size} rows of X hold NaN or infinity, the first is row "
                    f"{bad.argmax()}. Leave such spectra out or mend them first."
                )
        raise


_short_arrays = partial(np.printoptions, threshold=10, edgeitems=1)


class SpectralMixin:
    """Validation of spectra and of the axis they lie on.

    An estimator that has a `spectral_axis` parameter gains the fitted attribute
    `spectral_axis_`, and column names that are the axis values as strings, so that the axis
    travels down a pipeline with ``set_output(transform="pandas")``.
    """

    def _validate_spectra(self, X, *, reset, **check_params):
        """Validate `X`; at fit (`reset=True`) resolve its axis, later compare with it."""
        refuse_images(X)
        X = in_memory(X)
        columns = spectral_columns(X)
        check_params = {"dtype": [np.float64, np.float32]} | check_params
        with noting_bad_rows(X):
            validated = _validate(self, X, reset, check_params)
        if reset:
            refuse_extremes(validated)
            self.spectral_axis_ = resolve_axis(
                X, getattr(self, "spectral_axis", None), n_channels=self.n_features_in_
            )
        elif columns is not None:
            check_same_axis(columns, self.spectral_axis_)
        return validated

    def _output_axis(self):
        """Axis of the columns that come out."""
        return self.spectral_axis_

    def _output_names(self):
        """Names of the output columns: the values of their axis, unless a subclass has others."""
        return axis_names(self._output_axis())

    def get_feature_names_out(self, input_features=None):
        """Names of the output columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen at fit, if there were any; else ignored.

        Returns
        -------
        names : ndarray of str objects
        """
        check_is_fitted(self)
        _check_input_features(self, input_features)
        return np.array(self._output_names(), dtype=object)

    def __repr__(self, N_CHAR_MAX=700):
        with _short_arrays():  # an axis of 700 channels is one line, not twenty
            return super().__repr__(N_CHAR_MAX)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if tags.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


print_within(_short_arrays, SpectralMixin.__repr__)


def _validate(estimator, X, reset, check_params):
    """As `validate_data`, which looks at each column of a frame: 4 ms for 700 channels."""
    values = X.to_numpy() if hasattr(X, "columns") and hasattr(X, "to_numpy") else None
    if values is None or values.dtype.kind not in "fiu":
        return validate_data(estimator, X, reset=reset, **check_params)
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    return check_array(values, estimator=estimator, input_name="X", **check_params)


def _check_input_features(estimator, input_features):
    """Raise if names of the columns that come in are not those seen at fit, or not as many."""
    if input_features is None:
        return
    names = np.asarray(input_features, dtype=object)
    known = getattr(estimator, "feature_names_in_", None)
    if known is not None and not np.array_equal(known, names):
        raise ValueError("input_features is not equal to feature_names_in_")
    if names.size != estimator.n_features_in_:
        raise ValueError(
            "input_features should have length equal to number of features "
            f"({estimator.n_features_in_}), got {names.size}"
        )
