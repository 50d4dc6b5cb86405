import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline as PlainPipeline

from skspectra.augmentation import EnergyShift, PCANoise, PoissonNoise
from skspectra.pipeline import Pipeline, make_pipeline
from skspectra.preprocessing import SpectralCrop, SpectrumNormalizer
from skspectra.sampling import Augment, KMeansCleaner

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from cleaning import AXIS, COMPOSITIONS, GOALS, shares, simulate

ENERGY = 600 + 0.5 * np.arange(200)


def make_images(n=60, seed=0, edge=0.2):
    """Counts of two classes of edges, the last third of each class substrate only."""
    rng = np.random.default_rng(seed)
    background = 2000 * (ENERGY / 600) ** -3.2
    height = edge * 2000 * (ENERGY >= 640)
    rows, y, has_edge = [], [], []
    for name, peak in (("Mn2+", 642), ("Mn4+", 646)):
        line = height * (1 + 2 * np.exp(-(((ENERGY - peak) / 2) ** 2)))
        for i in range(n):
            has_edge.append(i < 2 * n // 3)
            rows.append(background * rng.uniform(0.9, 1.1) + line * has_edge[-1])
            y.append(name)
    return rng.poisson(rows), np.array(y), np.array(has_edge)


def test_augment_puts_originals_first_then_copies():
    X, y, _ = make_images(5)
    augment = Augment([PoissonNoise(), EnergyShift(shift=(-2, 2))], n_copies=3, random_state=0)
    X_out, y_out = augment.fit_resample(X, y)
    assert X_out.shape == (40, 200)
    np.testing.assert_array_equal(X_out[:10], X)
    np.testing.assert_array_equal(y_out, np.tile(y, 4))
    assert not np.array_equal(X_out[10:20], X_out[20:30])
    np.testing.assert_array_equal(augment.fit_resample(X, y)[0], X_out)
    X_out, _ = augment.set_params(keep_original=False).fit_resample(X, y)
    assert X_out.shape == (30, 200)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_of_whole_numbers_come_out_as_floats_on_their_axis(frame):
    X, y, _ = make_images(5)
    X = frame(X, [*map(str, ENERGY)]) if frame is pl.DataFrame else frame(X, columns=ENERGY)
    augment = Augment(EnergyShift(shift=0.25), n_copies=1, keep_original=False)
    X_out, y_out = augment.fit_resample(X, y)
    assert isinstance(X_out, pd.DataFrame)
    assert list(X_out.columns) == list(X.columns)
    expected = EnergyShift(shift=0.25, spectral_axis=ENERGY).fit_transform(np.asarray(X))
    np.testing.assert_allclose(X_out, expected)


def test_augment_refuses_to_change_the_columns():
    X, y, _ = make_images(5)
    augment = Augment([EnergyShift(window=(620, 680), spectral_axis=ENERGY)])
    with pytest.raises(ValueError, match="cannot change the columns.*SpectralCrop"):
        augment.fit_resample(X, y)


def test_copies_exist_while_fitting_only():
    X, y, _ = make_images(20)

    class Counting(DummyClassifier):
        def fit(self, X, y):
            self.n_rows_ = len(X)
            return super().fit(X, y)

    pipeline = make_pipeline(Augment(PoissonNoise(), n_copies=4), Counting()).fit(X, y)
    assert pipeline[-1].n_rows_ == 200
    assert len(pipeline.predict(X)) == 40


def test_skspectra_pipeline_is_the_last_step_of_a_plain_one():
    X, y, _ = make_images(20)
    inner = make_pipeline(Augment(PoissonNoise(), n_copies=2, random_state=0), forest())
    plain = PlainPipeline([("normalize", SpectrumNormalizer()), ("classify", inner)])
    assert cross_val_score(plain, X, y, cv=2).mean() > 0.6
    with pytest.raises(TypeError, match="should be transformers and implement fit and transform"):
        PlainPipeline([("augment", Augment(PoissonNoise())), ("classify", forest())]).fit(X, y)


def forest():
    return RandomForestClassifier(10, random_state=0)


def test_grid_search_over_every_kind_of_step():
    X, y, _ = make_images(20)
    pipeline = Pipeline(
        [
            ("crop", SpectralCrop((630, 660), spectral_axis=ENERGY)),
            ("normalize", SpectrumNormalizer()),
            ("augment", Augment([PCANoise(n_components=2)], n_copies=1, random_state=0)),
            ("classify", forest()),
        ]
    )
    grid = {
        "crop__window": [(630, 660), (635, 655)],
        "augment__n_copies": [1, 2],
        "augment__augmenters": [[PCANoise(n_components=2)], [PoissonNoise(dose=50)]],
        "normalize__norm": ["minmax", "l2"],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.6


@pytest.mark.parametrize("per_class", [True, False])
def test_cleaner_keeps_exactly_the_spectra_with_an_edge(per_class):
    X, y, has_edge = make_images()
    cleaner = KMeansCleaner(
        per_class=per_class, pre_edge=(600, 635), spectral_axis=ENERGY, random_state=0
    )
    X_out, y_out = cleaner.fit_resample(X, y)
    np.testing.assert_array_equal(cleaner.sample_indices_, np.flatnonzero(has_edge))
    np.testing.assert_array_equal(X_out, X[has_edge])
    np.testing.assert_array_equal(y_out, y[has_edge])
    keys = ["Mn2+", "Mn4+"] if per_class else [None]
    assert list(cleaner.kept_) == list(cleaner.labels_) == keys
    for key in keys:
        strength, kept = cleaner.edge_strength_[key][0], cleaner.kept_[key][0]
        assert (strength[kept] > 20).all()
        assert np.delete(strength, kept).max() < 3
        assert cleaner.cluster_centers_[key][0].shape == (strength.size, 200)
    fresh, _, fresh_edge = make_images(seed=1)
    np.testing.assert_array_equal(cleaner.predict_mask(fresh), fresh_edge)


def test_an_image_needs_no_classes_and_no_window():
    X, _, has_edge = make_images()
    cleaner = KMeansCleaner(spectral_axis=ENERGY, random_state=0).fit(X)
    np.testing.assert_array_equal(cleaner.mask_, has_edge)
    np.testing.assert_array_equal(cleaner.sample_indices_, np.flatnonzero(has_edge))
    assert list(cleaner.kept_) == [None]
    fresh, _, fresh_edge = make_images(seed=1)
    np.testing.assert_array_equal(cleaner.predict_mask(fresh), fresh_edge)


@pytest.mark.parametrize("parts", COMPOSITIONS.values(), ids=COMPOSITIONS)
def test_thick_spectra_and_substrate_are_dropped_without_looking(parts):
    X, thickness = simulate(300, parts, seed=1, n_each=90)
    right = shares(KMeansCleaner(spectral_axis=AXIS, random_state=0).fit(X).mask_, thickness)
    assert all(np.isnan(right[name]) or right[name] >= goal for name, goal in GOALS.items())


def test_thickness_is_not_judged_without_white_lines_or_on_coarse_channels():
    rng = np.random.default_rng(0)
    background = 500 * (ENERGY / 600) ** -3 * rng.uniform(0.8, 1.2, (80, 1))
    step = 0.3 * background * (ENERGY > 640) * (np.arange(80) < 50)[:, None]
    cleaner = KMeansCleaner(spectral_axis=ENERGY, random_state=0)
    fine, coarse = rng.poisson(background + step), np.arange(600, 700, 2.5)
    np.testing.assert_array_equal(cleaner.fit(fine).mask_, np.arange(80) < 50)
    X, thickness = simulate(1000, ("thin", "substrate"), 0, n_each=60)
    cleaner = KMeansCleaner(spectral_axis=coarse, random_state=0)
    cleaner.fit(X.reshape(120, 40, 5).sum(axis=2))
    assert (cleaner.mask_ == np.isfinite(thickness)).mean() > 0.98


def test_clusters_and_what_is_kept_of_them_can_differ_by_class_and_round():
    X, y, _ = make_images()
    cleaner = KMeansCleaner(
        {"Mn2+": [2, 3], "Mn4+": 4},
        keep={"Mn2+": [[0], [0, 1]], "Mn4+": [0, 1, 2]},
        n_rounds=2,
        spectral_axis=ENERGY,
        random_state=0,
    ).fit(X, y)
    sizes = {name: [len(c) for c in of] for name, of in cleaner.cluster_centers_.items()}
    assert sizes == {"Mn2+": [2, 3], "Mn4+": [4, 4]}
    kept = {name: [k.tolist() for k in of] for name, of in cleaner.kept_.items()}
    assert kept == {"Mn2+": [[0], [0, 1]], "Mn4+": [[0, 1, 2], [0, 1, 2]]}
    with pytest.raises(
        ValueError, match="n_clusters has no entry for Class 'Mn4+'".replace("+", r"\+")
    ):
        cleaner.set_params(n_clusters={"Mn2+": 2}).fit(X, y)
    with pytest.raises(ValueError, match="n_clusters has entries for 1 rounds"):
        cleaner.set_params(n_clusters=[2]).fit(X, y)


def test_cleaner_sorts_clusters_and_takes_orders():
    X, y, has_edge = make_images()
    params = {"n_clusters": 2, "spectral_axis": ENERGY, "random_state": 0}
    for keep in ([1], lambda centers: centers[:, -1] < centers[:, -1].mean()):
        cleaner = KMeansCleaner(keep=keep, **params).fit(X, y)
        cleaner.fit_resample(X, y)
        np.testing.assert_array_equal(cleaner.sample_indices_, np.flatnonzero(~has_edge))


@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_numbered_by_the_strength_of_their_edge(seed):
    X, y, _ = make_images()
    cleaner = KMeansCleaner(
        n_clusters=3, keep=[0, 1, 2], pre_edge=(600, 635), spectral_axis=ENERGY, random_state=seed
    )
    cleaner.fit_resample(X, y)
    for key, (strength,) in cleaner.edge_strength_.items():
        assert (np.diff(strength) <= 0).all()
        for number, center in enumerate(cleaner.cluster_centers_[key][0]):
            members = X[y == key][cleaner.labels_[key][0] == number]
            np.testing.assert_allclose(center, members.mean(axis=0))


def test_rounds_cluster_what_was_kept():
    X, y, has_edge = make_images()
    cleaner = KMeansCleaner(
        2, keep=[0], n_rounds=2, pre_edge=(600, 635), spectral_axis=ENERGY, random_state=0
    )
    X_out, _ = cleaner.fit_resample(X, y)
    assert 0 < len(X_out) < has_edge.sum()
    assert [len(labels) for labels in cleaner.labels_["Mn2+"]] == [60, 40]
    assert set(cleaner.sample_indices_) <= set(np.flatnonzero(has_edge))
    assert cleaner.predict_mask(X).sum() <= has_edge.sum()


def test_what_was_fitted_decides_whatever_the_parameters_are_now():
    X, y, has_edge = make_images()
    cleaner = KMeansCleaner(pre_edge=(600, 635), spectral_axis=ENERGY, random_state=0)
    cleaner.fit_resample(X, y)
    cleaner.set_params(n_clusters=5, n_rounds=3)
    np.testing.assert_array_equal(cleaner.predict_mask(X), has_edge)


def test_class_without_an_edge_is_an_error_that_names_it():
    X, y, _ = make_images()
    substrate, _, has_edge = make_images(edge=0)
    X = np.where((y == "Mn4+")[:, None], substrate, X)
    params = {"pre_edge": (600, 635), "spectral_axis": ENERGY, "random_state": 0}
    with pytest.raises(ValueError, match="Class 'Mn4\\+' would lose all of its spectra.*strengths"):
        KMeansCleaner(**params).fit_resample(X, y)
    with pytest.raises(ValueError, match="Class 'Mn4\\+' would lose all of its spectra.*per_class"):
        KMeansCleaner(per_class=False, **params).fit_resample(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"spectral_axis": None}, "needs a positive spectral axis"),
        ({"keep": [2], "n_clusters": 2}, "numbered 0 to 1"),
        ({"keep": []}, "would lose all"),
        ({"n_clusters": 100}, "60 spectra, fewer than n_clusters=100"),
        ({"n_clusters": "two"}, "must be"),
        ({"pre_edge": (600, 700)}, "end before the axis does"),
        ({"pre_edge": (600, 601)}, "at least three channels"),
        ({"pre_edge": (500, 601)}, "pre_edge .500, 601. lies outside"),
    ],
)
def test_bad_parameters(params, message):
    X, y, _ = make_images()
    cleaner = KMeansCleaner(pre_edge=(600, 635), spectral_axis=ENERGY).set_params(**params)
    with pytest.raises(ValueError, match=message):
        cleaner.fit_resample(X, y)


