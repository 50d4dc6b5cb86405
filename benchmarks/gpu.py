"""Training and prediction on a GPU: eager, CUDA graphs, triton, ten folds stacked, stock skorch.

Run ``python benchmarks/gpu.py``. Without CUDA it compares only ten folds stacked with ten fits one
after another, on the CPU and small. It needs of this project's dependencies only what
`skspectra.neural` imports: array-api-compat, imbalanced-learn, safetensors, scikit-learn, skorch,
torch and tqdm.
"""

import logging
import os
import time

import numpy as np
import torch
from _speed import simulate, torch_module
from sklearn.model_selection import StratifiedKFold
from skorch import NeuralNetClassifier

from skspectra.augmentation import EnergyShift
from skspectra.evaluation import _cross_validation, cross_validate
from skspectra.neural import FullyConvClassifier
from skspectra.neural._accelerators import predictor
from skspectra.neural._cuda.stacked_training import fit_side_by_side

GOALS = {
    "epoch": "Goal: 6 ms (the article: 3 s)",
    "folds": "Goal: ten folds in twice the time of one",
    "prediction": "Goal: 50 million spectra per second from the memory of the device",
}
N_FOLDS = 10


def net(**params):
    return FullyConvClassifier(**{"batch_size": 2048, "max_epochs": 12, "random_state": 0} | params)


def epochs(clf):
    """Duration of the epochs of a fit, without those in which steps are recorded."""
    return np.median([epoch["duration"] for epoch in clf.history_[4:]])


def choose(graphs, triton):
    """Choose how the steps of the fits to come run."""
    asked = [name for name, wanted in (("graphs", graphs), ("triton", triton)) if wanted]
    os.environ["SKSPECTRA_CUDA"] = ",".join(asked)


def time_epoch(X, y, *, graphs, triton, **params):
    """Duration of an epoch."""
    choose(graphs, triton)
    return epochs(net(**params).fit(X, y))


def stacked(X, y, n_nets=N_FOLDS):
    choose(graphs=True, triton=False)
    nets = [net(random_state=seed) for seed in range(n_nets)]
    fit_side_by_side([lambda each=each: each.fit(X, y) for each in nets])
    return epochs(nets[0])


def stock_skorch(X, y):
    stock = NeuralNetClassifier(
        torch_module(FullyConvClassifier),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=3,
        batch_size=2048,
        iterator_train__shuffle=True,
        train_split=None,
        device="cuda",
        verbose=0,
    )
    return min(stock.fit(X, y).history[:, "dur"])


def torch_loop(X, y):
    """Spectra on the device, one wait in an epoch."""
    module = torch_module(FullyConvClassifier).cuda()
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    X, y = torch.from_numpy(X).cuda(), torch.from_numpy(y).cuda()
    taken = []
    for _ in range(4):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for rows in torch.randperm(len(y), device="cuda").split(2048):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
            optimizer.step()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken)


def show(taken, reference, unit):
    """Print the medians of all, and the median of the ratios to one of them round by round."""
    print(f"{'':44}{'median ' + unit:>14}{'ratio':>10}{'least':>10}{'most':>10}")
    for name, values in taken.items():
        ratio = np.array(values) / np.array(taken[reference])
        print(
            f"{name:44}{1000 * np.median(values):14.2f}{np.median(ratio):10.2f}"
            f"{ratio.min():10.2f}{ratio.max():10.2f}"
        )


def time_all(methods, reference, n_rounds=5, unit="ms"):
    """Take all in turn, round after round."""
    taken = {name: [] for name in methods}
    for _ in range(n_rounds):
        for name, method in methods.items():
            taken[name].append(method())
    show(taken, reference, unit)


