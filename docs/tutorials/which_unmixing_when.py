"""Which unmixing when
===================

A pixel of a spectrum image is seldom of one phase. Its spectrum is a mixture, ``X = A W + noise``,
of endmembers ``W`` with abundances ``A``. Methods differ in what they take for known. Here each
runs on the same simulated image, of which the truth is known.

.. list-table:: Start with the first line that is true of your image
   :header-rows: 1

   * - What is known
     - Use
     - What it gives
   * - the endmembers, on the same axis
     - `FCLS`
     - abundances, exactly; chi-square says whether the endmembers suffice
   * - references of another instrument
     - ``ReferenceFit(spread=1)``
     - fractions, and the shift of each reference
   * - shares add up to 1, and mixtures of every few endmembers occur
     - `MinimumVolumeUnmixer`
     - endmembers that need not be in the image
   * - every endmember is somewhere by itself
     - `NFINDR`, `VCA`
     - which pixels they are
   * - pixels are independent, the prior of abundances is right
     - `BayesianUnmixer`
     - endmembers and abundances with standard deviations
   * - only that nothing is negative
     - scikit-learn's `NMF`
     - one of many factorisations
   * - nothing
     - `PoissonPCA`
     - how many components there are; no spectra of phases
   * - sources are independent and not normal
     - scikit-learn's `FastICA`
     - sources of any sign and order
   * - each pixel is of one phase
     - `KMeans`, `GaussianMixture`, `PhaseSegmenter`
     - classes

The next block simulates an image of 48 x 48 pixels in which Mn2+, Mn3+ and Mn4+ mix, with 100
counts in the highest channel.
"""

import warnings

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, FastICA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.manifold import TSNE
from sklearn.mixture import GaussianMixture

from skspectra.datasets import make_l23_spectra
from skspectra.imaging import predict_image
from skspectra.plotting import AbundanceMapDisplay, EndmemberDisplay
from skspectra.unmixing import (
    FCLS,
    NFINDR,
    VCA,
    BayesianUnmixer,
    MinimumVolumeUnmixer,
    PoissonPCA,
)

energy = np.arange(630, 665, 0.25)
clean = {
    "shift": 0,
    "stretch": 0,
    "dose": None,
    "residual_background": 0,
    "gain_noise": 0,
}
X, y = make_l23_spectra(
    1,
    spectral_axis=energy,
    n_points=1,
    **clean,
    random_state=0,
    return_X_y=True,
)
names = ("Mn2+", "Mn3+", "Mn4+")
background = 0.3 * (energy / 630) ** -3
pure = 100 * np.array(
    [X[y == name][0].clip(0) + background for name in names]
)

rng = np.random.default_rng(0)
fields = gaussian_filter(
    rng.normal(size=(3, 48, 48)), (0, 5, 5), mode="wrap"
)
shares = np.exp(2 * fields / fields.std())
shares = (shares / shares.sum(axis=0)).reshape(3, -1).T
counts = rng.poisson(shares @ pure)  # (2304, 140)

# %%
# Endmembers that are known
# -------------------------

known = FCLS(dict(zip(names, pure, strict=True)), weights="poisson").fit(
    counts
)
abundances = known.transform(counts)  # (2304, 3), of sum 1
print(f"error {abs(abundances - shares).mean():.3f}")
print(f"chi-square {known.chi2(counts).mean():.2f}")
without = FCLS(pure[:2]).fit(counts)
print(f"chi-square without Mn4+: {without.chi2(counts).mean():.1f}")

# %%
# A chi-square above 1 says that something is missing. A map of it shows where: see
# :ref:`sphx_glr_gallery_mixtures_plot_endmembers.py`. If a background was subtracted, give the
# counts as they were recorded, ``chi2(X, counts=...)``, since their noise remains.
#
# Endmembers that are not known
# -----------------------------


def angle(found):
    """Mean angle to the true endmembers, in the order that fits best."""
    lengths = np.outer(
        np.linalg.norm(found, axis=1), np.linalg.norm(pure, axis=1)
    )
    cosine = found @ pure.T / lengths
    rows, columns = linear_sum_assignment(-cosine)
    return np.degrees(np.arccos(cosine[rows, columns].clip(-1, 1))).mean()


