"""Local structure of images: windows, neighbours of atoms, and transitions of classes."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra.plotting._style import axes_of, class_colors

__all__ = ["NeighborDisplay", "SlidingWindowDisplay", "TransitionDisplay"]


class SlidingWindowDisplay:
    """A map of the classes of windows, and the mean Fourier transform of each.

    Use `from_estimator` to make one.

    Parameters
    ----------
    classes : array-like of shape (n_down, n_across), int
        Class of each window.
    spectra : array-like of shape (n_classes, window, window)
        What describes the windows of each class, zero frequency in the middle.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_classes + 1,)
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import SlidingWindowDisplay
    >>> display = SlidingWindowDisplay([[0, 1], [0, 1]], np.ones((2, 4, 4))).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['Classes', '0', '1']
    """

    def __init__(self, classes, spectra):
        self.classes = classes
        self.spectra = spectra

    @classmethod
    def from_estimator(cls, fft, rows, labels, *, axes=None):
        """Draw what was found of the windows of one image.

        Parameters
        ----------
        fft : SlidingFFT
            Fitted.
        rows : array-like of shape (n_windows, n_features)
            What it gave for the image.
        labels : array-like of shape (n_windows,), int
            Classes of the rows, from 0.
        axes : sequence of matplotlib Axes, default=None
            Where to draw, one more than there are classes; a new figure if None.

        Returns
        -------
        display : SlidingWindowDisplay
        """
        check_is_fitted(fft, "grid_shape_")
        rows, labels = np.asarray(rows), np.asarray(labels)
        means = [rows[labels == label].mean(axis=0) for label in range(labels.max() + 1)]
        spectra = np.stack([fft.to_spectrum(mean) for mean in means])
        return cls(fft.fold(labels), spectra).plot(axes)

    def plot(self, axes=None):
        """Draw the map and the transforms.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Where to draw, one more than there are classes; a new figure if None.

        Returns
        -------
        display : SlidingWindowDisplay
        """
        from matplotlib.colors import ListedColormap

        spectra = np.asarray(self.spectra)
        colors = class_colors(range(len(spectra)))
        if axes is None:
            import matplotlib.pyplot as plt

            size = (2.4 * (len(spectra) + 1), 2.6)
            axes = plt.subplots(1, len(spectra) + 1, figsize=size, layout="constrained")[1]
        axes = np.asarray(axes, dtype=object).ravel()
        limits = {"vmin": -0.5, "vmax": len(spectra) - 0.5}
        axes[0].imshow(self.classes, cmap=ListedColormap(colors), interpolation="none", **limits)
        axes[0].set(title="Classes", xticks=[], yticks=[])
        half, shared = 0.5, {"vmin": np.nanmin(spectra), "vmax": np.nanmax(spectra)}
        for number, (ax, spectrum) in enumerate(zip(axes[1:], spectra, strict=True)):
            ax.imshow(spectrum, cmap="magma", extent=(-half, half, half, -half), **shared)
            ax.set_title(str(number), color=colors[number])
            ax.set_xlabel("Cycles per pixel")
        self.axes_, self.figure_ = axes, axes[0].figure
        return self


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
        How much longer arrows are drawn than the displacements are.

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
        if self.labels is not None and known:
            ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        ax.set(aspect="equal", xlabel="Column (pixels)", ylabel="Row (pixels)")
        if not ax.yaxis_inverted():
            ax.invert_yaxis()
        self.ax_, self.figure_ = ax, ax.figure
        return self


class TransitionDisplay:
    """The probabilities with which classes follow each other, and how well they are known.

    Use `from_estimator` to make one.

    Parameters
    ----------
    matrix : array-like of shape (n_states, n_states)
        Probabilities from row to column.
    lower, upper : array-like of shape (n_states, n_states), default=None
        Limits of their intervals; None writes none.
    names : sequence of str, default=None
        Names of the states; None numbers them from 0.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from skspectra.plotting import TransitionDisplay
    >>> display = TransitionDisplay([[0.9, 0.1], [0.5, 0.5]]).plot()
    >>> [text.get_text() for text in display.ax_.texts]
    ['0.90', '0.10', '0.50', '0.50']
    """

    def __init__(self, matrix, lower=None, upper=None, *, names=None):
        self.matrix = matrix
        self.lower = lower
        self.upper = upper
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, *, names=None, ax=None):
        """Draw the matrix of an estimator with its 90 % intervals.

        Parameters
        ----------
        estimator : TransitionMatrix
            Fitted.
        names : sequence of str, default=None
            Names of the states; None numbers them from 0.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TransitionDisplay
        """
        check_is_fitted(estimator, "transition_matrix_")
        lower, upper = estimator.interval(0.9)
        return cls(estimator.transition_matrix_, lower, upper, names=names).plot(ax)

    def plot(self, ax=None):
        """Draw the matrix, with the numbers in it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : TransitionDisplay
        """
        matrix = np.asarray(self.matrix, dtype=float)
        ax = axes_of(ax, figsize=(1.5 + 0.9 * len(matrix), 1 + 0.8 * len(matrix)))
        image = ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(matrix):
            text = f"{value:.2f}"
            if self.lower is not None:
                text += f"\n{np.asarray(self.lower)[i, j]:.2f}–{np.asarray(self.upper)[i, j]:.2f}"
            color = "white" if value > 0.6 else "black"
            ax.text(j, i, text, ha="center", va="center", color=color, fontsize="small")
        names = range(len(matrix)) if self.names is None else self.names
        ax.set_xticks(range(len(matrix)), names)
        ax.set_yticks(range(len(matrix)), names)
        ax.set(xlabel="To", ylabel="From")
        ax.figure.colorbar(image, ax=ax, label="Probability")
        self.ax_, self.figure_ = ax, ax.figure
        return self
