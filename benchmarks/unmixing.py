"""Unmixing of images with known truth, and the local structure of images, against their peers.

pysptools (with cvxopt) and deeptime are compared where they are installed.
"""

import argparse
import logging
import resource
import time
import warnings
from functools import partial
from importlib.util import find_spec
from itertools import product
from types import SimpleNamespace

import numpy as np
import scipy.linalg
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment
from scipy.optimize import nnls as scipy_nnls
from sklearn.decomposition import NMF

from skspectra.datasets import make_l23_spectra
from skspectra.imaging import NeighborVectors, SlidingFFT, TransitionMatrix, predict_image
from skspectra.io._hyperspy import import_hyperspy
from skspectra.unmixing import (
    FCLS,
    NFINDR,
    VCA,
    BayesianUnmixer,
    MinimumVolumeUnmixer,
    PoissonPCA,
)

ENERGY = np.linspace(630, 665, 300)


def simulate(counts, size, seed=0, purity=0.8):
    """Return counts of a smooth image of three valences and substrate, shares and spectra."""
    clean = {"shift": 0, "stretch": 0, "dose": None, "residual_background": 0, "gain_noise": 0}
    X, y = make_l23_spectra(
        1, spectral_axis=ENERGY, n_points=1, **clean, random_state=seed, return_X_y=True
    )
    power_law = ENERGY / ENERGY[0]
    pure = [X[y == name][0].clip(0) + 0.3 * power_law**-3 for name in ("Mn2+", "Mn3+", "Mn4+")]
    pure = counts * np.array([*pure, 0.5 * power_law**-2])
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(
        rng.normal(size=(4, size, size)), (0, size / 10, size / 10), mode="wrap"
    )
    shares = np.exp(2.5 * fields / fields.std())
    shares = (shares / shares.sum(axis=0)).reshape(4, -1).T
    top = shares.max(axis=1, keepdims=True)
    rest = np.where(shares == top, 0, shares)
    spread = rest / np.maximum(rest.sum(axis=1, keepdims=True), 1e-300)
    shares = np.where(shares == top, np.minimum(top, purity), shares)
    shares += spread * (top - purity).clip(0)
    return (
        rng.poisson(shares @ pure).astype(float),
        shares / shares.sum(axis=1, keepdims=True),
        pure,
    )


def match(endmembers, pure):
    """Positions of the endmembers that fit the true ones best, by their angles."""
    norms = np.outer(np.linalg.norm(endmembers, axis=1), np.linalg.norm(pure, axis=1))
    cosine = endmembers @ pure.T / np.maximum(norms, 1e-300)
    rows, columns = linear_sum_assignment(-cosine)
    return rows[np.argsort(columns)]


def errors(endmembers, shares, true_shares, pure):
    """Mean angle in degrees, and mean error of the shares, in the order that fits best."""
    order = match(endmembers, pure)
    found = endmembers[order]
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(pure, axis=1)
    cosine = (found * pure).sum(axis=1) / np.maximum(norms, 1e-300)
    angle = np.degrees(np.arccos(cosine.clip(-1, 1))).mean()
    return angle, np.abs(shares[:, order] - true_shares).mean()


def by(estimator):
    def unmix(X, size):
        shares = estimator.fit_transform(X)
        if isinstance(estimator, NMF):
            shares = shares * estimator.components_.sum(axis=1)  # counts of each
            shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
        return estimator.components_, shares

    return unmix


def bayesian(X, size):
    estimator = BayesianUnmixer(4, n_sweeps=600, burn_in=200, random_state=0).fit(X)
    return estimator.components_, estimator.abundances_


def hyperspys_nmf(X, size):
    signal = import_hyperspy().signals.Signal1D(X.reshape(size, size, -1))
    signal.decomposition(True, algorithm="NMF", output_dimension=4, print_info=False)
    endmembers, shares = signal.learning_results.factors.T, signal.learning_results.loadings
    shares = shares * endmembers.sum(axis=1)
    return endmembers, shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)


def pysptools_nfindr(X, size):
    endmembers = _pysptools_nfindr()(X, 4)[0]
    return endmembers, FCLS(endmembers).fit(X).transform(X)


def _pysptools_nfindr():
    """N-FINDR of pysptools, with the determinant that scipy no longer has by that name."""
    from pysptools.eea.nfindr import NFINDR as nfindr

    if not hasattr(scipy.linalg, "_flinalg"):
        scipy.linalg._flinalg = SimpleNamespace(sdet_c=lambda m: (np.linalg.det(m), 0))
    return nfindr


