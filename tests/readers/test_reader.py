from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from skspectra.datasets import make_l23_spectra
from skspectra.io._hyperspy import import_hyperspy
from skspectra.models import load_pretrained
from skspectra.readers import ValenceReader

AXIS = np.arange(600, 690, 0.2)
IONS = ("Mn2+", "Mn4+")


def simulated(n, shift=0, seed=0, **settings):
    settings = {"dose": None, "gain_noise": 0, "residual_background": 0, "n_points": 6} | settings
    settings |= {"resolution": 0.8, "stretch": 0, "thickness": 0, "random_state": seed}
    data = make_l23_spectra(n, ions=IONS, spectral_axis=AXIS, shift=shift, **settings)
    return data.data.astype(float), data.target


@pytest.fixture(scope="module")
def reader():
    X, y = simulated(80)
    others = np.exp(-(((AXIS - 642) / np.linspace(4, 9, 40)[:, None]) ** 2))
    y = np.append(y, ["unknown"] * len(others))
    small = ValenceReader(
        classifiers=[LogisticRegression()],
        detector=LogisticRegression(),
        random_state=0,
    )
    return small.fit(np.concatenate([X, others]), y, spectral_axis=AXIS)


def with_background(X, height, rng=None):
    counts = 1e5 * (X + height * (AXIS / 640) ** -3.0)
    return counts if rng is None else rng.poisson(np.maximum(counts, 0))


def test_labels_become_valences(reader):
    assert reader.classes_.tolist() == list(IONS)
    assert reader.valences_.tolist() == [2, 4]
    assert reader.figures_ is None
    assert reader.element_ == "Mn"
    np.testing.assert_array_equal(reader.spectral_axis_, AXIS)


@pytest.mark.parametrize("height", [0, 1, 15])
@pytest.mark.parametrize("shift", [-11, -3.3, 0, 11])
def test_answers_do_not_depend_on_background_and_shift(reader, height, shift):
    X, y = simulated(5, seed=1)
    bare = reader.read(X, AXIS)
    moved, _ = simulated(5, shift=shift, seed=1)
    table = reader.read(with_background(moved, height), AXIS)
    assert (table["valence"] == y).mean() >= 0.9
    np.testing.assert_allclose(table["Mn2+"], bare["Mn2+"], atol=0.1)
    np.testing.assert_allclose(table["shift"] - bare["shift"], shift, atol=0.15)
    difference = (table["mean_valence"] - bare["mean_valence"]).dropna()
    assert len(difference) >= 9  # a spectrum at the threshold may be foreign in one table alone
    np.testing.assert_allclose(difference, 0, atol=0.2)


def test_channels_of_any_width_and_scale_are_read_alike(reader):
    X, _ = simulated(5, seed=1)
    wanted = reader.read(X, AXIS)
    for step, scale in ((0.05, 1e-6), (0.5, 3.0)):
        axis = np.arange(AXIS[0], AXIS[-1], step)
        finer = np.array([np.interp(axis, AXIS, row) for row in X]) * scale
        table = reader.read(finer, axis)
        np.testing.assert_allclose(table["Mn2+"], wanted["Mn2+"], atol=0.1)


def test_a_spectrum_down_a_column_is_to_be_transposed(reader):
    X, _ = simulated(1)
    with pytest.raises(ValueError, match="One row is one spectrum: transpose X"):
        reader.read(pd.DataFrame(X[0], index=AXIS))


def test_columns_of_a_table(reader):
    X, _ = simulated(2, seed=1)
    frame = pd.DataFrame(X, columns=AXIS, index=["a", "b", "c", "d"])
    table = reader.read(frame)
    assert table.index.tolist() == ["a", "b", "c", "d"]
    polars = reader.read(pl.DataFrame(X, schema=list(map(str, AXIS))))
    assert (polars.to_numpy() == table.to_numpy()).all()
    with pytest.raises(ValueError, match="10 eV wide; wider than 5 eV"):
        reader.read(X[:, :10], AXIS[0] + 10 * np.arange(10))
    with pytest.raises(ValueError, match="'sample'. Drop columns"):
        reader.read(frame.assign(sample="MnO"))
    assert table.columns.tolist() == [
        "valence", "probability", "mean_valence", "lower", "upper", "shift", "novelty", "reason",
        *IONS,
    ]  # fmt: skip
    np.testing.assert_allclose(table[list(IONS)].sum(axis=1), 1)
    np.testing.assert_allclose(table[list(IONS)].max(axis=1), table["probability"])
    assert (table["lower"] <= table["mean_valence"]).all()
    assert (table["mean_valence"] <= table["upper"]).all()


def test_scikit_learn_methods_agree_with_read(reader):
    X, y = simulated(20, seed=2)
    np.testing.assert_allclose(reader.predict_proba(X), reader.read(X, AXIS)[list(IONS)])
    assert reader.score(X, y) > 0.9


