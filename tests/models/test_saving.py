import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
from estimators import AUGMENTERS, NETS, REGRESSION_SAMPLERS, SAMPLERS, TRANSFORMERS
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import skspectra.pipeline
from skspectra.augmentation import Augmenter, AxisStretch, EnergyShift, PCANoise, PoissonNoise
from skspectra.models import describe_model, load_model, save_model
from skspectra.neural import (
    ConvDenseClassifier,
    DenseClassifier,
    FullyConvClassifier,
    FullyConvRegressor,
    NetClassifier,
    NetRegressor,
)
from skspectra.preprocessing import (
    PCADenoiser,
    PeakAligner,
    SpectralCrop,
    SpectrumNormalizer,
)
from skspectra.uncertainty import EnsembleClassifier, NoveltyRejector

QUICK = {"max_epochs": 2, "random_state": 0}
DENSE = DenseClassifier(hidden_layer_sizes=(4,), **QUICK)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize(
    "model",
    [
        DENSE,
        ConvDenseClassifier(n_filters=(2,), kernel_sizes=(3,), **QUICK),
        FullyConvClassifier(n_filters=(2,), kernel_sizes=[3], **QUICK),
        FullyConvClassifier(architecture="invariant", n_filters=(2,), kernel_sizes=(3,), **QUICK),
        FullyConvClassifier(n_filters=(2,), kernel_sizes=(3,), **QUICK).set_params(
            module__dropout=0.3
        ),
        EnsembleClassifier(DENSE, 2, random_state=0),
        make_pipeline(SpectrumNormalizer(spectral_axis=np.arange(24) / 3), DENSE),
        skspectra.pipeline.make_pipeline(SpectralCrop((2, 20)), SpectrumNormalizer(), DENSE),
        NoveltyRejector(make_pipeline(SpectrumNormalizer(), DENSE), n_components=4),
    ],
    ids=lambda model: type(model).__name__,
)
def test_loaded_classifier_predicts_the_same(model, path, spectra):
    X, y = spectra
    model = clone(model).fit(X, y)
    save_model(model, path)
    loaded = load_model(path)
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.classes_.dtype == model.classes_.dtype
    if hasattr(model, "novelty"):
        np.testing.assert_array_equal(loaded.novelty(X), model.novelty(X))


@pytest.mark.parametrize(
    "augment",
    [
        PoissonNoise(dose=50),
        [EnergyShift((-2, 2), window=(2, 20)), PCANoise(n_components=2), AxisStretch(0.01)],
    ],
    ids=["one", "several, cropped"],
)
def test_augmenters_are_kept_with_what_they_crop(augment, path, spectra):
    X, y = spectra
    net = clone(DENSE).set_params(augment=augment).fit(X, y)
    save_model(net, path)
    loaded = load_model(path)
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))
    assert repr(loaded.augment) == repr(net.augment)
    again = loaded.fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


class Gain(Augmenter):
    def perturb(self, X, rng):
        return 2 * X


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["a", "bcd"]])
def test_labels_keep_their_type(labels, path, spectra):
    X = spectra[0]
    y = np.array(labels)[np.arange(len(X)) % 2]
    model = clone(DENSE).fit(X, y)
    save_model(model, path)
    predicted = load_model(path).predict(X)
    assert predicted.dtype == y.dtype
    np.testing.assert_array_equal(predicted, model.predict(X))


def test_file_holds_no_pickle_and_can_be_fitted_again(path, spectra):
    X, y = spectra
    net = clone(DENSE).fit(X, y)
    save_model(net, path)
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(path.read_bytes())
    again = load_model(path).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


