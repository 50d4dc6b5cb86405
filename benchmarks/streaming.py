"""Streaming: training on spectra that are on disk against spectra in memory, and narrow numbers.

Run ``python benchmarks/streaming.py``; ``--quick`` for half of the spectra. Files are written
to a temporary folder and are as a rule still in the cache of the system when they are read, so
that the disk takes no part.
"""

import argparse
import tempfile
import time
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import torch
import zarr
from _speed import simulate

from skspectra._input import stored
from skspectra.neural import FullyConvClassifier, _kernels

N_CHANNELS = 300
CHUNK = 2048  # spectra
BATCH_SIZE = 2048


def write_all(X, folder):
    """Write the same spectra in every way; return what opens them, by name."""
    raw = folder / f"{X.dtype}.raw"
    X.tofile(raw)
    chunked = zarr.create_array(
        folder / f"{X.dtype}.zarr", shape=X.shape, chunks=(CHUNK, N_CHANNELS), dtype=X.dtype
    )
    chunked[:] = X
    with h5py.File(folder / f"{X.dtype}.h5", "w") as file:
        file.create_dataset("X", data=X, chunks=(CHUNK, N_CHANNELS))
    mapped = np.memmap(raw, X.dtype, "r", shape=X.shape)
    return {
        "memory map": mapped,
        "zarr": chunked,
        "h5py": h5py.File(folder / f"{X.dtype}.h5")["X"],
        "dask of a memory map": da.from_array(mapped, chunks=(CHUNK, N_CHANNELS)),
    }


def seconds_per_epoch(X, y):
    """Duration of the second of two epochs: the first loads kernels."""
    net = FullyConvClassifier(max_epochs=2, batch_size=BATCH_SIZE, random_state=0)
    return net.fit(X, y).history_[-1]["duration"]


def report(title, taken, n_spectra):
    """Print medians and ratios to the first."""
    reference = np.array(next(iter(taken.values())))
    print(f"\n{title}")
    print(f"{'':34}{'spectra per s':>15}{'median ratio':>14}{'least':>8}{'most':>8}")
    for name, values in taken.items():
        ratio = np.array(values) / reference
        print(
            f"{name:34}{n_spectra / np.median(values):15.0f}{np.median(ratio):14.2f}"
            f"{ratio.min():8.2f}{ratio.max():8.2f}",
            flush=True,
        )


def compare_stores(X, y, n_rounds):
    """Train on the same spectra in memory and from each store, in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = {"in memory": X} | write_all(X, folder)
        taken = {source: [] for source in sources}
        for _ in range(n_rounds):
            for source, spectra in sources.items():
                streams = source != "in memory"
                stored._MAPPED_SHARE = 0 if streams else 0.5
                taken[source].append(seconds_per_epoch(spectra, y))
    report(f"Epoch of {len(X)} x {N_CHANNELS} in {X.dtype}, {n_rounds} rounds", taken, len(X))


def compare_dtypes(X, y, n_rounds):
    """Train in memory on the same counts in different numbers, and predict them."""
    counts = np.round(100 * (X - X.min())).clip(0, 2000)
    given = {str(spectra.dtype): spectra for spectra in map(counts.astype, ("f4", "f2", "u2"))}
    training = {f"{name}, {X.nbytes / 2**20:.0f} MiB": [] for name, X in given.items()}
    prediction = {name: [] for name in given}
    net = FullyConvClassifier(max_epochs=1, batch_size=BATCH_SIZE, random_state=0)
    net.fit(given["float32"], y)
    for _ in range(n_rounds):
        for row, (name, spectra) in zip(training.values(), given.items(), strict=True):
            row.append(seconds_per_epoch(spectra, y))
            start = time.perf_counter()
            net.predict_proba(spectra)
            prediction[name].append(time.perf_counter() - start)
    title = f"{len(X)} x {N_CHANNELS} in memory, {n_rounds} rounds"
    report(f"Epoch of {title}", training, len(X))
    report(f"Prediction of {title}", prediction, len(X))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="half of the spectra")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    _kernels._PAYS_FROM = stored._READ_WHOLE = 0
    X, y = simulate(200_000 if quick else 400_000, np.random.default_rng(0))
    n_rounds = 3 if quick else 5
    compare_stores(X, y, n_rounds)
    compare_stores(X.astype(np.float16), y, n_rounds)
    compare_dtypes(X, y, n_rounds)
