import sys

import numpy as np
import polars as pl
import pytest
import torch
from scipy.special import softmax

from skspectra.augmentation import EnergyShift
from skspectra.neural import (
    ConvDenseClassifier,
    DenseClassifier,
    FullyConvClassifier,
    NetClassifier,
    _kernels,
)
from skspectra.neural._estimators import outputs
from skspectra.neural._estimators.classifier import _softmax
from skspectra.neural._kernels import predictor
from skspectra.neural._kernels.predict import FoldedModule
from skspectra.neural._kernels.recognize import recognize
from skspectra.neural._modules import ConvDenseModule, DenseModule, FullyConvModule
from skspectra.neural._modules.invariant import InvariantConvModule

BLOCK = {"n_filters": (4,), "kernel_sizes": (5,), "max_epochs": 2, "random_state": 0}
HIDDEN = {
    FullyConvModule: {},
    InvariantConvModule: {},
    ConvDenseModule: {"hidden_layer_sizes": (8, 4)},
}


@pytest.fixture
def always(monkeypatch):
    """Fold for any number of spectra."""
    monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", 0)


def random_module(module_class, n_channels, n_outputs=3, **sizes):
    """Module in evaluation mode whose weights and statistics are all drawn at random."""
    torch.manual_seed(0)
    sizes = HIDDEN[module_class] | {"dropout": 0.5} | sizes
    module = module_class(n_channels, n_outputs, **sizes).eval()
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                torch.nn.init.uniform_(values, 0.5, 2)
    return module


