"""Decision trees as plain arrays, checked before compiled code follows them."""

import numpy as np

from skspectra._sklearn import make_tree

__all__ = ["describe_tree", "is_tree", "restore_tree"]


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
    left, right, feature = (fields[name] for name in ("left_child", "right_child", "feature"))
    n_nodes, n_outputs, n_values = packed["values"].shape
    numbers = np.arange(n_nodes)
    is_leaf = left == -1
    inner = ~is_leaf
    fits = (
        n_nodes > 0
        and all(each.shape == (n_nodes,) for each in fields.values())
        and (right[is_leaf] == -1).all()
        and all(
            (child[inner] > numbers[inner]).all() and (child[inner] < n_nodes).all()
            for child in (left, right)
        )
        and (feature[inner] >= 0).all()
        and (feature[inner] < packed["n_features"]).all()
        and packed["n_classes"].shape == (n_outputs,)
        and packed["n_classes"].max() == n_values
        and packed["n_classes"].min() > 0
        and 0 <= packed["max_depth"] < n_nodes
    )
    if not fits:
        raise ValueError("a decision tree in it leads out of its nodes.")
    return make_tree(
        packed["n_features"], packed["n_classes"], packed["max_depth"], fields, packed["values"]
    )
