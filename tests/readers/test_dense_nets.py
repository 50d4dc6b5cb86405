import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspectra.readers._dense_nets import DenseNets


@pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [["a", "b", "c"], [False, True]])
@pytest.mark.parametrize("sizes", [(9,), (8, 5)])
def test_answers_are_the_mean_of_scikit_learns_nets(classes, sizes, dtype):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(90, 40)) * np.linspace(1, 3, 40) + 2).astype(dtype)
    y = np.resize(classes, 90)
    nets = DenseNets(sizes, 2, random_state=3).fit(X, y)
    seeds = np.random.RandomState(3)
    each = [
        make_pipeline(
            PCA(25, random_state=0),
            StandardScaler(),
            MLPClassifier(sizes, alpha=1e-3, max_iter=40, random_state=seeds.randint(2**31)),
        )
        .fit(X, y)
        .predict_proba(X)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(nets.classes_, np.unique(y))
    assert np.ptp(each, axis=0).max() > 0.01
    np.testing.assert_allclose(nets.predict_proba(X), np.mean(each, axis=0), atol=1e-5)
    with pytest.raises(ValueError, match="X has 39 features, but DenseNets is expecting 40"):
        nets.predict_proba(X[:, 1:])
