import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skspectra.models
from skspectra.datasets import make_featureless_edges, make_l23_spectra
from skspectra.models import load_pretrained
from skspectra.readers import ValenceReader

FOLDER = Path(skspectra.models.__file__).parent / "pretrained"
NAMES = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
CARDS = {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in NAMES}
AXIS = np.arange(595, 690, 0.3)


@pytest.fixture(scope="module")
def manganese():
    return load_pretrained("mn-l23")


def counts(shift, ions=("Mn2+", "Mn3+", "Mn4+"), background=2, axis=AXIS):
    return make_l23_spectra(
        50,
        ions=ions,
        spectral_axis=axis,
        shift=shift,
        resolution=(0.1, 2),
        dose=(1000, 10_000),
        background=background,
        background_counts=True,
        n_points=12,
        random_state=3,
        return_X_y=True,
    )


@pytest.mark.parametrize("shift", [-10, 0, 10])
def test_counts_are_read_at_every_shift(manganese, shift):
    X, y = counts(shift)
    table = manganese.read(X, AXIS)
    assert np.mean(table["valence"] == y) > 0.75
    named = (table["reason"] == "").to_numpy()
    assert np.mean(table["valence"].to_numpy()[named] == y[named]) > 0.95
    np.testing.assert_allclose(table["shift"], shift, atol=3)


def test_chromates_are_not_taken_for_chromium_three():
    X, y = counts(0, ("Cr3+", "Cr6+"), axis=AXIS - 65)
    table = load_pretrained("cr-l23").read(X, AXIS - 65)
    for ion, other in (("Cr3+", "Cr6+"), ("Cr6+", "Cr3+")):
        named = table["valence"][y == ion]
        assert np.mean(named == ion) > 0.7
        assert np.mean(named == other) < 0.1


@pytest.mark.parametrize(
    ("ions", "distance"),
    [(("Ti3+", "Ti4+"), 182), (("Cr2+", "Cr3+"), 65), (("Fe2+", "Fe3+"), -66)],
)
def test_other_elements_are_refused(manganese, ions, distance):
    X, _ = counts(0, ions, axis=AXIS - distance)
    assert np.mean(manganese.read(X, AXIS)["reason"] != "") > 0.6


def test_what_is_no_edge_of_an_ion_is_refused(manganese):
    rng = np.random.default_rng(0)
    edges, _ = make_featureless_edges(50, spectral_axis=AXIS, random_state=1, return_X_y=True)
    metals = manganese.read(rng.poisson(2000 * (1 + edges)), AXIS)
    assert np.mean(metals["reason"] == "foreign") > 0.9
    for nothing in (np.ones((5, AXIS.size)), rng.normal(size=(50, AXIS.size)), 3 * AXIS[None]):
        assert set(manganese.read(nothing, AXIS)["reason"]) == {"no edge"}


@pytest.mark.parametrize("name", NAMES)
def test_card_describes_the_reader(name):
    reader, card = load_pretrained(name), CARDS[name]
    assert isinstance(reader, ValenceReader)
    assert reader.classes_.tolist() == card["classes"]
    axis = card["spectral_axis_eV"]
    wanted = axis["start"] + axis["step"] * np.arange(axis["n_channels"])
    np.testing.assert_allclose(reader.spectral_axis_, wanted, atol=1e-3)
    assert reader.element_.lower() == name.partition("-")[0]
    assert reader.figures_ == card["figures"]
    assert card["figures"]["10000 counts on 0x background"]["accuracy of what is named"] > 0.9


def test_files_are_small():
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    assert max(sizes) < 500_000
    assert sum(sizes) < 3_000_000


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"no trained reader 'zn-l23'; there is .*mn-l23.*\.$"):
        load_pretrained("zn-l23")


@pytest.mark.parametrize("name", ["fe", "Fe", "Fe-L23", "fe_l3", "Fe3+"])
def test_the_likely_name_is_suggested(name):
    with pytest.raises(ValueError, match="Did you mean 'fe-l23'"):
        load_pretrained(name)


def table_of(path):
    """Spectra of a table on their own axes: name, valence, energies, intensities."""
    for name, rows in pd.read_csv(path).groupby("spectrum", sort=False):
        rows = rows.sort_values("energy_eV").drop_duplicates("energy_eV")
        valence = rows["valence"].iloc[0]
        yield name, valence, rows["energy_eV"].to_numpy(), rows["intensity"].to_numpy()


@pytest.mark.real_data
@pytest.mark.parametrize("shift", [-8, 0, 8])
def test_published_spectra_are_read_at_every_shift(manganese, real_data, shift):
    right = []
    for _, valence, energies, intensities in table_of(real_data / "mn_l23_literature.csv"):
        if valence in manganese.classes_:
            row = manganese.read(intensities[None], energies + shift).iloc[0]
            right.append(row[manganese.classes_].astype(float).idxmax() == valence)
            if right[-1]:  # it is told from the place of the class that is read
                np.testing.assert_allclose(row["shift"], shift, atol=1.5)
    assert np.mean(right) > 0.9


@pytest.mark.real_data
def test_acquired_oxide_is_read_and_not_refused(manganese, real_data):
    data = np.load(real_data / "mn2_acquired.npz")
    table = manganese.read(data["intensity"], data["energy_eV"].astype(float))
    assert np.mean(table["Mn2+"] > 0.5) > 0.95
    assert np.mean(table["valence"] == "Mn2+") > 0.9
    assert table["mean_valence"].mean() < 2.2
