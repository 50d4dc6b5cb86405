import imblearn.utils.estimator_checks
import pytest
from estimators import AUGMENTERS, SAMPLERS, TRANSFORMERS, expected_failed_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

pytestmark = pytest.mark.filterwarnings("ignore::skspectra.exceptions.SpectrumWarning")


@parametrize_with_checks(
    [*TRANSFORMERS, *AUGMENTERS], expected_failed_checks=expected_failed_checks
)
def test_estimator(estimator, check):
    check(estimator)


@parametrize_with_checks(SAMPLERS, expected_failed_checks=expected_failed_checks)
def test_sampler_as_estimator(estimator, check):
    check(estimator)


@imblearn.utils.estimator_checks.parametrize_with_checks(
    SAMPLERS, expected_failed_checks=expected_failed_checks
)
def test_sampler(estimator, check):
    check(estimator)
