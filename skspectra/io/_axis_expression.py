"""Axes that a file gives by an expression, of which only arithmetic is evaluated."""

import ast

import numpy as np

from skspectra.io._safety import UnsafeFile

__all__ = ["evaluate_axis"]

_FUNCTIONS = {
    "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "abs": np.abs, "Abs": np.abs,
}  # fmt: skip
_OPERATORS = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.UAdd: np.positive,
    ast.USub: np.negative,
}
_NO_PARAMETERS = {"size", "navigate", "is_binned", "index_in_array"}
_LONGEST = 500  # characters of an expression


def evaluate_axis(axis, size, depth=0):
    """Values of an axis that a file describes by an expression.

    Parameters
    ----------
    axis : dict
        As HyperSpy describes it: an ``expression`` of ``x`` and of parameters, whose values are
        further entries; ``x`` is another axis.
    size : int
        Number of channels of the data.

    Returns
    -------
    values : ndarray of shape (size,)

    Raises
    ------
    UnsafeFile
        If the expression is more than arithmetic.
    ValueError
        If its values do not fit.
    """
    if "axis" in axis:
        values = np.asarray(axis["axis"], dtype=np.float64)
    elif "expression" in axis:
        if depth > 5:
            raise ValueError("The axis is a function of a function of too many others.")
        x = evaluate_axis(axis.get("x") or {}, size, depth + 1)
        names = {"pi": np.pi}
        names |= {key: float(value) for key, value in axis.items() if _is_number(value)}
        names = {key: value for key, value in names.items() if key not in _NO_PARAMETERS} | {"x": x}
        with np.errstate(all="ignore"):
            values = _evaluate(str(axis["expression"]), names)
        values = np.broadcast_to(values, size) if np.ndim(values) == 0 else values
    else:
        values = float(axis.get("offset", 0)) + float(axis.get("scale", 1)) * np.arange(size)
    if values.shape != (size,):
        raise ValueError(f"An axis has shape {values.shape}, but the data have {size} channels.")
    return values


def _is_number(value):
    return isinstance(value, (int, float, np.integer, np.floating))


def _evaluate(expression, names):
    refusal = (
        f"an axis is given by {expression[:80]!r}. Only arithmetic of numbers, x and the "
        f"parameters {sorted(names)} with + - * / ** and {', '.join(sorted(_FUNCTIONS))} is "
        "evaluated."
    )
    if len(expression) > _LONGEST:
        raise UnsafeFile(refusal)
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
        return _value(tree.body, names)
    except (SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise UnsafeFile(refusal) from error


def _value(node, names):
    """Value of a node of a parsed expression; a KeyError for any kind that is not listed."""
    if isinstance(node, ast.BinOp):
        operator = _OPERATORS[type(node.op)]
        return operator(_value(node.left, names), _value(node.right, names))
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_value(node.operand, names))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if len(node.args) == 1 and not node.keywords:
            return _FUNCTIONS[node.func.id](_value(node.args[0], names))
    raise KeyError(type(node).__name__)
