"""What the labels of ions say."""

import re

import numpy as np

__all__ = ["element_of_labels", "valence_of_label"]

_ION = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d+)?)\+$")


def valence_of_label(label):
    """Charge that a label such as "Mn2+" or "Mn2.5+" names, or the number that it is.

    Raises
    ------
    ValueError
        If it is neither.
    """
    match = _ION.match(str(label))
    if match:
        return float(match[2])
    try:
        return float(label)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Labels must name one ion, such as 'Mn2+', be a number, or be 'unknown'; got "
            f"{label!r}. Leave out spectra of mixed valence."
        ) from error


def element_of_labels(labels):
    """Return the element that all labels name, None where they are numbers.

    Raises
    ------
    ValueError
        If they name several, or one of them is neither an ion nor a number.
    """
    for label in np.asarray(labels).tolist():
        valence_of_label(label)
    matches = [_ION.match(str(label)) for label in np.asarray(labels).tolist()]
    elements = {match[1] if match else None for match in matches}
    if len(elements) > 1:
        raise ValueError(
            f"Labels must be of one element, got {np.asarray(labels).tolist()}. Fit a reader for "
            "each, and give edges of others the label 'unknown'."
        )
    return elements.pop()