@pytest.mark.parametrize("module_class", HIDDEN)
@pytest.mark.parametrize(
    ("n_channels", "n_filters", "kernel_sizes"),
    [
        (300, (2, 2, 4, 8, 12), (9, 7, 7, 5, 3)),
        (140, (2, 2, 4, 8, 12), (9, 7, 7, 5, 3)),
        (333, (3, 7, 5), (4, 1, 2)),
        (2, (1,), (1,)),
        (5, (11,), (2,)),
        (9, (4, 1), (3, 2)),
        (60, (5,), (21,)),
    ],
)
def test_outputs_are_those_of_the_module(module_class, n_channels, n_filters, kernel_sizes):
    module = random_module(module_class, n_channels, n_filters=n_filters, kernel_sizes=kernel_sizes)
    folded = FoldedModule(recognize(module))
    exact = random_module(
        module_class, n_channels, n_filters=n_filters, kernel_sizes=kernel_sizes
    ).double()
    rng = np.random.default_rng(0)
    for n_spectra in (1, 16, 37):
        X = torch.tensor(3 * rng.normal(size=(n_spectra, n_channels)), dtype=torch.float32)
        with torch.inference_mode():
            expected = exact(X.double())
            torch.testing.assert_close(folded(X).double(), expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("module_class", HIDDEN)
def test_spectra_in_any_layout(module_class):
    module = random_module(module_class, 60, n_filters=(3,), kernel_sizes=(5,))
    folded = FoldedModule(recognize(module))
    X = torch.randn(60, 40).T
    with torch.inference_mode():
        torch.testing.assert_close(folded(X), module(X), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("n_spectra", [1, 20, 1747])
def test_probabilities_are_the_same_wherever_a_spectrum_lies(n_spectra):
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        logits = 5 * torch.randn(n_spectra, 3, generator=generator)
        order = torch.randperm(n_spectra, generator=generator)
        np.testing.assert_allclose(_softmax(logits), softmax(logits.double(), axis=1), atol=3e-7)
        assert torch.equal(_softmax(logits)[order], _softmax(logits[order]))


def test_logits_that_are_large_do_not_overflow():
    assert _softmax(torch.tensor([[1e3, 0.0, -1e3]])).tolist() == [[1, 0, 0]]


def test_nan_stays_nan():
    module = random_module(FullyConvModule, 20, n_filters=(3,), kernel_sizes=(5,))
    folded = FoldedModule(recognize(module))
    X = torch.ones(18, 20)
    X[4, 7] = torch.nan
    with torch.inference_mode():
        assert folded(X).isnan().any(dim=1).tolist() == [row == 4 for row in range(18)]


@pytest.mark.parametrize("classifier", [FullyConvClassifier, ConvDenseClassifier])
def test_classifiers_predict_the_same_either_way(classifier, spectra, monkeypatch):
    X, y = spectra
    clf = classifier(**BLOCK).fit(X, y)
    expected = clf.predict_proba(X)
    work = X.size * recognize(clf.net_.module_).multiplications
    monkeypatch.setattr(_kernels, "_PREDICTION_PAYS_FROM", work)
    assert isinstance(predictor(clf.net_.module_, X.size), FoldedModule)
    assert not isinstance(predictor(clf.net_.module_, X.size - 1), FoldedModule)
    monkeypatch.setattr(outputs, "_AT_ONCE", 7 * X.shape[1])
    monkeypatch.setattr(outputs, "_VALIDATED_AT_ONCE", 22 * X.shape[1])
    for threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        for given in (X, X.tolist(), X.astype(np.float32)):
            np.testing.assert_allclose(clf.predict_proba(given), expected, rtol=1e-5, atol=1e-6)
        frame = pl.DataFrame(X)
        proba = classifier(**BLOCK).fit(frame, y).predict_proba(frame)
        np.testing.assert_allclose(proba, expected, rtol=1e-5, atol=1e-6)


def test_windows_are_cropped_and_bad_spectra_refused(spectra, always):
    X, y = spectra
    clf = FullyConvClassifier(**BLOCK, augment=EnergyShift(shift=(-1, 1), window=(4, 20)))
    proba = clf.fit(X, y).predict_proba(X)
    cropped = torch.as_tensor(X[:, 4:20], dtype=torch.float32)
    expected = torch.softmax(clf.net_.module_(cropped), dim=1).detach()
    np.testing.assert_allclose(proba, expected, rtol=1e-5, atol=1e-6)
    for bad, message in [(np.nan, "contains NaN"), (1e39, "too large for dtype.'float32'")]:
        wrong = X.copy()
        wrong[50, 3] = bad
        with pytest.raises(ValueError, match=message):
            clf.predict(wrong)
    with pytest.raises(ValueError, match="0 sample"):
        clf.predict(X[:0])


@pytest.mark.parametrize("classifier", [DenseClassifier, FullyConvClassifier])
def test_outputs_that_are_nan_are_no_class(spectra, classifier):
    X, y = spectra
    few = {} if classifier is DenseClassifier else BLOCK
    clf = classifier(**few | {"max_epochs": 1, "random_state": 0}).fit(X, y)
    with torch.no_grad():
        list(clf.net_.module_.parameters())[-1][0] = np.nan
    for given in (X, X[:1], X.tolist()):
        with pytest.raises(ValueError, match="net gives NaN"):
            clf.predict(given)


def test_dense_nets_and_machines_without_numba_use_the_module(spectra, always, monkeypatch):
    X, y = spectra
    dense = DenseClassifier(max_epochs=1).fit(X, y)
    assert isinstance(dense.net_.module_, DenseModule)
    assert not isinstance(predictor(dense.net_.module_, X.size), FoldedModule)
    clf = FullyConvClassifier(**BLOCK).fit(X, y)
    folded = clf.predict_proba(X)
    monkeypatch.setitem(sys.modules, "skspectra.neural._kernels.compiled", None)
    assert not isinstance(predictor(clf.net_.module_, X.size), FoldedModule)
    np.testing.assert_allclose(clf.predict_proba(X), folded, rtol=1e-5, atol=1e-6)


class Overwriting(torch.nn.Module):
    def __init__(self, n_channels, n_outputs):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels, n_outputs)

    def forward(self, X):
        return self.linear(X.relu_())


@pytest.mark.parametrize("writable", [True, False])
def test_spectra_are_not_changed_by_what_overwrites_its_input(writable, spectra):
    X = np.float32(spectra[0])
    clf = NetClassifier(architecture=Overwriting, max_epochs=1).fit(X, spectra[1])
    given = X.copy()
    given.flags.writeable = writable
    clf.predict(given)
    np.testing.assert_array_equal(given, X)
