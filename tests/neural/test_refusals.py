import numpy as np
import pytest
import scipy.sparse
from quick_nets import quick
from sklearn.exceptions import NotFittedError


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"patience": 3}, "patience=3 watches the validation loss.* set validation_fraction"),
        ({"optimizer": "adam"}, "'adam' is no class in torch.optim.* 'Adam'"),
        ({"net_params": {"lr": 1}}, r"begin with module__.*got \['lr'\]"),
        ({"device": "cuda:99"}, "'cuda:99' is not available"),
        ({"batch_size": 1}, "'batch_size' parameter .* must be an int in the range"),
        ({"dropout": 1.0}, "'dropout' parameter .* must be a float in the range"),
        ({"class_weight": {"Mn2+": -1.0}}, "class_weight must be finite and not negative"),
        ({"class_weight": {"Mn2+": 0.0, "Mn3+": 0.0}}, r"two classes .* 1 class: \['Mn4\+'\]"),
        (
            {"validation_fraction": 0.01},
            "validation_fraction=0.01 of 60 spectra cannot be held out: .*number of classes = 3",
        ),
        ({"lr": 1e30}, "training loss became .* Normalise the spectra"),
        ({"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3)}, "at least 140"),
        ({"augment": [None]}, "augmenters must be instances of Augmenter.*got None"),
        ({"callbacks": [("name", 3)]}, "callbacks of skorch, got 3"),
    ],
)
def test_parameters_that_make_no_sense(params, message, spectra):
    error = TypeError if params.keys() & {"augment", "callbacks"} else ValueError
    with pytest.raises(error, match=message):
        quick(**params).fit(*spectra)


def test_fit_that_fails_leaves_no_net(spectra):
    X, y = spectra
    for clf in (quick(lr=1e30), quick(kernel_sizes=(25,))):
        with pytest.raises(ValueError):
            clf.fit(X, y)
        with pytest.raises(NotFittedError):
            clf.predict(X)


def broken(X, change):
    X = X.astype(np.float64)
    X[2, 3] = change
    return X


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (broken(X, np.nan), y), "contains NaN"),
        (lambda X, y: (broken(X, np.inf), y), "contains infinity"),
        (lambda X, y: (broken(X, 1e39), y), "too large for dtype.'float32'"),
        (lambda X, y: (X, np.full(60, "Mn2+")), r"two classes .* got 1 class: \['Mn2\+'\]"),
        (lambda X, y: (X, np.linspace(0, 1, 60)), "Unknown label type: continuous"),
        (lambda X, y: (X[:, :5], y), r"n_features = 5\) are too narrow .* at least 6 channels"),
        (lambda X, y: (X[0], y), "Expected 2D array"),
        (lambda X, y: (X, y[1:]), "inconsistent numbers of samples"),
        (lambda X, y: (X.astype(str).tolist()[:-1] + [["x"] * 24], y), "holds the text 'x'"),
    ],
)
def test_spectra_that_are_refused(change, message, spectra):
    with pytest.raises(ValueError, match=message):
        quick().fit(*change(*spectra))


def test_sparse_and_negative_weights_are_refused(spectra):
    X, y = spectra
    with pytest.raises(TypeError, match="dense data is required"):
        quick().fit(scipy.sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="[Nn]egative"):
        quick().fit(X, y, sample_weight=np.linspace(-1, 1, 60))


def test_wrong_width_at_predict(net, spectra):
    X, y = spectra
    with pytest.raises(ValueError, match="has 23 features, but .* is expecting 24 features"):
        net.fit(X, y).predict(X[:, 1:])
