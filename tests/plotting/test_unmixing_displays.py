import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.decomposition import NMF

from skspectra.imaging import SlidingFFT, TransitionMatrix
from skspectra.plotting import (
    AbundanceMapDisplay,
    EndmemberDisplay,
    NeighborDisplay,
    ResidualMapDisplay,
    SlidingWindowDisplay,
    TransitionDisplay,
)
from skspectra.unmixing import FCLS, BayesianUnmixer, ReferenceFit

PURE = np.array([[5.0, 1.0, 1.0, 2.0], [1.0, 4.0, 6.0, 1.0]])
SHARES = np.random.default_rng(0).dirichlet(np.ones(2), 12)
X = SHARES @ PURE


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_endmembers_are_drawn_with_their_bands():
    counts = np.random.default_rng(0).poisson(50 * X)
    unmix = BayesianUnmixer(2, n_sweeps=40, burn_in=10, random_state=0).fit(counts)
    display = EndmemberDisplay.from_estimator(unmix, spectral_axis=[640, 641, 642, 643])
    first = display.ax_.get_lines()[1]
    np.testing.assert_allclose(
        first.get_ydata() - 1.1, unmix.components_[0] / unmix.components_[0].max()
    )
    assert len(display.ax_.collections) == 2
    assert display.ax_.get_xlabel() == "Energy loss (eV)"
    nmf = NMF(2, random_state=0, max_iter=2000).fit(X)
    assert EndmemberDisplay.from_estimator(nmf).ax_.get_xlabel() == "Channel"


def test_maps_are_those_of_the_estimator():
    unmix = FCLS(PURE).fit(X)
    display = AbundanceMapDisplay.from_estimator(unmix, X, (3, 4), names=["A", "B"])
    np.testing.assert_allclose(display.axes_[1].images[0].get_array(), SHARES[:, 1].reshape(3, 4))
    limits = {ax.images[0].get_clim() for ax in display.axes_}
    assert len(limits) == 1
    chi = ResidualMapDisplay.from_estimator(unmix, X + 0.1, (3, 4))
    np.testing.assert_allclose(chi.ax_.images[0].get_array().ravel(), unmix.chi2(X + 0.1))
    fit = ReferenceFit(dict(zip("AB", PURE, strict=True)), shift=0).fit(X)
    chi = ResidualMapDisplay.from_estimator(fit, X + 0.1, (3, 4), counts=X + 5)
    expected = fit.parameters(X + 0.1, counts=X + 5).chi_square
    np.testing.assert_allclose(chi.ax_.images[0].get_array().ravel(), expected)


def test_names_and_shapes_must_fit():
    with pytest.raises(ValueError, match="names has 1 entries, but there are 2"):
        EndmemberDisplay(np.arange(4), PURE, names=["A"]).plot()
    with pytest.raises(ValueError, match="maps must have the shape"):
        AbundanceMapDisplay(SHARES).plot()


def test_windows_are_drawn_with_the_mean_of_their_class():
    image = np.random.default_rng(0).normal(size=(32, 48))
    fft = SlidingFFT(16, 16).fit(image)
    rows, labels = fft.transform(image), np.array([0, 1, 1, 0, 1, 1])
    display = SlidingWindowDisplay.from_estimator(fft, rows, labels)
    np.testing.assert_array_equal(display.axes_[0].images[0].get_array(), labels.reshape(2, 3))
    expected = fft.to_spectrum(rows[labels == 1].mean(axis=0))
    np.testing.assert_allclose(display.axes_[2].images[0].get_array(), expected)


def test_atoms_stand_where_they_are():
    figure, ax = plt.subplots()
    display = NeighborDisplay([[1, 5], [2, 7]], [0, -1], vectors=[[0.5, 0], [np.nan, np.nan]])
    assert display.plot(ax, image=np.zeros((4, 9))).figure_ is figure
    np.testing.assert_array_equal(ax.collections[1].get_offsets(), [[5, 1]])
    assert ax.yaxis_inverted()
    arrows = ax.collections[2]
    np.testing.assert_array_equal([arrows.U[0], arrows.V[0]], [0, 0.5])
    assert ax.get_title("right") == ""
    longer = NeighborDisplay([[1, 5]], vectors=[[0.5, 0]], vector_scale=8).plot().ax_
    assert longer.collections[2].V[0] == 4 and longer.get_title("right") == "Displacements × 8"


def test_transitions_are_written_with_their_intervals():
    chain = TransitionMatrix().fit([[0, 1, 0, 0, 1, 1, 0]])
    display = TransitionDisplay.from_estimator(chain, names=["a", "b"])
    low, high = chain.interval(0.9)
    text = display.ax_.texts[1].get_text()
    assert text == f"{chain.transition_matrix_[0, 1]:.2f}\n{low[0, 1]:.2f}–{high[0, 1]:.2f}"
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize("background, lowest", [(0.0, 0.0), (5.0, 0.0), (0.1, 0.1 / 1.1)])
def test_endmembers_high_above_zero_fill_their_height(background, lowest):
    display = EndmemberDisplay(range(4), [[0, 1, 0, 0.5]] + np.full((1, 1), background)).plot()
    (line,) = [each for each in display.ax_.lines if len(each.get_xdata()) == 4]
    np.testing.assert_allclose([line.get_ydata().min(), line.get_ydata().max()], [lowest, 1])
