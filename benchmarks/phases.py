"""Valence maps at doses too low for single pixels: phases against pixels, denoised and not.

Run ``OMP_NUM_THREADS=1 python benchmarks/phases.py``; ``--seeds 1`` for a quick look.
"""

import argparse
import time
import warnings

import numpy as np

from skspectra.datasets import make_particle_image
from skspectra.exceptions import SpectrumWarning
from skspectra.imaging import PhaseSegmenter
from skspectra.models import load_pretrained
from skspectra.preprocessing import PCADenoiser, PowerLawBackground, SpectralResampler

COUNTS = (5, 10, 30, 100, 1000)
LAYER = 2.5  # pixels of Mn2+, and of Mn3.5+, in the simulation
PRE_EDGE = (600, 628)


class ShippedReader:
    """Mean valence of spectra by the model that ships; NaN where it says unknown."""

    def __init__(self, axis):
        self.model = load_pretrained("mn-l23")
        self.valences = np.array([float(name[2:-1]) for name in self.model.classes_])
        self.background = PowerLawBackground(PRE_EDGE, spectral_axis=axis)
        self.resampler = SpectralResampler(
            self.model.estimator_[0].spectral_axis_, outside="edge", spectral_axis=axis
        )

    def __call__(self, spectra):
        rows = self.background.fit_transform(np.asarray(spectra, dtype=float))
        rows = self.resampler.fit_transform(rows)
        valence = self.model.predict_proba(rows) @ self.valences
        return np.where(self.model.novelty(rows) > 1, np.nan, valence)


def by_pixels(image, read, n_components=None):
    rows = image.data.reshape(-1, image.spectral_axis.size)
    if n_components:
        rows = PCADenoiser(n_components, poisson=True).fit_transform(rows)
    return read(rows).reshape(image.valence.shape)


def by_phases(image, read):
    """Map of the phases' readings; `read` None is a reader that makes no mistake."""
    segmenter = PhaseSegmenter(spectral_axis=image.spectral_axis, random_state=0)
    segmenter.fit(image.data)
    if read is not None:
        return segmenter.interpolate(read(segmenter.phase_spectra_))[0]
    phases = [image.valence[segmenter.labels_ == k] for k in range(segmenter.n_phases_)]
    return segmenter.interpolate([np.nanmean(phase) for phase in phases])[0]


def score(found, truth):
    """Shares of pixels, and the error of the width of the outer layer in pixels."""
    inside, known = np.isfinite(truth), np.isfinite(found)
    right = np.abs(np.nan_to_num(found) - np.nan_to_num(truth)) <= 0.25
    right &= known
    layer = (known & inside & (found < 2.75)).sum() / (truth == 2).sum() * LAYER
    return {
        "right": right[inside].mean(),
        **{f"of {valence:g}": right[truth == valence].mean() for valence in (2, 3.5, 4)},
        "unknown inside": (~known)[inside].mean(),
        "unknown outside": (~known)[~inside].mean(),
        "layer off": abs(layer - LAYER),
    }


def main(seeds):
    read = ShippedReader(make_particle_image(random_state=0).spectral_axis)
    methods = {
        "pixels": lambda image: by_pixels(image, read),
        "pixels, PCA 3": lambda image: by_pixels(image, read, 3),
        "pixels, PCA auto": lambda image: by_pixels(image, read, "auto"),
        "phases": lambda image: by_phases(image, read),
        "phases, read without error": lambda image: by_phases(image, None),
    }
    heads = [*score(np.full((2, 2), 2.0), np.array([[2, 3.5], [4, np.nan]])), "seconds"]
    print(f"{'counts':>6} {'':28}" + "".join(f"{head:>16}" for head in heads))
    for counts in COUNTS:
        images = [make_particle_image(counts, random_state=seed) for seed in range(seeds)]
        for name, method in methods.items():
            results = []
            for image in images:
                start = time.perf_counter()
                found = method(image)
                taken = time.perf_counter() - start
                results.append([*score(found, image.valence).values(), taken])
            mean = np.mean(results, axis=0)
            print(f"{counts:6} {name:28}" + "".join(f"{value:16.3f}" for value in mean), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    warnings.simplefilter("ignore", SpectrumWarning)
    main(parser.parse_args().seeds)
