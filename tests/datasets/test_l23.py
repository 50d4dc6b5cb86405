import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestClassifier

from skspectra._progress import Progress
from skspectra.datasets import _l23, _library, make_l23_spectra
from skspectra.datasets._atoms import element_of, known_ions, read_data
from skspectra.datasets._library import (
    GRID,
    default_axis,
    l3_maximum,
    parameter_points,
    prior,
    stick_library,
    tetragonal_field,
)
from skspectra.datasets._measurement import _edges
from skspectra.datasets._operators import crystal_field

QUIET = {"gain_noise": 0, "readout_noise": 0}
BARE = QUIET | {"shift": 0, "stretch": 0, "thickness": 0, "residual_background": 0, "dose": None}
FEW = {"n_points": 3, "random_state": 0}


def test_bunch_and_tuple():
    spectra = make_l23_spectra(4, **FEW)
    assert spectra.data.shape == (12, 300)
    assert spectra.data.dtype == np.float32
    assert np.isfinite(spectra.data).all()
    assert spectra.target_names == ["Mn2+", "Mn3+", "Mn4+"]
    assert_array_equal(np.unique(spectra.target, return_counts=True)[1], [4, 4, 4])
    assert spectra.parameters.shape[0] == 12
    assert "multiplet" in spectra.DESCR
    X, y = make_l23_spectra(4, **FEW, return_X_y=True)
    assert_array_equal(X, spectra.data)
    assert_array_equal(y, spectra.target)


def test_random_state_decides_all():
    same = [make_l23_spectra(3, **FEW) for _ in range(2)]
    assert_array_equal(same[0].data, same[1].data)
    assert_array_equal(same[0].target, same[1].target)
    pd.testing.assert_frame_equal(same[0].parameters, same[1].parameters)
    other = make_l23_spectra(3, n_points=3, random_state=1)
    assert not np.allclose(same[0].parameters["shift"], other.parameters["shift"])
    generator = np.random.default_rng(0)
    first, second = (make_l23_spectra(3, n_points=3, random_state=generator).data for _ in range(2))
    assert not np.array_equal(first, second)


def test_axis_of_mn_and_of_others():
    assert_array_equal(default_axis("Mn"), 635 + 0.1 * np.arange(300))
    assert default_axis("Fe")[0] == 702
    assert default_axis("V")[-1] < 530  # O K follows
    assert default_axis("Cu")[-1] > l3_maximum("Cu2+") + 30  # L2 lies 20 eV higher
    axis = np.linspace(615, 685, 100)
    spectra = make_l23_spectra(2, spectral_axis=axis, **FEW)
    assert_array_equal(spectra.spectral_axis, axis)
    assert spectra.data.shape == (6, 100)


@pytest.mark.parametrize("element", ["Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu"])
def test_every_ion_of_an_element(element):
    ions = tuple(ion for ion in known_ions() if ion.rstrip("1234567+") == element)
    spectra = make_l23_spectra(3, ions=ions, n_points=1, random_state=0, **BARE)
    assert np.isfinite(spectra.data).all()
    assert_allclose(spectra.data.max(axis=1), 1, atol=0.15)
    in_front, behind = spectra.data[:, :10].mean(axis=1), spectra.data[:, -10:].mean(axis=1)
    assert (in_front < 0.3).all() and (behind < 0.9).all()


@pytest.mark.parametrize("ion", ["Ti2+", "Ti4+", "Mn2+", "Mn4+", "Fe2+", "Fe3+", "Cu2+"])
def test_calibration_errors_of_5_ev_leave_l3_on_the_default_axis(ion):
    axis, maximum = default_axis(element_of(ion)), l3_maximum(ion)
    assert axis[0] < maximum - 5 and maximum + 10 < axis[-1] - 10


def test_defaults_reach_from_sharp_to_coarse_instruments_and_thick_specimens():
    drawn = make_l23_spectra(300, **FEW).parameters
    assert drawn["resolution"].min() < 0.2 and drawn["resolution"].max() > 2.4
    assert drawn["thickness"].min() < 0.1 and drawn["thickness"].max() > 0.9
    assert drawn["shift"].min() < -5.5 and drawn["shift"].max() > 9.5


def test_l3_maximum_lies_at_its_nominal_energy():
    spectra = make_l23_spectra(20, **FEW, **BARE)
    found = spectra.spectral_axis[spectra.data.argmax(axis=1)]
    assert_allclose(found, [l3_maximum(ion) for ion in spectra.target], atol=0.11)


def test_valences_that_are_not_listed_shift_by_the_step():
    assert_allclose(l3_maximum("Mn6+"), 643.3 + 2 * 1.2)
    assert_allclose(l3_maximum("Ti2+"), 460.0 - 2 * 1.2)


def test_shift_moves_spectra_to_higher_energy():
    nominal, shifted = (make_l23_spectra(5, **FEW, **(BARE | {"shift": shift})) for shift in (0, 3))
    assert_allclose(shifted.data[:, 30:], nominal.data[:, :-30], atol=1e-4)


