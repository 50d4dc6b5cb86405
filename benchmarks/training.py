"""Training: time per epoch against stock skorch and others, and accuracy against plain torch.

Run ``python benchmarks/training.py``; ``--quick`` for half of the spectra
and fewer rounds. With
MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ at 1000000000 in the environment, glibc does not
hand memory back after every batch, which flatters torch's own convolutions.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier

from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier, _fused
from skspectra.neural._modules import FullyConvModule

N_CHANNELS, N_CLASSES = 300, 3
SIZES = {"n_filters": (2, 2, 4, 8, 12), "kernel_sizes": (9, 7, 7, 5, 3), "dropout": 0.8}
PUBLISHED = {"n_channels": N_CHANNELS, "n_outputs": N_CLASSES} | SIZES
NEVER = 10**15


def simulate(n_spectra, rng, noise=0.15):
    """Pairs of peaks at any place; how far they are apart and how high they are is the class."""
    codes = rng.integers(N_CLASSES, size=n_spectra)
    channel = np.arange(N_CHANNELS, dtype=np.float32)
    first = rng.uniform(60, 140, (n_spectra, 1)).astype(np.float32)
    distance = np.float32([60, 75, 90])[codes][:, None] + rng.normal(0, 3, (n_spectra, 1))
    height = np.float32([0.5, 0.6, 0.7])[codes][:, None]
    X = rng.standard_normal((n_spectra, N_CHANNELS), dtype=np.float32) * np.float32(noise)
    X += np.exp(-(((channel - first) / 8) ** 2) / 2)
    X += height * np.exp(-(((channel - first - distance) / 8) ** 2) / 2)
    return X.astype(np.float32), codes


def ours(classifier, X, y, batch_size, fused=True):
    """Shorter of two epochs; the first one is not counted."""
    _fused._PAYS_FROM = 0 if fused else NEVER
    net = classifier(max_epochs=3, batch_size=batch_size, random_state=0).fit(X, y)
    return min(epoch["duration"] for epoch in net.history_[1:])


def stock_skorch(X, y, batch_size):
    net = NeuralNetClassifier(
        FullyConvModule,
        **{f"module__{name}": value for name, value in PUBLISHED.items()},
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=2,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return min(net.fit(X, y).history[:, "dur"])


def torch_loop(X, y, batch_size):
    module = FullyConvModule(**PUBLISHED)
    optimizer = torch.optim.Adam(module.parameters())
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        for rows in torch.randperm(len(y)).split(batch_size):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
            optimizer.step()
        taken.append(time.perf_counter() - start)
    return min(taken)


def mlp(X, y, batch_size):
    """Two epochs less one: what scikit-learn does before the first is no part of it."""
    taken = []
    for max_iter in (1, 2):
        net = MLPClassifier((32, 32), batch_size=batch_size, max_iter=max_iter)
        start = time.perf_counter()
        net.fit(X, y)
        taken.append(time.perf_counter() - start)
    return taken[1] - taken[0]


def forest(X, y, batch_size):
    start = time.perf_counter()
    RandomForestClassifier(100, n_jobs=torch.get_num_threads()).fit(X[:2000], y[:2000])
    return (time.perf_counter() - start) * len(X) / 2000


def time_all(n_spectra, n_rounds):
    """Take all in turn, round after round, so that a slow spell hits them alike."""
    X, y = simulate(n_spectra, np.random.default_rng(0))
    methods = {
        "FullyConvClassifier": lambda *data: ours(FullyConvClassifier, *data),
        "  in plain torch": lambda *data: ours(FullyConvClassifier, *data, fused=False),
        "stock skorch": stock_skorch,
        "torch's plain loop": torch_loop,
        "ConvDenseClassifier": lambda *data: ours(ConvDenseClassifier, *data),
        "DenseClassifier": lambda *data: ours(DenseClassifier, *data),
        "MLPClassifier (32, 32)": mlp,
        "random forest, 100 trees, whole fit": forest,
    }
    for batch_size in (2048, 128):
        taken = {name: [] for name in methods}
        for _ in range(n_rounds):
            for name, method in methods.items():
                taken[name].append(method(X, y, batch_size) * 100_000 / n_spectra)
        title = f"batch {batch_size}, {torch.get_num_threads()} thread(s)"
        print(f"\nSeconds per epoch of 100 000 x {N_CHANNELS}, {title}, {n_rounds} rounds")
        print(f"{'':38}{'median s':>10}{'median ratio':>14}{'least':>8}{'most':>8}")
        reference = np.array(taken["FullyConvClassifier"])
        for name, values in taken.items():
            ratio = np.array(values) / reference
            print(
                f"{name:38}{np.median(values):10.3f}{np.median(ratio):14.1f}"
                f"{ratio.min():8.1f}{ratio.max():8.1f}",
                flush=True,
            )


def compare_accuracy(n_seeds):
    """Train with the same seeds either way and score on the same held-out spectra."""
    X, y = simulate(3000, np.random.default_rng(1))
    X_new, y_new = simulate(3000, np.random.default_rng(2))
    scores = {"fused": [], "plain torch": []}
    for seed in range(n_seeds):
        for name, pays_from in (("fused", 0), ("plain torch", NEVER)):
            _fused._PAYS_FROM = pays_from
            net = FullyConvClassifier(dropout=0.2, max_epochs=15, random_state=seed).fit(X, y)
            scores[name].append(net.score(X_new, y_new))
    print(f"\nAccuracy over {n_seeds} seeds, %: mean, spread over seeds, least, most")
    for name, values in scores.items():
        figures = (np.mean(values), np.std(values), np.min(values), np.max(values))
        print(f"{name:38}" + "".join(f"{100 * figure:8.2f}" for figure in figures))
    differences = np.subtract(*scores.values())
    figures = (differences.mean(), differences.std())
    print(f"{'difference, seed by seed':38}" + "".join(f"{100 * f:8.2f}" for f in figures))


def time_first_use():
    """Import and compile in a fresh process and an empty cache, then again with what was kept."""
    code = (
        "import time, torch; from skspectra.neural._modules import FullyConvModule as Module\n"
        "from skspectra.neural._fused import FusedModule\n"
        f"module = Module(**{PUBLISHED}); start = time.perf_counter()\n"
        f"FusedModule(module)(torch.randn(32, {N_CHANNELS})).sum().backward()\n"
        "print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as folder:
        run = {"env": os.environ | {"SKSPECTRA_CACHE": folder}, "capture_output": True}
        first, second = (
            float(subprocess.run([sys.executable, "-c", code], check=True, **run).stdout)
            for _ in range(2)
        )
    print(f"\nFirst use on a machine: {first:.1f} s to compile; later: {second:.2f} s to load")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(1)
    time_first_use()
    time_all(10_000 if quick else 20_000, n_rounds=1 if quick else 3)
    compare_accuracy(2 if quick else 10)
    torch.set_num_threads(2)
    time_all(5_000 if quick else 20_000, n_rounds=1)