methods = [
    MinimumVolumeUnmixer(3),
    NFINDR(3, poisson=True, denoise=True),
    VCA(3, random_state=0),
    NMF(3, init="nndsvda", max_iter=1000),
    FastICA(3, random_state=0),
]
for method in methods:
    components = method.fit(counts).components_
    print(f"{type(method).__name__:22} {angle(components):5.1f} degrees")

# %%
# `MinimumVolumeUnmixer` is the one to begin with. It finds the number of endmembers by
# itself. It warns when the brightness varies (normalise first) and when there are
# spikes (remove them first). Each endmember must be absent somewhere. It need not be
# pure anywhere. N-FINDR and VCA need pure pixels. NMF has no unique answer where
# spectra overlap, as edges on a background do.

unmix = methods[0]
EndmemberDisplay.from_estimator(unmix, spectral_axis=energy)
AbundanceMapDisplay.from_estimator(unmix, counts, (48, 48))
plt.show()

# %%
# How large are the errors? Below are the mean absolute errors of abundances in simulated
# images of four endmembers on 64 x 64 pixels. None of these is purer than .8, so that
# N-FINDR finds no pure ones. Seconds are of one core for 512 x 512 pixels and 300
# channels. `FCLS` has Poisson weights; without them it takes a seventh of the time.
#
# .. list-table::
#    :header-rows: 1
#
#    * - Counts in the highest channel
#      - 1
#      - 10
#      - 100
#      - 1000
#      - Seconds
#    * - `FCLS`, true endmembers
#      - .137
#      - .053
#      - .019
#      - .006
#      - 1.3
#    * - `MinimumVolumeUnmixer`
#      - .152
#      - .067
#      - .027
#      - .010
#      - 1.8
#    * - `NFINDR`
#      - .161
#      - .076
#      - .046
#      - .053
#      - 1.5
#    * - `BayesianUnmixer`
#      - .166
#      - .086
#      - .041
#      - .016
#      - 5 at 64 x 64
#    * - `NMF`
#      - .212
#      - .165
#      - .223
#      - .272
#      - 9.8
#
# Angles to the true endmembers and the figures of other packages are in
# :doc:`/reference/benchmarks`.
#
# How many endmembers? One more than the components that stand out of the noise:

n_endmembers = MinimumVolumeUnmixer().fit(counts).n_components_
n_components = PoissonPCA().fit(counts).n_components_
print(f"{n_endmembers} endmembers, {n_components} components")

# %%
# `PoissonPCA` subtracts no mean, so that three endmembers are three components. Its
# scaling is that of correspondence analysis (Trebbia and Bonnet 1990). The rule needs
# noise that is independent in every channel: use it before spectra are interpolated.
#
# How sure is it
# --------------
#
# `MinimumVolumeUnmixer.bootstrap` makes the image again from blocks of itself and unmixes
# each. Blocks allow for neighbours that are alike.

sure = unmix.bootstrap(
    counts, (48, 48), block=12, n_draws=10, random_state=0
)
half_width = 1.645 * sure.components_std  # of an interval of 90 %
print(f"endmembers: ± {half_width.mean():.2f} counts")
print(f"abundances: ± {1.645 * sure.abundances_std.mean():.3f}")

# %%
# `BayesianUnmixer` draws endmembers and abundances from their posterior distribution:

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a short chain for this page
    bayes = BayesianUnmixer(
        3, n_sweeps=150, burn_in=50, random_state=0
    ).fit(counts[::4])
print(f"endmembers: ± {1.645 * bayes.components_std_.mean():.2f} counts")
print("effective sample sizes:", bayes.effective_sample_size_.round())

# %%
# How much of the truth intervals of 90 % held in simulated images of 100 counts,
# endmembers / abundances:
#
# .. list-table::
#    :header-rows: 1
#
#    * - Pixels
#      - Bootstrap
#      - Bayes
#    * - independent, abundances evenly on the simplex
#      - .94 / .91
#      - .84 / .86
#    * - alike over 3 pixels of 64 (of 32 for Bayes)
#      - .90 / .88
#      - .60 / .65
#    * - the same, few pixels at the faces
#      - .88 / .90
#      - .38 / .53
#    * - alike over 6 pixels, few at the faces
#      - .79 / .85
#      - .24 / .31
#
# Take the bootstrap, which is also the quicker. Where an image has few features, as large
# as a tenth of it, any interval is a lower limit. A Dirichlet prior that is wrong makes
# those of Bayes much too narrow, see :doc:`/reference/benchmarks`. ``bayes.to_arviz()``
# hands draws of the endmembers, and of the abundances of 256 spectra, to the diagnostics
# of arviz (``pip install "skspectra[bayes]"``).

