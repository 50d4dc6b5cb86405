import matplotlib.pyplot as plt
import numpy as np
import pytest

from skspectra.io._hyperspy import import_hyperspy
from skspectra.plotting import RobustnessDisplay, SpectraDisplay
from skspectra.plotting._style import COLORS, class_colors


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_spectra_display_draws_mean_and_band_of_each_class():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)), np.repeat(["Mn2+", "Mn3+", "Mn4+"], 100)
    axis = np.linspace(635, 665, 20)
    display = SpectraDisplay.from_spectra(X, y, spectral_axis=axis, coverage=0.5)
    for i, name in enumerate(["Mn2+", "Mn3+", "Mn4+"]):
        np.testing.assert_allclose(display.means[i], X[y == name].mean(axis=0))
        inside = (X[y == name] >= display.lower[i]) & (X[y == name] <= display.upper[i])
        assert inside.mean() == pytest.approx(0.5, abs=0.02)
    lines = display.ax_.get_lines()
    np.testing.assert_array_equal(lines[2].get_xdata(), axis)
    assert [line.get_label() for line in lines] == ["Mn2+", "Mn3+", "Mn4+"]
    tops, bottoms = display.upper.max(axis=1), display.lower.min(axis=1)
    offset = (lines[1].get_ydata() - display.means[1])[0]
    assert (offset + bottoms[1:] > tops[:-1] - 0.1 * offset).all()
    lines = display.plot(offset=7).ax_.get_lines()
    np.testing.assert_allclose(lines[2].get_ydata(), display.means[2] + 14)


def test_displays_draw_where_they_are_told():
    figure, axes = plt.subplots(1, 2)
    assert SpectraDisplay.from_spectra(np.eye(3), ax=axes[0]).figure_ is figure
    scores = {"net": np.array([[0.5, 0.7], [1.0, 1.0]]), "forest": np.zeros((2, 2))}
    display = RobustnessDisplay([0, 5], scores, chance=1 / 3).plot(ax=axes[1])
    assert display.ax_ is axes[1]
    np.testing.assert_allclose(axes[1].get_lines()[0].get_ydata(), [0.6, 1.0])
    np.testing.assert_allclose(axes[1].get_lines()[2].get_ydata(), 1 / 3)
    assert axes[1].get_xlabel() == "Shift (eV)"
    assert axes[1].get_ylim() == (0, 1.02)


def test_scores_beyond_0_and_1_are_drawn_whole():
    low, high = RobustnessDisplay([0, 5], {"fit": [[-3.0], [0.9]]}).plot().ax_.get_ylim()
    assert low < -3 and high > 0.9


@pytest.mark.parametrize("scores", [[0.5, 0.6], [[0.5, 0.6]]])
def test_scores_of_another_shape_are_refused(scores):
    with pytest.raises(ValueError, match="The scores of 'net' have shape .* with n_values=2"):
        RobustnessDisplay([0, 5], {"net": scores}).plot()


def test_bad_spectra_are_refused():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SpectraDisplay.from_spectra(np.eye(3), ["a", "b"])
    with pytest.raises(TypeError, match="to_matrix"):
        SpectraDisplay.from_spectra(import_hyperspy().signals.Signal1D(np.eye(3)))
    with pytest.raises(ValueError, match="got an array of shape .2, 3, 4."):
        SpectraDisplay.from_spectra(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="NaN"):
        SpectraDisplay.from_spectra([[np.nan, 1.0]])


def test_a_valence_has_its_colour_wherever_it_stands():
    pure, mixed = (
        class_colors(names)
        for names in (["Mn2+", "Mn4+"], ["Mn2+", "Mn2.5+", "Mn3+", "Mn3.5+", "Mn4+"])
    )
    assert pure == [mixed[0], mixed[4]] == [COLORS[0], COLORS[2]]
    assert len(set(mixed)) == 5
    assert class_colors(["a", "b"]) == list(COLORS[:2])
    assert len(set(class_colors(["Fe2+", "Mn2+"]))) == 2
    assert len(class_colors(range(20))) == 20


def test_channel_numbers_are_no_energies():
    assert SpectraDisplay.from_spectra(np.eye(3)).ax_.get_xlabel() == "Channel"
    display = SpectraDisplay.from_spectra(np.eye(3), spectral_axis=[635, 636, 637])
    assert display.ax_.get_xlabel() == "Energy loss (eV)"
