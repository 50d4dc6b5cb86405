"""Drop spectra that do not show the edge, by clustering."""

from numbers import Integral

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils.validation import check_is_fitted, check_random_state

from skspectra._numerics.edge import edge_strength
from skspectra._sklearn import Interval, StrOptions
from skspectra.sampling._base import SpectralSampler

__all__ = ["KMeansCleaner"]

_LEAST_STRENGTH = 3.0


class KMeansCleaner(SpectralSampler):
    r"""Keep the clusters of spectra that carry an edge.

    The spectra of each class are clustered by k-means, as the article did to drop the substrate and
    spectra of low quality [1]_. Clusters are numbered from the strongest edge to the weakest. The
    strength of an edge is the mean of the cluster centre above a power law extrapolated from the
    pre-edge, in units of its noise:

    .. math:: S = \frac{\langle c - b \rangle}{\sqrt{\sigma^2 + \langle \delta b \rangle^2}}

    where :math:`\sigma` is the standard deviation of the centre about the power law before the edge
    and :math:`\delta b` the standard error of the extrapolation.

    Parameters
    ----------
    n_clusters : int, default=2
        Number of clusters of each class.
    keep : "auto", list of int or callable, default="auto"
        Which clusters to keep: ``"auto"`` those with a strength above 3; a list names them by
        number; a function is given the centres, shape (n_clusters, n_channels), and returns
        their numbers. Look at `cluster_centers_` to decide.
    per_class : bool, default=True
        Whether each class is clustered by itself, or all spectra together.
    n_rounds : int, default=1
        How often what was kept is clustered again.
    pre_edge : tuple of (float, float), default=None
        Window before the edge, in units of the axis; the first fifth of the axis if None.
    spectral_axis : array-like of shape (n_channels,), default=None
        Axis of the spectra; None takes it from numeric column names, else the channel numbers.
        ``keep="auto"`` needs a positive axis.
    random_state : int, RandomState instance or None, default=None
        Seeds k-means.

    Attributes
    ----------
    cluster_centers_ : dict
        For each class a list with one array of shape (n_clusters, n_channels) per round. With
        ``per_class=False`` the only key is None, here and below.
    edge_strength_ : dict
        For each class a list with one array of shape (n_clusters,) per round; empty lists where
        the axis is not positive.
    labels_ : dict
        For each class a list with the cluster number of each spectrum that entered the round.
    kept_ : dict
        For each class a list with the numbers of the clusters kept in the round.
    sample_indices_ : ndarray of shape (n_kept,)
        The rows that were kept, in their order.
    spectral_axis_ : ndarray of shape (n_channels,)
        The axis.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    Raises
    ------
    ValueError
        If a class would lose all of its spectra, has fewer spectra than clusters, or the axis is
        not positive with ``keep="auto"``.

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
    >>> substrate = np.tile(1e5 * (energy / 600) ** -3, (60, 1))
    >>> edge = np.where(np.arange(60)[:, None] < 40, 2e4 * (energy >= 640), 0)
    >>> X, y = rng.poisson(substrate + edge), ["Mn2+"] * 30 + ["Mn3+"] * 30
    >>> cleaner = KMeansCleaner(per_class=False, pre_edge=(600, 635), spectral_axis=energy)
    >>> X_clean, y_clean = cleaner.fit_resample(X, y)
    >>> len(X_clean)
    40
    """

    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "keep": [StrOptions({"auto"}), "array-like", callable],
        "per_class": ["boolean"],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "pre_edge": [tuple, list, np.ndarray, None],
        "spectral_axis": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters=2,
        *,
        keep="auto",
        per_class=True,
        n_rounds=1,
        pre_edge=None,
        spectral_axis=None,
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.keep = keep
        self.per_class = per_class
        self.n_rounds = n_rounds
        self.pre_edge = pre_edge
        self.spectral_axis = spectral_axis
        self.random_state = random_state

    def _fit_resample(self, X, y):
        self._check_axis()
        random_state = check_random_state(self.random_state)
        self.cluster_centers_, self.edge_strength_, self.labels_, self.kept_ = {}, {}, {}, {}
        kept = [self._clean(name, rows, X, random_state) for name, rows in self._groups(y).items()]
        self.sample_indices_ = np.sort(np.concatenate(kept))
        self._check_classes(y)
        return X[self.sample_indices_], y[self.sample_indices_]

    def predict_mask(self, X):
        """Tell which spectra of unknown class would be kept, as in the pixels of an image.

        A spectrum is kept if in every round the nearest centre of all classes is one that was kept.

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
        mask = np.ones(len(X), dtype=bool)
        by_round = (zip(*of.values(), strict=True) for of in (self.cluster_centers_, self.kept_))
        for centers, kept in zip(*by_round, strict=True):
            good = [
                np.isin(np.arange(len(own)), numbers)
                for own, numbers in zip(centers, kept, strict=True)
            ]
            nearest = pairwise_distances_argmin(X, np.concatenate(centers))
            mask &= np.concatenate(good)[nearest]
        return mask

    def _check_axis(self):
        axis = self.spectral_axis_
        self._has_strength = bool(axis[0] > 0)
        if isinstance(self.keep, str) and not self._has_strength:
            raise ValueError(
                "keep='auto' extrapolates a power law and needs a positive spectral axis, got one "
                f"from {axis[0]:g} to {axis[-1]:g}. Pass spectral_axis=, or choose the clusters."
            )

    def _groups(self, y):
        if not self.per_class:
            return {None: np.arange(len(y))}
        return {name: np.flatnonzero(y == name) for name in np.unique(y).tolist()}

    def _clean(self, name, rows, X, random_state):
        """Cluster one class, round after round; return the rows that are left."""
        records = [
            attribute.setdefault(name, [])
            for attribute in (self.cluster_centers_, self.edge_strength_, self.labels_, self.kept_)
        ]
        for _ in range(self.n_rounds):
            if len(rows) < self.n_clusters:
                raise ValueError(
                    f"{_who(name)} has {len(rows)} spectra, fewer than n_clusters="
                    f"{self.n_clusters}. Lower n_clusters or n_rounds."
                )
            centers, strength, labels = self._cluster(X[rows], random_state)
            kept = self._choose(centers, strength)
            for record, value in zip(records, (centers, strength, labels, kept), strict=True):
                record.append(value)
            rows = rows[np.isin(labels, kept)]
            if rows.size == 0:
                raise ValueError(
                    f"{_who(name)} would lose all of its spectra: clusters {kept.tolist()} were "
                    f"kept, edge strengths are {_rounded(strength)}. Look at the centres, pass "
                    "keep= as a list of cluster numbers, or set pre_edge= to a window before the "
                    "edge."
                )
        return rows

    def _cluster(self, X, random_state):
        kmeans = KMeans(self.n_clusters, n_init=10, random_state=random_state).fit(X)
        centers, labels = kmeans.cluster_centers_, kmeans.labels_
        if not self._has_strength:
            return centers, np.empty(0), labels
        strength = edge_strength(centers, self.spectral_axis_, self.pre_edge)
        order = np.argsort(-strength, kind="stable")
        return centers[order], strength[order], np.argsort(order)[labels]

    def _choose(self, centers, strength):
        if isinstance(self.keep, str):
            return np.flatnonzero(strength > _LEAST_STRENGTH)
        kept = np.asarray(self.keep(centers) if callable(self.keep) else self.keep)
        if kept.dtype == bool:
            kept = np.flatnonzero(kept)
        if kept.size and not np.isin(kept, np.arange(self.n_clusters)).all():
            raise ValueError(
                f"keep names clusters {kept.tolist()}, but they are numbered 0 to "
                f"{self.n_clusters - 1}."
            )
        return kept.astype(int)

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
        return tags


def _who(name):
    return "The whole set" if name is None else f"Class {name!r}"


def _rounded(strength):
    return np.round(strength, 1).tolist() if strength.size else "not known on this axis"
