import gc
from types import SimpleNamespace

import hyperspy.api as hs
import matplotlib.pyplot as plt
import numpy as np
import pytest
from line_reader import ENERGY, LineReader, line_image
from matplotlib.backend_bases import MouseEvent

from skspectra.imaging import read_image
from skspectra.plotting import SpectrumAtDisplay, ValenceMapDisplay
from skspectra.preprocessing import PowerLawBackground


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def image_signal():
    image, labels = line_image((5, 6))
    signal = hs.signals.Signal1D(image)
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale, energy.units = ENERGY[0], 0.5, "eV"
    return signal, labels


def click(figure, ax, row, column):
    figure.canvas.draw()
    x, y = ax.transData.transform((column, row))
    event = MouseEvent("button_press_event", figure.canvas, x, y, button=1)
    figure.canvas.callbacks.process("button_press_event", event)


def test_a_click_shows_the_spectrum_of_the_pixel_though_nobody_holds_the_display():
    signal, _ = image_signal()
    maps = read_image(LineReader(), signal)
    background = PowerLawBackground((600, 630), spectral_axis=ENERGY)
    figure = SpectrumAtDisplay.from_maps(maps, background).figure_
    gc.collect()
    ax, spectrum, bars = figure.axes
    for row, column, said in ((1, 4, "Mn3+"), (0, 0, "Mn2+"), (4, 2, "unknown, no edge")):
        click(figure, ax, row, column)
        assert spectrum.get_title() == f"Row {row}, column {column}: {said}"
        drawn, fit, difference = (line.get_ydata() for line in spectrum.get_lines())
        np.testing.assert_array_equal(drawn, signal.data[row, column])
        np.testing.assert_allclose(difference, drawn - fit)
        widths = [bar.get_width() for bar in bars.patches]
        np.testing.assert_array_equal(widths, maps.probability.data[row, column])
    click(figure, ax, 5.499999 - 1, 5.5 - 1e-9)  # the corner of the last pixel
    assert spectrum.get_title().startswith("Row 4, column 5")
    with pytest.raises(ValueError, match=r"pixel of 5 x 6, got \(3, 24\)"):
        SpectrumAtDisplay.from_maps(maps, background, pixel=(3, 24))
    click(figure, spectrum, 500, 650)
    assert spectrum.get_title().startswith("Row 4, column 5"), "only the map listens"


def test_a_click_while_zooming_shows_no_other_pixel(monkeypatch):
    signal, _ = image_signal()
    background = PowerLawBackground((600, 630), spectral_axis=ENERGY)
    display = SpectrumAtDisplay.from_maps(
        read_image(LineReader(), signal), background, pixel=(2, 2)
    )

    canvas = display.figure_.canvas
    canvas.draw()
    monkeypatch.setattr(canvas, "draw", lambda: None)
    monkeypatch.setattr(canvas, "toolbar", SimpleNamespace(mode="zoom rect"))
    click(display.figure_, display.axes_[0], 0, 0)
    assert display.pixel_ == (2, 2)
    monkeypatch.setattr(canvas, "toolbar", None)
    click(display.figure_, display.axes_[0], 0, 0)
    assert display.pixel_ == (0, 0)


def test_a_map_of_an_estimator_counts_what_it_names():
    signal, labels = image_signal()
    display = ValenceMapDisplay.from_estimator(LineReader(), signal)
    texts = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert texts == [
        f"Mn2+: {(labels == 'Mn2+').sum()}",
        f"Mn3+: {(labels == 'Mn3+').sum()}",
        f"no edge or masked: {(labels == 'unknown').sum()}",
    ]
    maps = read_image(LineReader(), signal)
    np.testing.assert_allclose(display.valence, maps.valence.data)


def test_maps_on_which_nothing_is_known_have_no_scale_of_colours():
    nothing = np.full((2, 3), np.nan)
    reasons = np.full((2, 3), "cannot tell")
    display = ValenceMapDisplay(np.full((2, 3), -1), reasons, nothing, nothing, ["Mn2+"]).plot()
    assert len(display.figure_.axes) == 3


@pytest.mark.parametrize("shape", [(4, 40), (40, 4), (10, 12)])
def test_the_colour_bar_is_right_below_its_map_and_as_wide(shape):
    known = np.ones(shape)
    names = np.zeros(shape, int), np.full(shape, "")
    display = ValenceMapDisplay(*names, known, known, ["Mn2+"]).plot()
    display.figure_.draw_without_rendering()
    for ax in display.axes_[1:]:
        shown, bar = ax.get_position(), ax.child_axes[0].get_position()
        np.testing.assert_allclose([bar.x0, bar.x1], [shown.x0, shown.x1])
        gap = (shown.y0 - bar.y1) * display.figure_.get_figheight()
        assert 0 < gap < 0.2  # inches
