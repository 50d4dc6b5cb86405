"""Displays that show what an estimator found."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from skspectra.neural import ConvDenseClassifier, FullyConvClassifier, FullyConvRegressor
from skspectra.pipeline import make_pipeline
from skspectra.plotting import (
    ActivationsDisplay,
    BackgroundDisplay,
    ClusterCentersDisplay,
    EmbeddingDisplay,
    SaliencyDisplay,
    ScreeDisplay,
    TrainingHistoryDisplay,
)
from skspectra.preprocessing import PCADenoiser, PowerLawBackground, SpectralCrop
from skspectra.sampling import KMeansCleaner

ENERGY = np.arange(600.0, 700.0)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted_net():
    rng = np.random.default_rng(0)
    y = np.repeat(["Mn2+", "Mn3+", "Mn4+"], 20)
    position = np.repeat([630.0, 645.0, 660.0], 20)[:, None]
    X = np.exp(-(((ENERGY - position) / 4) ** 2)) + 0.05 * rng.normal(size=(60, 100))
    params = {"n_filters": (2, 6), "kernel_sizes": (5, 3), "dropout": 0.0, "random_state": 0}
    net = FullyConvClassifier(max_epochs=5, validation_fraction=0.2, **params)
    return net.fit(X, y), X, y


def lines_of(ax):
    return {line.get_label(): line.get_ydata() for line in ax.get_lines()}


def noisy_edge():
    rng = np.random.default_rng(0)
    return rng.poisson(500 * (ENERGY / 600) ** -3 + 100 * (ENERGY > 640))


@pytest.mark.parametrize("loss", ["poisson", "least_squares"])
def test_background_with_its_error(loss):
    model = PowerLawBackground((600, 635), spectral_axis=ENERGY, loss=loss).fit([noisy_edge()])
    display = BackgroundDisplay.from_estimator(model, noisy_edge())
    np.testing.assert_array_equal(display.fitted, ENERGY < 635)
    drawn = lines_of(display.ax_)
    np.testing.assert_allclose(drawn["background ± 2 s.e."], model.background([noisy_edge()])[0])
    np.testing.assert_allclose(drawn["difference"], model.transform([noisy_edge()])[0])
    band = display.ax_.collections[1].get_paths()[0].vertices[:, 1]
    assert band.max() >= (display.background + 2 * display.error).max() * 0.999


def test_background_of_a_row_of_a_frame():
    frame = pd.DataFrame([noisy_edge()], columns=ENERGY.astype(str))
    model = PowerLawBackground((600, 635)).fit(frame)
    display = BackgroundDisplay.from_estimator(model, frame.iloc[0])
    np.testing.assert_allclose(display.background, model.background(frame)[0])


def test_the_error_is_the_spread_of_the_background(monkeypatch):
    monkeypatch.setattr(BackgroundDisplay, "plot", lambda self, ax: self)
    rng = np.random.default_rng(0)
    truth = 500 * (ENERGY / 600) ** -3
    counts = rng.poisson(np.tile(truth, (300, 1)))
    model = PowerLawBackground((600, 635), spectral_axis=ENERGY).fit(counts)
    displays = [BackgroundDisplay.from_estimator(model, row) for row in counts]
    z = [(each.background[-1] - truth[-1]) / each.error[-1] for each in displays]
    assert np.std(z) == pytest.approx(1, abs=0.15)


@pytest.mark.filterwarnings("ignore::skspectra.exceptions.SpectrumWarning")
def test_a_spectrum_without_counts_has_no_band():
    model = PowerLawBackground((600, 635), spectral_axis=ENERGY).fit([noisy_edge()])
    display = BackgroundDisplay.from_estimator(model, np.zeros(100))
    assert not display.error.any()
    with pytest.raises(ValueError, match="must be one spectrum, got shape .2, 100."):
        BackgroundDisplay.from_estimator(model, np.ones((2, 100)))


def test_cluster_centers_tell_the_substrate():
    rng = np.random.default_rng(0)
    edge = np.where(np.arange(80)[:, None] % 2, 2000 * (ENERGY >= 640), 0)
    X = rng.poisson(1e4 * (ENERGY / 600) ** -3 + edge)
    y = np.repeat(["Mn2+", "Mn4+"], 40)
    cleaner = KMeansCleaner(pre_edge=(600, 635), spectral_axis=ENERGY, random_state=0)
    with pytest.raises(NotFittedError):
        ClusterCentersDisplay.from_estimator(cleaner)
    cleaner.fit_resample(X, y)
    display = ClusterCentersDisplay.from_estimator(cleaner, cleaning_round=-1)
    texts = [text.get_text() for text in display.ax_.texts]
    assert [text.split(" (")[0] for text in texts[:3]] == ["Mn2+", "0 kept", "1 dropped"]
    assert display.strength["Mn4+"][0] > 3 > display.strength["Mn4+"][1]
    lines = display.ax_.get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]
    for line, center in zip(lines[:2], cleaner.cluster_centers_["Mn2+"][0], strict=True):
        assert np.corrcoef(line.get_ydata(), center)[0, 1] == pytest.approx(1)
    below = np.array([line.get_ydata().min() for line in lines])
    above = np.array([line.get_ydata().max() for line in lines])
    assert (below[:-1] > above[1:]).all()  # none lies over another


def test_cluster_centers_of_all_classes_together_without_strength():
    cleaner = KMeansCleaner(2, keep=[1], per_class=False, random_state=0)
    cleaner.fit_resample(np.repeat(np.eye(2, 5), 3, axis=0), [0, 1] * 3)
    texts = ClusterCentersDisplay.from_estimator(cleaner).ax_.texts
    assert [text.get_text() for text in texts] == ["all", "0 dropped", "1 kept"]


@pytest.mark.parametrize("pca", [PCADenoiser(n_components=6), PCA(6)])
def test_scree(pca):
    X = np.random.default_rng(0).normal(size=(50, 20)) * np.geomspace(10, 1, 20)
    display = ScreeDisplay.from_estimator(pca.fit(X), n_kept=2)
    kept, others = display.ax_.collections
    ratio = pca.explained_variance_ratio_
    np.testing.assert_allclose(kept.get_offsets(), np.c_[[1, 2], ratio[:2]])
    np.testing.assert_allclose(others.get_offsets(), np.c_[[3, 4, 5, 6], ratio[2:]])
    label = display.ax_.get_legend().get_texts()[0].get_text()
    assert label == f"2 kept, {ratio[:2].sum():.1%} of the variance"
    assert ScreeDisplay([0.5, 0.1]).plot().ax_.get_legend() is None


def test_training_history(fitted_net):
    net, _, _ = fitted_net
    display = TrainingHistoryDisplay.from_estimator(net)
    losses = lines_of(display.ax_)
    for key, label in (("train_loss", "loss, training"), ("valid_loss", "loss, held out")):
        np.testing.assert_array_equal(losses[label], [record[key] for record in net.history_])
    accuracy = lines_of(display.accuracy_ax_)["accuracy, held out"]
    assert accuracy.tolist() == [record["valid_accuracy"] for record in net.history_]
    assert len(display.ax_.get_legend().get_texts()) == 3
    training_only = TrainingHistoryDisplay([{"epoch": 1, "train_loss": 2.0}]).plot()
    assert training_only.accuracy_ax_ is None
    with pytest.raises(ValueError, match="holds no epoch"):
        TrainingHistoryDisplay([]).plot()
    with pytest.raises(NotFittedError):
        TrainingHistoryDisplay.from_estimator(FullyConvClassifier())


def test_training_history_of_a_regressor(fitted_net):
    _, X, _ = fitted_net
    params = {"n_filters": (2,), "kernel_sizes": (3,), "max_epochs": 3, "random_state": 0}
    net = FullyConvRegressor(validation_fraction=0.2, **params).fit(X, np.linspace(2, 4, 60))
    display = TrainingHistoryDisplay.from_estimator(net)
    assert list(lines_of(display.ax_)) == ["loss, training", "loss, held out"]
    assert display.accuracy_ax_ is None
    likelihood = [{"epoch": 1, "train_loss": -0.5}, {"epoch": 2, "train_loss": -0.9}]
    low, high = TrainingHistoryDisplay(likelihood).plot().ax_.get_ylim()
    assert low < -0.9 and high > -0.5


def test_activations_of_every_block_and_class(fitted_net):
    net, X, y = fitted_net
    display = ActivationsDisplay.from_estimator(net, X, y, spectral_axis=ENERGY)
    outputs = net.activations(X)
    assert list(display.activations) == ["input", *outputs]
    assert display.axes_.shape == (1 + len(outputs), 3)
    assert [ax.get_title() for ax in display.axes_[0]] == ["Mn2+", "Mn3+", "Mn4+"]
    labels = [row[0].get_ylabel().replace(" ", "_") for row in display.axes_]
    assert labels == list(display.activations)
    first = display.axes_[1, 2].get_lines()
    for line, curve in zip(first, outputs["block_1"][y == "Mn4+"].mean(axis=0), strict=True):
        np.testing.assert_allclose(line.get_ydata(), curve, rtol=1e-5)
        assert line.get_xdata()[[0, -1]].tolist() == [600, 699]
    image = display.axes_[2, 0].images[0]  # six filters are too many for curves
    np.testing.assert_allclose(
        image.get_array(), outputs["block_2"][y == "Mn2+"].mean(axis=0), rtol=1e-5
    )
    assert image.get_clim() == display.axes_[2, 1].images[0].get_clim()
    bars = [bar.get_height() for bar in display.axes_[-1, 1].patches]
    np.testing.assert_allclose(bars, outputs["logits"][y == "Mn3+"].mean(axis=0), rtol=1e-5)


def test_activations_of_a_net_with_dense_layers(fitted_net):
    _, X, y = fitted_net
    net = ConvDenseClassifier(
        n_filters=(2,), kernel_sizes=(3,), max_epochs=1, dropout=0.0, random_state=0
    ).fit(X, y)
    display = ActivationsDisplay.from_estimator(net, X, y)
    figure, axes = plt.subplots(*display.axes_.shape)
    assert display.plot(axes).figure_ is figure


def test_embedding_maps_inputs_and_features_together_with_references(fitted_net):
    net, X, y = fitted_net
    params = {"perplexity": 5, "random_state": 0}
    display = EmbeddingDisplay.from_estimator(net, X, y, X[:2], y[:2], **params)
    assert [points.shape for points in display.points.values()] == [(62, 2), (62, 2)]
    for points in display.points.values():  # the same spectra lie in the same place
        spread = np.ptp(points, axis=0).max()
        assert np.abs(points[:2] - points[60:]).max() < 0.1 * spread
    acquired, references = display.axes_[1].collections[:2]
    np.testing.assert_allclose(acquired.get_offsets(), display.points["features"][:20])
    np.testing.assert_allclose(references.get_offsets(), display.points["features"][60:])
    assert len(references.get_paths()[0].vertices) < len(acquired.get_paths()[0].vertices)
    labels = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert labels == ["Mn2+", "Mn3+", "Mn4+", "reference"]
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        EmbeddingDisplay.from_estimator(net, X, y, X[:2], y[:3])


def test_embedding_of_a_frame_without_references(fitted_net):
    net, X, y = fitted_net
    frame = pd.DataFrame(X, columns=ENERGY.astype(str))
    net = clone(net).fit(frame, y)
    display = EmbeddingDisplay.from_estimator(net, frame, y, perplexity=5, random_state=0)
    assert {name: points.shape for name, points in display.points.items()} == {
        "inputs": (60, 2),
        "features": (60, 2),
    }


class Threshold(ClassifierMixin, BaseEstimator):
    """Looks at one channel only."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 40] > 0.5).astype(int)]


