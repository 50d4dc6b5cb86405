"""Atoms, their classes and displacements."""

import numpy as np

from skspectra.plotting._style import axes_of, class_colors

__all__ = ["NeighborDisplay"]


class NeighborDisplay:
    """Atoms in the colours of their classes, with displacements as arrows.

    Parameters
    ----------
    positions : array-like of shape (n_atoms, 2)
        Row and column of each atom.
    labels : array-like of shape (n_atoms,), default=None
        Class of each; -1 is drawn in grey. None draws all alike.
    vectors : array-like of shape (n_atoms, 2), default=None
        Displacement of each, as rows and columns; None draws none.
    vector_scale : float, default=1.0
        Factor on the length of the arrows, which is written above the figure.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import NeighborDisplay
    >>> display = NeighborDisplay([[0, 0], [0, 2], [2, 0]], [0, 1, -1]).plot()
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['0', '1']
    """

    def __init__(self, positions, labels=None, *, vectors=None, vector_scale=1.0):
        self.positions = positions
        self.labels = labels
        self.vectors = vectors
        self.vector_scale = vector_scale

    def plot(self, ax=None, *, image=None):
        """Draw the atoms.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        image : array-like of shape (height, width), default=None
            Image to draw them on.

        Returns
        -------
        display : NeighborDisplay
        """
        rows, columns = np.asarray(self.positions, dtype=float).T
        ax = axes_of(ax, figsize=(4.5, 4))
        if image is not None:
            ax.imshow(image, cmap="gray")
        labels = np.zeros(len(rows), int) if self.labels is None else np.asarray(self.labels)
        known = [label for label in np.unique(labels) if label != -1]
        ax.scatter(columns[labels == -1], rows[labels == -1], s=8, color="0.7")
        for label, color in zip(known, class_colors(known), strict=True):
            at = labels == label
            ax.scatter(columns[at], rows[at], s=10, color=color, label=str(label))
        if self.vectors is not None:
            down, across = self.vector_scale * np.asarray(self.vectors, dtype=float).T
            scale = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.003}
            ax.quiver(
                columns,
                rows,
                across,
                down,
                color="#F0E442" if image is not None else "0.1",
                **scale,
            )
            if self.vector_scale != 1:
                text = f"Displacements × {self.vector_scale:g}"
                ax.set_title(text, loc="right", fontsize="medium")
        if self.labels is not None and known:
            ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        ax.set(aspect="equal", xlabel="Column (pixels)", ylabel="Row (pixels)")
        if not ax.yaxis_inverted():
            ax.invert_yaxis()
        self.ax_, self.figure_ = ax, ax.figure
        return self
