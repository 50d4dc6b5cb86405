"""Memory that is taken beyond input and output, bounded by the system for a fresh process."""

import subprocess
import sys

import pytest

PREPARE = """
import resource, sys
import numpy as np
from skspectra._input import stored
from skspectra.neural import DenseClassifier, FullyConvClassifier
from skspectra.neural import _kernels
from skspectra.neural._training import streaming

rng = np.random.default_rng(0)
some = rng.normal(size=(1000, 300)).astype(np.float32)
some[::2, 100:200] += 1
X = np.memmap(sys.argv[1], np.float32, "w+", shape=(200_000, 300))
X.reshape(-1, 1000, 300)[:] = some
y = np.arange(len(X)) % 2

def bound(n_bytes):
    status = open("/proc/self/status").read()
    now = 1024 * int(status.partition("VmData:")[2].split()[0])
    resource.setrlimit(resource.RLIMIT_DATA, (now + n_bytes, resource.RLIM_INFINITY))

def check_bound(spectra):
    try:
        np.array(spectra)
    except MemoryError:
        return
    raise AssertionError("a copy of all spectra fits")
"""

PREDICT = """
_kernels._PREDICTION_PAYS_FROM = 10**15  # the kernels take less
net = FullyConvClassifier(max_epochs=1, batch_size=500, random_state=0).fit(some, y[:1000])
expected = net.predict_proba(some)
bound(2**26 + 8 * 100_000)
check_bound(X[:100_000])
proba = net.predict_proba(X[:100_000])
assert abs(proba[50_000:51_000] - expected).max() < 1e-5
del proba
"""

FIT = """
net = DenseClassifier(max_epochs=1, batch_size=500, lr=0.01, random_state=0)
net.set_params(validation_fraction=0.1).fit(some, y[:1000])
stored._MAPPED_SHARE = 0
streaming._BUFFER = 2**23
bound(3 * 2**25 + 64 * len(X))
check_bound(X)
net.fit(X, y)
assert net.history_[-1]["valid_accuracy"] > 0.9
"""


@pytest.mark.skipif(sys.platform != "linux", reason="bounds the data of a process")
def test_less_memory_is_needed_than_spectra_take(tmp_path):
    command = [sys.executable, "-c", PREPARE + PREDICT + FIT, tmp_path / "spectra.raw"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
