import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skspectra.neural
from skspectra._numerics.interpolation import resample_rows
from skspectra.datasets import make_l23_spectra
from skspectra.io import read_spectra
from skspectra.models import load_pretrained
from skspectra.uncertainty import NoveltyRejector

FOLDER = Path(skspectra.models.__file__).parent / "pretrained"


@pytest.fixture(scope="module")
def model():
    return load_pretrained("mn-l23")


def simulated(axis, shift, ions=("Mn2+", "Mn3+", "Mn4+")):
    return make_l23_spectra(
        50,
        ions=ions,
        spectral_axis=axis,
        shift=shift,
        dose=(1000, 100_000),
        n_points=12,
        random_state=3,
        return_X_y=True,
    )


@pytest.mark.parametrize("shift", [-10, 0, 10])
def test_simulated_spectra_are_read_at_every_shift(model, shift):
    X, y = simulated(model.estimator_[0].spectral_axis_, shift)
    assert model.score(X, y) > 0.93
    assert np.mean(model.novelty(X) > 1) < 0.05


@pytest.mark.parametrize(
    ("ions", "distance"),
    [(("Cr2+", "Cr3+"), 64), (("Fe2+", "Fe3+"), -68), (("Co2+", "Co3+"), -139)],
)
def test_other_elements_are_refused(model, ions, distance):
    X, _ = simulated(model.estimator_[0].spectral_axis_ - distance, 0, ions)
    assert np.mean(model.predict_with_reject(X) == "unknown") > 0.85


def test_noise_is_refused(model):
    noise = np.random.default_rng(0).normal(size=(20, 700))
    assert set(model.predict_with_reject(noise)) == {"unknown"}


@pytest.mark.real_data
@pytest.mark.parametrize("shift", [-5, 0, 5])
def test_measured_spectra_are_read_and_kept_at_every_shift(model, real_data, shift):
    axis = model.estimator_[0].spectral_axis_
    path = real_data / "mn_l23_literature.csv"
    published, names = read_spectra(path, axis - shift, outside="edge")
    valence = pd.read_csv(path).groupby("spectrum")["valence"].first()[names]
    pure = valence.isin(model.classes_).to_numpy()
    assert model.score(published[pure], valence[pure]) > 0.9
    data = np.load(real_data / "mn2_acquired.npz")
    energy = data["energy_eV"].astype(float)
    oxide = resample_rows(data["intensity"], energy, axis - shift, outside="edge")
    assert np.mean(model.predict(oxide) == "Mn2+") > 0.9
    assert np.mean(model.novelty(np.concatenate([published, oxide])) > 1) < 0.02


def test_card_describes_the_model(model):
    card = json.loads((FOLDER / "mn-l23.json").read_text())
    assert isinstance(model, NoveltyRejector)
    assert model.classes_.tolist() == card["ions"]
    axis = card["spectral_axis_eV"]
    wanted = axis["start"] + axis["step"] * np.arange(axis["n_channels"])
    np.testing.assert_allclose(model.estimator_[0].spectral_axis_, wanted)
    ensemble = model.estimator_[-1]
    assert len(ensemble.members_) == card["n_members"]
    assert ensemble.estimator.max_epochs == card["net"]["max_epochs"]


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no trained classifier 'fe-l23'; there is mn-l23"):
        load_pretrained("fe-l23")


def test_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 100_000
