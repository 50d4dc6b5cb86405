"""Split-conformal prediction: intervals that keep their coverage whatever the regressor."""

import numpy as np

__all__ = ["conformal_scores", "score_quantile"]


def conformal_scores(y, predicted, scale):
    """Errors of held-out predictions in units of their scale, sorted.

    Parameters
    ----------
    y, predicted, scale : ndarray of shape (n_spectra, n_targets)
        Truth, prediction, and how large the regressor expects its error to be, above 0.

    Returns
    -------
    scores : ndarray of shape (n_spectra, n_targets)
        Ascending down each column.
    """
    return np.sort(np.abs(y - predicted) / scale, axis=0)


def score_quantile(scores, coverage):
    r"""Score that a new spectrum stays below with a probability of at least `coverage`.

    Of :math:`n` held-out scores it is the :math:`\lceil (n + 1) c \rceil`-th smallest: the score of
    a new spectrum is equally likely to fall into any of the :math:`n + 1` gaps between them [1]_.

    Parameters
    ----------
    scores : ndarray of shape (n_spectra, n_targets)
        As `conformal_scores` gives them.
    coverage : float
        Probability, in (0, 1).

    Returns
    -------
    quantile : ndarray of shape (n_targets,)

    Raises
    ------
    ValueError
        If there are too few scores for the coverage.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113,
       1094 (2018), section 2.2.
    """
    rank = int(np.ceil(round((len(scores) + 1) * coverage, 9)))
    if rank > len(scores):
        needed = int(np.ceil(round(coverage / (1 - coverage), 9)))
        raise ValueError(
            f"A coverage of {coverage:g} takes {needed} held-out spectra at least, but the net "
            f"was calibrated with {len(scores)}. Raise validation_fraction, calibrate with more "
            "spectra, or ask for less."
        )
    return scores[rank - 1]
