import numpy as np
from quick_nets import quick, same_weights
from sklearn.base import clone
from sklearn.utils import compute_sample_weight


def test_weight_zero_is_as_if_removed(net, spectra):
    X, y = spectra
    weight = np.tile([2.0, 0.0, 0.5], 20)[np.random.default_rng(0).permutation(60)]
    kept = weight > 0
    fitted = clone(net).fit(X, y, sample_weight=weight)
    assert same_weights(fitted, net.fit(X[kept], y[kept], sample_weight=weight[kept]))
    assert not same_weights(fitted, clone(net).fit(X[kept], y[kept]))


def test_only_the_ratio_of_weights_counts(spectra):
    X, y = spectra
    weight = np.random.default_rng(0).uniform(1, 2, 60)
    assert same_weights(quick().fit(X, y, weight), quick().fit(X, y, 4 * weight))
    assert same_weights(quick().fit(X, y, np.full(60, 8.0)), quick().fit(X, y))


def test_class_weight_is_a_sample_weight(net, spectra):
    X, y = (values[8:] for values in spectra)
    X, y = X[y != "Mn4+"], y[y != "Mn4+"]
    X, y = X[3:], y[3:]
    for class_weight in ("balanced", {"Mn2+": 3.0}):
        weighted = clone(net).set_params(class_weight=class_weight).fit(X, y)
        same = clone(net).fit(X, y, sample_weight=compute_sample_weight(class_weight, y))
        np.testing.assert_allclose(weighted.predict_proba(X), same.predict_proba(X), rtol=1e-4)
        assert not same_weights(weighted, clone(net).fit(X, y))


def test_weights_are_effective(spectra):
    X, y = spectra
    clf = quick(class_weight={"Mn3+": 1000.0}, max_epochs=60, lr=0.05, dropout=0.0)
    shuffled = np.random.default_rng(0).permutation(y)
    assert np.mean(clf.fit(X, shuffled).predict(X) == "Mn3+") > 0.9