@pytest.mark.parametrize("index", [["a", "b", "c"] * 40, np.arange(120)[::-1] * 10])
def test_cleaner_keeps_the_index_of_frames_and_labels(index):
    X, y, has_edge = make_images()
    frame = pd.DataFrame(X, columns=ENERGY, index=index)
    labels = pd.Series(y, index=index, name="valence")
    cleaner = KMeansCleaner(n_clusters=2, pre_edge=(600, 635), random_state=0)
    X_out, y_out = cleaner.fit_resample(frame, labels)
    kept = cleaner.sample_indices_
    pd.testing.assert_frame_equal(X_out, frame.iloc[kept].astype(float), check_column_type=False)
    pd.testing.assert_series_equal(y_out, labels.iloc[kept])
    X_out, y_out = Augment(PoissonNoise(), n_copies=1).fit_resample(frame, labels)
    assert X_out.index.tolist() == y_out.index.tolist() == list(range(240))


def test_weights_beside_a_sampler_are_refused_in_words():
    X, y, _ = make_images(12)
    model = make_pipeline(Augment(PoissonNoise(), n_copies=2), RandomForestClassifier())
    assert isinstance(model, Pipeline)
    weight = {"randomforestclassifier__sample_weight": np.ones(24)}
    for method in (model.fit, model.fit_predict, model.fit_transform):
        with pytest.raises(ValueError, match="but the sampler 'augment' changes .*class_weight="):
            method(X, y, **weight)
    model = make_pipeline(SpectrumNormalizer(), RandomForestClassifier())
    model.fit(X, y, randomforestclassifier__sample_weight=np.ones(24))