METHODS = {
    "minimum volume": by(MinimumVolumeUnmixer(4, random_state=0)),
    "N-FINDR, Poisson, denoised": by(NFINDR(4, poisson=True, denoise=True)),
    "VCA": by(VCA(4, random_state=0)),
    "Bayes": bayesian,
    "scikit-learn NMF": by(NMF(4, init="nndsvda", max_iter=500)),
    "scikit-learn NMF, KL": by(
        NMF(4, init="nndsvda", solver="mu", beta_loss="kullback-leibler", max_iter=200)
    ),
    "HyperSpy NMF, Poisson": hyperspys_nmf,
    "pysptools N-FINDR": pysptools_nfindr,
}
SLOW = ("Bayes", "scikit-learn NMF, KL", "HyperSpy NMF, Poisson", "pysptools N-FINDR")


def compare_methods(size, all_counts, methods, n_seeds):
    print(f"\n{size} x {size} pixels, 300 channels, nowhere purer than .8, {n_seeds} seeds:")
    print("angle in degrees / error of the shares / seconds of processor time")
    print(f"{'counts':30}" + "".join(f"{counts:>22}" for counts in all_counts))
    cells = {name: [] for name in ["true endmembers", *methods]}
    for counts in all_counts:
        found = {name: [] for name in cells}
        for seed in range(n_seeds):
            X, shares, pure = simulate(counts, size, seed)
            known = by(FCLS(pure, weights="poisson"))
            for name in cells:
                start = time.process_time()
                result = METHODS.get(name, known)(X, size)
                seconds = time.process_time() - start
                found[name].append((*errors(*result, shares, pure), seconds))
        for name, rows in found.items():
            angle, error, seconds = np.mean(rows, axis=0)
            cells[name].append(f"{angle:8.2f} /{error:6.3f} /{seconds:5.1f}")
    for name, row in cells.items():
        print(f"{name:30}" + "".join(f"{cell:>22}" for cell in row), flush=True)


def ratios(title, ours, peers, n_rounds):
    """Print the processor time of ours and those of peers over it, in turns.

    A peer is (call, share), where the call does this share of the work.
    """
    taken = []
    for _ in range(n_rounds):
        row = []
        for call, share in [(ours, 1), *peers.values()]:
            start = time.process_time()
            call()
            row.append((time.process_time() - start) / share)
        taken.append(row)
    taken = np.array(taken)
    text = ", ".join(
        f"{name} {np.median(taken[:, i + 1] / taken[:, 0]):.1f}x" for i, name in enumerate(peers)
    )
    print(f"{title:44}{1000 * np.median(taken[:, 0]):9.1f} ms   {text}", flush=True)


def compare_speed(quick):
    print("\nProcessor time, and that of peers over it (paired)")
    rounds, big = (1, 64) if quick else (3, 256)
    rng = np.random.default_rng(0)
    pure = rng.uniform(size=(5, 300)) + rng.uniform(size=300)
    X = rng.dirichlet(np.ones(5), big**2) @ pure + 0.1 * rng.normal(size=(big**2, 300))
    some, few = X[:2000], X[:200]
    peers = {"scipy nnls": (lambda: [scipy_nnls(pure.T, x) for x in some], len(some) / len(X))}
    try:
        from pysptools.abundance_maps.amaps import FCLS as pysptools_fcls

        peers["pysptools FCLS"] = (lambda: pysptools_fcls(few, pure), len(few) / len(X))
    except ImportError:
        print("pysptools or cvxopt is missing")
    constrained = FCLS(pure).fit(X)
    ratios(f"FCLS, {big}^2 x 300, 5 endmembers", lambda: constrained.transform(X), peers, rounds)
    free = FCLS(pure, sum_to_one=False).fit(X)
    expected = np.array([scipy_nnls(pure.T, x)[1] ** 2 for x in some])
    objective = ((some - free.inverse_transform(free.transform(some))) ** 2).sum(axis=1)
    print(f"  objective over scipy's, less 1: {np.abs(objective / expected - 1).max():.1e}")
    for size in (32,) if quick else (256, 1024):
        image = rng.dirichlet(np.ones(5), size**2) @ pure[:, :100]
        peer = {"pysptools": (lambda x=image: _pysptools_nfindr()(x, 5), 1)}
        peer = peer if size < 1024 and find_spec("pysptools") else {}  # it would take minutes
        ratios(f"N-FINDR, {size}^2 x 100", lambda x=image: NFINDR(5).fit(x), peer, 1)
    counts = rng.poisson(50 * X.clip(0)).astype(float)
    signal = import_hyperspy().signals.Signal1D(counts.reshape(big, big, -1))
    ratios(
        f"Poisson PCA, {big}^2 x 300",
        lambda: PoissonPCA(5).fit_transform(counts),
        {"HyperSpy SVD": (partial(signal.decomposition, True, print_info=False), 1)},
        rounds,
    )
    compare_local_structure(quick, rng, rounds)


