"""Phases of a spectrum image of few counts."""

from numbers import Integral, Real

import numpy as np
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, check_random_state

from skspectra._input.spectra import SpectralMixin
from skspectra._numerics.edges.onset import edge_fraction, find_onset, power_law_before
from skspectra._numerics.images.gain import gain_of_counts
from skspectra._numerics.images.gradients import graded_pairs, positions_between
from skspectra._numerics.images.phases import (
    divide,
    merge_alike,
    search_phases,
    separations,
    sums_by_label,
)
from skspectra._sklearn import Interval, StrOptions, fit_context
from skspectra.io import to_matrix

__all__ = ["PhaseSegmenter"]

_LEAST_Z = 5.0
_UNIT_GAIN = (0.9, 1.1)


class PhaseSegmenter(SpectralMixin, BaseEstimator):
    r"""Divide a spectrum image into phases whose summed spectra can be read.

    At a few counts in a channel no pixel can be read by itself, but pixels that show the same
    spectrum can be added up. Counts and neighbouring pixels decide which:

    1. The gain is estimated from neighbouring pixels, and the data divided by it become counts.
    2. A share of the counts, drawn at random, searches for phases: Poisson-scaled components [1]_
       of binned pixels, as many as have similar scores in neighbours; a mixture of Gaussians over
       the scores of blurred pixels; then phases :math:`k` of shape :math:`p_k` and the
       probabilities :math:`q_{ik}` of the pixels, until they agree on

       .. math:: \ln q_{ik} = \sum_j x_{ij} \ln p_{kj}
           + \beta \sum_\text{neighbours } n w_n q_{nk} + \text{const}

       less a penalty for totals that are unusual for the phase: the mean field of a Potts model
       [2]_. Shapes are smoothed along the axis as far as suits the other counts.
    3. The other counts judge: phases that they cannot tell apart are merged. So the number of
       phases depends on the counts, and a smooth gradient becomes as many steps as they can tell
       apart. There are two starts, from pixels that are blurred more and less; the one whose phases
       explain these counts best is taken. Then layers along the boundaries of phases are split off
       where that explains them better still, since a thin surface is easily lost in the phase that
       it lies on.
    4. All counts divide the image among the phases that are left.
    5. Phases without the edge are holes, vacuum or substrate, and get the label -1. Their edge over
       background is below `min_edge` of that of the phase with the strongest edge.

    Parameters
    ----------
    max_phases : int, default=10
        Most phases that are searched for.
    smoothness : float, default=1.0
        Log-likelihood :math:`\beta` that a neighbour of the same phase adds; with 0 each pixel is
        assigned by itself. The search, in which a thin phase is easily lost, takes half of it.
    search_share : float, default=0.7
        Share of the counts that searches for phases, between 0 and 1; the others judge.
    significance : float, default=1e-3
        Two phases differ if the probability of their difference in the judging counts by chance is
        below this.
    min_edge : float, default=0.1
        Least edge over background of a phase, as a share of the greatest of all phases; 0 keeps
        all phases.
    pre_edge : tuple of (float, float), default=None
        Window before the edge, in units of the axis. If None, the onset is searched for in the sum
        of all spectra.
    gain : float or "auto", default="auto"
        Units of the data per count. ``"auto"`` estimates it, and takes 1 for .9 to 1.1.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes that of the signal, numeric column names, or the channel
        numbers. On an axis that is not positive no edge is searched for and no phase gets -1.
    random_state : int, RandomState instance or None, default=None
        Seeds the division of the counts and the mixtures.
    verbose : int or bool, default=0
        Whether to show progress over the starts of the search.

    Attributes
    ----------
    labels_ : ndarray of the shape of the image, int
        Phase of each pixel, the phase of most pixels first; -1 without edge, and where the
        spectrum holds NaN or no counts.
    phase_spectra_ : ndarray of shape (`n_phases_`, n_channels)
        Sum of the counts of each phase, with their background, divided by `gain_`.
    n_phases_ : int
        Number of phases that have the edge.
    n_candidates_ : int
        Number of phases before merging, including those without the edge.
    separation_ : ndarray of shape (`n_phases_`, `n_phases_`)
        How well the judging counts tell two phases apart: their difference in standard errors,
        divided by the threshold of `significance`. Above 1 they differ.
    grades_ : ndarray of shape (`n_phases_`, `n_phases_`), bool
        Which phases grade into each other: towards the boundary, the spectra of each become more
        like the other phase, so that the boundary is a step of a gradient.
    edge_fraction_ : ndarray of shape (`n_phases_`,)
        Edge over background of each phase, in units of that of the sum of the image; ones where no
        edge was found.
    onset_ : float or None
        Where the edge begins, in units of the axis; None if no edge was found.
    gain_ : float
        Units of the data per count that were used.
    channel_gain_ : float
        Gain estimated from the noise of single channels. If it is less than `gain_`, noise is
        correlated along the axis, as after interpolation, and only wide windows show it.
    n_components_ : int
        Number of components that the search used.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels.

    Raises
    ------
    ValueError
        If there are negative values, or `shape` does not fit the rows.

    References
    ----------
    .. [1] M. R. Keenan and P. G. Kotula, Surface and Interface Analysis 36, 203-212 (2004).
    .. [2] G. Celeux, F. Forbes and N. Peyrard, "EM procedures using mean field-like approximations
       for Markov model-based image segmentation", Pattern Recognition 36, 131-144 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.imaging import PhaseSegmenter
    >>> energy = np.arange(600.0, 700.0)
    >>> background = 60 * (energy / 600) ** -3
    >>> lines = [30 * np.exp(-(((energy - at) / 3) ** 2)) for at in (640, 645)]
    >>> image = np.tile(background, (20, 30, 1))  # vacuum, and two phases on a support
    >>> image[:, 10:20] += lines[0]
    >>> image[:, 20:] += lines[1]
    >>> counts = np.random.default_rng(0).poisson(image)
    >>> segmenter = PhaseSegmenter(spectral_axis=energy, random_state=0).fit(counts)
    >>> segmenter.n_phases_, np.unique(segmenter.labels_[:, :10]).tolist()
    (2, [-1])
    """

    _parameter_constraints: dict = {
        "max_phases": [Interval(Integral, 1, None, closed="left")],
        "smoothness": [Interval(Real, 0, None, closed="left")],
        "search_share": [Interval(Real, 0, 1, closed="neither")],
        "significance": [Interval(Real, 0, 1, closed="neither")],
        "min_edge": [Interval(Real, 0, 1, closed="left")],
        "pre_edge": [tuple, list, np.ndarray, None],
        "gain": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "spectral_axis": ["array-like", None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        max_phases=10,
        *,
        smoothness=1.0,
        search_share=0.7,
        significance=1e-3,
        min_edge=0.1,
        pre_edge=None,
        gain="auto",
        spectral_axis=None,
        random_state=None,
        verbose=0,
    ):
        self.max_phases = max_phases
        self.smoothness = smoothness
        self.search_share = search_share
        self.significance = significance
        self.min_edge = min_edge
        self.pre_edge = pre_edge
        self.gain = gain
        self.spectral_axis = spectral_axis
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, image, y=None, *, shape=None):
        """Find the phases of an image.

        Parameters
        ----------
        image : array-like of shape (..., n_channels), or HyperSpy signal
            Counts of at least two pixels, with their background: an image, a line scan, or rows
            with a `shape`. Pixels with NaN are left out. A lazy signal is computed.
        y : None
            Ignored.
        shape : tuple of int, default=None
            Shape of the image that rows belong to; None takes them for a line scan.

        Returns
        -------
        self : object
        """
        counts, empty = self._counts(image, shape)
        random_state = check_random_state(self.random_state)
        rows = counts.reshape(-1, counts.shape[-1])
        search = search_phases(
            counts,
            self.max_phases,
            self.smoothness / 2,
            self.search_share,
            self.significance,
            random_state,
            self.verbose,
        )
        self.n_candidates_, self.n_components_ = search.n_candidates, search.projection.shape[1]
        labels = divide(counts, search.labels, self.smoothness, search.width)
        labels = merge_alike(search, labels, self.significance)
        labels = divide(counts, labels, self.smoothness, search.width)
        self.labels_ = labels = self._number(rows, labels, empty)
        names = np.arange(self.n_phases_)
        self.phase_spectra_ = sums_by_label(rows, labels.ravel(), names)
        z = separations(search, labels, names)
        self.separation_ = np.abs(z) / norm.isf(self.significance)
        self._find_gradients(counts, search.projection)
        return self

    def _find_gradients(self, counts, projection):
        labels = self.labels_
        scores, totals = counts @ projection, counts.sum(axis=-1)
        centers = self.phase_spectra_ @ projection / self.phase_spectra_.sum(axis=1, keepdims=True)
        self.grades_ = graded_pairs(scores, totals, labels, centers)
        self._towards, self._position = positions_between(
            scores, totals, labels, centers, self.grades_
        )

    def interpolate(self, values):
        """Map a value of each phase, and interpolate between phases that grade into each other.

        Parameters
        ----------
        values : array-like of shape (`n_phases_`,)
            A number for each phase, such as the mean valence read from `phase_spectra_`.

        Returns
        -------
        value : ndarray of the shape of the image
            NaN where `labels_` is -1. Within phases that grade into each other, the value lies
            where the blurred spectrum of the pixel lies between theirs.
        uncertainty : ndarray of the shape of the image
            Standard deviation of an even distribution over the step to the phase that the pixel
            lies towards: the difference of their values over the root of 12. 0 in phases without
            such a neighbour, where only the reading is uncertain.
        """
        check_is_fitted(self, "labels_")
        values = np.asarray(values, dtype=float)
        if values.shape != (self.n_phases_,):
            raise ValueError(
                f"values must have shape ({self.n_phases_},), one for each phase, got "
                f"{values.shape}."
            )
        values = np.append(values, np.nan)  # of label -1
        value, step = values[self.labels_], values[self._towards] - values[self.labels_]
        return value + self._position * step, np.abs(step) / np.sqrt(12)

    def _counts(self, image, shape):
        """Return counts in the shape of the image, and which pixels hold none."""
        if hasattr(image, "axes_manager"):
            rows, axis, shape = to_matrix(image)
            rows = np.asarray(rows)
        elif getattr(image, "ndim", 2) > 2:
            axis, shape, rows = None, image.shape[:-1], np.reshape(image, (-1, image.shape[-1]))
        else:
            axis, rows = None, image
        rows = self._validate_spectra(
            rows, reset=True, dtype=np.float32, ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        if axis is not None and self.spectral_axis is None:
            self.spectral_axis_ = axis
        shape = (len(rows),) if shape is None else tuple(shape)
        if np.prod(shape) != len(rows):
            raise ValueError(f"shape {shape} does not fit {len(rows)} rows of spectra.")
        if np.nanmin(rows) < 0:
            raise ValueError(
                f"Negative values in data passed to PhaseSegmenter (least {np.nanmin(rows):g}). It "
                "weighs counts: segment before the background is subtracted."
            )
        rows = np.where(np.isnan(rows).any(axis=1, keepdims=True), np.float32(0), rows)
        counts = rows.reshape(*shape, -1)
        self.gain_, self.channel_gain_ = gain_of_counts(counts)
        if self.gain != "auto":
            self.gain_ = self.gain
        elif _UNIT_GAIN[0] <= self.gain_ <= _UNIT_GAIN[1] or self.gain_ == 0:
            self.gain_ = 1.0
        return counts / np.float32(self.gain_), rows.sum(axis=1).reshape(shape) == 0

    def _number(self, rows, labels, empty):
        """Give the phases that have the edge numbers by their size, and the others -1."""
        labels = np.where(empty, -1, labels)
        names, sizes = np.unique(labels[labels >= 0], return_counts=True)
        names = names[np.argsort(-sizes, kind="stable")]
        fraction, has_edge = self._edges(sums_by_label(rows, labels.ravel(), names))
        names = names[has_edge]
        self.edge_fraction_, self.n_phases_ = fraction[has_edge], names.size
        numbered = np.full(labels.shape, -1)
        for number, name in enumerate(names):
            numbered[labels == name] = number
        return numbered

    def _edges(self, sums):
        """Edge over background of each phase, and which have enough of it."""
        axis, total = self.spectral_axis_, sums.sum(axis=0)
        everywhere = np.ones(len(sums)), np.ones(len(sums), bool)
        self.onset_ = None
        if not axis[0] > 0:
            return everywhere
        pre_edge, first = self.pre_edge, 0
        if pre_edge is None:
            onset, significance = find_onset(total, axis)
            if significance < _LEAST_Z:
                return everywhere
            pre_edge = axis[0], axis[onset]
        template = total - power_law_before(total, axis, pre_edge)
        template = np.where(axis >= pre_edge[1], template, 0).clip(0)
        self.onset_ = float(pre_edge[1])
        fraction, z = edge_fraction(sums, axis, template, first)
        return fraction, (fraction > self.min_edge * fraction[z > _LEAST_Z].max(initial=0)) & (
            z > _LEAST_Z
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.allow_nan = True
        return tags
