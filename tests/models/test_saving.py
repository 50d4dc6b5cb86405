import json
import pickle

import numpy as np
import pytest
import safetensors.numpy
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skspectra.pipeline
from skspectra.augmentation import Augmenter, AxisStretch, EnergyShift, PCANoise, PoissonNoise
from skspectra.models import load_model, save_model
from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier
from skspectra.preprocessing import (
    PCADenoiser,
    PeakAligner,
    SpectralCrop,
    SpectralResampler,
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
        FullyConvClassifier(graph="invariant", n_filters=(2,), kernel_sizes=(3,), **QUICK),
        FullyConvClassifier(n_filters=(2,), kernel_sizes=(3,), **QUICK).set_params(module__eps=0.1),
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
    "step",
    [
        PCADenoiser(n_components=3),
        PeakAligner((4, 20)),
        PeakAligner((4, 20), method="correlation"),
        SpectralCrop((2, 20)),
        SpectralResampler(np.linspace(2, 20, 30)),
        SpectrumNormalizer("area"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_every_step_of_preprocessing_can_be_in_front(step, path, spectra):
    X, y = spectra
    model = make_pipeline(step, clone(DENSE)).fit(X + 1, y)
    save_model(model, path)
    np.testing.assert_array_equal(load_model(path).predict_proba(X + 1), model.predict_proba(X + 1))


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


def test_what_cannot_be_saved_is_refused_and_nothing_is_written(path, spectra):
    X, y = spectra
    params = {"hidden_layer_sizes": (4,), "max_epochs": 1}
    with pytest.raises(NotFittedError):
        save_model(DenseClassifier(), path)
    with pytest.raises(TypeError, match="must be a classifier"):
        save_model(SpectrumNormalizer().fit(X), path)
    with pytest.raises(TypeError, match="cannot be saved: it is LogisticRegression"):
        save_model(make_pipeline(LogisticRegression()).fit(X, y), path)
    with pytest.raises(TypeError, match="model.augment cannot be saved"):
        save_model(DenseClassifier(augment=Gain(), **params).fit(X, y), path)
    with pytest.raises(TypeError, match="model.random_state cannot be saved"):
        random_state = np.random.RandomState(0)
        save_model(DenseClassifier(random_state=random_state, **params).fit(X, y), path)
    with pytest.raises(FileNotFoundError, match="There is no folder .*nowhere to write a.safe"):
        save_model(DenseClassifier(**params).fit(X, y), path.parent / "nowhere" / "a.safetensors")
    assert list(path.parent.iterdir()) == []


def test_truncated_and_foreign_files_are_one_clear_error(path, spectra, tmp_path):
    X, y = spectra
    save_model(clone(DENSE).fit(X, y), path)
    content = path.read_bytes()
    for n_bytes in (0, 4, 200, len(content) - 1):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(ValueError, match="model.safetensors cannot be read"):
            load_model(path)
    safetensors.numpy.save_file({"a": np.ones(2)}, path)
    with pytest.raises(ValueError, match="no model"):
        load_model(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_model(tmp_path / "missing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda header: header.update(format=2), "in format 2; this is skspectra"),
        (lambda header: header["model"].update(estimator="os.system"), "there is no os.system"),
        (
            lambda header: header["model"]["fitted"].update(
                classes_={"strings": ["Mn2+"], "dtype": "U"}
            ),
            "does not fit together.*split_sizes",
        ),
        (lambda header: header["model"]["params"].update(colour="red"), "colour"),
        (lambda header: header.pop("model"), "does not fit together: 'model'"),
    ],
    ids=["format", "class", "labels", "parameter", "no model"],
)
def test_description_is_checked(change, message, path, spectra):
    X, y = spectra
    save_model(clone(DENSE).fit(X, y), path)
    with safetensors.safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["skspectra"])
    change(header)
    tensors = safetensors.numpy.load_file(path)
    safetensors.numpy.save_file(tensors, path, metadata={"skspectra": json.dumps(header)})
    with pytest.raises(ValueError, match=rf"(?s){message}"):
        load_model(path)


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
