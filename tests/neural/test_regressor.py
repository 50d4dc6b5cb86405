import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from quick_nets import same_weights
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import LabelBinarizer

from skspectra._numerics.conformal import conformal_scores, score_quantile
from skspectra.augmentation import EnergyShift
from skspectra.models import load_model, save_model
from skspectra.neural import FullyConvRegressor, _kernels
from skspectra.neural._modules.losses import FractionLoss, ValueLoss
from skspectra.pipeline import make_pipeline
from skspectra.preprocessing import SpectrumNormalizer
from skspectra.sampling import RandomMixture

BLOCK = {"n_filters": (4,), "kernel_sizes": (5,)}
CHANNEL = np.arange(24)


def quick(**params):
    return FullyConvRegressor(**BLOCK | {"max_epochs": 3, "random_state": 0} | params)


def learned(**params):
    """A net that is trained long enough to have learned something."""
    long = {"max_epochs": 20, "lr": 0.03, "schedule": "one-cycle", "dropout": 0.0}
    return quick(**long | params)


def widths(n, noise=0.02, seed=0):
    """Peaks anywhere, and their widths in channels; `noise` is one number or one per peak."""
    rng = np.random.default_rng(seed)
    width, position = rng.uniform(1, 4, n), rng.uniform(8, 16, (n, 1))
    X = np.exp(-(((CHANNEL - position) / width[:, None]) ** 2) / 2)
    return X + np.reshape(noise, (-1, 1)) * rng.normal(size=X.shape), width


def mixtures(n, noise=0.02, seed=0):
    """Sums of a narrow, a middling and a wide peak, and their fractions."""
    rng = np.random.default_rng(seed)
    fractions, position = rng.dirichlet(np.ones(3), n), rng.uniform(8, 16, (n, 1, 1))
    peaks = np.exp(-(((CHANNEL - position) / np.array([[0.8], [2], [5]])) ** 2) / 2)
    X = np.einsum("nk,nkc->nc", fractions, peaks)
    return X + noise * rng.normal(size=X.shape), fractions


def test_value_loss_is_the_gaussian_likelihood():
    rng = np.random.default_rng(0)
    y, mean, scale = *rng.normal(size=(2, 5, 2)), rng.uniform(0.5, 2, (5, 2))
    outputs = np.column_stack([mean, 2 * np.log(scale)])
    losses = ValueLoss(reduction="none")(torch.tensor(outputs), torch.tensor(y))
    expected = -norm.logpdf(y, mean, scale).mean(axis=1) - np.log(2 * np.pi) / 2
    np.testing.assert_allclose(losses, expected)


def test_fraction_loss_is_cross_entropy_and_leaves_it_alone():
    rng = np.random.default_rng(0)
    fractions, logits = rng.dirichlet(np.ones(3), 4), rng.normal(size=(4, 3))
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scale = np.abs(fractions - proba)  # the best there is
    outputs = torch.tensor(np.column_stack([logits, 2 * np.log(scale)]), requires_grad=True)
    losses = FractionLoss(reduction="none")(outputs, torch.tensor(fractions))
    expected = -(fractions * np.log(proba)).sum(axis=1) + (np.log(scale) + 0.5).mean(axis=1)
    np.testing.assert_allclose(losses.detach(), expected)
    losses.sum().backward()
    gradient = np.column_stack([proba - fractions, np.zeros((4, 3))])
    np.testing.assert_allclose(outputs.grad, gradient, atol=1e-12)


def test_values_are_learned_in_the_units_of_the_user():
    X, y = widths(600)
    net = learned().fit(X[:400], y[:400])
    predicted = net.predict(X[400:])
    assert predicted.shape == (200,) and predicted.dtype == np.float64
    assert net.score(X[400:], y[400:]) > 0.8
    scaled = learned().fit(X[:400], 1e6 + 1e3 * y[:400])
    np.testing.assert_allclose((scaled.predict(X[400:]) - 1e6) / 1e3, predicted, atol=1e-2)


def test_several_values_are_learned_together():
    X, y = widths(600)
    both = np.column_stack([y, 100 - 50 * y])
    net = learned().fit(X[:400], both[:400])
    assert net.n_outputs_ == 2
    assert net.predict(X).shape == (600, 2)
    assert net.score(X[400:], both[400:]) > 0.8
    assert quick().fit(X, y[:, None]).predict(X).shape == (600, 1)


def test_fractions_are_learned():
    X, y = mixtures(900)
    net = learned(target="fractions").fit(X[:600], y[:600])
    predicted = net.predict(X[600:])
    assert (predicted >= 0).all()
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-6)
    assert net.score(X[600:], y[600:]) > 0.7


