"""What an estimator that wraps others asks of them, pipelines among them."""

from sklearn import get_config

__all__ = ["fit_together", "last_step", "weight_params"]


def last_step(estimator):
    """Return the estimator that a pipeline ends with, or an estimator that is no pipeline."""
    while hasattr(estimator, "steps"):
        _, estimator = estimator.steps[-1]
    return estimator


def weight_params(estimator, sample_weight):
    """Parameters of `fit` that bring weights of spectra to the last step of a pipeline.

    With scikit-learn's metadata routing a pipeline brings them to the steps that request them.

    Parameters
    ----------
    estimator : estimator
        A pipeline, maybe one that ends in another, or any other estimator.
    sample_weight : array-like of shape (n_spectra,) or None
        Weight of each spectrum; None needs no parameter.

    Returns
    -------
    params : dict
    """
    if sample_weight is None:
        return {}
    if get_config()["enable_metadata_routing"]:
        return {"sample_weight": sample_weight}
    names = []
    while hasattr(estimator, "steps"):
        name, estimator = estimator.steps[-1]
        names.append(name)
    return {"__".join([*names, "sample_weight"]): sample_weight}


def fit_together(estimator):
    """Return what fits many clones of an estimator faster than one by one, or None.

    It takes a list of callables, each of which fits one clone, and the number of threads that fit
    the steps before the last; it returns how long each took in seconds.
    """
    of_step = getattr(last_step(estimator), "_fit_together", None)
    return None if of_step is None else of_step()
