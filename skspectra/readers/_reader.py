"""Name the valence in spectra, with how sure that is, or say unknown."""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skspectra._input.spectra import SpectralMixin, noting_bad_rows, refuse_images
from skspectra._numerics.axis import resolve_axis
from skspectra._numerics.random import as_generator
from skspectra._sklearn import HasMethods, Interval, fit_context
from skspectra.datasets._atoms import read_data
from skspectra.datasets._library import splitting
from skspectra.readers._by_noise import quantile_by_noise, quantile_curve
from skspectra.readers._counting import DOSES, count_again, saturated
from skspectra.readers._edges import (
    Edges,
    aligned_axis,
    find_edges,
    possible_shifts,
    search_axis,
    smooth_by_noise,
)
from skspectra.readers._experts import (
    N_COMPONENTS,
    default_classifiers,
    default_detector,
    default_regressor,
    evidence,
    weighing,
)
from skspectra.readers._labels import element_of_labels, valence_of_label
from skspectra.readers._mean_valence import interval_curve, mixtures, unshrinking

__all__ = ["ValenceReader"]

UNKNOWN = "unknown"
MIXTURES_PER_EDGE = 0.8  # that the regressor learns from, at each level of dose
N_PASSES = 3  # of finding the edges of the training spectra
FIRST_WIDTH = 1.5  # eV, standard deviation of the line by which they are found first
BEFORE_L3, AFTER_L2 = 7.0, 6.3  # eV that are cut out beside the white lines
BEFORE_NEXT_EDGE = {"V": 11.0}  # eV after L3, since the O K edge of vanadium oxides follows
HELD_OUT = 0.25  # share of the groups that weighs, calibrates and sets thresholds
LEAST_STRENGTH = 5.0  # of an edge over its standard error; noise alone reaches 4.8
LEAST_DOUBT = 0.02  # that can be too much
MOST_NOISE = 0.4  # of a channel over the height, beyond which nothing is named


