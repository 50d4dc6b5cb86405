"""Valence maps at doses too low for single pixels: phases against pixels, denoised and not.

Run ``OMP_NUM_THREADS=1 python benchmarks/phases.py``; ``--seeds 1`` for a quick look, ``--first 18
--seeds 16 --counts 10 30`` for other images.
"""

import argparse
import time
import warnings

import numpy as np

from skspectra.datasets import make_particle_image
from skspectra.exceptions import SpectrumWarning
from skspectra.imaging import PhaseSegmenter, read_image
from skspectra.models import load_pretrained
from skspectra.preprocessing import PCADenoiser

COUNTS = [5, 10, 30, 100, 1000]
LAYER = 2.5  # pixels of Mn2+, and of Mn3.5+, in the simulation


def by_pixels(image, read, n_components=None):
    rows = image.data.reshape(-1, image.spectral_axis.size)
    if n_components:
        rows = PCADenoiser(n_components, poisson=True).fit_transform(rows)
    return [each.reshape(image.valence.shape) for each in read(rows)]


def by_phases(image, reader):
    maps = read_image(reader, image.data, spectral_axis=image.spectral_axis, by="phases")
    return np.append(reader.valences_, np.nan)[maps.codes], maps.valence


def without_error(image):
    """Map of phases each of which has the true mean of its pixels."""
    segmenter = PhaseSegmenter(spectral_axis=image.spectral_axis, random_state=0)
    labels = segmenter.fit(image.data).labels_
    truth = [np.nanmean(image.valence[labels == k]) for k in range(segmenter.n_phases_)]
    return [segmenter.interpolate(truth)[0]] * 2


def score(named, mean, truth):
    """Shares of pixels, and the error of the width of the outer layer in pixels.

    A pixel is right if the valence that is named is true, or the mean valence is within .25.
    """
    inside, known = np.isfinite(truth), np.isfinite(named) | np.isfinite(mean)
    truth = np.where(inside, truth, 0)
    right = (np.nan_to_num(named) == truth) | (np.abs(np.nan_to_num(mean) - truth) <= 0.25)
    right &= inside
    layer = (known & inside & (mean < 2.75)).sum() / (truth == 2).sum() * LAYER
    return {
        "right": right[inside].mean(),
        **{f"of {valence:g}": right[truth == valence].mean() for valence in (2, 3.5, 4)},
        "unknown inside": (~known)[inside].mean(),
        "unknown outside": (~known)[~inside].mean(),
        "layer off": abs(layer - LAYER),
    }


def main(seeds, doses):
    reader, axis = load_pretrained("mn-l23"), make_particle_image(random_state=0).spectral_axis

    def read(spectra):
        table = reader.read(spectra, axis)
        named = [float(name[2:-1]) if name[-1] == "+" else np.nan for name in table["valence"]]
        return np.array(named), table["mean_valence"].to_numpy()

    methods = {
        "pixels": lambda image: by_pixels(image, read),
        "pixels, PCA 3": lambda image: by_pixels(image, read, 3),
        "pixels, PCA auto": lambda image: by_pixels(image, read, "auto"),
        "phases": lambda image: by_phases(image, reader),
        "phases, read without error": without_error,
    }
    truth = np.array([[2, 3.5], [4, np.nan]])
    heads = [*score(truth, truth, truth), "seconds"]
    print(f"{'counts':>6} {'':28}" + "".join(f"{head:>16}" for head in heads))
    for counts in doses:
        images = [make_particle_image(counts, random_state=seed) for seed in seeds]
        for name, method in methods.items():
            results = []
            for image in images if name.startswith("phases") else images[:1]:
                start = time.perf_counter()
                found = method(image)
                taken = time.perf_counter() - start
                results.append([*score(*found, image.valence).values(), taken])
            mean = np.mean(results, axis=0)
            print(
                f"{counts:6g} {name:28}" + "".join(f"{value:16.3f}" for value in mean), flush=True
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--counts", type=float, nargs="+", default=COUNTS)
    options = parser.parse_args()
    warnings.simplefilter("ignore", SpectrumWarning)
    main(range(options.first, options.first + options.seeds), options.counts)