def time_epochs(X, y):
    shift = {"augment": EnergyShift(shift=(-20, 20))}
    print(f"\nAn epoch of {len(X)} x {X.shape[1]}, batch 2048. {GOALS['epoch']}")
    methods = {
        "triton kernels in CUDA graphs": lambda: time_epoch(X, y, graphs=True, triton=True),
        "triton kernels": lambda: time_epoch(X, y, graphs=False, triton=True),
        "CUDA graphs": lambda: time_epoch(X, y, graphs=True, triton=False),
        "eager": lambda: time_epoch(X, y, graphs=False, triton=False),
        "triton in graphs, with random shifts": lambda: time_epoch(
            X, y, graphs=True, triton=True, **shift
        ),
        "eager, with random shifts": lambda: time_epoch(X, y, graphs=False, triton=False, **shift),
        "torch's plain loop on the device": lambda: torch_loop(X, y),
        "stock skorch": lambda: stock_skorch(X, y),
    }
    time_all(methods, "triton kernels in CUDA graphs")
    print(f"\nAn epoch of each of {N_FOLDS} nets. {GOALS['folds']}")
    methods = {
        "one net": lambda: time_epoch(X, y, graphs=True, triton=False),
        "one net, triton kernels": lambda: time_epoch(X, y, graphs=True, triton=True),
        f"{N_FOLDS} nets stacked": lambda: stacked(X, y),
    }
    time_all(methods, "one net")


def time_prediction(X, y, n_spectra=1_000_000):
    clf = net(max_epochs=1).fit(X, y)
    module = clf.net_.module_.eval()
    stock = NeuralNetClassifier(module, criterion=torch.nn.CrossEntropyLoss, device="cuda")
    stock.set_params(batch_size=2**16).initialize()
    host = np.tile(X, (-(-n_spectra // len(X)), 1))[:n_spectra]
    device = torch.from_numpy(host).cuda()
    outputs = predictor(module, device.numel())

    def timed(method):
        torch.cuda.synchronize()
        start = time.perf_counter()
        method()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) * 1e6 / n_spectra

    def from_device():
        with torch.inference_mode():
            return [torch.softmax(outputs(block), 1) for block in device.split(2**16)]

    print(f"\nPrediction of a million. {GOALS['prediction']}, which is 20 ms")
    methods = {
        "from the memory of the device": lambda: timed(from_device),
        "predict_proba, from the memory of the host": lambda: timed(
            lambda: clf.predict_proba(host)
        ),
        "stock skorch, from the memory of the host": lambda: timed(
            lambda: stock.predict_proba(host)
        ),
    }
    for method in methods.values():
        method()
    time_all(methods, "from the memory of the device")


def compare_with_eager(X, y):
    """Train with the same seed either way."""
    proba = []
    for graphs, triton in ((False, False), (True, False), (True, True)):
        choose(graphs, triton)
        proba.append(net(max_epochs=3).fit(X, y).predict_proba(X[:10_000]))
    graphed, in_kernels = (np.abs(other - proba[0]).max() for other in proba[1:])
    print(f"\nLargest difference from eager: graphs {graphed:.1e}, triton kernels {in_kernels:.1e}")


def compare_stacked_with_sequential(X, y, **params):
    """Cross-validate with the same seeds either way."""
    options = {"cv": StratifiedKFold(N_FOLDS, shuffle=True, random_state=0), "scoring": "accuracy"}
    proba, seconds = [], []
    for stacks in (False, True):
        together = fit_side_by_side if stacks else None
        _cross_validation.fit_together = lambda estimator, together=together: together
        start = time.perf_counter()
        scores = cross_validate(net(**params), X, y, return_estimator=True, **options)
        seconds.append(time.perf_counter() - start)
        proba.append([each.predict_proba(X[:1000]) for each in scores["estimator"]])
        name = "stacked" if stacks else "one after another"
        print(f"{name:44}{seconds[-1]:14.2f} s, accuracy {scores['test_score'].mean():.4f}")
    by_fold = np.abs(np.subtract(*proba)).max(axis=(1, 2))
    print(f"Ratio of the times {seconds[0] / seconds[1]:.2f}. Largest difference of a probability")
    print(f"in the median of the folds {np.median(by_fold):.1e}, in one fold {by_fold.max():.1e}")


if __name__ == "__main__":
    if not torch.cuda.is_available():
        print("No CUDA here, so nothing of a GPU is measured. Ten folds of 2000 on the CPU:")
        X, y = simulate(2000, np.random.default_rng(0))
        compare_stacked_with_sequential(X, y, max_epochs=2, batch_size=128)
        raise SystemExit
    logging.basicConfig(level=logging.INFO)  # says what runs in plain torch, and why
    print(torch.cuda.get_device_name(), "torch", torch.__version__)
    X, y = simulate(100_000, np.random.default_rng(0))
    compare_with_eager(X, y)
    print(f"\n{N_FOLDS} folds, fitted and scored")
    compare_stacked_with_sequential(X, y, max_epochs=20)
    time_epochs(X, y)
    time_prediction(X, y)
