"""That the kernels for CUDA compile, which takes no GPU; their results: test_triton_kernels.py."""

import os

import pytest
import torch

from skspectra.neural._cuda.triton_kernels import TritonKernels
from skspectra.neural._modules import ConvDenseModule, FullyConvModule

triton = pytest.importorskip("triton", "3.3", reason="triton comes with the CUDA builds of torch")
pytestmark = pytest.mark.skipif(
    os.environ.get("TRITON_INTERPRET") == "1", reason="what is interpreted is not compiled"
)

BLOCKS = {"n_filters": (2, 12), "kernel_sizes": (9, 3), "dropout": 0.5}
MODULES = [
    FullyConvModule(40, 3, **BLOCKS),
    ConvDenseModule(40, 3, **BLOCKS, hidden_layer_sizes=(4,)),
]
TYPES = {torch.float32: "*fp32", torch.int64: "*i64", int: "i32"}


class Compiled:
    """Compiles a kernel for Hopper instead of launching it."""

    made = []

    def __init__(self, kernel):
        self.kernel = kernel

    def __getitem__(self, grid):
        return self.compile

    def compile(self, *args):
        from triton.backends.compiler import GPUTarget
        from triton.compiler import ASTSource

        signature, constants, aligned = {}, {}, {}
        for place, (param, arg) in enumerate(zip(self.kernel.params, args, strict=True)):
            kind = (
                TYPES[getattr(arg, "dtype", type(arg))] if not param.is_constexpr else "constexpr"
            )
            signature[param.name] = kind
            if param.is_constexpr:
                constants[(place,)] = arg
            elif isinstance(arg, torch.Tensor):
                aligned[(place,)] = [["tt.divisibility", 16]]
        source = ASTSource(self.kernel, signature, constants, aligned)
        code = triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm
        self.made.append((self.kernel.__name__, code["ptx"], code["cubin"]))


@pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION")
def test_kernels_compile_for_hopper(monkeypatch):
    from skspectra.neural._cuda.triton import launches

    kernels = [name for name, value in vars(launches).items() if hasattr(value, "arg_names")]
    for name in kernels:
        monkeypatch.setattr(launches, name, Compiled(getattr(launches, name)))
    for module in MODULES:
        TritonKernels(module.train())(torch.zeros(500, 40)).sum().backward()
    assert {name for name, *_ in Compiled.made} == set(kernels)
    for _, ptx, cubin in Compiled.made:
        assert cubin
        assert "atom." not in ptx  # sums are always taken in the same order
        assert ".local" not in ptx