def test_stretch_spreads_spectra_about_the_middle_of_the_axis():
    settings = FEW | BARE | {"resolution": 1.0}
    nominal, stretched = (
        make_l23_spectra(5, **(settings | {"stretch": stretch})) for stretch in (0, 0.05)
    )
    middle = nominal.spectral_axis[[0, -1]].mean()
    true = middle + (nominal.spectral_axis - middle) / 1.05
    expected = [np.interp(true, nominal.spectral_axis, row) for row in nominal.data]
    assert_allclose(stretched.data, expected, atol=3e-3)


def test_what_is_drawn_is_recorded_and_within_its_range():
    given = {"resolution": (0.4, 0.8), "dose": (10, 1000), "thickness": (0, 0.5)}
    spectra = make_l23_spectra(200, **FEW, **given)
    drawn = spectra.parameters
    ranges = given | {"shift": (-6, 10), "stretch": (-0.05, 0.05), "background": (0, 1)}
    ranges |= {"residual_background": (-0.1, 0.1), "gain_noise": (0, 0.01)}
    ranges |= {"readout_noise": (0, 2), "gain": (1, 1)}
    ranges |= {
        name: entry["range"] for name, entry in read_data("l23_nuisance.json")["ranges"].items()
    }
    for name, (low, high) in ranges.items():
        assert drawn[name].between(low, high).all()
        assert np.ptp(drawn[name]) >= 0.9 * (high - low)
    assert_allclose(np.log10(drawn["dose"]).mean(), 2, atol=0.1)
    for ion in spectra.target_names:
        points = parameter_points(ion, 3)
        of_ion = drawn[spectra.target == ion]
        for name, values in points.items():
            assert_array_equal(of_ion[name], values[of_ion["point"]])


def test_calibration_follows_what_is_recorded():
    spectra = make_l23_spectra(20, **FEW, **(BARE | {"shift": (-5, 5)}))
    found = spectra.spectral_axis[spectra.data.argmax(axis=1)]
    nominal = np.array([l3_maximum(ion) for ion in spectra.target])
    assert_allclose(found - nominal, spectra.parameters["shift"], atol=0.11)


@pytest.mark.parametrize("shift", [-10, 10])
@pytest.mark.parametrize("stretch", [-0.05, 0.05])
def test_large_calibration_errors_leave_the_edge_whole(shift, stretch):
    axis = np.arange(620, 680, 0.1)
    settings = FEW | BARE | {"spectral_axis": axis, "resolution": 1.0}
    nominal = make_l23_spectra(5, **settings)
    moved = make_l23_spectra(5, **(settings | {"shift": shift, "stretch": stretch}))
    middle = (axis[0] + axis[-1]) / 2
    true = middle + (axis - shift - middle) / (1 + stretch)
    inside = (true >= axis[0]) & (true <= axis[-1])
    expected = [np.interp(true[inside], axis, row) for row in nominal.data]
    assert_allclose(moved.data[:, inside], expected, atol=3e-3)
    assert_allclose(moved.data.max(axis=1), 1, atol=5e-3)


def test_noise_is_that_of_the_counts():
    settings = FEW | BARE | {"background": 0.5}
    ideal = make_l23_spectra(50, **settings)
    noisy = make_l23_spectra(50, **(settings | {"dose": 400}))
    assert (noisy.parameters["dose"] == 400).all()
    assert np.isinf(ideal.parameters["dose"]).all()
    expected = np.sqrt((ideal.data + 0.5) / 400)
    assert_allclose(((noisy.data - ideal.data) / expected).std(), 1, rtol=0.02)
    counts = (noisy.data + 0.5) * 400
    assert_allclose(counts, counts.round(), atol=1e-3)


def test_residual_background_rises_from_end_to_end():
    nominal = make_l23_spectra(2, **FEW, **BARE).data
    risen = make_l23_spectra(2, **FEW, **(BARE | {"residual_background": 0.2})).data
    assert_allclose(risen - nominal, np.tile(np.linspace(-0.1, 0.1, 300), (6, 1)), atol=1e-6)


def test_thickness_raises_what_follows_the_edge():
    axis = np.arange(630, 680, 0.5)
    settings = FEW | BARE | {"spectral_axis": axis}
    thin, thick = (
        make_l23_spectra(20, **(settings | {"thickness": thickness})).data for thickness in (0, 0.8)
    )
    added = thick - thin
    assert_allclose(added[:, axis < 638], 0, atol=0.02)
    assert (added[:, axis > 660].mean(axis=1) > 0.05).all()


def test_nuisances_are_the_same_for_all_ions():
    spectra = make_l23_spectra(2000, n_points=1, random_state=0)
    physics = ["point", "second_point", *prior("Mn2+")]
    by_ion = spectra.parameters.drop(columns=physics).groupby(spectra.target)
    spread = spectra.parameters.std().drop(physics)
    assert (by_ion.mean().std() <= 0.05 * spread + 1e-12).all()


