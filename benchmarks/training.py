"""Training: time per epoch against stock skorch and others, and accuracy of what makes it fast.

Run ``OMP_NUM_THREADS=1 python benchmarks/training.py``; ``--quick`` for fewer spectra and rounds.
With MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ at 1000000000 in the environment, glibc does
not hand memory back after every batch, which flatters torch's own convolutions.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from unittest.mock import patch

import numpy as np
import torch
from _speed import N_CHANNELS, NETS, Method, report, simulate, take_turns, torch_module
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier

from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier, _kernels
from skspectra.neural._modules import blocks

ALWAYS, NEVER = 0, 10**15
N_FOREST = 2000  # spectra that the forest is fitted to


def ours(classifier, X, y, batch_size, pays_from=ALWAYS):
    """Shorter of two epochs; the first one is not counted."""
    with patch.object(_kernels, "_PAYS_FROM", pays_from):
        net = classifier(max_epochs=3, batch_size=batch_size, random_state=0).fit(X, y)
    return min(epoch["duration"] for epoch in net.history_[1:])


def stock_skorch(classifier, X, y, batch_size):
    net = NeuralNetClassifier(
        torch_module(classifier),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=2,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return min(net.fit(X, y).history[:, "dur"])


def torch_loop(classifier, X, y, batch_size):
    module = torch_module(classifier)
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


def forest(X, y):
    start = time.perf_counter()
    RandomForestClassifier(100, n_jobs=torch.get_num_threads()).fit(X[:N_FOREST], y[:N_FOREST])
    return (time.perf_counter() - start) * len(X) / N_FOREST


def all_methods(X, y, batch_size):
    methods = {}
    for classifier in NETS:
        name, data = classifier.__name__, (classifier, X, y, batch_size)
        methods[name] = Method(partial(ours, *data), name, classifier)
        if classifier is not DenseClassifier:
            in_torch = partial(ours, *data, pays_from=NEVER)
            methods[f"  {name} without kernels"] = Method(in_torch, name, classifier)
        methods["  stock skorch, " + name] = Method(partial(stock_skorch, *data), name, classifier)
        methods["  torch's loop, " + name] = Method(partial(torch_loop, *data), name, classifier)
    run = partial(mlp, X, y, batch_size)
    methods["MLPClassifier (32, 32)"] = Method(run, "DenseClassifier", DenseClassifier)
    run = partial(forest, X, y)
    methods["random forest, 100 trees, whole fit"] = Method(run, "FullyConvClassifier", None)
    return methods


def time_all(n_spectra, n_rounds):
    X, y = simulate(n_spectra, np.random.default_rng(0))
    for batch_size in (2048, 128):
        methods = all_methods(X, y, batch_size)
        taken = take_turns(methods, n_rounds)
        taken = {name: np.multiply(each, 100_000 / n_spectra) for name, each in taken.items()}
        title = f"Epoch of 100 000 x {N_CHANNELS}, batch {batch_size}"
        report(title, methods, taken, 100_000, training=True)


def torch_mask(shape, p, like, generator=None):
    return torch.empty_like(like).bernoulli_(1 - p, generator=generator).div_(1 - p)


def compare_accuracy(n_seeds):
    """Train with the same seeds either way and score on the same held-out spectra."""
    X, y = simulate(3000, np.random.default_rng(1))
    X_new, y_new = simulate(3000, np.random.default_rng(2))
    kernels = partial(patch.object, _kernels, "_PAYS_FROM")
    masks = partial(patch.object, blocks, "dropout_mask")
    ways = {
        FullyConvClassifier: ("kernels", kernels(ALWAYS), "plain torch", kernels(NEVER)),
        ConvDenseClassifier: ("kernels", kernels(ALWAYS), "plain torch", kernels(NEVER)),
        DenseClassifier: (
            "our masks",
            masks(blocks.dropout_mask),
            "torch's",
            masks(torch_mask),
        ),
    }
    print(f"\nAccuracy over {n_seeds} seeds, %: mean +- spread; difference seed by seed")
    for classifier, (fast, with_fast, reference, with_reference) in ways.items():
        scores = []
        for way in (with_fast, with_reference):
            with way:
                nets = (classifier(dropout=0.2, random_state=seed) for seed in range(n_seeds))
                nets = (net.set_params(max_epochs=15).fit(X, y) for net in nets)
                scores.append([100 * net.score(X_new, y_new) for net in nets])
        differences = np.subtract(*scores)
        figures = "".join(
            f"{name:>16} {np.mean(values):6.2f} +- {np.std(values):.2f}"
            for name, values in zip((fast, reference, ""), (*scores, differences), strict=True)
        )
        print(f"{classifier.__name__:20}{figures}", flush=True)


def time_first_use():
    """Import and compile in a fresh process and an empty cache, then again with what was kept."""
    code = (
        "import time, torch; from skspectra.neural._modules import FullyConvModule\n"
        "from skspectra.neural._kernels.recognize import recognize\n"
        "from skspectra.neural._kernels.train import ConvKernels\n"
        f"module = FullyConvModule({N_CHANNELS}, 3, **{NETS[FullyConvClassifier][1]})\n"
        "start = time.perf_counter()\n"
        f"ConvKernels(recognize(module))(torch.randn(32, {N_CHANNELS})).sum().backward()\n"
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
    time_all(10_000 if quick else 20_000, n_rounds=1 if quick else 5)
    compare_accuracy(2 if quick else 10)
    torch.set_num_threads(2)
    time_all(5_000 if quick else 20_000, n_rounds=1 if quick else 3)
