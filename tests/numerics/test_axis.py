import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skspectra._numerics.axis import (
    axis_names,
    check_axis,
    resolve_axis,
    window_channels,
    window_mask,
)
from skspectra.augmentation import EnergyShift
from skspectra.features import WhiteLineFeatures
from skspectra.preprocessing import (
    PeakAligner,
    PowerLawBackground,
    SpectralCrop,
    SpectralResampler,
    SpectrumNormalizer,
)
from skspectra.sampling import KMeansCleaner

ENERGY = 615 + 0.1 * np.arange(700)


def test_axis_comes_from_the_argument_then_the_columns_then_the_channels():
    frame = pd.DataFrame(np.zeros((2, 3)), columns=["5", "6.5", "7e1"])
    np.testing.assert_array_equal(resolve_axis(frame, [5.1, 6.5, 70]), [5.1, 6.5, 70])
    np.testing.assert_array_equal(resolve_axis(frame), [5, 6.5, 70])
    np.testing.assert_array_equal(resolve_axis(pl.DataFrame(frame)), [5, 6.5, 70])
    np.testing.assert_array_equal(resolve_axis(frame.set_axis([1.0, 2.0, 3.0], axis=1)), [1, 2, 3])
    np.testing.assert_array_equal(resolve_axis(frame.set_axis(list("abc"), axis=1)), [0, 1, 2])
    np.testing.assert_array_equal(resolve_axis(np.zeros((2, 3))), [0, 1, 2])


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (["a", "b", "c"], "must hold numbers"),
        ([[1, 2, 3]], "one-dimensional"),
        ([], "one-dimensional"),
        ([1, 2, np.nan], "finite"),
        ([1, 3, 2], "channel 1 is at 3 and channel 2 at 2"),
        ([1, 2, 3j], "must hold real numbers"),
        (np.ma.masked_array([1, 2, 3], mask=[0, 0, 1]), "of which none is masked"),
        ([1, 2], "2 values .1 to 2., but the spectra have 3 channels"),
    ],
)
def test_bad_axis_says_what_is_wrong(axis, message):
    with pytest.raises(ValueError, match=message):
        check_axis(axis, 3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (lambda e: f"{e} eV", "from '620.0 eV' to '624.5 eV', hold the energies"),
        (lambda e: f"spectra__{e}", "from 'spectra__620.0' to"),
        (lambda e: f"{round(e * 2)} half eV", "hold the energies"),
        (lambda e: f"spectra__{round(e * 2)}", "hold the energies"),
        (lambda e: f"E{e}", "hold the energies"),
        (lambda e: str(e).replace(".", ","), "hold the energies"),
        (lambda e: ("eels", e), "hold the energies"),
        (lambda e: pd.Interval(e, e + 0.5), "hold the energies"),
        (lambda e: f"{e:.2f} to {e + 0.5:.2f} eV", "hold the energies"),
        (lambda e: "dose" if e == 622 else e, "9 of the 10 column names .* 1 are not: 'dose'"),
        (lambda e: e if e < 621 else f"{e}.1", r"8 are not: '621.0.1', .*, '623.0.1', \.\.\.\. Dr"),
        (lambda e: e if e > 620 else None, "1 are not: nan"),
        (lambda e: -e, "in the column names must be .*channel 0 is at -620 .* 1 at -620.5"),
        (lambda e: min(e, 624), "2 columns of X are called 624.0"),
    ],
)
def test_column_names_that_hide_or_lack_energies_are_refused(name, message):
    energies = 620 + 0.5 * np.arange(10)
    frame = pd.DataFrame(np.zeros((2, 10)), columns=[name(e) for e in energies.tolist()])
    with pytest.raises(ValueError, match=message):
        resolve_axis(frame)


@pytest.mark.parametrize("name", ["x{}", "pca{}", "Mn{}+", "l{}_height", "column_{}"])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_counted_names_are_no_axis(name, first):
    names = [name.format(i) for i in range(first, first + 3)]
    frame = pd.DataFrame(np.zeros((2, 3)), columns=names)
    np.testing.assert_array_equal(resolve_axis(frame), [0, 1, 2])
    np.testing.assert_array_equal(resolve_axis(frame, [5, 6, 7]), [5, 6, 7])


def test_axis_that_contradicts_the_columns_is_refused_and_rounding_is_not():
    axis = 620 + 0.5 * np.arange(10)
    frame = pd.DataFrame(np.zeros((2, 10)), columns=[f"{e:.1f}" for e in axis])
    np.testing.assert_array_equal(resolve_axis(frame, axis + 0.01), axis + 0.01)
    np.testing.assert_array_equal(resolve_axis(frame.set_axis(range(10), axis=1), axis), axis)
    with pytest.raises(ValueError, match="column 620 is channel 0, which is to lie at 620.5"):
        resolve_axis(frame, axis + 0.5)
    with pytest.raises(ValueError, match="column 621.5 is channel 3, which is to lie at 621.6"):
        resolve_axis(frame, axis + np.where(np.arange(10) == 3, 0.1, 0))
    with pytest.raises(ValueError, match="channel 0 is at 624.5 and channel 1 at 624"):
        resolve_axis(frame.iloc[:, ::-1], axis)


def test_columns_at_transform_are_compared_with_an_axis_that_was_given():
    axis = 620 + 0.5 * np.arange(10)
    X = np.random.default_rng(0).uniform(size=(2, 10))
    normalizer = SpectrumNormalizer(spectral_axis=axis).fit(X)
    frame = pd.DataFrame(X, columns=axis)
    for same in (frame, frame.set_axis(range(10), axis=1)):
        np.testing.assert_array_equal(normalizer.transform(same), normalizer.transform(X))
    for other in (frame.iloc[:, ::-1], frame.set_axis(axis + 5, axis=1)):
        with pytest.raises(ValueError, match="Resample the spectra to that axis"):
            normalizer.transform(other)


