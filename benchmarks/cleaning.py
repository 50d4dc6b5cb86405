"""Which spectra of an image to train on: what KMeansCleaner drops, without looking.

Run ``OMP_NUM_THREADS=1 python benchmarks/cleaning.py``; ``--seeds 2`` for a quick look.
"""

import argparse
import time

import numpy as np

from skspectra.datasets import make_l23_spectra
from skspectra.sampling import KMeansCleaner

AXIS = np.arange(600, 700, 0.5)
COUNTS = (100, 300, 1000, 10_000)
COMPOSITIONS = {
    "thin, thick, substrate": ("thin", "thick", "substrate"),
    "thin, substrate": ("thin", "substrate"),
    "thin, thick": ("thin", "thick"),
}
THICKNESS = {"thin": (0.1, 1.0), "thick": (1.5, 3.5)}  # t/lambda
BACKGROUND = (2, 5)  # at L3, in units of the highest white line


def simulate(counts, parts, seed, n_each=180):
    """Draw counts of spectra in random order, and the thickness of each: NaN is substrate.

    `counts` are those of the highest white line of a typical spectrum. Thin and thick spectra
    differ in their plural scattering alone.
    """
    rng = np.random.default_rng(seed)
    ion = ("Mn2+", "Mn3+", "Mn4+")[seed % 3]
    rows, thickness = [], []
    for part in parts:
        exponent = rng.normal(2.7 if part == "substrate" else 3, 0.1, (n_each, 1))
        shape = (AXIS / 642) ** -exponent
        if part == "substrate":
            level = rng.uniform(1.5, 4, (n_each, 1))
            rows.append(level * shape)
            thickness.append(np.full(n_each, np.nan))
            continue
        edges = make_l23_spectra(
            n_each,
            ions=[ion],
            spectral_axis=AXIS,
            shift=rng.uniform(-3, 3),
            stretch=0,
            resolution=1.0,
            thickness=THICKNESS[part],
            n_points=20,
            dose=None,
            residual_background=0,
            gain_noise=0,
            readout_noise=0,
            random_state=seed,
        )
        level = rng.uniform(*BACKGROUND, (n_each, 1))
        brightness = rng.uniform(0.6, 1.4, (n_each, 1))
        rows.append(brightness * (level * shape + edges.data.clip(0)))
        thickness.append(edges.parameters["thickness"].to_numpy())
    order = rng.permutation(n_each * len(parts))
    expected, thickness = np.concatenate(rows)[order], np.concatenate(thickness)[order]
    return rng.poisson(counts * expected), thickness


def clean(X):
    """Mask of the spectra that are kept; all are lost where the cleaner refuses."""
    try:
        return KMeansCleaner(spectral_axis=AXIS, random_state=0).fit(X).mask_
    except ValueError:
        return np.zeros(len(X), dtype=bool)


def shares(mask, thickness):
    """Shares of the four kinds that are treated as they should be; NaN where there are none."""
    kinds = {
        "substrate dropped": (np.isnan(thickness), ~mask),
        "t/lambda > 2 dropped": (thickness > 2, ~mask),
        "1.5 to 2 dropped": ((thickness > 1.5) & (thickness <= 2), ~mask),
        "thin kept": (thickness < 1.2, mask),
    }
    return {name: right[of].mean() if of.any() else np.nan for name, (of, right) in kinds.items()}


GOALS = {
    "substrate dropped": 0.98,
    "t/lambda > 2 dropped": 0.95,
    "1.5 to 2 dropped": 0.8,
    "thin kept": 0.95,
}


def main(seeds):
    print(f"{'counts':>6}  {'':24}" + "".join(f"{name:>22}" for name in [*GOALS, "sets"]) + "   s")
    for counts in COUNTS:
        for name, parts in COMPOSITIONS.items():
            results, start = [], time.perf_counter()
            for seed in range(seeds):
                X, thickness = simulate(counts, parts, seed)
                results.append(list(shares(clean(X), thickness).values()))
            seconds = (time.perf_counter() - start) / seeds
            values, goals = np.array(results), np.array(list(GOALS.values()))
            met = ((values >= goals) | np.isnan(values)).all(axis=1).mean()
            cells = [f"{v:.3f}" if np.isfinite(v) else "-" for v in [*values.mean(axis=0), met]]
            print(f"{counts:6}  {name:24}" + "".join(f"{c:>22}" for c in cells), f"{seconds:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    main(parser.parse_args().seeds)
