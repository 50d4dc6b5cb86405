"""Documentation: `sphinx-build docs docs/_build` with the extra `docs` installed."""

import re
import tomllib
import urllib.request
from pathlib import Path

from sphinx_gallery.sorting import ExplicitOrder, FunctionSortKey

import skspectra

ROOT = Path(__file__).parents[1]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_ELSEWHERE = {
    "reference/benchmarks": "benchmarks/README.md",
    "reference/changes": "CHANGELOG.md",
}

project = "skspectra"
author = "the skspectra developers"
release = version = skspectra.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "tutorials"]
templates_path = ["_templates"]
default_role = "code"
html_theme = "pydata_sphinx_theme"
html_title = project
toc_object_entries_show_parents = "hide"
html_theme_options = {
    "github_url": _PROJECT["urls"]["Repository"],
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
}
html_sidebars = {"index": []}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
copybutton_exclude = ".linenos, .gp, .go"  # neither prompts nor outputs

autosummary_ignore_module_all = False
autosummary_imported_members = True
numpydoc_show_class_members = False
myst_heading_anchors = 2
suppress_warnings = ["config.cache"]

# Other projects' pages: their inventories may be out of reach, and Python's is not asked for.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|imblearn|numpy|sklearn|skorch|torch)\..*")
]


def _is_reachable(inventory):
    try:
        urllib.request.urlopen(
            f"{inventory}/objects.inv", timeout=5
        ).close()
    except OSError:
        return False
    return True


intersphinx_mapping = {
    name: (url, None)
    for name, url in {
        "imblearn": "https://imbalanced-learn.org/stable",
        "numpy": "https://numpy.org/doc/stable",
        "sklearn": "https://scikit-learn.org/stable",
        "skorch": "https://skorch.readthedocs.io/en/stable",
        "torch": "https://pytorch.org/docs/stable",
    }.items()
    if _is_reachable(url)
}


class _InOrder(FunctionSortKey):
    """Tutorials as they are read; the map before other examples, which go by their names."""

    def __init__(self, folder):
        super().__init__(
            lambda name: (
                _ORDER.index(name) if name in _ORDER else len(_ORDER),
                name,
            )
        )


_ORDER = [
    "from_a_file_to_a_map.py",
    "from_hyperspy.py",
    "from_scikit_learn.py",
    "train_on_your_own_folder.py",
    "which_unmixing_when.py",
    "from_an_image_to_phases.py",
    "plot_spectrum_image.py",
]

sphinx_gallery_conf = {
    "examples_dirs": ["examples", "tutorials"],
    "gallery_dirs": ["gallery", "learn"],
    "filename_pattern": r"\.py$",
    "subsection_order": ExplicitOrder(
        [
            f"examples/{group}"
            for group in (
                "maps",
                "spectra",
                "mixtures",
                "models",
                "structure",
            )
        ]
    ),
    "within_subsection_order": _InOrder,
    "doc_module": ("skspectra",),
    "reference_url": {"skspectra": None},
    "backreferences_dir": "reference/backreferences",
    "thumbnail_size": (600, 400),
    "download_all_examples": False,
    "write_computation_times": False,
    "show_memory": False,
}


def _read(app, page, source):
    """Read pages from where the repository has them, and lead its links to the pages."""
    if page in _ELSEWHERE:
        source[0] = (ROOT / _ELSEWHERE[page]).read_text()
    text = re.sub(
        r"\]\((\.\./)+benchmarks/README\.md\)",
        "](/reference/benchmarks.md)",
        source[0],
    )
    text = re.sub(r"\]\(\.\./docs/", "](../", text)
    text = re.sub(
        r"\]\(\.\./examples/([\w/]+)\.py\)", r"](/gallery/\1.rst)", text
    )
    source[0] = re.sub(
        r"\]\(\.\./tutorials/(\w+)\.py\)", r"](/learn/\1.rst)", text
    )


def _plain_labels(app, what, name, object, options, lines):
    """Write the labels of other projects' pages in inherited docstrings as text."""
    lines[:] = [
        re.sub(r":(?:ref|term|doc):`([^`<]*?)(?:\s*<[^`>]*>)?`", r"\1", x)
        for x in lines
    ]


def setup(app):
    """Connect what changes the pages."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _plain_labels)