def peak_or_none():
    X = np.zeros((20, 100))
    X[10:, 39:42] = 1.0
    return X, np.repeat(["flat", "peak"], 10)


def test_saliency_finds_the_channel_that_decides():
    X, y = peak_or_none()
    display = SaliencyDisplay.from_estimator(
        Threshold().fit(X, y), X, y, width=10, spectral_axis=ENERGY
    )
    assert not display.losses[0].any()
    decisive = display.centers[display.losses[1] == 1]
    np.testing.assert_array_equal(decisive, [640.0])
    np.testing.assert_array_equal(display.centers, np.arange(605.0, 695.0, 5))
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["peak, loses 1.00", "flat, loses 0.00"]


def test_saliency_leaves_straight_stretches_as_they_are():
    X = np.add.outer([1.0, 2.0], 0.1 * ENERGY)

    class Exact(Threshold):
        def predict_proba(self, Z):
            changed = np.abs(np.asarray(Z) - X).max() > 1e-9
            return np.full((2, 2), 0.5 if changed else 1.0)

    y = ["a", "b"]
    display = SaliencyDisplay.from_estimator(Exact().fit(X, y), X, y, width=7)
    np.testing.assert_array_equal(display.losses, 0)


def test_saliency_of_a_pipeline_that_takes_its_axis_from_a_frame():
    X, y = peak_or_none()
    frame = pd.DataFrame(X, columns=ENERGY.astype(int).astype(str))
    model = make_pipeline(SpectralCrop((600, 690)), Threshold()).fit(frame, y)
    display = SaliencyDisplay.from_estimator(model, frame, y, width=10)
    np.testing.assert_array_equal(display.centers[display.losses[1] == 1], [640.0])


def test_saliency_of_an_unknown_class_is_refused():
    X, y = peak_or_none()
    model = Threshold().fit(X, y)
    with pytest.raises(ValueError, match="y holds .'else'., but the classifier was fitted to"):
        SaliencyDisplay.from_estimator(model, X[:2], [y[0], "else"], width=10)


@pytest.mark.parametrize("width", [0, 99, 1000])
def test_windows_must_fit_the_axis(width):
    X, y = peak_or_none()
    with pytest.raises(ValueError, match="width must be above 0 and less than the axis is long"):
        SaliencyDisplay.from_estimator(Threshold().fit(X, y), X, y, width=width)
