import numpy as np
import pandas as pd
import pytest
from scipy.optimize import nnls as scipy_nnls

from skspectra._numerics.interpolation import shift_rows
from skspectra.exceptions import SpectrumWarning
from skspectra.preprocessing import PowerLawBackground
from skspectra.unmixing import ReferenceFit

ENERGY = 630 + 0.1 * np.arange(400)
PEAKS = {"Mn2+": (640.5, 1.0, 0.3), "Mn3+": (642.0, 1.6, 0.5), "Mn4+": (643.0, 1.2, 0.7)}


def line(position, width):
    return np.exp(-(((ENERGY - position) / width) ** 2))


REFERENCES = {n: line(p, w) + h * line(p + 11, w) for n, (p, w, h) in PEAKS.items()}
ROWS = np.array(list(REFERENCES.values()))


def make_mixtures(n=200, shift=(-4, 4), seed=0):
    rng = np.random.default_rng(seed)
    fractions = rng.dirichlet(np.ones(3), n)
    shifts = rng.uniform(*shift, n)
    return shift_rows(fractions @ ROWS, ENERGY, shifts), fractions, shifts


def reference_fit(**params):
    return ReferenceFit(REFERENCES, spectral_axis=ENERGY).set_params(**params).fit(ROWS)


def test_mixtures_are_taken_apart_whatever_their_shift():
    X, fractions, shifts = make_mixtures()
    found = reference_fit().parameters(7 * X)
    np.testing.assert_allclose(found.shift, shifts, atol=0.02)
    np.testing.assert_allclose(found.fractions, fractions, atol=0.02)
    np.testing.assert_allclose(found.coefficients, 7 * fractions, atol=0.15)
    assert found.residual.max() < 0.01 * (7 * X).max()


def test_without_shift_it_is_nnls():
    rng = np.random.default_rng(0)
    X = make_mixtures(50, (-1, 1))[0] + 0.3 * rng.normal(size=(50, ENERGY.size))
    found = reference_fit(shift=0).parameters(X)
    expected = [scipy_nnls(ROWS.T, x) for x in X]
    np.testing.assert_allclose(found.coefficients, [a for a, _ in expected], atol=1e-9)
    norms = np.array([norm for _, norm in expected])
    np.testing.assert_allclose(found.residual, norms / np.sqrt(ENERGY.size))
    np.testing.assert_array_equal(found.shift, 0)


def test_a_given_shift_between_channels_is_nnls_of_interpolated_references():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, ENERGY.size)) + 5 * make_mixtures(20)[0]
    shifted = shift_rows(ROWS, ENERGY, np.full(3, 1.237))
    found = reference_fit(shift=1.237).parameters(X)
    expected = [scipy_nnls(shifted.T, x)[0] for x in X]
    np.testing.assert_allclose(found.coefficients, expected, atol=1e-9)
    np.testing.assert_allclose(found.shift, 1.237)


@pytest.mark.filterwarnings("ignore::skspectra.exceptions.SpectrumWarning")
def test_the_shift_found_is_the_best_of_all():
    """On a fine grid no shift leaves a residual that is noticeably smaller."""
    rng = np.random.default_rng(1)
    X = make_mixtures(5)[0] + 0.1 * rng.normal(size=(5, ENERGY.size))
    found = reference_fit().parameters(X)
    grid = [reference_fit(shift=s).parameters(X).residual for s in np.arange(-5, 5, 0.02)]
    assert (found.residual <= np.min(grid, axis=0) * (1 + 1e-4)).all()


def test_shifts_stay_within_their_range():
    X, _, _ = make_mixtures(20, (3, 4))
    found = reference_fit(shift=(-1, 0.55)).parameters(X)
    np.testing.assert_allclose(found.shift, 0.55)


def test_chi_square_of_counts_is_one():
    X, fractions, _ = make_mixtures(100)
    counts = np.random.default_rng(0).poisson(500 * (X + 0.2))
    with_floor = {name: row + 0.2 for name, row in REFERENCES.items()}
    found = reference_fit(references=with_floor).parameters(counts)
    assert found.chi_square.mean() == pytest.approx(1, abs=0.02)
    assert found.chi_square.std() == pytest.approx(np.sqrt(2 / 396), rel=0.2)
    assert abs(found.fractions - fractions).mean() < 0.03
    without = reference_fit(references={"Mn2+": with_floor["Mn2+"]}).parameters(counts)
    assert without.chi_square.mean() > 3


