"""Python blocks of the README and of the pages print what is shown, and links lead somewhere."""

import importlib
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import skspectra
from skspectra.datasets import make_particle_image

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REPOSITORY = PYPROJECT["project"]["urls"]["Repository"]
NEEDS = {"thick_specimen.md": "exspy", "cluster.md": "distributed"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*/*.md"))]
SCRIPTS = [page for page in PAGES if "```python" in page.read_text()]


@pytest.mark.parametrize("page", SCRIPTS, ids=lambda page: page.name)
def test_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch, capsys):
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    monkeypatch.chdir(tmp_path)
    write_a_scan("my_scan.csv")
    script = ModuleType("__main__")  # where pickle finds the classes of the page
    monkeypatch.setitem(sys.modules, "__main__", script)
    exec(compile("\n".join(blocks_of(page, "python")), page, "exec"), vars(script))
    printed = capsys.readouterr().out.splitlines()
    for shown in blocks_of(page, "text"):
        n_lines = len(shown.splitlines())
        parts = ["\n".join(printed[i : i + n_lines]) for i in range(len(printed))]
        assert any(alike(shown, part) for part in parts), "\n".join([shown, *printed])


def blocks_of(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def alike(shown, printed):
    """Whether words are the same, and numbers up to three units of their last digit.

    Processors round differently, so that a net that is trained differs, and what it answers.
    """
    number = r"-?\d+(?:\.\d+)?"
    if re.sub(number, "#", shown).split() != re.sub(number, "#", printed).split():
        return False
    pairs = zip(re.findall(number, shown), re.findall(number, printed), strict=True)
    return all(
        abs(float(old) - float(new)) < 3.5 * 10.0 ** -len(old.partition(".")[2])
        for old, new in pairs
    )


def write_a_scan(path):
    """Write the file that the README reads."""
    particle = make_particle_image(1000, n_points=1, random_state=0)
    columns = np.column_stack([particle.spectral_axis, particle.data[32, 48]])
    np.savetxt(path, columns, delimiter=",", header="energy_eV,counts", comments="")


@pytest.mark.parametrize("page", SCRIPTS, ids=lambda page: page.name)
def test_code_fits_the_page(page):
    blocks = re.findall(r"^```\w+\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 75


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_readme_links_to_the_repository_wherever_it_is_shown():
    text = (ROOT / "README.md").read_text()
    raw = REPOSITORY.replace("//github.com", "//raw.githubusercontent.com")
    inside = re.findall(rf"\]\((?:{REPOSITORY}/blob|{raw})/main/([^)#]+)[^)]*\)", text)
    assert len(inside) > 8
    assert not [path for path in inside if not (ROOT / path).exists()]
    assert not re.findall(r"\]\((?!https:)", text)


def test_contributing_names_files_that_there_are():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`((?:benchmarks|docs|skspectra|tests|\.github)(?:/[\w.]+)*)`", text)
    assert len(paths) > 15
    missing = [each for each in paths if "_name" not in each and not (ROOT / each).exists()]
    assert not missing


def test_readme_names_everything_public():
    readme = (ROOT / "README.md").read_text()
    for name in skspectra.__all__[1:]:
        module = importlib.import_module(f"skspectra.{name}")
        assert f"`skspectra.{name}`" in readme
        assert not [each for each in module.__all__ if f"`{each}`" not in readme]
