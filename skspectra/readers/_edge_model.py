"""What a reader learns of the edges of an element, and what it makes of an edge."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from skspectra.datasets._atoms import read_data
from skspectra.datasets._library import splitting
from skspectra.readers._by_noise import quantile_by_noise, quantile_curve
from skspectra.readers._counting import DOSES, NARROW, count_again, saturated
from skspectra.readers._dense_nets import N_COMPONENTS
from skspectra.readers._edges import (
    Edges,
    aligned_axis,
    extract_edges,
    search_axis,
    smooth_by_noise,
)
from skspectra.readers._experts import (
    default_classifiers,
    default_detector,
    evidence,
    probabilities,
    weighing,
)
from skspectra.readers._labels import element_of_labels, valence_of_label
from skspectra.readers._mean_valence import drawn_labels, interval_curve, mixtures, unshrinking

__all__ = ["N_STEPS", "EdgeModel"]

MIXTURES_PER_EDGE = 0.8  # made at each level of dose
N_STEPS = 3 + len(DOSES)  # of the learning that are told
N_PASSES = 3  # of finding the edges of the training spectra
FIRST_WIDTH = 1.5  # eV, standard deviation of the line by which they are found first
BEFORE_L3, AFTER_L2 = 7.0, 6.3  # eV that are cut out beside the white lines
BEFORE_NEXT_EDGE = {"V": 11.0}  # eV after L3, since the O K edge of vanadium oxides follows
HELD_OUT = 0.25  # share of the groups that weighs, calibrates and sets thresholds
LEAST_DOUBT = 0.02  # that can be too much
BROAD = [level for level in DOSES if level not in NARROW]


class EdgeModel:
    """The learning of a `ValenceReader`, step by step."""

    def _learn(self, X, known, codes, groups, rng, progress):
        seed = int(rng.integers(2**31))
        edges = self._learn_place(X[known], codes)
        foreign = edges.spectra[:0]
        if not known.all():
            foreign = self._find(X[~known], self.spectral_axis_).spectra
        train, held = self._split(
            codes, None if groups is None else np.asarray(groups)[known], seed
        )
        shapes = edges.spectra
        (narrow_rng,) = rng.spawn(1)
        pure = [self._views(shapes[rows], rng) for rows in (train, held)]
        narrow = [self._views(shapes[rows], narrow_rng, NARROW) for rows in (train, held)]
        mixed = [self._mixed(shapes[rows], codes[rows], rng) for rows in (train, held)]
        progress.update(what="training classifiers")
        self._learn_classes(
            pure[0] + narrow[0], codes[train], pure[1] + narrow[1], codes[held], seed, progress
        )
        foreign = np.concatenate([foreign, saturated(shapes[train], rng)])
        known = [
            _joined([*views, views_of_mixtures])
            for views, (views_of_mixtures, _) in zip(pure, mixed, strict=True)
        ]
        self._learn_novelty(known[0], _joined(self._views(foreign, rng)), known[1], seed)
        progress.update()
        self._learn_valence(*mixed, rng, seed)
        progress.update(what="training")

    def _learn_element(self):
        """Take element, valences and place of the edge from labels and parameters."""
        self.element_ = element_of_labels(self.classes_)
        self.valences_ = np.array([valence_of_label(label) for label in self.classes_.tolist()])
        nominal = read_data("l23_maxima.json")["elements"].get(self.element_)
        if nominal is None and (self.energy is None or self.window is None):
            raise ValueError(
                f"The labels {self.classes_.tolist()} name no metal from Sc to Cu, so it is not "
                "known where the edge lies. Write them as 'Mn2+', or pass energy= and window=."
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
        return extract_edges(X, axis, self.templates_, **self._place())

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

    def _views(self, spectra, rng, levels=BROAD):
        """Edges counted again at levels of dose, as they are then found."""
        axis = search_axis(**self._place())
        return [
            self._find(count_again(spectra, level, **self._place(), rng=rng), axis)
            for level in levels
        ]

    def _learn_classes(self, views, codes, held_views, held_codes, seed, progress):
        self.experts_ = []
        for level, view in zip(DOSES, views, strict=True):
            spectra = smooth_by_noise(view)
            for classifier in self.classifiers or default_classifiers(level, seed):
                self.experts_.append(clone(classifier).fit(spectra, codes))
            progress.update()
        everything = np.concatenate([self._evidence(view) for view in held_views])
        self.weights_ = weighing(len(everything)).fit(
            everything, np.tile(held_codes, len(held_views))
        )

    def _evidence(self, edges):
        return evidence(self.experts_, smooth_by_noise(edges), edges.noise)

    def _probabilities(self, spectra, noise):
        """Probabilities of the classes, of smoothed edges."""
        return self.weights_.predict_proba(evidence(self.experts_, spectra, noise))

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
        """Mixtures at every broad level of dose, and their fractions."""
        n_samples = round(MIXTURES_PER_EDGE * len(shapes))
        mixed, fractions = mixtures(shapes, codes, n_samples, aligned_axis(self.window_), rng)
        views = self._views(mixed, rng)
        return _joined(views), np.tile(fractions, (len(views), 1))

    def _learn_valence(self, trained, held, rng, seed):
        edges, fractions = trained
        spectra, labels = smooth_by_noise(edges), drawn_labels(fractions, rng)
        self.mixture_experts_ = [
            clone(each).fit(spectra, labels)
            for each in self.classifiers or default_classifiers("mixed", seed)
        ]
        edges, fractions = held
        true = fractions @ self.valences_
        expected = self._expected_valence(smooth_by_noise(edges))
        ends = self.valences_.min(), self.valences_.max()
        self.unshrinking_ = unshrinking(expected, true, ends)
        valence = np.interp(expected, *self.unshrinking_)
        self.interval_curve_ = interval_curve(valence, true, edges.noise, self.coverage)

    def _expected_valence(self, spectra):
        """Mean valence that the experts of mixtures expect, which is drawn inwards."""
        return np.mean(probabilities(self.mixture_experts_, spectra), axis=0) @ self.valences_


def _joined(views):
    """Edges of several views as one."""
    return Edges(*map(np.concatenate, zip(*views, strict=True)))