# %%
# Classes
# -------
#
# k-means and Gaussian mixtures give each pixel to one phase. What lies between two
# phases goes to either. They work at lower counts on components than on spectra:

scores = PoissonPCA().fit_transform(counts)
phases = KMeans(3, n_init=3, random_state=0).fit_predict(scores)
mixture = GaussianMixture(3, random_state=0).fit(scores)
softly = mixture.predict_proba(scores)
print("pixels of each phase:", np.bincount(phases))
print(f"probability of the likeliest: {softly.max(axis=1).mean():.2f}")

# %%
# Pictures of spectra
# -------------------
#
# `TSNE` draws spectra so that neighbours stay neighbours. Scale by the noise first, as
# `scores` are. Do not read anything into gaps and sizes of clusters.
# `LinearDiscriminantAnalysis` needs labels and separates these classes only.

few = scores[::10]
label = shares.argmax(axis=1)
drawn = TSNE(2, perplexity=20, random_state=0).fit_transform(few)
discriminants = LinearDiscriminantAnalysis().fit(scores, label)
separated = discriminants.transform(few)
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for ax, points, title in zip(
    axes, (drawn, separated), ("TSNE", "Linear discriminants"), strict=True
):
    for k, (name, color) in enumerate(
        zip(names, ("#0072B2", "#D55E00", "#009E73"), strict=True)
    ):
        ax.scatter(
            *points[label[::10] == k].T,
            s=8,
            color=color,
            label=f"mostly {name}",
        )
    ax.set(title=title, xticks=[], yticks=[])
axes[1].legend(frameon=False)
plt.show()

# %%
# Two measured images
# -------------------
#
# Two files of eXSpy's demonstrations were unmixed as they were recorded:
#
# * ``cuzn_spectrum_image.hspy``, 40 x 50 pixels, 700 to 1988 eV. `MinimumVolumeUnmixer`
#   warns that the brightness varies, as the thickness does, and that three spectra have
#   spikes. Asked for three endmembers it finds one with the Cu and Zn L edges, and two
#   that are mostly backgrounds of different slope. It does not separate Cu from Zn,
#   since what differs most is the thickness. Normalise by the area first, or subtract
#   the background.
# * ``lsmo_linescan.hspy``, 40 spectra of La0.7Sr0.3MnO3, 428 to 721 eV. The brightness
#   varies here too. Two endmembers are the two ends of the scan, which differ in the
#   pre-peak of O K and in the Mn lines. A third is found where the scan crosses from
#   one to the other. That 40 spectra lie on a line is no evidence that they mix.
#
# .. image:: /images/unmixing.png
#    :alt: Endmembers and maps of each method, on the simulated image and on both measured ones
#
# ``python benchmarks/unmixing_images.py FOLDER`` draws this figure. Components of PCA
# and ICA are negative in places, and one of PCA is a spike. NMF of the measured counts
# has not converged in 500 iterations. k-means draws the thickness.
#
# Larger than memory
# ------------------
#
# All of these take dask, zarr and h5py arrays block by block. `MinimumVolumeUnmixer`
# fits its simplex to 16 384 spectra drawn from all of them. `PoissonPCA` adds spectra
# that come later by ``partial_fit``. `BayesianUnmixer` needs all in memory.
# `predict_image` hands on to dask, or to a lazy HyperSpy signal, what any method of an
# unmixer gives, and each chunk is computed when it is asked for:

image = da.from_array(counts.reshape(48, 48, -1), chunks=(16, 48, -1))
lazily = MinimumVolumeUnmixer(3, random_state=0).fit(
    image.reshape(-1, energy.size)
)
maps = predict_image(lazily, image, method="transform")  # (48, 48, 3)
chi_square = predict_image(lazily, image, method="chi2")  # (48, 48)
print(maps.compute().shape, chi_square.mean().compute().round(2))

# %%
# Chunks of whole rows, with all channels, are neither copied nor cut by the ``reshape``.
