"""Validation of spectra in frames, which is not that of scikit-learn column by column."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr

from skspectra.neural import DenseClassifier
from skspectra.preprocessing import SpectralCrop, SpectrumNormalizer
from skspectra.sampling import KMeansCleaner

AXIS = [f"{energy:.1f}" for energy in np.arange(640.0, 641.0, 0.1)]
X = np.random.default_rng(0).integers(1, 100, (4, len(AXIS)))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "Float64", "object"])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_frames_give_what_arrays_give(make, dtype):
    if make is pd.DataFrame:
        frame = pd.DataFrame(X, columns=AXIS).astype(dtype)
    else:
        frame = pl.DataFrame(X.astype(dtype.lower()).astype(float), schema=AXIS)
    step = SpectrumNormalizer().fit(frame)
    expected = SpectrumNormalizer().fit_transform(X.astype(float))
    np.testing.assert_allclose(step.transform(frame), expected, atol=1e-6)
    np.testing.assert_array_equal(step.feature_names_in_, AXIS)
    np.testing.assert_allclose(step.spectral_axis_, np.array(AXIS, float))


def test_frames_are_refused_as_arrays_are():
    frame = pd.DataFrame(X * 1.0, columns=AXIS)
    step = SpectrumNormalizer().fit(frame)
    with pytest.raises(ValueError, match="Input X contains NaN") as error:
        step.transform(frame.mask(np.eye(4, len(AXIS), -2) > 0))
    assert "the first is row 2" in "".join(error.value.__notes__)
    with pytest.raises(ValueError, match="feature names should match"):
        step.transform(frame[AXIS[::-1]])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        step.transform(frame[:0])


def test_columns_that_are_no_channels_are_named():
    frame = pd.DataFrame(X * 1.0, columns=np.array(AXIS, float)).assign(valence="Mn2+")
    with pytest.raises(ValueError, match="1 are not: 'valence'. Drop columns"):
        SpectrumNormalizer().fit(frame)


def test_one_spectrum_is_told_how_to_become_a_row():
    with pytest.raises(ValueError, match=r"shape \(10,\).* X.reshape\(1, -1\)"):
        SpectrumNormalizer().fit(X[0] * 1.0)


ENERGIES = np.array(AXIS, float)
IN_COLUMNS = pd.DataFrame(X.T * 1.0, columns=["MnO", "Mn2O3", "MnO2", "LMO"], index=ENERGIES)
WITH_ENERGIES = IN_COLUMNS.rename_axis("Energy (eV)").reset_index()
IN_FIRST_DIMENSION = xr.DataArray(
    X.T * 1.0, dims=("energy", "spectrum"), coords={"energy": ENERGIES}
)


@pytest.mark.parametrize("fit", [SpectrumNormalizer().fit, lambda X: DenseClassifier().fit(X, X)])
@pytest.mark.parametrize(
    "table, advice",
    [
        (IN_COLUMNS, r"The index .* 640 to 640.9 .* X.reset_index\(drop=True\)"),
        (IN_COLUMNS.iloc[::-1], "The index .* 640.9 to 640"),
        (IN_COLUMNS.set_axis(range(4), axis=1), "The index .* 640 to 640.9"),
        (WITH_ENERGIES, r"'Energy \(eV\)' .* X.set_index\('Energy \(eV\)'\).T"),
        (pl.DataFrame(WITH_ENERGIES.to_dict("list")), r"'Energy \(eV\)' of X"),
        (IN_FIRST_DIMENSION, r"640 to 640.9 .* X.drop_vars\('energy'\)"),
    ],
)
def test_tables_of_a_spectrum_in_each_column_are_to_be_transposed(fit, table, advice):
    with pytest.raises(ValueError, match=advice):
        fit(table)


def test_rows_may_be_called_anything():
    frame = pd.DataFrame(X * 1.0, columns=AXIS, index=[1.5, 2.5, 3.5, 4.5])
    assert SpectrumNormalizer().fit(frame).n_features_in_ == len(AXIS)
    many = pd.DataFrame(np.ones((9, 10)), index=np.arange(9) / 2)
    step = SpectralCrop((640, 641), spectral_axis=ENERGIES)  # says what the columns are
    assert step.fit_transform(many).shape == (9, 10)


@pytest.mark.parametrize("fit", [DenseClassifier().fit, KMeansCleaner().fit_resample])
def test_one_label_for_each_column_is_a_transposed_table(fit):
    with pytest.raises(ValueError, match="10 rows and 4 columns, and y has 4 entries.*transpose X"):
        fit(X.T * 1.0, ["a", "b", "a", "b"])


def test_coordinates_of_a_data_array_are_the_axis():
    array = xr.DataArray(X * 1.0, dims=("spectrum", "energy"), coords={"energy": ENERGIES})
    step = SpectralCrop((640.2, 640.5)).fit(array)
    np.testing.assert_array_equal(step.transform(array), X[:, 2:5])
    with pytest.raises(ValueError, match="column 650 is channel 0"):
        step.transform(array.assign_coords(energy=ENERGIES + 10))


def test_repeated_names_and_text_are_told():
    frame = pd.DataFrame(X * 1.0, columns=[AXIS[0], *AXIS[:-1]])
    with pytest.raises(ValueError, match="2 columns of X are called '640.0'"):
        SpectrumNormalizer().fit(frame)
    with pytest.raises(ValueError, match="holds the text '0,5', which is no number"):
        SpectrumNormalizer().fit([["0,5", "1"]])
    with pytest.raises(ValueError, match="Turn both round"):
        SpectrumNormalizer().fit(pd.DataFrame(X * 1.0, columns=AXIS[::-1]))
    with pytest.raises(ValueError, match="contains NaN") as error:
        SpectrumNormalizer().fit(np.array([[1.0, None], [1.0, 2.0]], dtype=object))
    assert "the first is row 0" in error.value.__notes__[0]


@pytest.mark.parametrize("scale, what", [(1e300, "overflow"), (1e-300, "vanish")])
def test_numbers_that_cannot_be_squared_are_refused(scale, what):
    with pytest.raises(ValueError, match=f"{what}. Divide all spectra by one number"):
        SpectrumNormalizer().fit(X * scale)
    assert SpectralCrop((640, 641), spectral_axis=ENERGIES).fit(np.zeros_like(X))
