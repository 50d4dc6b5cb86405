"""Every Python block of the README and the guide runs, page by page."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import skspectra

ROOT = Path(__file__).parents[1]
NEEDS = {"thickness.md": "exspy"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_runs(page, tmp_path, monkeypatch):
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    script = ModuleType("__main__")  # where pickle finds the classes of the page
    monkeypatch.setitem(sys.modules, "__main__", script)
    exec(compile("\n".join(blocks), page, "exec"), vars(script))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


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
