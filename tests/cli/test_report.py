import base64
import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import hyperspy.api as hs
import numpy as np
import pytest
from line_reader import ENERGY, LineReader, line_image

from skspectra.cli._report import doubts, write_report
from skspectra.imaging import read_image

SUMMARY = {
    "file": "<scan>.hspy", "element": "Mn", "reader": "mn-l23", "edge_eV": 641.5, "pixels": 30,
    "counts": {"Mn2+": 12, "Mn3+": 12, "no edge": 6}, "read_by": "pixels", "why": "asked for",
    "phases": None, "shift_eV": -7.0, "pixels_repaired": 0,
}  # fmt: skip


@pytest.fixture
def maps():
    signal = hs.signals.Signal1D(line_image((5, 6))[0])
    energy = signal.axes_manager[-1]
    energy.offset, energy.scale, energy.units = ENERGY[0], 0.5, "eV"
    return read_image(LineReader(), signal)


@pytest.fixture
def page(maps, tmp_path):
    (tmp_path / "map.png").write_bytes(b"")
    write_report(tmp_path / "report.html", maps, SUMMARY, tmp_path / "map.png")
    return tmp_path / "report.html"


def look(page, script=""):
    """What a browser makes of the page, and of a script behind it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium")
    pointed = page.with_name("pointed.html")
    pointed.write_text(page.read_text() + f"<script>{script}</script>")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]
    result = subprocess.run(
        [*command, f"--user-data-dir={page.parent / 'profile'}", "--dump-dom", pointed.as_uri()],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return result.stdout


def point_at(row, column):
    return f"""
        const box = document.getElementById("map").getBoundingClientRect();
        document.getElementById("map").dispatchEvent(new PointerEvent("pointermove", {{
            clientX: box.left + ({column} + .5) / 6 * box.width,
            clientY: box.top + ({row} + .5) / 5 * box.height }}));"""


def text_of(element, dom):
    return re.search(rf'id="{element}"[^>]*>(.*?)</', dom, re.DOTALL)[1]


def drawn(name, dom):
    points = re.search(rf'id="{name}"[^>]* d="M([^"]*)"', dom)[1].split("L")
    return -np.array([point.split() for point in points], float)[:, 1]


def test_pointing_at_a_pixel_shows_its_spectrum_and_what_was_read(page, maps):
    dom = look(page, point_at(1, 4))
    mean = maps.valence.data[1, 4]
    said = f"Row 1, column 4: Mn3+, mean valence {mean:.2f} ({mean - 0.1:.2f} to {mean + 0.1:.2f})"
    assert text_of("at", dom) == said
    near = np.abs(ENERGY - 641.5) <= 45
    spectrum = maps.pixels.data[1, 4, near]
    assert np.corrcoef(drawn("spectrum", dom), spectrum)[0, 1] > 0.9999
    assert f"<th>Mn3+</th><td>{mean - 2:.3f}</td>" in dom
    assert text_of("at", look(page, point_at(4, 0))).endswith("column 0: unknown, no edge")


def test_spectra_are_shown_without_the_defects_that_were_repaired(tmp_path):
    image = line_image((5, 6))[0]
    image[1, 4, np.searchsorted(ENERGY, 645)] += 1e6
    maps = read_image(LineReader(), image, spectral_axis=ENERGY)
    (tmp_path / "map.png").write_bytes(b"")
    write_report(tmp_path / "report.html", maps, SUMMARY, tmp_path / "map.png")
    data = json.loads(re.search(r"\{\"shape.*\}", (tmp_path / "report.html").read_text())[0])
    assert np.frombuffer(base64.b64decode(data["spectra"]), np.float32).max() < 1e5


def test_a_pixel_of_a_phase_is_shown_behind_the_mean_of_its_phase(maps, tmp_path):
    labels = np.repeat([[0, 0, 0, 1, 1, -1]], 5, axis=0)
    maps.phases = SimpleNamespace(labels_=labels)
    (tmp_path / "map.png").write_bytes(b"")
    write_report(tmp_path / "report.html", maps, SUMMARY, tmp_path / "map.png")
    dom = look(tmp_path / "report.html", point_at(1, 4))
    near = np.abs(ENERGY - 641.5) <= 45
    spectra = maps.pixels.data[..., near]
    mean = spectra[labels == 1].mean(axis=0)
    assert text_of("whose", dom) == "mean of phase 2"
    assert np.corrcoef(drawn("spectrum", dom), mean)[0, 1] > 0.9999
    assert np.corrcoef(drawn("pixel", dom), spectra[1, 4])[0, 1] > 0.9999
    dom = look(tmp_path / "report.html", point_at(1, 5))
    assert text_of("whose", dom) == "spectrum"
    assert np.corrcoef(drawn("spectrum", dom), spectra[1, 5])[0, 1] > 0.9999


def test_the_page_begins_with_the_pixel_in_the_middle_and_round_energies(page):
    dom = look(page)
    assert text_of("at", dom).startswith("Row 2, column 3: ")
    energies = re.findall(r'y="281"[^>]*>([\d.]+)<', dom)
    assert len(energies) >= 4
    assert all(float(energy) % 10 == 0 for energy in energies)


def test_the_page_needs_nothing_else_and_says_what_to_doubt(page):
    text = page.read_text()
    assert not re.search(r"(src|href)=.(?!data:)", text)
    assert "&lt;scan&gt;.hspy" in text and "<scan>" not in re.sub(r"<script.*", "", text)
    assert "7.0 eV off" in text and "trained on simulated" in text


def test_doubts_name_what_is_unusual(maps):
    said = " ".join(doubts(maps, SUMMARY | {"shift_eV": 0.0}))
    assert "off its nominal" not in said and "unknown" not in said
    maps.reasons[0, 0], maps.codes[0, 0], maps.by = "foreign", -1, "phases"
    said = " ".join(doubts(maps, SUMMARY | {"pixels_repaired": 3, "phases": 2}))
    assert "1 'foreign'" in said and "2 phases" in said and "In 3 spectra" in said


def test_an_image_too_large_for_a_page_is_shown_without_its_spectra(maps, tmp_path, monkeypatch):
    monkeypatch.setattr("skspectra.cli._report._MOST_NUMBERS", 10)
    (tmp_path / "map.png").write_bytes(b"")
    write_report(tmp_path / "report.html", maps, SUMMARY, tmp_path / "map.png")
    assert "30 pixels are too many for a page" in text_of(
        "note", (tmp_path / "report.html").read_text()
    )
