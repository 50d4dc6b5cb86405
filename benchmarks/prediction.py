"""Prediction: time against stock skorch and others, and memory beyond input and output.

Run ``OMP_NUM_THREADS=1 python benchmarks/prediction.py``; ``--quick`` for a tenth of the spectra.
With MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ at 1000000000 in the environment, glibc does
not hand memory back after every batch, which flatters torch's own convolutions.
"""

import argparse
import resource
import time
import warnings
from functools import partial

import numpy as np
import torch
from _speed import N_CHANNELS, NETS, Method, report, simulate, take_turns
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier

from skspectra.neural import DenseClassifier, FullyConvClassifier

FEW = 20  # slow methods predict so many times less


def fitted():
    """Fit everything to the same few spectra."""
    X, y = simulate(3000, np.random.default_rng(0))
    nets = {net: net(max_epochs=1, random_state=0).fit(X, y) for net in NETS}
    mlp = MLPClassifier((32, 32), max_iter=1).fit(X, y)
    return nets, mlp, RandomForestClassifier(100, random_state=0).fit(X, y)


def torch_loop(module, X):
    with torch.inference_mode():
        parts = [torch.softmax(module(part), 1) for part in torch.from_numpy(X).split(2048)]
        return torch.cat(parts).numpy()


def seconds(predict, X):
    """Seconds for a million spectra."""
    start = time.perf_counter()
    predict(X)
    return (time.perf_counter() - start) / len(X) * 1e6


def all_methods(nets, mlp, forest, X):
    methods, few = {}, X[: len(X) // FEW]
    for kind, net in nets.items():
        name, module = kind.__name__, net.net_.module_.eval()
        stock = NeuralNetClassifier(module, criterion=torch.nn.CrossEntropyLoss, device="cpu")
        stock.set_params(batch_size=2048).initialize()
        runs = {
            name: partial(seconds, net.predict_proba, X),
            f"  stock skorch, {name}": partial(seconds, stock.predict_proba, few),
            f"  torch's loop, {name}": partial(seconds, partial(torch_loop, module), few),
        }
        methods |= {each: Method(run, name, kind) for each, run in runs.items()}
    run = partial(seconds, mlp.predict_proba, few)
    methods["MLPClassifier (32, 32)"] = Method(run, "DenseClassifier", DenseClassifier)
    run = partial(seconds, forest.predict_proba, few)
    methods["random forest, 100 trees"] = Method(run, "FullyConvClassifier", None)
    return methods


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare_values_and_memory(model, X):
    model.predict_proba(X[:50_000])
    before = peak_memory()
    proba = model.predict_proba(X)
    beyond = peak_memory() - before - proba.nbytes / 2**20
    print(f"\nMemory beyond input and output: {beyond:.0f} MiB")
    expected = torch_loop(model.net_.module_.eval(), X[:50_000])
    print(f"Largest difference from torch: {np.abs(proba[:50_000] - expected).max():.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the spectra")
    n_spectra = 100_000 if parser.parse_args().quick else 1_000_000
    warnings.simplefilter("ignore", ConvergenceWarning)
    torch.set_num_threads(1)
    nets, mlp, forest = fitted()
    X = np.random.default_rng(1).standard_normal((n_spectra, N_CHANNELS), dtype=np.float32)
    compare_values_and_memory(nets[FullyConvClassifier], X)
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        methods = all_methods(nets, mlp, forest, X)
        taken = take_turns(methods, n_rounds=5)
        report(f"1 000 000 x {N_CHANNELS}", methods, taken, 1_000_000, training=False)