@pytest.mark.filterwarnings("ignore::skspectra.exceptions.SpectrumWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator",
    [*TRANSFORMERS, *AUGMENTERS, *SAMPLERS, *REGRESSION_SAMPLERS, *NETS],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_public_estimator_can_be_saved(estimator, path, spectra):
    X, y = spectra[0] + 1, spectra[1]
    estimator = clone(estimator)
    params = estimator.get_params()
    if isinstance(params.get("augment"), Augmenter):  # one of the tests'
        estimator.set_params(augment=None)
    if "endmembers" in params:
        estimator.set_params(endmembers=X[:2])
    takes_numbers = isinstance(
        estimator, (*map(type, REGRESSION_SAMPLERS), FullyConvRegressor, NetRegressor)
    )
    fit = getattr(estimator, "fit_resample", estimator.fit)
    fit(X, np.linspace(0, 1, len(X)) if takes_numbers else y)
    kinds = type(estimator).__mro__  # the tests fit subclasses of some
    estimator.__class__ = next(each for each in kinds if each.__module__.startswith("skspectra."))
    save_model(estimator, path)
    loaded = load_model(path)
    assert repr(loaded) == repr(estimator)
    for method in ("transform", "predict", "predict_proba", "predict_interval"):
        if hasattr(estimator, method) and getattr(estimator, "calibration_scores_", 0) is not None:
            expected = getattr(estimator, method)(X)
            np.testing.assert_array_equal(getattr(loaded, method)(X), expected, strict=True)


def test_axis_and_figures_are_in_the_file(path, spectra):
    X, y = spectra
    axis = 640 + np.arange(24) / 4
    model = make_pipeline(SpectralCrop((641, 644), spectral_axis=axis), LogisticRegression())
    save_model(model.fit(X, y), path, figures={"accuracy": 0.5, "on": ["Mn"]})
    about = describe_model(path)
    np.testing.assert_array_equal(about["spectral_axis"], axis)
    assert about["figures"] == {"accuracy": 0.5, "on": ["Mn"]}
    assert about["model"] == "sklearn.pipeline.Pipeline"
    assert about["format"] == 2
    with pytest.raises(ValueError, match="from 1 to 24, but the model was fitted on 640 to 645.75"):
        save_model(model, path, spectral_axis=np.arange(1, 25))
    with pytest.raises(ValueError, match="figures hold what JSON has not: Out of range float"):
        save_model(model, path, figures={"accuracy": float("nan")})
    with pytest.raises(TypeError, match="figures must be a dict"):
        save_model(model, path, figures=[1])


def test_axis_can_be_told_where_the_model_does_not_know_it(path, spectra):
    axis = 640 + np.arange(24) / 4
    for model in (LogisticRegression(), make_pipeline(SpectrumNormalizer(), LogisticRegression())):
        model.fit(*spectra)
        save_model(model, path, spectral_axis=axis)
        np.testing.assert_array_equal(describe_model(path)["spectral_axis"], axis)
        with pytest.raises(ValueError, match=r"shape \(3,\), but the model takes 24 channels"):
            save_model(model, path, spectral_axis=[1, 2, 3])
    save_model(LogisticRegression().fit(*spectra), path)
    assert describe_model(path)["spectral_axis"] is None


def test_axis_in_column_names_is_kept(path, spectra):
    axis = 640 + np.arange(24) / 4
    frame = pd.DataFrame(spectra[0], columns=axis.astype(str))
    model = make_pipeline(SpectrumNormalizer(), DENSE).set_output(transform="pandas")
    model.fit(frame, spectra[1])
    save_model(model, path)
    loaded = load_model(path)
    np.testing.assert_array_equal(loaded[0].spectral_axis_, axis)
    np.testing.assert_array_equal(loaded.predict_proba(frame), model.predict_proba(frame))
    assert isinstance(loaded[0].transform(frame), pd.DataFrame)
    with pytest.raises(ValueError, match="Feature names|columns of X"):
        loaded.predict(frame.set_axis((axis + 1).astype(str), axis=1))


def test_the_same_model_is_the_same_file(path, spectra):
    net = clone(DENSE).fit(*spectra)
    contents = []
    for _ in range(2):
        save_model(net, path, figures={"note": "0" * 64})
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    load_model(path)


def test_what_is_the_same_object_is_the_same_again(path, spectra):
    X, y = spectra
    denoiser, shared = PCADenoiser(3).fit(X), np.random.RandomState(0)
    svc = SVC().fit(denoiser.transform(X), y).set_params(random_state=shared)
    save_model(make_pipeline(denoiser, denoiser, svc), path)
    loaded = load_model(path)
    assert loaded[0] is loaded[1]
    assert loaded[2].random_state.randint(1000) == np.random.RandomState(0).randint(1000)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i1", "u8", "?"])
def test_arrays_come_back_as_they_are(dtype, order, path, spectra):
    model = LogisticRegression().fit(*spectra)
    model.extra_ = np.asarray(np.arange(6).reshape(2, 3), dtype, order=order)
    model.other_ = [model.extra_[:, ::2], np.float32(0.1), np.nan, -0.0, {1: None, "a": True}]
    model.zero_ = np.asarray(np.zeros((2, 3)), dtype="f4")
    save_model(model, path)
    loaded = load_model(path)
    np.testing.assert_array_equal(loaded.extra_, model.extra_)
    assert loaded.extra_.dtype == model.extra_.dtype.newbyteorder("=")
    assert loaded.extra_.flags.f_contiguous == model.extra_.flags.f_contiguous
    assert loaded.zero_.dtype == np.float32
    sliced, number, missing, zero, mapping = loaded.other_
    np.testing.assert_array_equal(sliced, model.extra_[:, ::2])
    assert type(number) is np.float32 and number == np.float32(0.1)
    assert np.isnan(missing) and np.signbit(zero) and mapping == {1: None, "a": True}
    loaded.extra_[...] = 0  # may be written to, and is nobody else's
    np.testing.assert_array_equal(load_model(path).extra_, model.extra_)


def test_equal_numbers_of_other_types_are_not_merged(path, spectra):
    model = LogisticRegression().fit(*spectra)
    model.parts_ = [np.zeros(2), np.zeros(2, "f4"), np.zeros(2, int), np.full(2, -0.0), np.zeros(2)]
    save_model(model, path)
    loaded = load_model(path).parts_
    assert [part.dtype for part in loaded] == [part.dtype for part in model.parts_]
    assert np.signbit(loaded[3]).all() and not np.signbit(loaded[0]).any()


def test_loaded_net_trains_on_where_it_was(path, spectra):
    X, y = spectra
    net = clone(DENSE).set_params(warm_start=True).fit(X, y)
    save_model(net, path)
    loaded = load_model(path)
    before = loaded.predict_proba(X)
    loaded.set_params(max_epochs=1, lr=1e-9).fit(X, y)
    np.testing.assert_allclose(loaded.predict_proba(X), before, atol=1e-4)
    assert (
        pickle.loads(pickle.dumps(load_model(path))).predict(X).tolist() == net.predict(X).tolist()
    )


def test_loading_leaves_the_generators_alone(path, spectra):
    save_model(clone(DENSE).fit(*spectra), path)
    state, legacy = torch.get_rng_state(), np.random.mtrand._rand.get_state()[1].copy()
    load_model(path)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.mtrand._rand.get_state()[1], legacy)


