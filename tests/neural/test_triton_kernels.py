import copy
import logging
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from kernel_modules import BLOCKS, CLASSIFIERS, HIDDEN, TRITON, random_module

from skspectra.neural._cuda import triton_kernels
from skspectra.neural._cuda.triton_kernels import TritonKernels, trusted_kernels
from skspectra.neural._estimators import base
from skspectra.neural._modules import FullyConvModule


@TRITON
@pytest.mark.parametrize("module_class", HIDDEN)
def test_kernels_that_are_right_are_trusted(module_class, monkeypatch, caplog):
    monkeypatch.setattr(triton_kernels, "_N_TRIED", 20)
    module = random_module(module_class, 60, **BLOCKS | {"dropout": 0.5})
    before, state = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    with caplog.at_level(logging.INFO, "skspectra"):
        assert isinstance(trusted_kernels(module), TritonKernels)
    assert caplog.messages == []
    torch.testing.assert_close(module.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in module.parameters())


def break_backward(kernels, patch):
    exact = kernels.backward
    patch.setattr(kernels, "backward", lambda *args: [1.01 * each for each in exact(*args)])
    return "they are off by "


def fail_to_compile(kernels, patch):
    def fail(*args):
        raise RuntimeError("ptxas is missing\nfurther lines")

    patch.setattr(kernels, "forward", fail)
    return "ptxas is missing"


@TRITON
@pytest.mark.parametrize("fault", [break_backward, fail_to_compile])
def test_kernels_that_are_not_right_are_not_used(fault, monkeypatch, caplog):
    from skspectra.neural._cuda import triton

    monkeypatch.setattr(triton_kernels, "_N_TRIED", 20)
    reason = fault(triton, monkeypatch)
    with caplog.at_level(logging.INFO, "skspectra"):
        assert trusted_kernels(random_module(FullyConvModule, 60, **BLOCKS)) is None
    (message,) = caplog.messages
    assert message.startswith(f"Training without triton kernels: {reason}")


@TRITON
def test_wide_nets_are_left_to_torch(caplog):
    with caplog.at_level(logging.INFO, "skspectra"):
        wide = random_module(FullyConvModule, 60, n_filters=(4, 65), kernel_sizes=(3, 3))
        assert trusted_kernels(wide) is None
    assert caplog.messages == ["Training without triton kernels: a part has more than 64 filters."]


@TRITON
@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_fit_with_triton_is_the_fit_of_torch(classifier, spectra, monkeypatch):
    X, y = spectra
    clf = classifier(**BLOCKS, max_epochs=2, batch_size=29, validation_fraction=0.2, random_state=0)
    expected = clf.fit(X, y).predict_proba(X)
    kernels = TritonKernels

    @contextmanager
    def accelerate(net, data):
        net.compute = kernels(net.module_)
        yield

    monkeypatch.setattr(base, "ACCELERATORS", [accelerate])
    np.testing.assert_allclose(clf.fit(X, y).predict_proba(X), expected, rtol=5e-3, atol=1e-3)


def test_without_triton_torch_trains_and_says_so(monkeypatch, caplog):
    monkeypatch.delattr("skspectra.neural._cuda.triton", raising=False)
    monkeypatch.setitem(sys.modules, "skspectra.neural._cuda.triton", None)
    with caplog.at_level(logging.INFO, "skspectra"):
        assert trusted_kernels(random_module(FullyConvModule, 60, **BLOCKS)) is None
    (message,) = caplog.messages
    assert message.startswith("Training without triton kernels: ")
