"""Name the valence in spectra, with how sure that is, or say unknown."""

import html
import warnings
from math import ceil
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skspectra._input.spectra import (
    SpectralMixin,
    in_memory,
    noting_bad_rows,
    refuse_extremes,
    refuse_images,
)
from skspectra._input.targets import refuse_targets
from skspectra._numerics.axis import dispersion, resolve_axis
from skspectra._numerics.column_names import refuse_columns_of_spectra, spectral_columns
from skspectra._numerics.random import as_generator
from skspectra._progress import Progress
from skspectra._sklearn import HasMethods, Interval, fit_context
from skspectra.readers._by_noise import quantile_by_noise
from skspectra.readers._dense_nets import N_COMPONENTS
from skspectra.readers._edge_model import HELD_OUT, N_STEPS, EdgeModel
from skspectra.readers._edges import possible_shifts, smooth_by_noise

__all__ = ["ValenceReader"]

UNKNOWN = "unknown"
AT_ONCE = 8192  # spectra that are read: bounds the memory
LEAST_STRENGTH = 5.0  # of an edge over its standard error; noise alone reaches 4.8
_WIDEST = 5.0  # eV of a channel
MOST_NOISE = 0.4  # of a channel over the height, beyond which nothing is named


class ValenceReader(EdgeModel, ClassifierMixin, SpectralMixin, BaseEstimator):
    r"""Read the valence of an element in counts, or say unknown.

    `fit` takes labelled edges, simulated or measured. `read` takes spectra as an instrument gives
    them: with or without background, in counts or any other scale, on any axis that covers the
    edge.

    1. The edge is searched for within `max_shift` of its nominal energy, where the mean edge of a
       class with a quadratic background fits best. It must stand :math:`5 \sigma` above the
       noise.
    2. A power law is fitted from 20 to 5.5 eV before the edge that was found and subtracted. Its
       exponent is drawn towards 3 if noise, or a short window before the edge, leaves it
       uncertain. In a spectrum without background the power law is about 0.
    3. The edge is aligned at the centre of mass of the upper part of its white line, cropped,
       smoothed according to its noise, and scaled.
    4. The classifiers are trained at five levels of dose, on the training edges with a simulated
       background and counting noise. A logistic regression weighs their probabilities by the noise
       of the spectrum [1]_. It is fitted to edges that the classifiers have not seen.
    5. An edge is foreign if it is unlike the edges of the element and their mixtures. This is
       measured by the probability that a classifier gives to the edges labelled "unknown", and by
       the residual of 25 principal components. Both are divided by their `keep` quantile over the
       element's edges at the same noise.
    6. The mean valence is the expectation of classifiers that are trained on mixtures in random
       proportion, whose components are up to 1 eV apart, with labels drawn by the proportion. Such
       an expectation is biased towards the middle; the bias is removed by the inverse of the mean
       expectation at each valence. A split-conformal interval is given with it [2]_, by noise.

    Parameters
    ----------
    classifiers : list of classifiers, default=None
        With `predict_proba`; each is cloned and trained at every level of dose, and on mixtures.
        None is three small dense nets on principal components, and beside them three invariant
        `FullyConvClassifier` at the high dose and one on mixtures.
    detector : classifier, default=None
        With `predict_proba`; tells edges of the element from others. None is three small dense nets
        on principal components.
    energy : float, default=None
        Nominal energy of the white line in eV. None takes it from the element that the labels
        name, from Sc to Cu.
    window : tuple of (float, float), default=None
        Part of the edge that is read, in eV from the white line. None is 7 eV before L3 to 6 eV
        after L2, for V to the O K edge.
    max_shift : float, default=12.0
        Largest distance of an edge from its nominal energy, in eV.
    least_probability : float, default=0.8
        Least probability with which a valence is named.
    keep : float, default=0.98
        Share of the element's edges that is not foreign, at any noise.
    coverage : float, default=0.9
        Share of the intervals that hold the mean valence.
    random_state : int, RandomState, Generator or None, default=None
        Seeds doses, backgrounds, mixtures and the classifiers.
    verbose : int or bool, default=0
        Whether to show progress over the classifiers, and over the blocks of many spectra in
        `read`.

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
        Part of the edge that is read, in eV from the white line.
    positions_ : ndarray of shape (n_classes,)
        Energy of the white line of each class, in eV.
    experts_ : list of classifiers
        Those trained at the high dose come first.
    weights_ : LogisticRegression
        Combines their probabilities.
    mixture_experts_ : list of classifiers
        Those trained on mixtures.
    figures_ : dict or None
        Of a reader that comes with the package: shares of simulated counts that were named right,
        wrong and unknown. None for other readers.
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
        "energy": [Interval(Real, None, None, closed="neither"), None],
        "window": [tuple, list, None],
        "max_shift": [Interval(Real, 0, None, closed="left")],
        "least_probability": [Interval(Real, 0, 1, closed="both")],
        "keep": [Interval(Real, 0, 1, closed="neither")],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        classifiers=None,
        detector=None,
        energy=None,
        window=None,
        max_shift=12.0,
        least_probability=0.8,
        keep=0.98,
        coverage=0.9,
        random_state=None,
        verbose=0,
    ):
        self.classifiers = classifiers
        self.detector = detector
        self.energy = energy
        self.window = window
        self.max_shift = max_shift
        self.least_probability = least_probability
        self.keep = keep
        self.coverage = coverage
        self.random_state = random_state
        self.verbose = verbose

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
            If labels do not name a valence, name only one, or name several elements; if there are
            too few spectra; or if the energy of the edge is not known or not covered by the axis.
        """
        X, labels = self._validate_training(X, y, spectral_axis)
        known = labels != UNKNOWN
        if not known.any():
            raise ValueError(f"All labels are {UNKNOWN!r}. Bring spectra of a class as well.")
        self.classes_, codes = np.unique(labels[known], return_inverse=True)
        self._learn_element()
        self._check_covers(self.spectral_axis_)
        self._check_enough(len(codes))
        self.figures_ = None
        progress = Progress(self.verbose, "finding edges", N_STEPS, "step")
        with progress, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # nets stop early on purpose
            self._learn(X, known, codes, groups, as_generator(self.random_state), progress)
        return self

    def _validate_training(self, X, y, spectral_axis):
        refuse_images(X)
        refuse_targets(X, y)
        spectral_columns(X)
        X = in_memory(X)
        with noting_bad_rows(X):
            checked, labels = validate_data(
                self, X, y, dtype=[np.float64, np.float32], ensure_min_features=2
            )
        check_classification_targets(labels)
        refuse_extremes(checked)
        self.spectral_axis_ = resolve_axis(X, spectral_axis, n_channels=checked.shape[1])
        return checked, labels

    def predict_proba(self, X):
        """Predict the probability of each class, given that the spectrum is of one of them.

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
        return self._probabilities(smooth_by_noise(edges), edges.noise)

    def predict(self, X):
        """Predict the most probable class, also of spectra that `read` would call unknown.

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
        axis = self.spectral_axis_
        shape = getattr(X, "shape", ())
        if len(shape) == 2 and shape[1] != axis.size:
            raise ValueError(
                f"X has {shape[1]} features, but ValenceReader is expecting {axis.size} features "
                f"as input, from {axis[0]:g} to {axis[-1]:g}. Spectra on any axis are read by "
                "read(spectra, spectral_axis)."
            )
        return self._find(self._validate_spectra(X, reset=False), axis)

    def read(self, spectra, spectral_axis=None):
        """Name the valence of each spectrum, with how sure that is, or say unknown.

        Parameters
        ----------
        spectra : array-like of shape (n_spectra, n_channels)
            With or without background, in counts or any other scale. Give them as they were
            recorded: a reader sees only part of the noise that smoothing and denoising hide.
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
        if spectral_columns(spectra) is None and spectral_axis is None:
            refuse_columns_of_spectra(spectra)
        with noting_bad_rows(spectra):
            X = check_array(
                in_memory(spectra), dtype=[np.float64, np.float32], ensure_min_features=3
            )
        refuse_extremes(X)
        axis = resolve_axis(spectra, spectral_axis, n_channels=X.shape[1])
        self._check_covers(axis)
        blocks = list(gen_batches(len(X), AT_ONCE))
        answers = [
            self._answers(self._find(X[rows], axis))
            for rows in Progress(self.verbose, "reading", len(blocks), "block").over(blocks)
        ]
        columns = {name: np.concatenate([each[name] for each in answers]) for name in answers[0]}
        index = spectra.index if isinstance(spectra, pd.DataFrame) else None
        return pd.DataFrame(columns, index=index)

    def _answers(self, edges):
        spectra = smooth_by_noise(edges)
        proba = self._probabilities(spectra, edges.noise)
        novelty = self._novelty(spectra, edges.noise)
        valence = np.interp(self._expected_valence(spectra), *self.unshrinking_)
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

    def _html_repr(self):
        """Show in notebooks what a fitted reader reads and how well, above its parameters."""
        if not hasattr(self, "interval_curve_"):
            return super()._html_repr()
        axis = self.spectral_axis_
        rows = {
            "element": html.escape(str(self.element_)),
            "valences": html.escape(", ".join(map(str, self.classes_.tolist()))),
            "white line": f"{self.energy_:.1f} eV, looked for within {self.max_shift:g} eV",
            "training axis": f"{axis.size} channels, {axis[0]:.6g} to {axis[-1]:.6g} eV",
        }
        for what, shares in (getattr(self, "figures_", None) or {}).items():
            text = ", ".join(f"{name} {share:.2f}" for name, share in shares.items())
            rows[html.escape(f"simulated: {what}")] = html.escape(text)
        lines = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in rows.items())
        return f"<table>{lines}</table>{super()._html_repr()}"

    def _check_enough(self, n_known):
        """Raise if there is nothing to tell apart, or too little to learn it from."""
        if self.classes_.size == 1:
            raise ValueError(
                f"All spectra are of one class, {self.classes_[0]}. Bring spectra of a second "
                "valence as well: a reader tells valences apart."
            )
        least = ceil(N_COMPONENTS / (1 - HELD_OUT))
        if n_known < least:
            raise ValueError(
                f"There are {n_known} spectra of {', '.join(map(str, self.classes_.tolist()))}; a "
                f"reader needs {least}, better hundreds: three quarters of them are described by "
                f"{N_COMPONENTS} components. skspectra.datasets.make_l23_spectra simulates more."
            )

    def _check_covers(self, axis):
        """Raise if an axis holds the white lines nowhere they may lie, or in too few channels."""
        if dispersion(axis) > _WIDEST:
            raise ValueError(
                f"The channels of the spectra are {dispersion(axis):g} eV wide; wider than "
                f"{_WIDEST:g} eV, they show no shape of the white lines."
            )
        least, greatest = possible_shifts(axis, **self._place())
        if least > greatest:
            nominal, reach = self.energy_, self.max_shift
            raise ValueError(
                f"The spectra run from {axis[0]:g} to {axis[-1]:g}, but the white lines of "
                f"{self.element_ or 'this reader'} begin at {nominal - reach:.1f} to "
                f"{nominal + reach:.1f} and take {0.6 * self.window_[1]:.0f} eV. Take a "
                "reader of their edge, or pass their axis as spectral_axis=, in eV."
            )