class Perceptron(torch.nn.Sequential):
    """A module of the user's, with a constant that is in no state."""

    def __init__(self, n_channels, n_outputs, n_units=4):
        super().__init__(torch.nn.Linear(n_channels, n_units), torch.nn.Linear(n_units, n_outputs))
        self.offset = torch.linspace(0, 1, n_channels)

    def forward(self, X):
        return super().forward(X + self.offset)


def test_module_of_the_user_is_loaded_if_its_class_is_given(path, spectra):
    X, y = spectra
    net = NetClassifier(architecture=Perceptron, net_params={"module__n_units": 3}, **QUICK)
    save_model(net.fit(X, y), path)
    with pytest.raises(ValueError, match=r"uses the torch module .*Perceptron.*modules=\[Percep"):
        load_model(path)
    with pytest.raises(ValueError, match="Perceptron"):
        load_model(path, modules=[torch.nn.Linear])
    loaded = load_model(path, modules=[Perceptron])
    np.testing.assert_array_equal(loaded.predict_proba(X), net.predict_proba(X))


def test_what_only_predicts_builds_no_optimizer_and_scalers_need_no_torch(path, spectra):
    scaler = path.with_name("scaler.safetensors")
    save_model(SpectrumNormalizer().fit(spectra[0]), scaler)
    save_model(clone(DENSE).fit(*spectra), path)
    code = (
        "import sys; from skspectra.models import load_model; "
        f"load_model({str(scaler)!r}); assert 'torch' not in sys.modules; "
        f"load_model({str(path)!r}); assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_cannot_be_saved_is_refused_and_nothing_is_written(path, spectra):
    X, y = spectra
    params = {"hidden_layer_sizes": (4,), "max_epochs": 1}
    with pytest.raises(NotFittedError):
        save_model(DenseClassifier(), path)
    with pytest.raises(TypeError, match="must be an estimator"):
        save_model({"a": 1}, path)
    with pytest.raises(ValueError, match=r"name it net.safetensors"):
        save_model(LogisticRegression().fit(X, y), path.with_name("net.pkl"))
    with pytest.raises(TypeError, match=r"model.steps.0.1 cannot be saved: it is SelectKBest"):
        save_model(make_pipeline(SelectKBest(k=2), LogisticRegression()).fit(X, y), path)
    with pytest.raises(TypeError, match="model.augment cannot be saved"):
        save_model(DenseClassifier(augment=Gain(), **params).fit(X, y), path)
    with pytest.raises(TypeError, match="function is neither number"):
        save_model(SVC(kernel=lambda a, b: a @ b.T).fit(X, y), path)
    with pytest.raises(TypeError, match="attribute mark, which is not declared"):
        model = LogisticRegression().fit(X, y)
        model.mark = 1
        save_model(model, path)
    with pytest.raises(FileNotFoundError, match="There is no folder .*nowhere to write a.safe"):
        save_model(DenseClassifier(**params).fit(X, y), path.parent / "nowhere" / "a.safetensors")
    assert list(path.parent.iterdir()) == []


def test_arrays_are_stored_once(path, spectra):
    axis = np.arange(24) / 3
    model = make_pipeline(
        PeakAligner((1, 7), spectral_axis=axis), SpectrumNormalizer(spectral_axis=axis), DENSE
    )
    save_model(clone(model).fit(*spectra), path)
    stored = safetensors.numpy.load_file(path).values()
    assert sum(np.array_equal(each, axis) for each in stored) == 1


def test_file_has_the_mode_of_any_other(tmp_path, spectra):
    save_model(DenseClassifier(max_epochs=1).fit(*spectra), tmp_path / "net.safetensors")
    (tmp_path / "plain").touch()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_lists_of_numpy_numbers_are_one_array_and_come_back_as_they_are(path, spectra):
    model = MLPClassifier((3,), max_iter=30, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(*spectra)
    model.of_two_types_ = [np.float64(0.5), np.float32(0.5)]
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.loss_curve_ == model.loss_curve_ and len(model.loss_curve_) == 30
    for each in ("loss_curve_", "of_two_types_"):
        assert [*map(type, getattr(loaded, each))] == [*map(type, getattr(model, each))]
    assert len(safetensors.numpy.load_file(path)) < 15