def test_reasons(reader):
    rng = np.random.default_rng(0)
    X, _ = simulated(10, seed=3)
    for nothing in (np.zeros((3, AXIS.size)), rng.normal(size=(3, AXIS.size)), AXIS[None]):
        table = reader.read(nothing, AXIS)
        assert set(table["reason"]) == {"no edge"}
        assert table[["shift", "mean_valence", "lower"]].isna().all(axis=None)
    wide = np.exp(-(((AXIS - 640) / 6) ** 2))[None]
    assert reader.read(wide, AXIS)["reason"].tolist() == ["foreign"]
    doubtful = reader.set_params(least_probability=1.0).read(X, AXIS)
    reader.set_params(least_probability=0.8)
    assert set(doubtful["reason"]) == {"cannot tell"}
    assert set(doubtful["valence"]) == {"unknown"}
    assert doubtful["mean_valence"].notna().all()


def test_refusing_leaves_what_is_right(reader):
    X, y = simulated(100, seed=4)
    rng = np.random.default_rng(0)
    table = reader.read(rng.poisson(15 * np.maximum(X + 1, 0)), AXIS)
    right = (table["Mn4+"] > 0.5) == (y == "Mn4+")
    named = table["reason"] == ""
    assert 0.1 < named.mean() < 0.95
    assert right[named].mean() > right.mean()


def test_mixtures_lie_between_and_intervals_cover_them(reader):
    X, y = simulated(60, seed=5)
    pure = X[y == "Mn2+"], X[y == "Mn4+"]
    share = np.linspace(0, 1, 60)[:, None]
    table = reader.read(1e4 * (share * pure[1] + (1 - share) * pure[0]), AXIS)
    table["true"] = 2 + 2 * share[:, 0]
    table = table.dropna()
    assert len(table) > 20
    true = table["true"]
    assert np.corrcoef(table["mean_valence"], true)[0, 1] > 0.7
    assert ((table["lower"] <= true) & (true <= table["upper"])).mean() > 0.6


def test_axis_must_cover_the_edge(reader):
    axis = np.arange(660.0, 710.0)
    message = r"run from 660 to 709, but the white lines of Mn begin at 630\.\d to 65\d\.\d.*in eV"
    with pytest.raises(ValueError, match=message):
        reader.read(np.ones((1, axis.size)), axis)
    with pytest.raises(ValueError, match=message):
        ValenceReader().fit(np.eye(axis.size)[:6], ["Mn2+", "Mn3+"] * 3, spectral_axis=axis)


def test_bad_input_is_refused(reader):
    X, _ = simulated(2, seed=1)
    X[1, 3] = np.nan
    with pytest.raises(ValueError, match="NaN") as caught:
        reader.read(X, AXIS)
    assert "1 of 4 rows of X hold NaN" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match=r"expecting 450 .* read by read\(spectra, spectral"):
        reader.predict(np.ones((1, 449)))
    with pytest.raises(ValueError, match="450 channels"):
        reader.read(X[:1], AXIS[1:])
    for file in ("counts.csv", Path("counts.csv")):
        with pytest.raises(TypeError, match=r"name of a file.*read_spectra"):
            reader.read(file, AXIS)
    with pytest.raises(TypeError, match="HyperSpy signal"):
        reader.read(import_hyperspy().signals.Signal1D(X), AXIS)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["Mn2+", "Fe3+"], "one element"),
        (["low", "high"], "name one ion"),
        (["Ce3+", "Ce4+"], "energy= and window="),
        (["unknown", "unknown"], "All labels are 'unknown'"),
        (["Mn2+", "Mn2+"], "All spectra are of one class, Mn2\\+"),
        (["Mn2+", "Mn4+"], "There are 8 spectra of Mn2\\+, Mn4\\+; a reader needs 34"),
    ],
)
def test_labels_that_say_too_little(labels, message):
    X, _ = simulated(4)
    with pytest.raises(ValueError, match=message):
        ValenceReader().fit(X, labels * 4, spectral_axis=AXIS)


def test_groups_are_held_out_together():
    X, y = simulated(40)
    seen = []

    class Spy(LogisticRegression):
        def fit(self, X, y):
            seen.append(len(X))
            return super().fit(X, y)

    groups = np.arange(80) // 20
    order = np.argsort(y, kind="stable")
    groups = np.tile(np.arange(4), 20)
    ValenceReader(classifiers=[Spy()], detector=LogisticRegression(), random_state=0).fit(
        X[order], y[order], spectral_axis=AXIS, groups=groups
    )
    assert seen[:5] == [60] * 5


def test_notebooks_show_what_a_reader_reads():
    reader = load_pretrained("mn-l23")
    shown = reader._repr_mimebundle_()["text/html"]
    n_channels = reader.spectral_axis_.size
    for text in ("<td>Mn</td>", "Mn2+, Mn3+, Mn4+", f"{n_channels} channels, ", "within 12 eV"):
        assert text in shown
    for what, shares in reader.figures_.items():
        assert f"simulated: {what}" in shown
        assert all(f"{name} {share:.2f}" in shown for name, share in shares.items())
    assert "white line" not in ValenceReader()._repr_mimebundle_()["text/html"]