class ValenceReader(ClassifierMixin, SpectralMixin, BaseEstimator):
    r"""Read the valence of an element in counts, or say unknown.

    `fit` takes labelled edges, simulated or measured; `read` takes spectra as an instrument gives
    them, with or without background, in counts or any other scale, on any axis that covers the
    edge:

    1. The edge is where the mean edge of a class, beside a quadratic background, explains most
       within `max_shift` of its nominal place. What does not stand :math:`5 \sigma` above its noise
       is no edge.
    2. A power law is fitted from 20 to 5.5 eV before the edge that was found and subtracted. Its
       exponent is drawn towards 3 as far as noise hides it. A spectrum without background has none
       there to subtract. Where less than 3 eV lie before the edge, a constant is subtracted.
    3. The edge is brought to the centre of mass of the upper part of its white line and cut out,
       smoothed as far as its noise asks for, and scaled.
    4. Every classifier was trained at three levels of dose: on the training edges, put on a
       background and counted again. A logistic regression, fitted to edges that none of them has
       seen, weighs what they say by the noise of the spectrum [1]_.
    5. What is unlike the edges of the element, and their mixtures, is foreign: by the probability
       that a classifier gives to the edges labelled "unknown", or by the share that 25 principal
       components leave. Both are measured in units of what a share `keep` of the element's edges
       has at the same noise.
    6. The mean valence is read by a regressor trained on mixtures in random proportion, whose
       components are up to 1 eV off each other. It has a split-conformal interval [2]_, by noise.

    Parameters
    ----------
    classifiers : list of classifiers, default=None
        With `predict_proba`; each is cloned and trained at every level of dose. None is three small
        dense nets on principal components, and an invariant `FullyConvClassifier`.
    detector : classifier, default=None
        With `predict_proba`; tells edges of the element from others. None is three small dense nets
        on principal components.
    regressor : regressor, default=None
        Of the mean valence. None is a small dense net on principal components.
    energy : float, default=None
        Nominal energy of the white line in eV. None takes it from the element that the labels
        name, from Sc to Cu.
    window : tuple of (float, float), default=None
        What of the edge is looked at, in eV from the white line. None is 7 eV before L3 to 6 eV
        after L2, for V to the O K edge.
    max_shift : float, default=12.0
        How far from its nominal energy an edge is looked for, in eV.
    least_probability : float, default=0.8
        What is less probable is not named.
    keep : float, default=0.97
        Share of the element's edges that is not foreign, at any noise.
    coverage : float, default=0.9
        Share of the intervals that hold the mean valence.
    random_state : int, RandomState, Generator or None, default=None
        Seeds doses, backgrounds, mixtures and what is trained.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, without "unknown".
    valences_ : ndarray of shape (n_classes,)
        Their valences.
    element_ : str or None
        The element that the labels name.
    spectral_axis_ : ndarray of shape (n_channels,)
        Axis of the training spectra, in eV: that of `predict`, `predict_proba` and `score`.
    energy_ : float
        Nominal energy of the white line in eV.
    window_ : tuple of (float, float)
        What of the edge is looked at, in eV from the white line.
    positions_ : ndarray of shape (n_classes,)
        Energy of the white line of each class, in eV.
    experts_ : list of classifiers
        Those trained at the high dose come first.
    weights_ : LogisticRegression
        Weighs them.
    n_features_in_ : int
        Number of channels seen at fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen at fit, where they are strings.

    See Also
    --------
    skspectra.models.load_pretrained : Readers that come with the package.
    skspectra.datasets.make_l23_spectra : Edges to fit one of other ions with.

    References
    ----------
    .. [1] D. H. Wolpert, "Stacked generalization", Neural Networks 5, 241 (1992).
    .. [2] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113,
       1094 (2018).

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.datasets import make_l23_spectra
    >>> from skspectra.models import load_pretrained
    >>> reader = load_pretrained("mn-l23")
    >>> energy = np.arange(600, 690, 0.25)  # eV
    >>> counts = make_l23_spectra(
    ...     1, spectral_axis=energy, shift=-7, stretch=0, resolution=0.8, thickness=0.2, dose=5000,
    ...     background=5, background_counts=True, n_points=1, random_state=0,
    ... )
    >>> table = reader.read(counts.data, energy)
    >>> bool((table["valence"] == counts.target).all())
    True
    """

    _parameter_constraints: dict = {
        "classifiers": [list, tuple, None],
        "detector": [HasMethods(["fit", "predict_proba"]), None],
        "regressor": [HasMethods(["fit", "predict"]), None],
        "energy": [Interval(Real, None, None, closed="neither"), None],
        "window": [tuple, list, None],
        "max_shift": [Interval(Real, 0, None, closed="left")],
        "least_probability": [Interval(Real, 0, 1, closed="both")],
        "keep": [Interval(Real, 0, 1, closed="neither")],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        classifiers=None,
        detector=None,
        regressor=None,
        energy=None,
        window=None,
        max_shift=12.0,
        least_probability=0.8,
        keep=0.97,
        coverage=0.9,
        random_state=None,
    ):
        self.classifiers = classifiers
        self.detector = detector
        self.regressor = regressor
        self.energy = energy
        self.window = window
        self.max_shift = max_shift
        self.least_probability = least_probability
        self.keep = keep
        self.coverage = coverage
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, spectral_axis=None, groups=None):
        """Learn the edges of an element.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Edges of many counts, with or without background; those of one class may lie a few eV
            apart. `fit` counts them again at lower doses, shifts and mixes them.
        y : array-like of shape (n_spectra,)
            Labels that name a valence, such as "Mn2+" or 2, and "unknown" for edges to refuse.
        spectral_axis : array-like of shape (n_channels,), default=None
            Axis of the spectra in eV; None takes it from numeric column names.
        groups : array-like of shape (n_spectra,), default=None
            Spectra of the same group, such as of one specimen or of one point of a simulation, are
            held out together: a quarter of the groups weighs and calibrates. None holds out a
            quarter of the spectra.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If labels name no valence or several elements, no place of the edge is known, or the
            axis does not cover it.
        """
        X, labels = self._validate_training(X, y, spectral_axis)
        known = labels != UNKNOWN
        if not known.any():
            raise ValueError(f"All labels are {UNKNOWN!r}. Bring spectra of a class as well.")
        self.classes_, codes = np.unique(labels[known], return_inverse=True)
        self._learn_element()
        self._check_covers(self.spectral_axis_)
        with warnings.catch_warnings():  # nets stop before they converge, on purpose
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._learn(X, known, codes, groups, as_generator(self.random_state))
        return self

    def _learn(self, X, known, codes, groups, rng):
        seed = int(rng.integers(2**31))
        edges = self._learn_place(X[known], codes)
        foreign = edges.spectra[:0]
        if not known.all():
            foreign = self._find(X[~known], self.spectral_axis_).spectra
        train, held = self._split(
            codes, None if groups is None else np.asarray(groups)[known], seed
        )
        shapes = edges.spectra
        pure = [self._views(shapes[rows], rng) for rows in (train, held)]
        mixed = [self._mixed(shapes[rows], codes[rows], rng) for rows in (train, held)]
        self._learn_classes(pure[0], codes[train], pure[1], codes[held], seed)
        foreign = np.concatenate([foreign, saturated(shapes[train], rng)])
        known = [
            _joined([*views, views_of_mixtures])
            for views, (views_of_mixtures, _) in zip(pure, mixed, strict=True)
        ]
        self._learn_novelty(known[0], _joined(self._views(foreign, rng)), known[1], seed)
        self._learn_valence(*mixed, seed)

    def _validate_training(self, X, y, spectral_axis):
        refuse_images(X)
        with noting_bad_rows(X):
            checked, labels = validate_data(
                self, X, y, dtype=[np.float64, np.float32], ensure_min_features=2
            )
        check_classification_targets(labels)
        self.spectral_axis_ = resolve_axis(X, spectral_axis, n_channels=checked.shape[1])
        return checked, labels

    def _learn_element(self):
        """Take element, valences and place of the edge from labels and parameters."""
        self.element_ = element_of_labels(self.classes_)
        self.valences_ = np.array([valence_of_label(label) for label in self.classes_.tolist()])
        nominal = read_data("l23_maxima.json")["elements"].get(self.element_)
        if nominal is None and (self.energy is None or self.window is None):
            raise ValueError(
                "energy= and window= say where the edge lies; only for labels that name a metal "
                f"from Sc to Cu they are known. The labels are {self.classes_.tolist()}."
            )
        if self.energy is None:
            self.energy_ = float(np.mean(list(nominal["maxima_eV"].values())))
        else:
            self.energy_ = float(self.energy)
        if self.window is None:
            after = min(
                splitting(self.element_) + AFTER_L2, BEFORE_NEXT_EDGE.get(self.element_, np.inf)
            )
            self.window_ = (-BEFORE_L3, after)
        else:
            self.window_ = tuple(map(float, self.window))

    def _place(self):
        return {"energy": self.energy_, "window": self.window_, "max_shift": self.max_shift}

    def _find(self, X, axis):
        return find_edges(X, axis, self.templates_, **self._place())

    def _learn_place(self, X, codes):
        """Find all edges by one broad line first, then by the mean edge of each class."""
        u = aligned_axis(self.window_)
        self.templates_ = np.exp(-((u / FIRST_WIDTH) ** 2) / 2)[None]
        for _ in range(N_PASSES):
            edges = self._find(X, self.spectral_axis_)
            spectra = smooth_by_noise(edges)
            self.templates_ = np.array(
                [spectra[codes == code].mean(axis=0) for code in range(self.classes_.size)]
            )
        self.positions_ = np.array(
            [np.median(edges.position[codes == code]) for code in range(self.classes_.size)]
        )
        return self._find(X, self.spectral_axis_)

    def _split(self, codes, groups, seed):
        if groups is None:
            splitter = StratifiedShuffleSplit(1, test_size=HELD_OUT, random_state=seed)
        else:
            splitter = GroupShuffleSplit(1, test_size=HELD_OUT, random_state=seed)
        return next(splitter.split(codes, codes, groups))

    def _views(self, spectra, rng):
        """Edges counted again at every level of dose, as they are then found."""
        axis = search_axis(**self._place())
        return [
            self._find(count_again(spectra, level, **self._place(), rng=rng), axis)
            for level in DOSES
        ]

    def _learn_classes(self, views, codes, held_views, held_codes, seed):
        classifiers = self.classifiers or default_classifiers(seed)
        self.experts_ = [
            clone(classifier).fit(smooth_by_noise(view), codes)
            for view in views
            for classifier in classifiers
        ]
        everything = np.concatenate([self._evidence(view) for view in held_views])
        self.weights_ = weighing().fit(everything, np.tile(held_codes, len(held_views)))

    def _evidence(self, edges):
        return evidence(self.experts_, smooth_by_noise(edges), edges.noise)

    def _learn_novelty(self, known, foreign, held, seed):
        """Learn what is of the element, and how much doubt a share of it raises at each noise."""
        known, foreign = smooth_by_noise(known), smooth_by_noise(foreign)
        self.shape_ = PCA(N_COMPONENTS, random_state=0).fit(known)
        is_foreign = np.repeat([False, True], [len(known), len(foreign)])
        detector = clone(self.detector or default_detector(seed))
        self.detector_ = detector.fit(np.concatenate([known, foreign]), is_foreign)
        doubts = self._doubts(smooth_by_noise(held))
        self.doubt_curves_ = [quantile_curve(each, held.noise, self.keep) for each in doubts]

    def _doubts(self, spectra):
        """Share that the components of the element leave, and probability of being no such edge."""
        centred = spectra - self.shape_.mean_
        left = centred - (centred @ self.shape_.components_.T) @ self.shape_.components_
        left = (left**2).sum(axis=1) / np.maximum((spectra**2).sum(axis=1), 1e-12)
        return [left, self.detector_.predict_proba(spectra)[:, 1]]

    def _novelty(self, spectra, noise):
        """Greatest doubt over what is usual at the noise of the spectrum."""
        usual = [np.maximum(quantile_by_noise(c, noise), LEAST_DOUBT) for c in self.doubt_curves_]
        return np.max(np.array(self._doubts(spectra)) / usual, axis=0)

    def _mixed(self, shapes, codes, rng):
        """Mixtures at every level of dose, and their mean valences."""
        n_samples = round(MIXTURES_PER_EDGE * len(shapes))
        mixed, fractions = mixtures(shapes, codes, n_samples, aligned_axis(self.window_), rng)
        views = self._views(mixed, rng)
        return _joined(views), np.tile(fractions @ self.valences_, len(views))

    def _learn_valence(self, trained, held, seed):
        regressor = self.regressor or default_regressor(seed)
        self.regressor_ = clone(regressor).fit(smooth_by_noise(trained[0]), trained[1])
        edges, true = held
        predicted = self.regressor_.predict(smooth_by_noise(edges))
        ends = self.valences_.min(), self.valences_.max()
        self.unshrinking_ = unshrinking(predicted, true, ends)
        valence = np.interp(predicted, *self.unshrinking_)
        self.interval_curve_ = interval_curve(valence, true, edges.noise, self.coverage)

    def predict_proba(self, X):
        """Probability of each class, if it is one of these at all.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra on `spectral_axis_`, with or without background.

        Returns
        -------
        proba : ndarray of shape (n_spectra, n_classes)
            In the order of `classes_`.
        """
        edges = self._find_on_own_axis(X)
        return self.weights_.predict_proba(self._evidence(edges))

    def predict(self, X):
        """Most probable class, however unlike any of them the spectrum is.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_channels)
            Spectra on `spectral_axis_`, with or without background.

        Returns
        -------
        y : ndarray of shape (n_spectra,)
            Labels from `classes_`.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]

    def _find_on_own_axis(self, X):
        check_is_fitted(self, "interval_curve_")
        return self._find(self._validate_spectra(X, reset=False), self.spectral_axis_)

    def read(self, spectra, spectral_axis=None):
        """Name the valence of each spectrum, with how sure that is, or say unknown.

        Parameters
        ----------
        spectra : array-like of shape (n_spectra, n_channels)
            With or without background, in counts or any other scale.
        spectral_axis : array-like of shape (n_channels,), default=None
            Their axis in eV, increasing; None takes it from numeric column names.

        Returns
        -------
        table : DataFrame
            One row for each spectrum, with the index of a frame that came in:

            - ``valence``: a label from `classes_`, or "unknown";
            - ``probability``: of the most probable class;
            - ``mean_valence``, ``lower``, ``upper``: the mean valence and the ends of its interval,
              NaN where the edge is not of the element;
            - ``shift``: how far the edge lies off the place of that class, in eV;
            - ``novelty``: how unlike the element's edges, 1 being the threshold;
            - ``reason``: "" where a valence is named; "no edge", "foreign" (an edge of something
              else) or "cannot tell" (of the element, but too noisy or between classes);
            - a column for each class with its probability.

        Raises
        ------
        ValueError
            If the axis does not cover the edge, or spectra hold NaN or infinity.
        """
        import pandas as pd  # takes 0.3 s to import

        check_is_fitted(self, "interval_curve_")
        refuse_images(spectra)
        with noting_bad_rows(spectra):
            X = check_array(spectra, dtype=[np.float64, np.float32], ensure_min_features=3)
        axis = resolve_axis(spectra, spectral_axis, n_channels=X.shape[1])
        self._check_covers(axis)
        edges = self._find(X, axis)
        table = pd.DataFrame(self._answers(edges), index=getattr(spectra, "index", None))
        return table

    def _answers(self, edges):
        spectra = smooth_by_noise(edges)
        proba = self.weights_.predict_proba(evidence(self.experts_, spectra, edges.noise))
        novelty = self._novelty(spectra, edges.noise)
        valence = np.interp(self.regressor_.predict(spectra), *self.unshrinking_)
        half = quantile_by_noise(self.interval_curve_, edges.noise)
        codes = proba.argmax(axis=1)
        reason = np.full(len(codes), "", dtype=object)
        reason[(proba.max(axis=1) < self.least_probability) | (edges.noise > MOST_NOISE)] = (
            "cannot tell"
        )
        reason[novelty > 1] = "foreign"
        reason[edges.strength < LEAST_STRENGTH] = "no edge"
        named = reason == ""
        is_element = named | (reason == "cannot tell")
        ends = self.valences_.min(), self.valences_.max()
        answers = {
            "valence": np.where(named, self.classes_[codes].astype(object), UNKNOWN),
            "probability": proba.max(axis=1),
            "mean_valence": np.where(is_element, valence, np.nan),
            "lower": np.where(is_element, np.clip(valence - half, *ends), np.nan),
            "upper": np.where(is_element, np.clip(valence + half, *ends), np.nan),
            "shift": np.where(reason == "no edge", np.nan, edges.position - self.positions_[codes]),
            "novelty": novelty,
            "reason": reason,
        }
        return answers | dict(zip(self.classes_.tolist(), proba.T, strict=True))

    def _check_covers(self, axis):
        """Raise if an axis holds the white lines nowhere that they may lie."""
        least, greatest = possible_shifts(axis, **self._place())
        if least > greatest:
            nominal, reach = self.energy_, self.max_shift
            raise ValueError(
                f"The spectra run from {axis[0]:g} to {axis[-1]:g}, but the white lines of "
                f"{self.element_ or 'this reader'} begin at {nominal - reach:.1f} to "
                f"{nominal + reach:.1f} and take {0.6 * self.window_[1]:.0f} eV. Pass the axis of "
                "the spectra as spectral_axis=, in eV."
            )


def _joined(views):
    """Edges of several views as one."""
    return Edges(*map(np.concatenate, zip(*views, strict=True)))
