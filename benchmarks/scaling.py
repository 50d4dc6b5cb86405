"""Scaling: time of an epoch and of prediction against spectra, channels and classes.

Run ``python benchmarks/scaling.py``; ``--quick`` for a tenth of the spectra, ``--most 10000000``
for the longest series. One thread, and the seconds that it has the processor, so that other jobs on
the machine count little. An exponent is the slope of a straight line through the logarithms: 1 is a
time in proportion. It is fitted to the larger half of each series, where what every call costs no
longer counts.
"""

import argparse
import time

import numpy as np
import torch
from skorch.callbacks import Callback

from skspectra.neural import FullyConvClassifier, _kernels

USUAL = {"n_spectra": 20_000, "n_channels": 300, "n_classes": 3}
N_CHANNELS = [140, 200, 300, 500, 1000, 2000, 4000]  # the published architecture needs 140
N_CLASSES = [2, 3, 5, 10, 20, 50, 100]
BATCH_SIZE = 2048


class ProcessorTime(Callback):
    """Writes to the history for how many seconds an epoch has the processor."""

    def on_epoch_begin(self, net, **kwargs):
        self.start = time.process_time()

    def on_epoch_end(self, net, **kwargs):
        net.history.record("seconds", time.process_time() - self.start)


def draw(n_spectra, n_channels, n_classes):
    """Noise, drawn once and repeated: what is learned does not matter to the time."""
    rng = np.random.default_rng(0)
    some = rng.standard_normal((min(n_spectra, 10_000), n_channels), dtype=np.float32)
    return np.resize(some, (n_spectra, n_channels)), np.arange(n_spectra) % n_classes


def measure(n_spectra, n_channels, n_classes):
    """Seconds of the shorter of two epochs after the first, and of the shortest of predictions."""
    X, y = draw(n_spectra, n_channels, n_classes)
    net = FullyConvClassifier(
        max_epochs=3, batch_size=BATCH_SIZE, callbacks=[ProcessorTime], random_state=0
    ).fit(X, y)
    predictions = []
    for _ in range(3):
        start = time.process_time()
        net.predict_proba(X)
        predictions.append(time.process_time() - start)
    return min(epoch["seconds"] for epoch in net.history_[1:]), min(predictions)


def exponent(sizes, seconds):
    """Slope of the logarithms over the larger half of the sizes."""
    start = len(sizes) // 2
    return np.polyfit(np.log(sizes[start:]), np.log(seconds[start:]), 1)[0]


def series(name, sizes, usual):
    """Measure one size after another; print what was found and how it grows."""
    taken = np.array([measure(**(usual | {name: size})) for size in sizes])
    print(f"\n{name:>12}{'epoch, s':>12}{'prediction, s':>16}")
    for size, (epoch, prediction) in zip(sizes, taken, strict=True):
        print(f"{size:12}{epoch:12.4f}{prediction:16.4f}")
    fitted = [exponent(sizes, seconds) for seconds in taken.T]
    print(f"{'exponent':>12}{fitted[0]:12.2f}{fitted[1]:16.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the spectra")
    parser.add_argument("--most", type=int, default=1_000_000, help="spectra in the longest series")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    _kernels._PAYS_FROM = _kernels._PREDICTION_PAYS_FROM = 0
    share = 10 if arguments.quick else 1
    usual = USUAL | {"n_spectra": USUAL["n_spectra"] // share}
    decades = np.arange(3, np.log10(arguments.most // share) + 0.01, 0.5)
    measure(**USUAL)  # loads kernels
    series("n_spectra", np.round(10**decades).astype(int).tolist(), usual)
    series("n_channels", N_CHANNELS, usual)
    series("n_classes", N_CLASSES, usual)