@pytest.mark.parametrize(
    "steps",
    [
        (KMeansCleaner, RandomForestClassifier()),
        (SpectrumNormalizer, RandomForestClassifier()),
        (SpectrumNormalizer(), RandomForestClassifier),
    ],
)
def test_a_class_as_a_step_is_refused_by_name(steps):
    X, y, _ = make_images(12)
    with pytest.raises(TypeError, match=r"Step '.*' must be an instance, such as \w+\(\)"):
        make_pipeline(*steps).fit(X, y)


def test_mask_leaves_out_what_any_round_dropped():
    X, y, _ = make_images()
    params = {"pre_edge": (600, 635), "spectral_axis": ENERGY, "random_state": 0}
    cleaner = KMeansCleaner(n_clusters=2, keep=[0, 1], per_class=False, n_rounds=2, **params)
    cleaner.fit_resample(X, y)
    centers = [X[:2].astype(float), X[2:4].astype(float)]
    cleaner.cluster_centers_ = {None: [centers[0], centers[1]]}
    cleaner.kept_ = {None: [np.array([0]), np.array([0, 1])]}
    np.testing.assert_array_equal(cleaner.predict_mask(X[:2]), [True, False])
    cleaner.kept_ = {None: [np.array([0, 1]), np.array([1])]}
    np.testing.assert_array_equal(cleaner.predict_mask(X[2:4]), [False, True])