@pytest.fixture
def same_sticks(monkeypatch):
    """Every ion has the sticks and the position of Mn3+: nothing but nuisances is left."""
    library = stick_library("Mn3+", 3, Progress(0, "simulating", 3, "point"))
    monkeypatch.setattr(_l23, "stick_library", lambda *args: library)
    monkeypatch.setattr(_l23, "l3_maximum", lambda ion: 642.0)


def accuracy_of_a_classifier(X, y):
    """Out-of-bag accuracy of a forest, and three standard deviations of a guess's."""
    forest = RandomForestClassifier(100, oob_score=True, min_samples_leaf=5, random_state=0)
    return forest.fit(X, y).oob_score_, 3 * np.sqrt(2 / 9 / y.size)


def test_classifier_finds_nothing_in_the_nuisances():
    spectra = make_l23_spectra(700, **FEW, thickness=(0, 1))
    physics = list(prior("Mn2+"))
    nuisances = spectra.parameters.drop(columns=physics)
    assert {"shift", "dose", "thickness", "l3_width", "point", "second_share"} <= set(nuisances)
    found, margin = accuracy_of_a_classifier(nuisances, spectra.target)
    assert abs(found - 1 / 3) < margin
    told, _ = accuracy_of_a_classifier(spectra.parameters[physics], spectra.target)
    assert told > 0.9  # the test can tell


def test_classifier_finds_nothing_in_spectra_that_differ_by_nuisances_only(same_sticks):
    X, y = make_l23_spectra(700, **FEW, thickness=(0, 1), return_X_y=True)
    found, margin = accuracy_of_a_classifier(X[:, ::5], y)
    assert abs(found - 1 / 3) < margin


def test_stick_spectra_come_from_the_cache_for_any_seed(monkeypatch):
    make_l23_spectra(2, **FEW)

    def fail(*args, **kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr(_library, "stick_spectrum", fail)
    make_l23_spectra(3, n_points=3, random_state=1)
    with pytest.raises(AssertionError, match="computed again"):
        make_l23_spectra(3, n_points=4, random_state=1)


def test_tetragonal_field_splits_the_orbitals_as_asked():
    ds, dt = tetragonal_field(1.2, 0.3)
    field = crystal_field()
    matrix = 2.0 * field["ten_dq"] + ds * field["ds"] + dt * field["dt"]
    xz_yz, xy, z2, x2y2 = np.unique(np.linalg.eigvalsh(matrix[6:, 6:]).round(9))
    assert_allclose([xy - xz_yz, x2y2 - z2], [0.3, 1.2])


def test_l2_scale_and_second_site_act_on_the_sticks():
    _, tables = stick_library("Co2+", 2, Progress(0, "simulating", 3, "point"))
    drawn = {name: np.full(4, 1.0) for name in read_data("l23_nuisance.json")["ranges"]}
    drawn |= dict.fromkeys(("satellite", "step", "width_slope", "thickness"), np.zeros(4))
    drawn |= {"resolution": np.full(4, 0.5), "l2_scale": np.array([1.0, 0.5, 1.0, 1.0])}
    drawn |= {"point": np.array([0, 0, 1, 0]), "second_point": np.ones(4, int)}
    drawn["second_share"] = np.array([0.0, 0.0, 0.0, 0.5])
    curves, _ = _edges(tables, drawn)
    l2 = GRID > 12
    assert_allclose(curves[1, l2].max() / curves[0, l2].max(), 0.5, atol=0.01)
    mixture = curves[0] / np.trapezoid(curves[0]) + curves[2] / np.trapezoid(curves[2])
    assert_allclose(curves[3], mixture / mixture.max(), atol=0.01)


def test_points_fill_the_prior_and_keep_their_order():
    few, many = parameter_points("Mn3+", 10), parameter_points("Mn3+", 100)
    for name, (low, high) in prior("Mn3+").items():
        assert_array_equal(few[name], many[name][:10])
        assert many[name].min() >= low and many[name].max() <= high
        assert_allclose(many[name].mean(), (low + high) / 2, atol=0.02 * (high - low))


@pytest.mark.parametrize("ion", known_ions())
def test_every_ion_has_a_prior_with_reasons(ion):
    data = read_data("l23_priors.json")
    entries = data["valences"][ion[-2]] | data["ions"].get(ion, {})
    assert set(entries) == set(data["parameters"])
    for entry in entries.values():
        low, high = entry["range"]
        assert low < high and entry["reason"]


@pytest.mark.parametrize("ions", ["Fe", "Fe2+"])
def test_ions_in_one_text_are_told_how_to_be_listed(ions):
    with pytest.raises(ValueError, match=r"must be a list of ions.*\('Fe2\+', 'Fe3\+'\)"):
        make_l23_spectra(1, ions=ions)


@pytest.mark.parametrize("axis", [np.arange(0.6, 0.7, 0.001), np.arange(300.0, 400.0)])
def test_an_axis_without_the_edge_is_refused(axis):
    with pytest.raises(ValueError, match="the L2,3 edge of Mn lies at 6.. to 6.. eV"):
        make_l23_spectra(3, spectral_axis=axis)
