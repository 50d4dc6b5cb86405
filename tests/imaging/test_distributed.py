"""Chunks of an image on the workers of a cluster."""

import os
import signal
import time

import dask.array as da
import numpy as np
import pytest
from line_reader import ENERGY, LineReader, line_image

from skspectra.imaging import read_image

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")


class SlowReader(LineReader):
    """Takes long enough for a worker to be lost while it reads."""

    def read(self, spectra, spectral_axis=None):
        time.sleep(0.2)
        return super().read(spectra, spectral_axis)


@pytest.mark.filterwarnings("ignore")  # of the cluster, about its ports and what it loses
def test_a_map_is_whole_and_equal_when_a_worker_is_lost(capsys):
    image, _ = line_image((12, 10))
    expected = read_image(LineReader(), image, spectral_axis=ENERGY)
    lazy = da.from_array(image, chunks=(1, 10, -1))
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(processes=True, silence_logs=60, **settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        client.submit(_kill_later, victim, pure=False, priority=10)
        maps = read_image(SlowReader(), lazy, spectral_axis=ENERGY, verbose=1)
        pids = client.run(os.getpid).values()
    assert victim not in pids
    assert "reading: 100%, 12 of 12 chunks" in capsys.readouterr().err
    np.testing.assert_array_equal(maps.codes, expected.codes)
    np.testing.assert_allclose(maps.probability, expected.probability, rtol=1e-9, atol=1e-12)


def _kill_later(pid):
    time.sleep(0.5)
    os.kill(pid, signal.SIGKILL)
