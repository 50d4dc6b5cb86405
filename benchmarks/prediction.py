"""Prediction: time against stock skorch and others, and memory beyond input and output.

Run ``python benchmarks/prediction.py``; ``--quick`` for a tenth
of the spectra. With
MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ at 1000000000 in the environment, glibc does not
hand memory back after every batch, which flatters torch's own convolutions.
"""

import argparse
import resource
import time
import warnings

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier

from skspectra.neural import ConvDenseClassifier, DenseClassifier, FullyConvClassifier

N_CHANNELS = 300
FEW = 20  # slow methods predict so many times less


def fitted():
    """Fit everything to the same few spectra."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((3000, N_CHANNELS), dtype=np.float32), np.arange(3000) % 3
    nets = FullyConvClassifier, ConvDenseClassifier, DenseClassifier
    models = {net.__name__: net(max_epochs=1, random_state=0).fit(X, y) for net in nets}
    module = models["FullyConvClassifier"].net_.module_
    stock = NeuralNetClassifier(module, criterion=torch.nn.CrossEntropyLoss, device="cpu")
    models["stock skorch, batches of 2048"] = stock.set_params(batch_size=2048).initialize()
    models["MLPClassifier (32, 32)"] = MLPClassifier((32, 32), max_iter=1).fit(X, y)
    models["random forest, 100 trees"] = RandomForestClassifier(100, random_state=0).fit(X, y)
    return models


def torch_loop(module, X):
    with torch.inference_mode():
        parts = [torch.softmax(module(part), 1) for part in torch.from_numpy(X).split(2048)]
        return torch.cat(parts).numpy()


def time_all(models, X, n_rounds):
    """Take all in turn, round after round, so that a slow spell hits them alike."""
    module = models["FullyConvClassifier"].net_.module_.eval()
    methods = {name: (model.predict_proba, X) for name, model in models.items()}
    methods["torch's plain loop"] = (lambda X: torch_loop(module, X), X)
    for name, (predict, _) in list(methods.items())[3:]:
        methods[name] = predict, X[: len(X) // FEW]
    taken = {name: [] for name in methods}
    for _ in range(n_rounds):
        for name, (predict, spectra) in methods.items():
            start = time.perf_counter()
            predict(spectra)
            taken[name].append((time.perf_counter() - start) / len(spectra) * 1e6)
    title = f"{torch.get_num_threads()} thread(s), {n_rounds} rounds"
    print(f"\nSeconds per 1 000 000 x {N_CHANNELS}, {title}")
    print(f"{'':38}{'median s':>10}{'median ratio':>14}{'least':>8}{'most':>8}")
    reference = np.array(taken["FullyConvClassifier"])
    for name, values in taken.items():
        ratio = np.array(values) / reference
        print(
            f"{name:38}{np.median(values):10.2f}{np.median(ratio):14.1f}"
            f"{ratio.min():8.1f}{ratio.max():8.1f}"
        )


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
    models = fitted()
    X = np.random.default_rng(1).standard_normal((n_spectra, N_CHANNELS), dtype=np.float32)
    compare_values_and_memory(models["FullyConvClassifier"], X)
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        time_all(models, X, n_rounds=5)
