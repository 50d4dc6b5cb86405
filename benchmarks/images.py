"""Images: predicting one larger than memory against reading it, and pixels against HyperSpy's map.

Run ``python benchmarks/images.py`` for an image of 20 GiB, ``--quick`` for one of 1 GiB. The image
is generated chunk by chunk, so that no disk takes part. The peak of the resident memory is that of
the whole process.
"""

import argparse
import resource
import time

import dask.array as da
import hyperspy.api as hs
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skspectra.datasets import make_particle_image
from skspectra.imaging import predict_image, read_image
from skspectra.models import load_pretrained
from skspectra.preprocessing import SpectrumNormalizer

N_CHANNELS = 200  # of the particle
CHUNK = (64, 96)  # pixels, one particle
N_FOR_HYPERSPY = 3000  # pixels
N_FOR_READER = 3  # particles


def particles(n_y, n_x):
    """Lazy image of particles, float32, and the axis."""
    one = make_particle_image(counts=1000, n_points=3, random_state=0)
    counts = one["data"].astype(np.float32)

    def copied(block):
        return counts.copy()

    places = da.zeros((n_y, n_x, 1), chunks=(1, 1, 1))
    image = da.map_blocks(
        copied, places, chunks=((64,) * n_y, (96,) * n_x, (N_CHANNELS,)), dtype=np.float32,
        meta=np.empty((0, 0, 0), np.float32),
    )  # fmt: skip
    return image, one["spectral_axis"], one["valence"]


def seconds(lazy):
    """Time to compute a lazy array down to one number: on the clock, and of all processors."""
    started = time.perf_counter(), time.process_time()
    da.nansum(lazy).compute()
    return np.array([time.perf_counter(), time.process_time()]) - started


def classifier(image, valence):
    """Fit a cheap classifier, so that what surrounds it shows."""
    X = image.blocks[0, 0].compute().reshape(-1, N_CHANNELS)
    known = np.isfinite(valence.ravel())
    y = np.rint(valence.ravel()[known]).astype(int)
    return make_pipeline(SpectrumNormalizer(), LogisticRegression()).fit(X[known], y)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 GiB in place of 20 GiB")
    n_particles = 15 if parser.parse_args().quick else 66
    image, axis, valence = particles(n_particles, n_particles)
    estimator = classifier(image, valence)
    print(f"{image.nbytes / 2**30:.1f} GiB, {image.shape[0] * image.shape[1] / 1e6:.1f} M pixels")

    reading = seconds(image)
    copying = seconds(image.map_blocks(np.copy, dtype=image.dtype))
    predicting = seconds(predict_image(estimator, image))
    alone = time_alone(estimator, image) * n_particles**2
    for number, name in enumerate(("on the clock", "of processors")):
        read, copied, predicted = (each[number] for each in (reading, copying, predicting))
        print(f"{name}: read {read:.1f} s; read and copy {copied:.1f} s; ", end="")
        print(f"predict {predicted:.1f} s, {predicted / copied:.1f} times as long")
    print(f"the estimator by itself {alone:.1f} s of processors")

    pixels = image.blocks[0, 0].compute().reshape(-1, N_CHANNELS)[:N_FOR_HYPERSPY]
    report_hyperspy(estimator, pixels)
    reader = load_pretrained("mn-l23")
    some = image[: 64 * (n_read := min(n_particles, N_FOR_READER)), :96]
    by_rows = best_of(2, lambda: reader.read(pixels, axis)) / len(pixels)
    with_chunks = best_of(1, lambda: read_image(reader, some, spectral_axis=axis))
    per_pixel = with_chunks / (64 * n_read * 96)
    print(f"the reader: {1 / by_rows:.0f} spectra/s by rows, {1 / per_pixel:.0f}/s by chunks")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak of resident memory {peak:.2f} GiB")


def time_alone(estimator, image):
    """Time that the estimator takes for a chunk in memory."""
    rows = image.blocks[0, 0].compute().reshape(-1, N_CHANNELS)
    return best_of(3, lambda: estimator.predict_proba(rows), time.process_time)


def report_hyperspy(estimator, pixels):
    """Print pixels per second of `predict_image` and of `map`."""
    signal = hs.signals.Signal1D(pixels)
    ours = best_of(3, lambda: predict_image(estimator, signal))

    def map_pixels():
        signal.map(
            lambda spectrum: estimator.predict_proba(spectrum[None])[0],
            inplace=False,
            show_progressbar=False,
        )

    theirs = best_of(1, map_pixels)
    print(
        f"in memory {len(pixels) / ours:.0f} pixels/s, HyperSpy's map {len(pixels) / theirs:.0f}: "
        f"{theirs / ours:.0f} times as fast"
    )


def best_of(n, function, clock=time.perf_counter):
    """Least time of some runs."""
    taken = []
    for _ in range(n):
        started = clock()
        function()
        taken.append(clock() - started)
    return min(taken)


if __name__ == "__main__":
    main()