@pytest.mark.parametrize(
    ("make", "params"), [(widths, {}), (mixtures, {"target": "fractions"})], ids=["values", "fracs"]
)
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_cover_what_they_promise(make, params, coverage):
    X, y = make(600)
    net = learned(validation_fraction=0.5, **params).fit(X, y)
    assert net.calibration_scores_.shape[0] == 300
    X_new, y_new = make(4000, seed=1)
    lower, upper = net.predict_interval(X_new, coverage)
    assert lower.shape == upper.shape == y_new.shape
    assert (lower <= net.predict(X_new)).all() and (net.predict(X_new) <= upper).all()
    found = ((lower <= y_new) & (y_new <= upper)).mean(axis=0)
    spread = np.sqrt(coverage * (1 - coverage) / 300)  # of what 300 held-out spectra promise
    assert np.abs(found - coverage).max() < 4 * spread
    if params:
        assert lower.min() >= 0 and upper.max() <= 1


def test_intervals_are_exact_on_average_and_finite():
    """Scores of 19 held-out spectra: a new one is as likely in each of the 20 gaps."""
    rng = np.random.default_rng(0)
    zero, one = np.zeros((19, 1)), np.ones((19, 1))
    covered = []
    for _ in range(4000):
        scores = conformal_scores(rng.standard_cauchy((19, 1)), zero, one)
        covered.append(abs(rng.standard_cauchy()) <= score_quantile(scores, 0.8)[0])
    assert np.mean(covered) == pytest.approx(0.8, abs=0.03)
    assert score_quantile(np.arange(9.0)[:, None], 0.9) == 8  # the last of nine
    with pytest.raises(ValueError, match="coverage of 0.9 takes 9 held-out spectra"):
        score_quantile(np.arange(8.0)[:, None], 0.9)


def test_noisier_spectra_have_wider_intervals():
    noise = np.where(np.arange(2000) % 2, 0.3, 0.01)
    net = learned(validation_fraction=0.3).fit(*widths(2000, noise))
    width, found = [], []
    for strength in (0.01, 0.3):
        X, y = widths(1000, strength, seed=1)
        lower, upper = net.predict_interval(X)
        width.append(np.mean(upper - lower))
        found.append(np.mean((lower <= y) & (y <= upper)))
    assert width[1] > 1.5 * width[0]
    assert min(found) > 0.8


def test_intervals_need_held_out_spectra():
    X, y = widths(60)
    net = quick().fit(X, y)
    assert net.calibration_scores_ is None
    with pytest.raises(ValueError, match="none were held out: set validation_fraction"):
        net.predict_interval(X)
    with pytest.raises(NotFittedError):
        quick().predict_interval(X)
    with pytest.raises(ValueError, match="'coverage' parameter"):
        net.predict_interval(X, coverage=90)


def test_calibrate_takes_the_place_of_held_out_spectra():
    X, y = widths(200)
    net = quick().fit(X, y)
    X_other, y_other = widths(200, noise=0.5, seed=1)
    clean, noisy = copy.deepcopy(net).calibrate(X, y), net.calibrate(X_other, y_other)
    assert noisy.calibration_scores_.shape == (200, 1)
    narrow, wide = (np.ptp(each.predict_interval(X), axis=0) for each in (clean, noisy))
    assert wide.mean() > narrow.mean()
    with pytest.raises(ValueError, match=r"y has shape \(200, 2\), but the net was fitted to"):
        net.calibrate(X, np.column_stack([y, y]))
    held_out = quick(validation_fraction=0.25).fit(X, y)
    again = copy.deepcopy(held_out).calibrate(X, y)
    assert len(held_out.calibration_scores_) == 50 and len(again.calibration_scores_) == 200


def test_weights_count():
    X, y = widths(60)
    weight = np.tile([2.0, 0.0, 0.5], 20)
    kept = weight > 0
    fitted = quick().fit(X, y, sample_weight=weight)
    assert same_weights(fitted, quick().fit(X[kept], y[kept], sample_weight=weight[kept]))
    assert not same_weights(fitted, quick().fit(X[kept], y[kept]))
    with pytest.raises(ValueError, match="[Nn]egative"):
        quick().fit(X, y, sample_weight=-weight)
    with pytest.raises(ValueError, match="two spectra at least with a weight above 0, got 1"):
        quick().fit(X, y, sample_weight=np.eye(60)[7])


def test_folded_and_fused_agree_with_the_module(monkeypatch):
    X, y = mixtures(200)
    for target in ("values", "fractions"):
        net = quick(target=target, validation_fraction=0.2).fit(X, y)
        expected = [net.predict(X), *net.predict_interval(X)]
        monkeypatch.setattr(_kernels, "_PAYS_FROM", 0)
        monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", 0)
        np.testing.assert_allclose([net.predict(X), *net.predict_interval(X)], expected, atol=1e-5)
        fused = clone(net).fit(X, y)
        np.testing.assert_allclose(fused.predict(X), expected[0], rtol=1e-3, atol=1e-4)
        monkeypatch.undo()


