"""Decision trees as plain arrays, checked before compiled code follows them."""

import numpy as np

from skspectra._sklearn import make_tree

__all__ = ["check_histogram_nodes", "describe_tree", "is_tree", "restore_tree"]

_LOST = "a decision tree in it leads out of its nodes."


def is_tree(value):
    """Whether a value is what scikit-learn's trees keep in `tree_`."""
    kind = type(value)
    return (kind.__module__, kind.__name__) == ("sklearn.tree._tree", "Tree")


def describe_tree(tree):
    """Arrays and numbers of a tree, by name."""
    state = tree.__getstate__()
    nodes = state["nodes"]
    return {
        "n_features": int(tree.n_features),
        "n_classes": np.asarray(tree.n_classes),
        "max_depth": int(state["max_depth"]),
        "values": state["values"],
        **{f"node_{name}": np.ascontiguousarray(nodes[name]) for name in nodes.dtype.names},
    }


def restore_tree(packed):
    """Make a tree again.

    Raises
    ------
    ValueError
        If a node leads to one that is not there or that comes before it, or looks at a channel that
        is not there: compiled code follows them without a look.
    """
    fields = {
        name.removeprefix("node_"): each
        for name, each in packed.items()
        if name.startswith("node_")
    }
    n_nodes, n_outputs, n_values = packed["values"].shape
    is_leaf = fields["left_child"] == -1
    children = fields["left_child"], fields["right_child"]
    fits = (
        all(each.shape == (n_nodes,) for each in fields.values())
        and (fields["right_child"][is_leaf] == -1).all()
        and _lead_on(~is_leaf, children, fields["feature"], packed["n_features"])
        and packed["n_classes"].shape == (n_outputs,)
        and packed["n_classes"].max() == n_values
        and packed["n_classes"].min() > 0
        and 0 <= packed["max_depth"] < n_nodes
    )
    if not fits:
        raise ValueError(_LOST)
    return make_tree(
        packed["n_features"], packed["n_classes"], packed["max_depth"], fields, packed["values"]
    )


def check_histogram_nodes(nodes, n_features):
    """Raise a ValueError as `restore_tree` does, for a tree of `HistGradientBoostingClassifier`."""
    children = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    inner = nodes["is_leaf"] == 0
    numerical = not nodes["is_categorical"].any()
    if not (numerical and _lead_on(inner, children, nodes["feature_idx"], n_features)):
        raise ValueError(_LOST)


def _lead_on(inner, children, feature, n_features):
    """Whether every inner node leads to later nodes that are there, by a channel that is there."""
    number = np.arange(inner.size)
    return (
        inner.size > 0
        and all((child > number)[inner].all() for child in children)
        and all((child < inner.size)[inner].all() for child in children)
        and ((feature >= 0) & (feature < n_features))[inner].all()
    )
