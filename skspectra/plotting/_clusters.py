"""Centres of clusters: which of them is the substrate."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skspectra._numerics.axis import check_axis
from skspectra.plotting._style import axes_of, class_colors, spectral_label

__all__ = ["ClusterCentersDisplay"]

_LEAST_STRENGTH = 3.0  # of an edge whose thickness can be told


class ClusterCentersDisplay:
    """Centres of the clusters of every class, selected and dropped ones.

    Use `from_estimator` to make one.

    Parameters
    ----------
    spectral_axis : ndarray of shape (n_channels,)
        Axis of the spectra.
    centers : dict of str to ndarray of shape (n_clusters, n_channels)
        Centres of each class.
    kept : dict of str to array-like of int
        Numbers of the clusters of each class that were kept.
    strength : dict of str to ndarray of shape (n_clusters,)
        Edge strength of each centre; empty where it is not known.
    thickness : dict of str to ndarray of shape (n_clusters,), default=None
        Thickness index of each centre; NaN, empty or None where it is not known.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> import numpy as np
    >>> from skspectra.plotting import ClusterCentersDisplay
    >>> centers = {"Mn2+": np.array([[1.0, 1.0, 3.0], [1.0, 0.9, 0.8]])}
    >>> display = ClusterCentersDisplay([0, 1, 2], centers, {"Mn2+": [0]}, {"Mn2+": [40.0, 0.2]})
    >>> [text.get_text() for text in display.plot().ax_.texts]
    ['Mn2+', '0 kept (40)', '1 dropped (0.2)']
    """

    def __init__(self, spectral_axis, centers, kept, strength, thickness=None):
        self.spectral_axis = spectral_axis
        self.centers = centers
        self.kept = kept
        self.strength = strength
        self.thickness = thickness

    @classmethod
    def from_estimator(cls, estimator, *, cleaning_round=0, ax=None):
        """Draw the centres that a cleaner found.

        Parameters
        ----------
        estimator : KMeansCleaner
            After `fit` or `fit_resample`.
        cleaning_round : int, default=0
            Which round, from 0; -1 is the last.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ClusterCentersDisplay
        """
        check_is_fitted(estimator, "cluster_centers_")
        records = ("cluster_centers_", "kept_", "edge_strength_", "thickness_index_")
        arrays = [
            {
                "all" if name is None else str(name): each[cleaning_round]
                for name, each in getattr(estimator, record).items()
            }
            for record in records
        ]
        return cls(estimator.spectral_axis_, *arrays).plot(ax)

    def plot(self, ax=None):
        """Draw the centres below each other, class by class, each scaled to the same height.

        Kept clusters are coloured, dropped ones grey; in brackets the edge strength and, where it
        is known, the thickness index T.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ClusterCentersDisplay
        """
        axis = check_axis(self.spectral_axis)
        lane = sum(map(len, self.centers.values()))
        ax = axes_of(ax, figsize=(4.5, 1 + 0.6 * lane))
        for color, (name, centers) in zip(
            class_colors(self.centers), self.centers.items(), strict=True
        ):
            _write(ax, name, (0, 1.1 * lane), (3, -2), color)
            thickness = () if self.thickness is None else self.thickness[name]
            for k, center in enumerate(np.asarray(centers)):
                lane -= 1
                is_kept = k in self.kept[name]
                style = {"color": color} if is_kept else {"color": "0.55", "linestyle": "--"}
                scaled = (center - center.min()) / (np.ptp(center) or 1)
                ax.plot(axis, 1.1 * lane + scaled, linewidth=1, **style)
                label = _label(k, is_kept, self.strength[name], thickness)
                _write(ax, label, (1, 1.1 * lane + 0.8), (4, 0), style["color"])
        ax.set(xlabel=spectral_label(axis), ylabel="Intensity (arb. units)", yticks=[])
        ax.margins(x=0)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _write(ax, text, place, offset, color):
    """Write below a place, given as a fraction of the width and a height in data, and an offset."""
    ax.annotate(
        text,
        place,
        xycoords=("axes fraction", "data"),
        xytext=offset,
        textcoords="offset points",
        va="top",
        fontsize="small",
        color=color,
    )


def _label(number, is_kept, strength, thickness):
    facts = [f"{np.round(strength[number], 1) + 0.0:g}"] if len(strength) else []
    if len(thickness) and np.isfinite(thickness[number]) and strength[number] > _LEAST_STRENGTH:
        facts.append(f"T {thickness[number]:.1f}")
    return f"{number} {'kept' if is_kept else 'dropped'}" + (
        f" ({', '.join(facts)})" if facts else ""
    )