def test_transposed_spectra_are_recognised():
    X = np.zeros((700, 4))
    with pytest.raises(ValueError, match="X has as many rows, but 4 columns.*transpose X"):
        SpectralCrop((635, 665), spectral_axis=ENERGY).fit(X)
    with pytest.raises(ValueError, match="has 700 values .* but the spectra have 4 channels"):
        SpectralCrop((635, 665), spectral_axis=ENERGY).fit(X[:10])
    square = SpectralCrop((635, 665), spectral_axis=ENERGY).fit_transform(np.zeros((700, 700)))
    assert square.shape == (700, 300)


def test_half_open_window_of_the_design_is_300_channels():
    assert window_channels(ENERGY, (635, 665)) == slice(200, 500)


@given(start=st.integers(0, 698), width=st.integers(1, 700))
def test_windows_on_channel_edges_take_exactly_their_channels(start, width):
    stop = min(start + width, 700)
    window = (615 + 0.1 * start, 615 + 0.1 * stop)
    assert window_channels(ENERGY, window) == slice(start, stop)


def test_windows_between_channels_take_what_lies_inside():
    assert window_channels(ENERGY, (635.04, 636.06)) == slice(201, 211)
    assert window_channels(ENERGY, (635.06, 636.04)) == slice(201, 211)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ((600, 610), r"\(600, 610\) lies outside the spectral axis, which runs from 615 to 684.9"),
        ((650, 700), "lies outside"),
        ((650, 640), "start < stop"),
        ((650, np.nan), "start < stop"),
        ((635.01, 635.05), "holds no channel"),
        ("ab", "must be a pair"),
        ((1, 2, 3), "must be a pair"),
    ],
)
def test_bad_window_names_both_ranges(window, message):
    with pytest.raises(ValueError, match=message):
        window_channels(ENERGY, window)


def test_windows_reach_over_an_end_by_one_channel_at_most():
    assert window_channels(ENERGY, (614.91, 616)) == slice(0, 10)
    assert window_channels(ENERGY, (684, 685.09)) == slice(690, 700)
    for window in ((614.85, 616), (684, 685.15)):
        with pytest.raises(ValueError, match="lies outside the spectral axis"):
            window_channels(ENERGY, window)


def test_several_windows_unite():
    mask = window_mask(ENERGY, [(615, 616), (615.5, 617), (680, 681)])
    assert mask.sum() == 30
    np.testing.assert_array_equal(mask, window_mask(ENERGY, ((615, 617), (680, 681))))
    np.testing.assert_array_equal(window_mask(ENERGY, np.array([615, 617])), ENERGY < 616.95)
    with pytest.raises(ValueError, match="empty"):
        window_mask(ENERGY, [])
    with pytest.raises(ValueError, match="must be a pair"):
        window_mask(ENERGY, [(615, 616), (620, 621, 622)])


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (EnergyShift(0), "window"),
        (KMeansCleaner(2, keep=[0], random_state=0), "pre_edge"),
        (PeakAligner((640, 650)), "window"),
        (PowerLawBackground((620, 630)), "window"),
        (SpectralCrop((620, 630)), "window"),
        (WhiteLineFeatures(), "window"),
        (WhiteLineFeatures(), "continuum"),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
@pytest.mark.parametrize("pair", [list, np.array])
def test_windows_may_be_any_pair(estimator, name, pair):
    estimator = clone(estimator).set_params(**{name: pair([616, 660]), "spectral_axis": ENERGY})
    estimator.fit(np.random.default_rng(0).uniform(size=(8, 700)), np.arange(8) % 2)


def test_names_give_the_axis_back():
    np.testing.assert_array_equal([float(name) for name in axis_names(ENERGY)], ENERGY)
    assert axis_names(np.array([0.0, 635.1, 1e6])).tolist() == ["0", "635.1", "1000000"]
    added_up = axis_names(np.arange(615, 705, 0.1))
    assert added_up[[0, 1, 870]].tolist() == ["615", "615.1", "702"]
    assert axis_names(6e-7 + 1e-10 * np.arange(3))[1] == "0.0000006001"


def test_axis_travels_down_a_pipeline_of_frames():
    pipeline = make_pipeline(
        PowerLawBackground(window=(615, 630), spectral_axis=ENERGY),
        SpectralResampler(np.arange(616, 684, 0.2)),
        EnergyShift(shift=1.0),
        SpectralCrop(window=(635, 665)),
        SpectrumNormalizer("area"),
    ).set_output(transform="pandas")
    X = np.random.default_rng(0).poisson(np.tile(1e12 * ENERGY**-3.0, (3, 1)))
    out = pipeline.fit_transform(X)
    np.testing.assert_allclose(out.columns.astype(float), np.arange(635, 665, 0.2), atol=1e-9)
    np.testing.assert_allclose(pipeline[-1].spectral_axis_, np.arange(635, 665, 0.2), atol=1e-9)
    assert pipeline.get_feature_names_out().tolist() == out.columns.tolist()


def test_frame_on_another_axis_is_refused_at_transform():
    crop = SpectralCrop(window=(635, 665)).fit(pd.DataFrame(np.zeros((1, 700)), columns=ENERGY))
    moved = pd.DataFrame(np.zeros((1, 700)), columns=ENERGY + 1)
    with pytest.raises(ValueError, match="616 to 685.9.*615 to 684.9"):
        crop.transform(moved)
