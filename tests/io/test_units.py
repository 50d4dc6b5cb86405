import numpy as np
import pytest

from skspectra.io._units import conversion, quantity_of, unit_of

EV = [
    "eV", "ev", "EV", "(eV)", " eV ", "Energy (eV)", "Energy Loss (eV)", "Energy Loss [eV]",
    "energy_eV", "Energy / eV", "energy, eV", "Energy loss in eV", "electron volt",
    "(electron volts)", "Electronvolt", "Photon energy (eV) (corrected)", "(Energy Loss (eV))",
]  # fmt: skip


@pytest.mark.parametrize("label", EV)
def test_spellings_of_electron_volts(label):
    assert conversion(label, "eV") == 1
    assert quantity_of(label) == "energy"


@pytest.mark.parametrize(
    ("label", "wanted", "factor"),
    [
        ("keV", "eV", 1000),
        ("energy_meV", "eV", 0.001),
        ("Energy (MeV)", "eV", 1e6),
        ("KEV", "eV", 1000),
        ("eV", "keV", 0.001),
        ("Wavelength (µm)", "nm", 1000),
        ("Wavelength [μm]", "nm", 1000),
        ("(Å)", "nm", 0.1),
        ("Raman shift (cm-1)", "1/cm", 1),
        ("Raman shift / cm^-1", "cm-1", 1),
        ("(cm⁻¹)", "1/cm", 1),
        ("(/cm)", "1/cm", 1),
        ("(1/m)", "1/cm", 0.01),
        ("Time (ms)", "s", 0.001),
        ("(furlong)", "furlong", 1),
    ],
)
def test_units_of_one_quantity_are_converted(label, wanted, factor):
    assert conversion(label, wanted) == pytest.approx(factor)


@pytest.mark.parametrize(
    "label",
    ["", "energy", "Energy loss", "x", "E", "Energy (corrected)", "(None)", "Loss_raw", "(Energy)"],
)
def test_labels_that_tell_no_unit(label):
    assert conversion(label, "eV") is None
    assert unit_of(label) is None


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("(nm)", "'nm' holds length, no energy"),
        ("Wavelength", "'Wavelength' holds length"),
        ("(Wavelength)", "holds length"),
        ("(1/cm)", "holds wavenumber"),
        ("(s)", "holds time"),
        ("Time", "holds time"),
        ("2theta", "holds angle"),
        ("(deg)", "holds angle"),
        ("Channel", "holds channel numbers"),
        ("(px)", "holds channel numbers"),
        ("(mev)", "'mev', which is not known"),
        ("Energy (a.u.)", "'a.u.', which is not known"),
        ("Energy (Ry)", "'Ry', which is not known"),
        ("(J)", "'J', which is not known"),
    ],
)
def test_other_quantities_and_unknown_units_are_refused(label, said):
    with pytest.raises(ValueError, match=f"{said}.*Wanted is an axis in eV.*unit="):
        conversion(label, "eV")


def test_energies_are_refused_where_a_length_is_wanted():
    with pytest.raises(ValueError, match="holds energy, no length. Wanted is an axis in nm"):
        conversion("Energy (eV)", "nm")


def test_sizes_agree_with_pint():
    pint = pytest.importorskip("pint")
    registry = pint.UnitRegistry()
    for label, wanted in [("(keV)", "eV"), ("(um)", "nm"), ("(mrad)", "rad"), ("(THz)", "Hz")]:
        expected = registry(label.strip("()")).to(wanted).magnitude
        np.testing.assert_allclose(conversion(label, wanted), expected)
    assert conversion("(°)", "rad") == pytest.approx(registry("degree").to("rad").magnitude)
