import importlib
import inspect
import pkgutil

import imblearn.utils.estimator_checks
import pytest
from estimators import (
    AUGMENTERS,
    NETS,
    REGRESSION_SAMPLERS,
    SAMPLERS,
    TRANSFORMERS,
    expected_failed_checks,
)
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import skspectra

pytestmark = pytest.mark.filterwarnings("ignore::skspectra.exceptions.SpectrumWarning")


@parametrize_with_checks(
    [*TRANSFORMERS, *AUGMENTERS, *NETS], expected_failed_checks=expected_failed_checks
)
def test_estimator(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [*SAMPLERS, *REGRESSION_SAMPLERS], expected_failed_checks=expected_failed_checks
)
def test_sampler_as_estimator(estimator, check):
    check(estimator)


@imblearn.utils.estimator_checks.parametrize_with_checks(
    SAMPLERS, expected_failed_checks=expected_failed_checks
)
def test_sampler(estimator, check):
    check(estimator)


def test_every_public_estimator_is_checked():
    """Nobody adds an estimator without an instance for the checks above."""
    public = set()
    for info in pkgutil.iter_modules(skspectra.__path__, "skspectra."):
        module = importlib.import_module(info.name)
        names = () if info.name.rpartition(".")[2].startswith("_") else module.__all__
        public |= {getattr(module, name) for name in names}
    ours = {
        each
        for each in public
        if inspect.isclass(each)
        and issubclass(each, BaseEstimator)
        and not inspect.isabstract(each)
        and each.__module__.startswith("skspectra.")
    }
    samplers = [*SAMPLERS, *REGRESSION_SAMPLERS]
    checked = {type(each) for each in (*TRANSFORMERS, *AUGMENTERS, *NETS, *samplers)}
    assert ours - {base for each in checked for base in each.__mro__} == set()
    assert len(ours) >= 15
