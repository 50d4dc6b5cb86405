"""How many true endmembers and abundances lie within the intervals of 90 %, by simulated images."""

import argparse
import warnings

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr
from scipy.stats import gamma
from unmixing import match, simulate

from skspectra.unmixing import BayesianUnmixer, MinimumVolumeUnmixer

WIDTH = 1.645  # standard deviations each way


def image(counts, size, seed, blur, purity, concentration=1.0, even=True):
    """Make counts, shares and spectra; shares of a Dirichlet distribution, or else of a softmax.

    `blur` is how far neighbours are alike, the width of a Gaussian in pixels; 0 makes pixels
    independent. No pixel is purer than `purity`.
    """
    _, _, pure = simulate(counts, 8)
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(4, size, size)), (0, blur, blur), mode="wrap")
    fields = (fields / fields.std(axis=(1, 2), keepdims=True)).reshape(4, -1).T
    shares = gamma.ppf(ndtr(fields), concentration) if even else np.exp(2.5 * fields)
    shares /= shares.sum(axis=1, keepdims=True)
    top = shares.max(axis=1, keepdims=True)
    rest = shares * (1 + (top - purity).clip(0) / (1 - top + 1e-12))
    shares = np.where(shares == top, np.minimum(top, purity), rest)
    shares /= shares.sum(axis=1, keepdims=True)
    return rng.poisson(shares @ pure).astype(float), shares, pure


def bootstrap(X, shape, quick, **_):
    unmix = MinimumVolumeUnmixer(4, random_state=0).fit(X)
    n_draws = 5 if quick else 40
    return unmix.components_, *unmix.bootstrap(X, shape, n_draws=n_draws, random_state=0)


def bayes(X, shape, quick, concentration=1.0):
    n_sweeps, burn_in = (30, 10) if quick else (1500, 400)
    unmix = BayesianUnmixer(
        4, concentration=concentration, n_sweeps=n_sweeps, burn_in=burn_in, random_state=0
    ).fit(X)
    return unmix.components_, unmix.components_std_, unmix.abundances_, unmix.abundances_std_


IMAGES = {
    "independent": {"blur": 0, "purity": 1.0},
    "alike over 3 pixels": {"blur": 3, "purity": 0.8},
    "alike over 3 pixels, softmax": {"blur": 3, "purity": 0.8, "even": False},
    "alike over 6 pixels, softmax": {"blur": 6, "purity": 0.8, "even": False},
}
PRIORS = {
    "Dirichlet(.5), prior 1": (0.5, 1.0),
    "Dirichlet(.5), learnt": (0.5, "learn"),
    "Dirichlet(2), prior 1": (2.0, 1.0),
    "Dirichlet(2), learnt": (2.0, "learn"),
}


def coverage(method, size, seeds, quick, prior=1.0, **image_params):
    """Shares of endmembers and of abundances that their intervals hold, at each of the counts."""
    cells = []
    for counts in (100,) if quick else (10, 100, 1000):
        held = []
        for seed in seeds:
            X, shares, pure = image(counts, size, seed, **image_params)
            found, found_std, mean, std = method(X, (size, size), quick, concentration=prior)
            order = match(found, pure)
            of_endmembers = np.abs(found[order] - pure) <= WIDTH * found_std[order]
            of_shares = np.abs(mean[:, order] - shares) <= WIDTH * std[:, order]
            held.append([of_endmembers.mean(), of_shares.mean()])
        cells.append("{:.2f} / {:.2f}".format(*np.mean(held, axis=0)))
    return "".join(f"{cell:>14}" for cell in cells)


def main(quick):
    print("endmembers / abundances within 90 % intervals, at 10, 100 and 1000 counts")
    print("bootstrap of the smallest simplex, 64 x 64 pixels")
    size, seeds = (32, (100,)) if quick else (64, range(100, 108))
    for name, params in IMAGES.items():
        print(f"{name:42}{coverage(bootstrap, size, seeds, quick, **params)}", flush=True)
    print("Bayes, 32 x 32 pixels")
    size, seeds = (16, (100,)) if quick else (32, (100,))
    for name, params in IMAGES.items():
        print(f"{name:42}{coverage(bayes, size, seeds, quick, **params)}", flush=True)
    for name, (true, prior) in PRIORS.items():
        params = {"blur": 0, "purity": 1.0, "concentration": true, "prior": prior}
        print(f"independent, {name:29}{coverage(bayes, size, seeds, quick, **params)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small images, few draws, one seed")
    warnings.simplefilter("ignore")
    main(parser.parse_args().quick)
