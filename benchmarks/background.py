"""Power-law background: time against HyperSpy, bias and spread against the Cramer-Rao bound.

Run ``OMP_NUM_THREADS=1 python benchmarks/background.py``; ``--quick`` for a tenth of the data.
"""

import argparse
import logging
import time
import warnings

import numpy as np

from skspectra.exceptions import SpectrumWarning
from skspectra.preprocessing import PowerLawBackground

ENERGY = 200.0 + np.arange(700)
WINDOW = (348.0, 398.0)
INSIDE = (ENERGY >= WINDOW[0]) & (ENERGY < WINDOW[1])
UNDER_EDGE = (ENERGY >= 400) & (ENERGY < 500)
LOG_ENERGY = np.log(ENERGY) - np.log(ENERGY[INSIDE]).mean()


def simulate(n_spectra, counts, rng, exponent_spread=0.2):
    """Poisson counts of power laws with an edge at 400; return them and the true exponents."""
    exponents = rng.normal(3, exponent_spread, n_spectra)
    edge = np.where(ENERGY >= 400, 0.3 * counts * (ENERGY / 400) ** -2.5, 0)
    X = np.empty((n_spectra, ENERGY.size))
    for start in range(0, n_spectra, 10_000):
        rows = slice(start, start + 10_000)
        X[rows] = rng.poisson(counts * np.exp(-exponents[rows, None] * LOG_ENERGY) + edge)
    return X, exponents


def ours(X, loss, n_jobs=None):
    background = PowerLawBackground(WINDOW, spectral_axis=ENERGY, loss=loss, n_jobs=n_jobs)
    return background.fit_transform(X)


def hyperspys(X, fast):
    import hyperspy.api as hs

    signal = hs.signals.Signal1D(X)
    axis = signal.axes_manager.signal_axes[0]
    axis.offset, axis.scale = ENERGY[0], 1.0
    return signal.remove_background(
        WINDOW, background_type="PowerLaw", fast=fast, show_progressbar=False
    ).data


def time_all(n_spectra, n_rounds=5):
    """Take all methods in turn, round after round, so that a slow spell hits them alike."""
    X, _ = simulate(n_spectra, 200, np.random.default_rng(0))
    few = X[: max(n_spectra // 200, 100)]
    methods = {
        "skspectra, poisson": (lambda X: ours(X, "poisson"), X),
        "skspectra, poisson, 2 threads": (lambda X: ours(X, "poisson", 2), X),
        "skspectra, poisson, float32": (lambda X: ours(X, "poisson"), X.astype(np.float32)),
        "skspectra, least squares": (lambda X: ours(X, "least_squares"), X),
        "HyperSpy, fast=True": (lambda X: hyperspys(X, True), X),
        "HyperSpy, fast=False": (lambda X: hyperspys(X, False), few),
        "memory alone (X - 1)": (lambda X: X - 1, X),
    }
    taken = {name: [] for name in methods}
    for _ in range(n_rounds):
        for name, (method, spectra) in methods.items():
            start = time.perf_counter()
            method(spectra)
            taken[name].append((time.perf_counter() - start) / len(spectra) * 1e6)
    reference = np.array(taken["skspectra, poisson"])
    print(
        f"\nTime per spectrum, {n_spectra} x {ENERGY.size}, fit and subtraction, {n_rounds} rounds"
    )
    print(f"{'':30}{'median us':>12}{'median ratio':>14}{'least':>8}{'most':>8}")
    for name, values in taken.items():
        ratio = values / reference
        print(
            f"{name:30}{np.median(values):12.2f}{np.median(ratio):14.1f}"
            f"{ratio.min():8.1f}{ratio.max():8.1f}"
        )


def cramer_rao(counts, exponent):
    """Least relative spread of the background summed under the edge, for an unbiased estimate."""
    mean = counts * np.exp(-exponent * LOG_ENERGY)
    gradient = np.stack([np.ones_like(mean), -LOG_ENERGY])
    information = (gradient * mean)[:, INSIDE] @ gradient[:, INSIDE].T
    direction = (gradient * mean)[:, UNDER_EDGE].sum(axis=1)
    return np.sqrt(direction @ np.linalg.solve(information, direction)) / mean[UNDER_EDGE].sum()


def compare_accuracy(n_spectra):
    print("\nBackground summed under the edge: bias and spread, % (exponent 3, bounds 0 to 8)")
    print(f"{'counts per channel':30}{1:>18}{20:>18}{2000:>18}")
    table = {}
    for counts in (1, 20, 2000):
        X, _ = simulate(n_spectra, counts, np.random.default_rng(1), exponent_spread=0)
        truth = (counts * np.exp(-3 * LOG_ENERGY))[UNDER_EDGE].sum()
        table.setdefault("Cramer-Rao bound", []).append((0, cramer_rao(counts, 3)))
        for name, subtract in (
            ("skspectra, poisson", lambda X: ours(X, "poisson")),
            ("skspectra, least squares", lambda X: ours(X, "least_squares")),
            ("HyperSpy, fast=True", lambda X: hyperspys(X, True)),
        ):
            try:
                background = (X - subtract(X))[:, UNDER_EDGE].sum(axis=1) / truth
                figures = (np.nanmean(background) - 1, np.nanstd(background))
            except ValueError as error:
                figures = (type(error).__name__,)
            table.setdefault(name, []).append(figures)
    for name, columns in table.items():
        cells = [
            f"{f[0]:>18}" if len(f) == 1 else f"{100 * f[0]:+10.1f} +-{100 * f[1]:5.1f}"
            for f in columns
        ]
        print(f"{name:30}{''.join(cells)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the data")
    n_spectra = 20_000 if parser.parse_args().quick else 200_000
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore", SpectrumWarning)
    time_all(n_spectra)
    compare_accuracy(n_spectra // 20)
