"""How many endmembers an image of counts holds: rules compared on images of known number."""

import argparse

import numpy as np
from scipy.ndimage import gaussian_filter

from skspectra._numerics.mixtures.affine_plane import count_above_noise
from skspectra._numerics.n_components import count_before_elbow
from skspectra._numerics.poisson_pca import add_moments, poisson_components

CHANNELS = 140


def simulate(counts, n_components, seed, size=48):
    """Return counts of a smooth image of mixtures of lines on a background."""
    rng = np.random.default_rng(seed)
    energy = np.linspace(0, 1, CHANNELS)
    centre = np.linspace(0.25, 0.75, n_components)[:, None]
    pure = np.exp(-(((energy - centre) / 0.09) ** 2)) + 0.3 * np.exp(-2 * energy)
    fields = gaussian_filter(rng.normal(size=(n_components, size, size)), (0, 5, 5), mode="wrap")
    shares = np.exp(2 * fields / fields.std())
    shares = (shares / shares.sum(axis=0)).reshape(n_components, -1).T
    return rng.poisson(counts * shares @ pure)


def components(X):
    values, vectors, _, scale = poisson_components(add_moments(X, poisson=True))
    return values, vectors, scale


def indicator(X, rng):
    """E. R. Malinowski, Analytical Chemistry 49, 612 (1977)."""
    values, k = components(X)[0], np.arange(1, X.shape[1])
    rest = values[::-1].cumsum()[::-1][1:]
    error = np.sqrt(rest / (len(X) * (X.shape[1] - k))) / (X.shape[1] - k) ** 2
    return int(k[np.argmin(error[: X.shape[1] // 2])])


def description_length(X, rng):
    """M. Wax and T. Kailath, IEEE Transactions on Acoustics 33, 387 (1985)."""
    noise, (n, p) = (components(X)[0] / len(X)).clip(1e-12), X.shape
    k = np.arange(p - 1)
    logs = np.log(noise)[::-1].cumsum()[::-1][:-1]
    mean = noise[::-1].cumsum()[::-1][:-1] / (p - k)
    likelihood = n * ((p - k) * np.log(mean) - logs)
    return int(np.argmin(likelihood + 0.5 * np.log(n) * k * (2 * p - k)))


def parallel(X, rng):
    """J. L. Horn, Psychometrika 30, 179 (1965), with Poisson noise of the mean spectrum."""
    expected = np.outer(X.mean(axis=1), X.mean(axis=0)) / X.mean()
    null = [components(rng.poisson(expected))[0][1] for _ in range(5)]
    return int((components(X)[0] > np.mean(null) + 2 * np.std(null)).sum())


def thinned(X, rng, most=15):
    """Cross-validation: components of half of the counts that explain the other half."""
    half = rng.binomial(X, 0.5)
    _, vectors, scale = components(half)
    weight = scale * np.sqrt(np.maximum(half.mean(axis=1, keepdims=True), 1e-12))
    first, second = (part / weight @ vectors[:most].T for part in (half, X - half))
    explains = (2 * first * second - first**2).sum(axis=0) > 0
    return most if explains.all() else int(np.argmin(explains))


RULES = {
    "Marchenko-Pastur, median variance (PoissonPCA)": lambda X, rng: count_above_noise(
        components(X)[0], len(X)
    ),
    "elbow (PCADenoiser)": lambda X, rng: count_before_elbow(components(X)[0]),
    "Malinowski's indicator": indicator,
    "minimum description length": description_length,
    "parallel analysis": parallel,
    "cross-validation by thinning": thinned,
}


def main(n_seeds):
    all_counts = (1, 3, 10, 30, 100, 1000)
    print(f"How often the number, of 2 to 5, is right ({4 * n_seeds} images each)")
    for gain in (1, 5):
        print(f"gain {gain}\n{'counts in the maximum':48}" + "".join(f"{c:>7}" for c in all_counts))
        right = {name: [] for name in RULES}
        for counts in all_counts:
            hits = dict.fromkeys(RULES, 0)
            for number in (2, 3, 4, 5):
                for seed in range(n_seeds):
                    X = gain * simulate(counts, number, seed)
                    for name, rule in RULES.items():
                        hits[name] += rule(X, np.random.default_rng(seed)) == number
            for name in RULES:
                right[name].append(hits[name] / 4 / n_seeds)
        for name, row in right.items():
            print(f"{name:48}" + "".join(f"{share:7.2f}" for share in row), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    main(parser.parse_args().seeds)