def compare_local_structure(quick, rng, rounds):
    size = 256 if quick else 2048
    image = rng.normal(size=(size, size)).astype(np.float32)
    fft = SlidingFFT(64, 32).fit(image)
    taper = np.outer(*2 * [np.hanning(65)[:-1]])

    def loop():
        starts = range(0, size - 63, 32)
        rows = np.empty((len(starts) ** 2, 64 * 33), dtype=np.float32)
        for row, (i, j) in zip(rows, product(starts, starts), strict=True):
            window = image[i : i + 64, j : j + 64]
            row[:] = np.log1p(np.abs(np.fft.rfft2((window - window.mean()) * taper))).ravel()

    ratios(
        f"SlidingFFT, {size}^2, window 64, step 32",
        lambda: fft.transform(image),
        {"numpy in a loop": (loop, 1)},
        rounds,
    )
    atoms = np.argwhere(np.ones((316, 316))) + 0.05 * rng.normal(size=(316**2, 2))
    neighbors = NeighborVectors(4).fit(atoms)
    ratios("NeighborVectors, 99 856 atoms", lambda: neighbors.transform(atoms), {}, rounds)
    sequences = rng.integers(5, size=(1000, 1000))
    peers = {}
    try:
        from deeptime.markov import TransitionCountEstimator

        counter = TransitionCountEstimator(1, "sliding", n_states=5)
        peers["deeptime's counts"] = (lambda: counter.fit(list(sequences)), 1)
    except ImportError:
        print("deeptime is missing")
    chain = TransitionMatrix(5)
    ratios("TransitionMatrix, a million steps", lambda: chain.fit(sequences), peers, rounds)


def unmix_lazily(size):
    """Fit and map a dask array that is made chunk by chunk, and tell the memory that it takes."""
    import dask.array as da

    pure = simulate(100, 8)[2].astype(np.float32)

    def chunk(block_info):
        (start, stop), *_ = block_info[None]["array-location"]
        rng = np.random.default_rng(start)
        mean = rng.dirichlet(np.ones(4), (stop - start) * size).astype(np.float32) @ pure
        counts = mean + np.sqrt(mean) * rng.standard_normal(mean.shape, dtype=np.float32)
        return counts.clip(0).reshape(stop - start, size, -1)

    shape = ((32,) * (size // 32), (size,), (ENERGY.size,))
    image = da.map_blocks(chunk, chunks=shape, meta=np.empty((0, 0, 0), np.float32))
    X = image.reshape(-1, ENERGY.size)
    print(f"{image.nbytes / 2**30:.2f} GiB, {peak_memory():.0f} MiB of memory to begin with")
    known, found = FCLS(pure), MinimumVolumeUnmixer(4, random_state=0)
    for unmix in (known, found):
        start = time.process_time()
        shares = predict_image(unmix.fit(X), image, method="transform").compute()
        seconds = time.process_time() - start
        error = np.abs(unmix.components_[match(unmix.components_, pure)] / pure - 1).mean()
        print(f"{type(unmix).__name__:24}{seconds:5.0f} s, endmembers off by {error:.1%}, ", end="")
        print(
            f"shares {shares.nbytes / 2**20:.0f} MiB, at most {peak_memory():.0f} MiB", flush=True
        )


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small images, one seed")
    parser.add_argument("--lazy", type=int, metavar="SIDE", help="only an image of so many pixels")
    arguments = parser.parse_args()
    quick = arguments.quick
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    if arguments.lazy:
        unmix_lazily(arguments.lazy)
        parser.exit()
    compare_speed(quick)
    installed = [name for name in METHODS if "pysptools" not in name or find_spec("pysptools")]
    fast = [name for name in METHODS if name not in SLOW]
    if quick:
        compare_methods(32, (100,), fast, 1)
    else:
        compare_methods(512, (100,), fast, 1)
        compare_methods(64, (1, 10, 100, 1000), installed, 2)