def displaced(first, second, shifts, counts=None):
    """Half of one reference and half of another, 1 eV apart, as if calibrated differently."""
    X = 0.5 * shift_rows(np.repeat(ROWS[[first]], shifts.size, axis=0), ENERGY, shifts + 0.5)
    X += 0.5 * shift_rows(np.repeat(ROWS[[second]], shifts.size, axis=0), ENERGY, shifts - 0.5)
    return X if counts is None else np.random.default_rng(0).poisson(counts * X)


@pytest.mark.parametrize("first, second", [(0, 1), (0, 2), (1, 2), (2, 0)])
@pytest.mark.parametrize("spread", [0.6, 1.0])
def test_references_that_are_shifted_apart_are_not_taken_for_a_third(first, second, spread):
    shifts = np.random.default_rng(0).uniform(-3, 3, 30)
    X = displaced(first, second, shifts)
    truth = np.zeros(3)
    truth[[first, second]] = 0.5
    together = reference_fit().parameters(X).fractions
    found = reference_fit(spread=spread).parameters(X)
    assert abs(together - truth).max() > 0.04
    assert abs(found.fractions - truth).max() < 0.05
    np.testing.assert_allclose(found.reference_shift[:, first], shifts + 0.5, atol=0.08)
    np.testing.assert_allclose(found.reference_shift[:, second], shifts - 0.5, atol=0.08)
    assert abs(found.reference_shift - found.shift[:, None]).max() <= spread + 0.05
    noisy = displaced(first, second, shifts, 300)
    found = reference_fit(spread=spread).parameters(noisy)
    assert abs(found.fractions - truth).mean() < 0.05


def test_what_is_not_shifted_apart_is_fitted_alike():
    X, fractions, shifts = make_mixtures(50)
    found = reference_fit(spread=0.5).parameters(X)
    np.testing.assert_allclose(found.fractions, fractions, atol=0.03)
    assert found.residual.max() <= reference_fit().parameters(X).residual.max() * (1 + 1e-6)
    unused = reference_fit(spread=0.5).parameters(displaced(0, 1, shifts))
    row, column = np.nonzero(unused.coefficients == 0)
    assert row.size > 0
    np.testing.assert_array_equal(unused.reference_shift[row, column], unused.shift[row])
    one_by_one = reference_fit(spread=0.5).parameters(X[7:8])
    np.testing.assert_allclose(one_by_one.fractions[0], found.fractions[7], atol=1e-6)


@pytest.mark.parametrize("ratio", [1, 20])
def test_chi_square_after_background_subtraction_is_one(ratio):
    """A power law is subtracted as users do, with the counts as they were recorded beside it."""
    energy = 590 + 0.2 * np.arange(400)
    lines = [h * np.exp(-(((energy - p) / 1.5) ** 2)) for p, h in ((640.5, 1.0), (643, 0.7))]
    X = np.random.default_rng(0).uniform(0.2, 0.8, (200, 2)) @ lines
    counts = np.random.default_rng(1).poisson(200 * (X + ratio * (energy / 640) ** -3))
    power_law = PowerLawBackground((590, 630), spectral_axis=energy)
    subtracted = power_law.fit_transform(counts)
    fit = ReferenceFit(dict(zip("AB", lines, strict=True)), shift=(-2, 2), spectral_axis=energy)
    found = fit.fit(subtracted).parameters(subtracted, counts=counts)
    assert found.chi_square.mean() == pytest.approx(1, abs=0.1)
    assert fit.parameters(subtracted).chi_square.mean() > 20
    with pytest.raises(ValueError, match=r"counts has shape \(5, 400\), but X has \(200, 400\)"):
        fit.parameters(subtracted, counts=counts[:5])


