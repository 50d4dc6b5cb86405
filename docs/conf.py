"""Documentation: `sphinx-build docs docs/_build` with the extra `docs` installed."""

import re

import skspectra

project = "skspectra"
author = "the skspectra developers"
release = version = skspectra.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = project

autosummary_ignore_module_all = False
autosummary_imported_members = True
numpydoc_show_class_members = False
myst_heading_anchors = 2
suppress_warnings = ["config.cache"]

intersphinx_mapping = {
    "imblearn": ("https://imbalanced-learn.org/stable", None),
    "numpy": ("https://numpy.org/doc/stable", None),
    "sklearn": ("https://scikit-learn.org/stable", None),
    "skorch": ("https://skorch.readthedocs.io/en/stable", None),
    "torch": ("https://pytorch.org/docs/stable", None),
}
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "download_all_examples": False,
    "write_computation_times": False,
}


def _relink(app, name, source):
    """Lead the links of the repository to the pages that they become."""
    source[0] = source[0].replace("](../benchmarks/README.md)", "](benchmarks.rst)")
    source[0] = re.sub(r"\]\(examples/(\w+)\.py\)", r"](gallery/\1.rst)", source[0])


def setup(app):
    """Connect what changes the pages."""
    app.connect("source-read", _relink)