def test_copies_and_files_predict_the_same(tmp_path):
    X, y = mixtures(80)
    pipeline = make_pipeline(
        SpectrumNormalizer(), quick(target="fractions", validation_fraction=0.3)
    )
    pipeline.fit(X, y)
    save_model(pipeline, tmp_path / "net.safetensors")
    for copied in (
        pickle.loads(pickle.dumps(pipeline)),
        load_model(tmp_path / "net.safetensors"),
    ):
        np.testing.assert_array_equal(copied.predict(X), pipeline.predict(X))
        seen = pipeline[0].transform(X)
        given = pipeline[-1].predict_interval(seen)
        np.testing.assert_array_equal(copied[-1].predict_interval(seen), given)


def test_augments_and_takes_frames():
    X, y = widths(80)
    energy = 600 + 0.5 * np.arange(24)
    frame = pd.DataFrame(X, columns=energy.astype(str))
    crop = EnergyShift((-0.5, 0.5), window=(601, 611))
    net = quick(augment=[crop], validation_fraction=0.3).fit(frame, pd.Series(y))
    assert net.net_.get_params_for("module")["n_channels"] == 20
    assert net.predict_interval(frame)[0].shape == (80,)


def test_search_and_mixtures_compose():
    rng = np.random.default_rng(0)
    labels = np.array(["Mn2+", "Mn3+", "Mn4+"])[np.arange(60) % 3]
    X = np.exp(-(((CHANNEL - 12) / np.array([0.8, 2, 5])[np.arange(60) % 3, None]) ** 2) / 2)
    X = X + 0.01 * rng.normal(size=X.shape)
    mixture = RandomMixture(300, shift=(-2, 2), random_state=0)
    pipeline = make_pipeline(mixture, SpectrumNormalizer(), learned(target="fractions"))
    y = LabelBinarizer().fit_transform(labels)
    search = GridSearchCV(pipeline, {"fullyconvregressor__dropout": [0.0, 0.1]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.5
    valence = search.predict(X) @ [2, 3, 4]
    assert np.abs(valence - [int(label[2]) for label in labels]).mean() < 0.3


def test_warm_start_goes_on_with_the_same_targets():
    X, y = widths(60)
    net = quick(warm_start=True, validation_fraction=0.3).fit(X, y)
    before = [parameter.clone() for parameter in net.net_.module_.parameters()]
    net.set_params(validation_fraction=None).fit(X, y + 1)
    assert not all(map(torch.equal, before, net.net_.module_.parameters()))
    assert net.calibration_scores_ is None
    assert net.n_iter_ == 6
    with pytest.raises(ValueError, match="the net was fitted to"):
        net.fit(X, np.column_stack([y, y]))


def test_history_has_the_validation_loss():
    X, y = mixtures(100)
    net = quick(target="fractions", validation_fraction=0.3, patience=2).fit(X, y)
    assert {"train_loss", "valid_loss", "duration"} < set(net.history_[-1])
    assert "valid_accuracy" not in net.history_[-1]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0.5, 0.6], [0.5, 0.5]], r"row 0 of y is \[0.5, 0.6\], of sum 1.1"),
        ([[0.5, 0.5], [1.5, -0.5]], r"row 1 of y is \[1.5, -0.5\], of sum 1"),
        ([[1.0], [1.0]], "two at least, but y has one"),
        ([1.0, 1.0], "two at least, but y has one"),
        ([[0.5, np.nan], [0.5, 0.5]], "NaN"),
    ],
)
def test_what_are_no_fractions_is_refused(y, message):
    X, _ = widths(2)
    with pytest.raises(ValueError, match=message):
        quick(target="fractions").fit(X, y)


@pytest.mark.parametrize("as_array", [np.array, pd.Series, lambda y: np.array(y, dtype=object)])
def test_labels_are_refused_with_what_takes_them(as_array):
    X, y = widths(4)
    message = "must hold numbers, got the label 'Mn3.'.*or use NetClassifier"
    with pytest.raises(ValueError, match=message):
        quick().fit(X, as_array(["2", "Mn3+", "2", "2"]))
    with pytest.raises(ValueError, match=message):
        quick().fit(X, y).calibrate(X, as_array(["Mn3+"] * 4))


def test_constant_targets_are_returned():
    X, _ = widths(40)
    np.testing.assert_allclose(quick().fit(X, np.full(40, 3.0)).predict(X), 3, atol=2)
