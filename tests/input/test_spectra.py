"""Validation of spectra in frames, which is not that of scikit-learn column by column."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from skspectra.preprocessing import SpectrumNormalizer

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
