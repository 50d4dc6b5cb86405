"""What the displays share."""

__all__ = ["COLORS", "axes_of"]

# Okabe and Ito's palette, told apart by every kind of colour vision
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


def axes_of(ax, **figure_params):
    """Return `ax`, or the axes of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained", **figure_params)[1]