def test_classes_are_learned_from_labelled_spectra():
    rng = np.random.default_rng(0)
    y = np.repeat(list(PEAKS), 20)
    X = np.repeat(ROWS, 20, axis=0) + 0.05 * rng.normal(size=(60, ENERGY.size))
    learned = ReferenceFit(spectral_axis=ENERGY).fit(X[::-1], y[::-1])
    assert learned.classes_.tolist() == ["Mn2+", "Mn3+", "Mn4+"]
    means = [X[y == name].mean(axis=0) for name in PEAKS]
    np.testing.assert_allclose(learned.components_, means)
    moved = shift_rows(X, ENERGY, rng.uniform(-4, 4, 60))
    np.testing.assert_array_equal(learned.predict(moved), y)
    assert learned.score(moved, y) == 1
    held = ReferenceFit(shift=0, spectral_axis=ENERGY).fit(X, y)
    assert held.score(shift_rows(X, ENERGY, np.full(60, 1.5)), y) < 0.7


def test_references_keep_their_order_and_name_the_columns():
    backwards = dict(reversed(REFERENCES.items()))
    frame = pd.DataFrame(ROWS, columns=ENERGY.round(1))
    fit = ReferenceFit(backwards).set_output(transform="pandas").fit(frame)
    out = fit.transform(frame)
    assert out.columns.tolist() == ["Mn4+", "Mn3+", "Mn2+"]
    np.testing.assert_allclose(out, np.eye(3)[::-1], atol=0.01)
    np.testing.assert_array_equal(fit.predict(frame), list(REFERENCES))


def test_many_spectra_are_fitted_in_pieces(monkeypatch):
    X, _, _ = make_mixtures(20)
    fit = reference_fit()
    together = fit.transform(X)
    monkeypatch.setattr("skspectra.unmixing._reference_fit._CHUNK_BYTES", 8 * 3 * 400 * 3)
    np.testing.assert_allclose(fit.transform(X), together, atol=1e-10)
    assert fit.transform(X.astype(np.float32)).dtype == np.float32


def test_spectra_that_no_reference_explains():
    X = np.array([np.zeros(400), ROWS[0], -ROWS[0] - ROWS.sum(axis=0)])
    with pytest.warns(SpectrumWarning, match="2 of 3 spectra are explained by no ref") as record:
        out = reference_fit(shift=(-1, 1)).transform(X)
    assert len(record) == 1
    np.testing.assert_allclose(out[[0, 2]], 1 / 3)
    np.testing.assert_allclose(out[1], [1, 0, 0], atol=0.01)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"references": {}}, "references is empty"),
        ({"references": {"Mn2+": ROWS[0, :-1]}}, "'Mn2\\+' has shape .399,.*400 channels"),
        ({"references": {"Mn2+": ROWS[0] * np.nan}}, "'Mn2\\+' holds NaN"),
        ({"references": {"Mn2+": ["many"] * 400}}, "Reference 'Mn2.' must hold numbers: "),
        ({"references": None}, "requires y to be passed"),
        ({"shift": (2, 1)}, "shift must be finite with low <= high"),
        ({"spectral_axis": np.geomspace(630, 670, 400)}, "uniform spectral axis.*shift=0"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        reference_fit(**params)


def test_an_uneven_axis_will_do_without_shift():
    fit = reference_fit(spectral_axis=np.geomspace(630, 670, 400), shift=0)
    np.testing.assert_allclose(fit.transform(ROWS), np.eye(3), atol=1e-9)


@pytest.mark.real_data
def test_published_spectra_of_one_source_name_those_of_another(real_data):
    table = pd.read_csv(real_data / "mn_l23_literature.csv")
    table = table[table.valence.isin(["Mn2+", "Mn3+", "Mn4+"])]
    axis = np.arange(637.5, 658, 0.1)
    spectra = table.groupby("spectrum")
    X = np.array([np.interp(axis, s.energy_eV, s.intensity) for _, s in spectra])
    X -= X[:, :5].mean(axis=1, keepdims=True)
    X /= X.max(axis=1, keepdims=True)
    valence, source = spectra.valence.first().to_numpy(), spectra.source.first().to_numpy()
    mine = source == source[0]
    fit = ReferenceFit(shift=(-3, 3), spectral_axis=axis).fit(X[mine], valence[mine])
    assert mine.sum() == 6
    np.testing.assert_array_equal(fit.predict(X[~mine]), valence[~mine])


def test_references_without_names_are_refused_in_one_line():
    with pytest.raises(TypeError, match=r"must be a dict .* got array\(.{20,40}\)\.$"):
        reference_fit(references=ROWS)
