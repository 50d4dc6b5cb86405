"""Time of normalising and aligning spectra, against scikit-learn's normalisation in the same run.

Run ``python benchmarks/preprocessing.py``. Every step treats the same spectra of 700 channels; the
least of several runs counts. The goals are twice the time of `sklearn.preprocessing.normalize` for
the same norm, and 28 times it for alignment by correlation: 8 us where that took .28.
"""

import argparse
import time

import numpy as np
from sklearn.preprocessing import normalize

from skspectra.preprocessing import PeakAligner, SpectrumNormalizer

ENERGY = 615 + 0.1 * np.arange(700)


def make_spectra(n_spectra):
    rng = np.random.default_rng(0)
    line = np.exp(-(((ENERGY - rng.uniform(640, 644, (n_spectra, 1))) / 2) ** 2))
    return (line + 0.01 * rng.normal(size=line.shape)).astype(np.float32)


def steps(X):
    """Functions by name; the first is the peer."""
    yield "scikit-learn, l2", lambda: normalize(X)
    for norm, center in (("l2", False), ("l2", True), ("minmax", True), ("area", True)):
        step = SpectrumNormalizer(norm, center=center, spectral_axis=ENERGY).fit(X)
        yield f"{norm}, center={center}", lambda step=step: step.transform(X)
    for method in ("max", "correlation"):
        step = PeakAligner((635, 660), method=method, spectral_axis=ENERGY).fit(X[:1000])
        yield f"aligned by {method}", lambda step=step: step.transform(X)


def least_time(function, n_runs):
    times = []
    for _ in range(n_runs):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spectra", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    X = make_spectra(options.spectra)
    times = {name: least_time(function, options.runs) for name, function in steps(X)}
    peer = next(iter(times.values()))
    print(f"{options.spectra} float32 spectra of {ENERGY.size} channels, us a spectrum and ratio")
    for name, seconds in times.items():
        print(f"{name:24s} {1e6 * seconds / options.spectra:7.2f} {seconds / peer:6.1f}x")


if __name__ == "__main__":
    main()
