import numpy as np
import pandas as pd
import pytest
import torch

from skspectra.augmentation import Augmenter, EnergyShift, PCANoise, PoissonNoise
from skspectra.neural import DenseClassifier, FullyConvClassifier

QUICK = {"n_filters": (4,), "kernel_sizes": (5,), "max_epochs": 3, "random_state": 0}
ENERGY = 635 + 0.5 * np.arange(24)


class Spy(Augmenter):
    """Adds one random number to each batch and keeps what it was given and drew."""

    seen = []

    def __init__(self, random_state=None):
        self.random_state = random_state

    def perturb(self, X, rng):
        offset = torch.rand((), generator=rng)
        self.seen.append((X, float(offset)))
        return X + offset


@pytest.fixture
def spy():
    Spy.seen.clear()
    return Spy()


def weights(clf):
    return torch.cat([parameter.flatten() for parameter in clf.net_.module_.parameters()])


def test_every_training_batch_is_perturbed_afresh_and_nothing_else_is(spectra, spy):
    X, y = spectra
    clf = FullyConvClassifier(**QUICK, batch_size=20, augment=spy).fit(X, y)
    first_batch, epochs, settling = 1, 3 * 3, 3
    assert len(Spy.seen) == first_batch + epochs + settling
    assert {(part.dtype, part.shape) for part, _ in Spy.seen} == {(torch.float32, (20, 24))}
    assert len({offset for _, offset in Spy.seen}) == len(Spy.seen)
    one_epoch = torch.cat([part for part, _ in Spy.seen[1:4]])
    np.testing.assert_array_equal(np.sort(one_epoch[:, 0]), np.sort(X[:, 0].astype(np.float32)))
    Spy.seen.clear()
    clf.predict(X)
    clf.embed(X)
    assert Spy.seen == []


def test_held_out_spectra_are_not_perturbed(spectra, spy):
    X, y = spectra
    clf = FullyConvClassifier(**QUICK, augment=[spy], validation_fraction=0.5).fit(X, y)
    assert sum(len(part) for part, _ in Spy.seen) == 30 * (1 + 2 * 3)
    assert all(len(part) == 30 for part, _ in Spy.seen)
    assert clf.history_[-1]["valid_accuracy"] > 0


def test_augmenters_are_cloned_and_fitted_on_the_training_spectra(spectra):
    X, y = spectra
    noise = PCANoise(n_components=2)
    clf = DenseClassifier(max_epochs=1, augment=[noise], random_state=0).fit(X, y)
    assert not hasattr(noise, "components_")
    fitted = clf.augmenters_.augmenters[0]
    np.testing.assert_allclose(fitted.mean_, X.mean(axis=0), atol=1e-6)
    weight = (y != "Mn4+").astype(float)
    clf.fit(X, y, sample_weight=weight)
    kept = X[weight > 0].mean(axis=0)
    np.testing.assert_allclose(clf.augmenters_.augmenters[0].mean_, kept, atol=1e-6)


def test_seed_covers_augmentation(spectra):
    def fitted(**params):
        augment = [EnergyShift(shift=(-2, 2)), PCANoise(n_components=2), PoissonNoise()]
        return weights(FullyConvClassifier(**(QUICK | params), augment=augment).fit(*spectra))

    assert torch.equal(fitted(), fitted())
    assert not torch.equal(fitted(), weights(FullyConvClassifier(**QUICK).fit(*spectra)))
    assert not torch.equal(fitted(), fitted(random_state=1))


@pytest.mark.parametrize("columns", [None, "energies"])
def test_window_is_cropped_at_predict(spectra, columns):
    X, y = spectra
    shift = EnergyShift(shift=(-1, 1), window=(4, 20) if columns is None else (637, 645))
    wide = X if columns is None else pd.DataFrame(X, columns=[f"{e:.1f}" for e in ENERGY])
    params = QUICK | {"max_epochs": 20, "lr": 0.05, "dropout": 0.0}
    clf = FullyConvClassifier(**params, augment=shift, validation_fraction=0.2).fit(wide, y)
    assert clf.n_features_in_ == 24
    assert clf.net_.get_params_for("module")["n_channels"] == 16
    cropped = torch.as_tensor(X[:, 4:20], dtype=torch.float32)
    expected = torch.softmax(clf.net_.module_(cropped), dim=1).detach()
    np.testing.assert_allclose(clf.predict_proba(wide), expected, rtol=1e-5, atol=1e-6)
    assert clf.activations(wide)["block_1"].shape == (60, 4, 6)
    assert clf.score(wide, y) == 1


def test_shifted_copies_teach_a_dense_net(spectra):
    X, y = spectra
    moved = EnergyShift(shift=5).fit_transform(X)
    params = {"max_epochs": 40, "lr": 0.02, "dropout": 0.0, "random_state": 0}
    plain = DenseClassifier(**params).fit(X, y).score(moved, y)
    taught = DenseClassifier(**params, augment=EnergyShift(shift=(-6, 6))).fit(X, y)
    assert taught.score(moved, y) > 0.9 > plain


def test_augmenter_that_fails_says_so(spectra):
    with pytest.raises(ValueError, match="n_components=30 needs as many"):
        DenseClassifier(augment=PCANoise(n_components=30)).fit(*spectra)
