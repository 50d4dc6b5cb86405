"""Folds and members in parallel processes: one thread each, and no copies of the spectra."""

import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch.callbacks import Callback

from skspectra.neural import DenseClassifier
from skspectra.uncertainty import EnsembleClassifier

cloudpickle.register_pickle_by_value(sys.modules[__name__])
pytestmark = pytest.mark.xdist_group("processes")  # starting them is most of the time

PROCESSES = {"backend": "loky", "inner_max_num_threads": 3}


class Witness(Callback):
    """Writes to the history how many threads torch has, and whether the spectra are in a file."""

    def on_train_begin(self, net, X=None, **kwargs):
        self.in_file = lies_in_file(X["X"].data_ptr())

    def on_batch_end(self, net, **kwargs):
        self.threads = torch.get_num_threads()

    def on_epoch_end(self, net, **kwargs):
        net.history.record("threads", self.threads)
        net.history.record("in_file", self.in_file)


NET = DenseClassifier(max_epochs=1, batch_size=2048, callbacks=[Witness], random_state=0)


def lies_in_file(address):
    """Whether an address of this process is mapped to a file."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, *rest = line.split(maxsplit=5)
        start, stop = (int(end, 16) for end in span.split("-"))
        if start <= address < stop:
            return len(rest) == 5 and rest[-1].startswith("/")
    raise AssertionError(f"{address} is nowhere")


@pytest.fixture(scope="module")
def many():
    """As many spectra as joblib maps, 2 MB."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 24)).astype(np.float32)
    X[::2, 10:] += 1
    return X, np.tile(["Mn2+", "Mn3+"], 10_000)


@pytest.mark.filterwarnings("ignore:.*worker stopped")
@pytest.mark.parametrize("backend", [PROCESSES, {"backend": "threading"}])
def test_every_fit_has_one_thread(backend, many):
    """Even where joblib leaves more to its workers: processes 3, threads as many as there are."""
    search = GridSearchCV(NET, {"lr": [0.01]}, cv=2, n_jobs=2)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        with parallel_config(**backend):
            scores = cross_validate(NET, *many, cv=2, n_jobs=2, return_estimator=True)
            search.fit(*many)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    records = [estimator.history_[-1] for estimator in scores["estimator"]]
    assert [record["threads"] for record in records] == [1, 1]
    assert search.best_estimator_.history_[-1]["threads"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system where memory lies")
@pytest.mark.filterwarnings("ignore:.*worker stopped")
def test_members_train_on_the_file_that_joblib_maps(many):
    ensemble = EnsembleClassifier(NET, n_members=2, n_jobs=2, random_state=0)
    with parallel_config(**PROCESSES):
        ensemble.fit(*many)
    records = [member.history_[-1] for member in ensemble.members_]
    assert [record["in_file"] for record in records] == [True, True]
    assert not NET.fit(*many).history_[-1]["in_file"]
