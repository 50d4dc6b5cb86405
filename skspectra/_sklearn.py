"""The one door to private names of scikit-learn, each with what it is for.

No other module imports a private name. When scikit-learn moves or publishes one, this file changes
and nothing else does. Of all of them, versions from the floor in pyproject.toml on were run.
"""

import numpy as np

# Constraints of parameters, checked when an estimator is fitted. There is no public way: a third
# party would write `raise ValueError` by hand, and miss the tests that `parametrize_with_checks`
# makes of the constraints.
from sklearn.base import _fit_context as fit_context

# Rows of arrays, frames and lists alike; sklearn.utils.resample and train_test_split call it too.
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    validate_params,
)

# How parts of estimators are printed: those of scikit-learn do not ask the `__repr__` of a step.
from sklearn.utils._pprint import _EstimatorPrettyPrinter

# Parameters of fit that have an entry for each row, cut with the rows as cross_validate does.
from sklearn.utils.validation import _check_method_params as check_method_params

# Weights of rows: their shape, dtype and sign. Public nowhere.
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

# Labels by themselves; check_X_y is public but wants X as well.
from sklearn.utils.validation import _check_y as check_y

__all__ = [
    "HasMethods",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "check_method_params",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "histogram_nodes",
    "make_tree",
    "n_openmp_threads",
    "print_within",
    "safe_indexing",
    "validate_params",
]


def print_within(context, own_repr):
    """Print estimators within a context where they are parts of others, such as steps.

    scikit-learn looks up by its `__repr__` how a part is printed that does not fit on a line.
    """

    def pprint_estimator(printer, *args):
        with context():
            printer._pprint_estimator(*args)

    _EstimatorPrettyPrinter._dispatch[own_repr] = pprint_estimator


def make_tree(n_features, n_classes, max_depth, fields, values):
    """Make a fitted `sklearn.tree._tree.Tree` of arrays; pickling is the only public way."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    nodes = np.zeros(len(values), dtype=NODE_DTYPE)
    for name in nodes.dtype.names:
        nodes[name] = fields[name]
    tree = Tree(n_features, np.asarray(n_classes, dtype=np.intp), len(n_classes))
    state = {"max_depth": max_depth, "node_count": len(nodes), "nodes": nodes, "values": values}
    tree.__setstate__(state)
    return tree


def histogram_nodes(nodes):
    """Nodes of a tree of `HistGradientBoostingClassifier`, laid out as its compiled code wants."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    return nodes.astype(PREDICTOR_RECORD_DTYPE)


def n_openmp_threads():
    """How many threads scikit-learn's compiled loops take; k-means writes it down at fit."""
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    return _openmp_effective_n_threads()
