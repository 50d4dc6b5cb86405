import numpy as np
import pytest
from skorch.callbacks import Callback, LRScheduler

from skspectra.neural import DenseClassifier
from skspectra.neural._training.callbacks import one_cycle


class Rates(Callback):
    """Keeps the learning rate of every step."""

    seen = []

    def on_train_begin(self, net, **kwargs):
        self.seen.clear()

    def on_grad_computed(self, net, **kwargs):
        self.seen.append([group["lr"] for group in net.optimizer_.param_groups])


def dense(**params):
    quick = {"hidden_layer_sizes": (4,), "dropout": 0.0, "random_state": 0, "lr": 0.01}
    quick |= {"max_epochs": 5, "batch_size": 20, "schedule": "one-cycle", "callbacks": [Rates]}
    return DenseClassifier(**(quick | params))


def rates_of(clf, spectra):
    clf.fit(*spectra)
    return np.array(Rates.seen).T


def test_one_cycle_rises_to_one_and_falls_to_nothing():
    shares = np.array([one_cycle(progress) for progress in np.linspace(0, 1, 1001)])
    assert shares[[0, 150, 300, 650, 1000]] == pytest.approx([0.04, 0.52, 1, 0.5, 0])
    assert (np.diff(shares)[:300] > 0).all()
    assert (np.diff(shares)[300:] < 0).all()


@pytest.mark.parametrize("validation_fraction", [None, 0.25])
def test_every_step_has_its_rate(spectra, validation_fraction):
    (rates,) = rates_of(dense(validation_fraction=validation_fraction), spectra)
    progress = (np.arange(15) + 0.5) / 15  # three batches in each of five epochs
    np.testing.assert_allclose(rates, [0.01 * one_cycle(each) for each in progress])


def test_one_batch_is_trained_on_with_a_rate(spectra):
    (rates,) = rates_of(dense(max_epochs=1, batch_size=60), spectra)
    assert rates == pytest.approx([0.01 * one_cycle(0.5)])


def test_constant_stays(spectra):
    (rates,) = rates_of(dense(schedule="constant"), spectra)
    assert set(rates) == {0.01}


def test_a_warm_start_is_another_cycle(spectra):
    clf = dense(warm_start=True)
    (first,) = rates_of(clf, spectra)
    (again,) = rates_of(clf, spectra)
    np.testing.assert_array_equal(again, first)
    (other,) = rates_of(clf.set_params(lr=0.02), spectra)
    np.testing.assert_allclose(other, 2 * first)
    assert clf.net_.optimizer_.param_groups[0]["lr"] == 0.02


def test_groups_of_parameters_keep_their_rates(spectra):
    groups = {"optimizer__param_groups": [("*bias", {"lr": 0.5})]}
    biases, others = rates_of(dense(net_params=groups), spectra)
    np.testing.assert_allclose(biases, 50 * others)


def test_two_schedules_are_refused(spectra):
    for given in (LRScheduler, LRScheduler(), ("mine", LRScheduler())):
        with pytest.raises(ValueError, match="so does the LRScheduler in callbacks"):
            dense(callbacks=[given]).fit(*spectra)
        assert dense(callbacks=[given], schedule="constant", max_epochs=1).fit(*spectra).n_iter_


def test_unknown_schedule(spectra):
    with pytest.raises(ValueError, match="'schedule' parameter of DenseClassifier must be a str"):
        dense(schedule="cosine").fit(*spectra)


def test_training_of_the_article():
    clf = DenseClassifier.as_published(max_epochs=5, dropout=0.1, random_state=0)
    changed = {
        name: value
        for name, value in clf.get_params().items()
        if value != DenseClassifier().get_params()[name]
    }
    assert clf.get_params()["schedule"] == "constant"
    assert changed.pop("lr") == 0.001
    assert changed.pop("batch_size") == 128
    assert (
        changed.items()
        <= {"schedule": "constant", "max_epochs": 5, "dropout": 0.1, "random_state": 0}.items()
    )
    assert DenseClassifier.as_published().max_epochs == 200
