"""Measured spectra for ``readers.py``, and what is done to them before they are read."""

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

DOSES = (10, 20, 100, 1000, 10_000)
BACKGROUNDS = (0, 1, 5, 20)
SHIFTS = (-10, -5, 5, 10)
STRETCHES = (-0.05, 0.05)
RESOLUTIONS = (0.5, 1, 2, 3.5)  # eV, added to that of the measurement
N_DRAWS = 8  # of the counts of each measured spectrum


def measured(folder, reader):
    """Measured spectra of the element of a reader: axis, intensity and label of each."""
    spectra = []
    for path in sorted(folder.glob("*.csv")):
        for _, rows in pd.read_csv(path).groupby("spectrum", sort=False):
            label = rows["valence"].iloc[0]
            if label in reader.classes_:
                rows = rows.sort_values("energy_eV").drop_duplicates("energy_eV")
                spectra.append((rows["energy_eV"].to_numpy(), rows["intensity"].to_numpy(), label))
    return spectra


def manganese_oxide(folder):
    data = np.load(folder / "mn2_acquired.npz")
    axis = data["energy_eV"].astype(float)
    return [(axis, row, "Mn2+") for row in data["intensity"].astype(float)]


def as_counts(axis, intensity, dose, background, rng, n_draws=1):
    """Count a spectrum so many times in its maximum, on a background that high at its middle."""
    low, high = np.percentile(intensity, (2, 99.5))
    edge = np.clip((intensity - low) / (high - low), 0, None)
    expected = dose * (edge + background * (axis / axis.mean()) ** -3.3)
    return rng.poisson(expected, (n_draws, axis.size))


def in_fine_channels(axis, intensity):
    """Bring a spectrum to channels of 0.1 eV, as those of EELS often are."""
    fine = np.arange(axis[0], axis[-1], 0.1)
    return fine, np.interp(fine, axis, intensity)


def changes(rng):
    """Yield what is done to measured spectra, by name."""
    yield "as they are", lambda axis, x: (axis, x)
    for shift in SHIFTS:
        yield f"shift {shift:+d} eV", lambda axis, x, s=shift: (axis + s, x)
    for stretch in STRETCHES:
        yield (
            f"dispersion {stretch:+.0%}",
            lambda axis, x, t=stretch: (axis.mean() + (axis - axis.mean()) * (1 + t), x),
        )
    for width in RESOLUTIONS:
        yield (
            f"blurred by {width} eV",
            lambda axis, x, w=width: (axis, _blurred(axis, x, w)),
        )
    for dose in DOSES[1:-1]:
        for background in BACKGROUNDS[1:]:
            yield (
                f"{dose} counts on {background}x",
                lambda axis, x, d=dose, b=background: _counted_finely(axis, x, d, b, rng),
            )


def _counted_finely(axis, x, dose, background, rng):
    fine, row = in_fine_channels(axis, x)
    return fine, as_counts(fine, row, dose, background, rng, N_DRAWS)


def _blurred(axis, x, fwhm):
    fine = np.linspace(axis[0], axis[-1], 8 * axis.size)
    sigma = fwhm / 2.355 / (fine[1] - fine[0])
    return np.interp(axis, fine, gaussian_filter1d(np.interp(fine, axis, x), sigma, mode="nearest"))
