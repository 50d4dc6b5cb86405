"""Vectors for numba: kernels say themselves what a register holds, nothing is left to luck.

A vector holds `LANES` numbers, one per spectrum of a tile. A group is a tuple of equally long
tuples of vectors, which stay in registers; its lengths are part of its type, so that loops over
them are unrolled when a kernel is compiled. Arrays are flat and contiguous, indices are not
checked.
"""

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

__all__ = [
    "LANES",
    "add",
    "add_outer",
    "add_weighted",
    "clip",
    "fma",
    "load",
    "multiply",
    "pool",
    "rectify",
    "repeat",
    "splat",
    "store",
    "store_group",
    "subtract",
    "total",
    "transpose",
    "zeros",
]

# What a register of AVX-512 holds in float32; else that of AVX, or two of NEON.
LANES = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8

_FLAGS = ("contract", "reassoc", "nsz")  # infinity and NaN keep their meaning


class Vector(types.Type):
    """`LANES` numbers of one dtype."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype}, {LANES})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        scalar = manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(scalar, LANES))


class _Array:
    """A flat array while code is generated; indices are values of LLVM or numbers."""

    def __init__(self, context, builder, kind, value):
        self.builder = builder
        self.data = context.make_array(kind)(context, builder, value).data
        self.vector = ir.VectorType(context.get_value_type(kind.dtype), LANES).as_pointer()
        self.align = kind.dtype.bitwidth // 8

    def load(self, index):
        pointer = self.builder.gep(self.data, [index])
        return self.builder.load(self.builder.bitcast(pointer, self.vector), align=self.align)

    def store(self, index, vector):
        pointer = self.builder.gep(self.data, [index])
        self.builder.store(vector, self.builder.bitcast(pointer, self.vector), align=self.align)

    def splat(self, index):
        scalar = self.builder.load(self.builder.gep(self.data, [index]))
        undefined = ir.VectorType(scalar.type, LANES)(ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.IntType(32)(0))
        zeros = ir.VectorType(ir.IntType(32), LANES)([0] * LANES)
        return self.builder.shuffle_vector(first, undefined, zeros)


def _shifted(builder, index, number, stride):
    """``index + number * stride`` for a number known now."""
    if isinstance(stride, int):
        return builder.add(index, index.type(number * stride))
    return builder.add(index, builder.mul(stride, index.type(number)))


def _multiply_add(builder, a, b, c):
    return builder.fadd(builder.fmul(a, b, flags=_FLAGS), c, flags=_FLAGS)


def _where_positive(builder, gate, values):
    zero = values.type(None)
    return builder.select(builder.fcmp_ordered("<=", gate, zero), zero, values)


def _group_type(dtype, n_rows, n_columns):
    return types.UniTuple(types.UniTuple(Vector(dtype), n_columns), n_rows)


def _pack(context, builder, kind, rows):
    rows = [context.make_tuple(builder, kind.dtype, row) for row in rows]
    return context.make_tuple(builder, kind, rows)


def _unpack(builder, group):
    return [cgutils.unpack_tuple(builder, row) for row in cgutils.unpack_tuple(builder, group)]


@intrinsic
def load(typing_context, array, index):
    """``array[index : index + LANES]``."""

    def generate(context, builder, signature, arguments):
        return _Array(context, builder, array, arguments[0]).load(arguments[1])

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def splat(typing_context, array, index):
    """``array[index]`` in every lane."""

    def generate(context, builder, signature, arguments):
        return _Array(context, builder, array, arguments[0]).splat(arguments[1])

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing_context, array, index, vector):
    """``array[index : index + LANES] = vector``."""

    def generate(context, builder, signature, arguments):
        _Array(context, builder, array, arguments[0]).store(*arguments[1:])
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


def _elementwise(operation):
    """Intrinsic of two vectors that is one instruction."""

    @intrinsic
    def instruction(typing_context, a, b):
        def generate(context, builder, signature, arguments):
            return operation(builder, *arguments, flags=_FLAGS)

        return a(a, b), generate

    return instruction


add = _elementwise(ir.IRBuilder.fadd)
multiply = _elementwise(ir.IRBuilder.fmul)
subtract = _elementwise(ir.IRBuilder.fsub)


@intrinsic
def fma(typing_context, a, b, c):
    """Return ``a * b + c``."""

    def generate(context, builder, signature, arguments):
        return _multiply_add(builder, *arguments)

    return a(a, a, a), generate


@intrinsic
def clip(typing_context, gate, values):
    """0 where `gate` is zero or less, else `values`."""

    def generate(context, builder, signature, arguments):
        return _where_positive(builder, *arguments)

    return values(gate, values), generate


@intrinsic
def total(typing_context, vector):
    """Sum over the lanes."""

    def generate(context, builder, signature, arguments):
        scalar = context.get_value_type(vector.dtype)
        name = f"llvm.vector.reduce.fadd.v{LANES}f{vector.dtype.bitwidth}"
        kind = ir.FunctionType(scalar, [scalar, arguments[0].type])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [scalar(0), arguments[0]], fastmath=_FLAGS)

    return vector.dtype(vector), generate


@intrinsic
def repeat(typing_context, array, index, rows, columns):
    """Group with ``array[index + column]`` in every lane, and as long as two given tuples."""
    kind = _group_type(array.dtype, len(rows), len(columns))

    def generate(context, builder, signature, arguments):
        values = _Array(context, builder, array, arguments[0])
        at = [_shifted(builder, arguments[1], number, 1) for number in range(len(columns))]
        return _pack(context, builder, kind, [list(map(values.splat, at))] * len(rows))

    return kind(array, types.intp, rows, columns), generate


@intrinsic
def zeros(typing_context, array, rows, columns):
    """Group of zeros of the dtype of `array`, as long as two given tuples."""
    kind = _group_type(array.dtype, len(rows), len(columns))

    def generate(context, builder, signature, arguments):
        zero = ir.VectorType(context.get_value_type(array.dtype), LANES)(None)
        return _pack(context, builder, kind, [[zero] * len(columns)] * len(rows))

    return kind(array, rows, columns), generate


@intrinsic
def add_weighted(typing_context, group, x, at, weights, first):
    """``group[p][o] += weights[first + o] * x[at + p * LANES :]``."""

    def generate(context, builder, signature, arguments):
        rows = _unpack(builder, arguments[0])
        signal = _Array(context, builder, x, arguments[1])
        factors = _Array(context, builder, weights, arguments[3])
        right = [factors.splat(_shifted(builder, arguments[4], o, 1)) for o in range(len(rows[0]))]
        for p, row in enumerate(rows):
            left = signal.load(_shifted(builder, arguments[2], p, LANES))
            pairs = zip(right, row, strict=True)
            rows[p] = [_multiply_add(builder, left, factor, term) for factor, term in pairs]
        return _pack(context, builder, group, rows)

    return group(group, x, types.intp, weights, types.intp), generate


@intrinsic
def add_outer(typing_context, group, d, first, stride, x, at):
    """``group[o][k] += d[first + o * stride :] * x[at + k * LANES :]``."""

    def generate(context, builder, signature, arguments):
        rows = _unpack(builder, arguments[0])
        gradient = _Array(context, builder, d, arguments[1])
        signal = _Array(context, builder, x, arguments[4])
        taps = [_shifted(builder, arguments[5], k, LANES) for k in range(len(rows[0]))]
        right = [signal.load(tap) for tap in taps]
        for o, row in enumerate(rows):
            left = gradient.load(_shifted(builder, arguments[2], o, arguments[3]))
            pairs = zip(right, row, strict=True)
            rows[o] = [_multiply_add(builder, left, factor, term) for factor, term in pairs]
        return _pack(context, builder, group, rows)

    return group(group, d, types.intp, types.intp, x, types.intp), generate


@intrinsic
def rectify(typing_context, group):
    """``max(group, 0)``, NaN where it was."""

    def generate(context, builder, signature, arguments):
        rows = _unpack(builder, arguments[0])
        rows = [[_where_positive(builder, value, value) for value in row] for row in rows]
        return _pack(context, builder, group, rows)

    return group(group), generate


@intrinsic
def pool(typing_context, group):
    """Sum neighbouring rows, ``group[2 * p] + group[2 * p + 1]``."""
    kind = types.UniTuple(group.dtype, len(group) // 2)

    def generate(context, builder, signature, arguments):
        rows = _unpack(builder, arguments[0])
        pairs = zip(rows[::2], rows[1::2], strict=True)
        rows = [[builder.fadd(a, b) for a, b in zip(*pair, strict=True)] for pair in pairs]
        return _pack(context, builder, kind, rows)

    return kind(group), generate


@intrinsic
def store_group(typing_context, group, y, at, stride):
    """``y[at + o * stride + p * LANES :] = group[p][o]``."""

    def generate(context, builder, signature, arguments):
        target = _Array(context, builder, y, arguments[1])
        for p, row in enumerate(_unpack(builder, arguments[0])):
            for o, vector in enumerate(row):
                index = _shifted(builder, arguments[2], p, LANES)
                target.store(_shifted(builder, index, o, arguments[3]), vector)
        return context.get_dummy_value()

    return types.void(group, y, types.intp, types.intp), generate


@intrinsic
def transpose(typing_context, x, first, stride, y, at):
    """``y[at + p * LANES + lane] = x[first + lane * stride + p]`` for p and lane below `LANES`."""
    number, half = ir.IntType(32), LANES // 2
    # The first, or last, half of two vectors, their numbers taken in turn.
    shuffles = [
        ir.VectorType(number, LANES)([start + n // 2 + n % 2 * LANES for n in range(LANES)])
        for start in (0, half)
    ]

    def generate(context, builder, signature, arguments):
        source = _Array(context, builder, x, arguments[0])
        target = _Array(context, builder, y, arguments[3])
        at = [_shifted(builder, arguments[1], lane, arguments[2]) for lane in range(LANES)]
        rows = list(map(source.load, at))
        for _ in range(LANES.bit_length() - 1):
            pairs = zip(rows[:half], rows[half:], strict=True)
            rows = [builder.shuffle_vector(*pair, each) for pair in pairs for each in shuffles]
        for p, row in enumerate(rows):
            target.store(_shifted(builder, arguments[4], p, LANES), row)
        return context.get_dummy_value()

    return types.void(x, types.intp, types.intp, y, types.intp), generate
