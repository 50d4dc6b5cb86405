"""Drop spectra that do not show the edge of a thin specimen, by clustering."""

from numbers import Integral

import numpy as np
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    check_random_state,
)

from skspectra._input.spectra import refuse_negative
from skspectra._numerics.images.shape_clusters import likeliest_shape
from skspectra._progress import Progress
from skspectra._sklearn import Interval, StrOptions, check_y, fit_context
from skspectra.sampling._base import SpectralSampler
from skspectra.sampling._judged_clusters import judged_clusters

__all__ = ["KMeansCleaner"]

_RECORDS = (
    "cluster_centers_",
    "contrast_",
    "edge_strength_",
    "thickness_index_",
    "labels_",
    "kept_",
)


class KMeansCleaner(SpectralSampler):
    r"""Select the spectra that show the edge of a thin specimen, by clustering.

    In the article, the spectra of each class were clustered, and clusters of substrate and of low
    quality were dropped by eye [1]_. Here the sum of each cluster is judged. The edge must stand
    out, with at least a quarter of the contrast

    .. math:: C = \langle x - b \rangle_{L_3} / \langle b \rangle_{L_3}

    of the strongest cluster and 3 standard errors, over the power law :math:`b` fitted before it;
    and it must be thin, by the index

    .. math:: T = \langle x - b \rangle_{18 .. 33} / \langle x - b \rangle_{-4 .. 15}

    of energies in eV after the maximum of :math:`L_3`, since plural scattering moves intensity from
    the white lines to their plasmon copies. :math:`T` is below 1.5, or .8 above that of the
    thinnest cluster up to 2. Where no cluster is below 1.5 the edge has no white lines, or the
    channels are too coarse to show them, and only the contrast is judged.

    With ``n_clusters="auto"`` clusters are those of Gaussian mixtures over Poisson-scaled scores of
    the shape of the spectra. Each is split again by its own components, as long as this lowers the
    Bayesian information criterion. A cluster may still hold thin and thick spectra, so spectra are
    moved out of it whose own index is above the limit by its standard error, or below it by that
    and .4. A number of clusters uses k-means, the special case of equal and round clusters.
    Clusters are numbered from the strongest edge to the weakest.

    Parameters
    ----------
    n_clusters : "auto", int, list or dict, default="auto"
        Number of clusters by k-means, or ``"auto"``. A list has a value for each round; a dict has
        a value, or a list, for each class.
    keep : "auto", list of int, callable, list or dict, default="auto"
        Which clusters to keep: ``"auto"`` by contrast and thickness as above; a list has their
        numbers; a function is given the centres, shape (n_clusters, n_channels), and returns the
        numbers. A list of lists, strings or functions has one for each round; a dict has one, or a
        list of them, for each class. `plotting.ClusterCentersDisplay` helps to decide.
    per_class : bool, default=True
        Whether each class is clustered separately, or all spectra together.
    n_rounds : int, default=1
        Number of rounds of clustering; each clusters the spectra that were kept before.
    pre_edge : tuple of (float, float), default=None
        Window before the edge, in units of the axis; 32 to 5 eV before the maximum of L3, which is
        searched for in the sum of all spectra, if None.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.
        ``keep="auto"`` needs a positive axis.
    random_state : int, RandomState instance or None, default=None
        Seeds the clustering.
    verbose : int or bool, default=0
        Whether to show progress over the classes and rounds.

    Attributes
    ----------
    mask_ : ndarray of shape (n_spectra,), bool
        Selected rows; for an image ``mask_.reshape(shape)``.
    sample_indices_ : ndarray of shape (n_kept,)
        Numbers of the selected rows, increasing.
    cluster_centers_ : dict
        For each class a list with one array of shape (n_clusters, n_channels) per round. With
        ``per_class=False`` or without classes the only key is None, here and below.
    contrast_ : dict
        For each class a list with the contrast C of each cluster per round; zeros where no edge was
        found, empty where the axis is not positive, here and below.
    edge_strength_ : dict
        Like `contrast_`, in standard errors.
    thickness_index_ : dict
        Like `contrast_`, with the thickness index T of each cluster; NaN where it is not known.
    labels_ : dict
        For each class a list with the cluster number of each spectrum that entered the round.
    kept_ : dict
        For each class a list with the numbers of the clusters kept in the round.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If a class would lose all of its spectra, has fewer spectra than clusters, or with
        ``keep="auto"`` the axis is not positive or no edge is found.

    References
    ----------
    .. [1] M. Chatzidakis and G. A. Botton, "Towards calibration-invariant spectroscopy using deep
       learning", Scientific Reports 9, 2126 (2019), Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.sampling import KMeansCleaner
    >>> rng = np.random.default_rng(0)
    >>> energy = np.arange(600.0, 700.0)
    >>> substrate = np.tile(500 * (energy / 600) ** -3, (120, 1))
    >>> line = 300 * np.exp(-(((energy - 640) / 3) ** 2))
    >>> X = rng.poisson(substrate + np.where(np.arange(120)[:, None] < 80, line, 0))
    >>> cleaner = KMeansCleaner(spectral_axis=energy, random_state=0).fit(X)
    >>> cleaner.mask_.sum(), cleaner.mask_[:80].all()
    (np.int64(80), np.True_)
    """

    _parameter_constraints: dict = {
        "n_clusters": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            list,
            dict,
        ],
        "keep": [StrOptions({"auto"}), "array-like", callable, dict],
        "per_class": ["boolean"],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "pre_edge": [tuple, list, np.ndarray, None],
        "spectral_axis": ["array-like", None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_clusters="auto",
        *,
        keep="auto",
        per_class=True,
        n_rounds=1,
        pre_edge=None,
        spectral_axis=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.keep = keep
        self.per_class = per_class
        self.n_rounds = n_rounds
        self.pre_edge = pre_edge
        self.spectral_axis = spectral_axis
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the spectra to keep.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Counts with their background.
        y : array-like of shape (n_spectra,), default=None
            Class labels; None for the pixels of an image.

        Returns
        -------
        self : object
        """
        X = self._validate_spectra(X, reset=True)
        if y is not None:
            y = check_y(y)
            check_consistent_length(X, y)
        self._clean(X, y)
        return self

    def _fit_resample(self, X, y):
        self._clean(X, y)
        return X[self.sample_indices_], y[self.sample_indices_]

    def predict_mask(self, X):
        """Return which spectra of unknown class would be selected, such as those of another image.

        A spectrum is kept if in every round the cluster it belongs to, of those of all classes, was
        kept. This is the cluster whose shape makes its counts likeliest if all clusters were found
        by ``n_clusters="auto"``, else the one with the nearest centre.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra.

        Returns
        -------
        mask : ndarray of shape (n_spectra,), bool
        """
        check_is_fitted(self, "cluster_centers_")
        X = self._validate_spectra(X, reset=False)
        nearest = likeliest_shape if self._by_shape else pairwise_distances_argmin
        mask = np.ones(len(X), dtype=bool)
        by_round = (zip(*of.values(), strict=True) for of in (self.cluster_centers_, self.kept_))
        for centers, kept in zip(*by_round, strict=True):
            good = [
                np.isin(np.arange(len(of_class)), numbers)
                for of_class, numbers in zip(centers, kept, strict=True)
            ]
            mask &= np.concatenate(good)[nearest(X, np.concatenate(centers))]
        return mask

    def _clean(self, X, y):
        self._by_shape = isinstance(self.n_clusters, str)
        self._check_input(X)
        random_state = check_random_state(self.random_state)
        for record in _RECORDS:
            setattr(self, record, {})
        groups = self._groups(X, y)
        n_rounds = len(groups) * self.n_rounds
        with Progress(self.verbose, "clustering", n_rounds, "round") as progress:
            kept = [
                self._clean_class(name, rows, X, random_state, progress)
                for name, rows in groups.items()
            ]
        self.sample_indices_ = np.sort(np.concatenate(kept))
        self.mask_ = np.zeros(len(X), dtype=bool)
        self.mask_[self.sample_indices_] = True
        if y is not None:
            self._check_classes(y)

    def _check_input(self, X):
        axis = self.spectral_axis_
        if isinstance(self.keep, str) and axis[0] <= 0:
            raise ValueError(
                "keep='auto' extrapolates a power law and needs a positive spectral axis, got one "
                f"from {axis[0]:g} to {axis[-1]:g}. Pass spectral_axis=, or choose the clusters."
            )
        if self._by_shape:
            advice = "Clean before the background is subtracted, or give the number of clusters."
            refuse_negative(X, self, "n_clusters='auto'", advice)

    def _groups(self, X, y):
        if y is None or not self.per_class:
            return {None: np.arange(len(X))}
        return {name: np.flatnonzero(y == name) for name in np.unique(y).tolist()}

    def _clean_class(self, name, rows, X, random_state, progress):
        """Cluster one class, round after round; return the rows that are left."""
        for number in range(self.n_rounds):
            n_clusters = _of_round(self.n_clusters, name, number, "n_clusters")
            keep = _of_round(self.keep, name, number, "keep")
            if not isinstance(n_clusters, str) and len(rows) < n_clusters:
                raise ValueError(
                    f"{_who(name)} has {len(rows)} spectra, fewer than n_clusters={n_clusters}. "
                    "Lower n_clusters or n_rounds."
                )
            found = judged_clusters(
                X[rows], self.spectral_axis_, n_clusters, self.pre_edge, random_state
            )
            kept = _choose(found, keep)
            for record in _RECORDS:
                value = kept if record == "kept_" else getattr(found, record[:-1])
                getattr(self, record).setdefault(name, []).append(value)
            rows = rows[np.isin(found.labels, kept)]
            if rows.size == 0:
                raise ValueError(
                    f"{_who(name)} would lose all of its spectra: clusters {kept.tolist()} were "
                    f"kept, edge strengths are {(found.edge_strength + 0.0).round(1).tolist()}. "
                    "Look at the centres, pass keep= as a list of cluster numbers, or set "
                    "pre_edge= to a window before the edge."
                )
            progress.update()
        return rows

    def _check_classes(self, y):
        lost = set(np.unique(y).tolist()) - set(np.unique(y[self.sample_indices_]).tolist())
        if lost:
            raise ValueError(
                f"{', '.join(map(_who, sorted(lost)))} would lose all of its spectra. Cluster each "
                "class by itself (per_class=True), or keep more clusters."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        tags.target_tags.required = False
        tags.input_tags.positive_only = isinstance(self.n_clusters, str)
        return tags


def _of_round(value, name, number, parameter):
    """Value of a parameter for one class and round."""
    if isinstance(value, dict):
        if name not in value:
            raise ValueError(f"{parameter} has no entry for {_who(name)}; it has {list(value)}.")
        value = value[name]
    is_by_round = isinstance(value, list) and (
        parameter == "n_clusters" or any(not isinstance(each, Integral) for each in value)
    )
    if not is_by_round:
        return value
    if number >= len(value):
        raise ValueError(
            f"{parameter} has entries for {len(value)} rounds, but n_rounds is more. Give one for "
            "each round."
        )
    return value[number]


def _choose(clusters, keep):
    if isinstance(keep, str):
        return np.flatnonzero(clusters.good)
    kept = np.asarray(keep(clusters.cluster_centers) if callable(keep) else keep)
    if kept.dtype == bool:
        kept = np.flatnonzero(kept)
    n_clusters = len(clusters.cluster_centers)
    if kept.size and not np.isin(kept, np.arange(n_clusters)).all():
        raise ValueError(
            f"keep names clusters {kept.tolist()}, but they are numbered 0 to {n_clusters - 1}."
        )
    return kept.astype(int)


def _who(name):
    return "The whole set" if name is None else f"Class {name!r}"
