"""Three machine instructions that Python has no word for: prefetch, count of trailing zeros, count of leading zeros.

With the JIT off they are plain functions with the same results; the hint does nothing.
"""

from typing import Any, Final

import numpy as np
from llvmlite import ir

from evermarket.core.jit import JIT, numba, types

_WORD: Final = ir.IntType(64)
_TRUE: Final = ir.Constant(ir.IntType(1), 1)


def _prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, args[0])
        byte = ir.IntType(8).as_pointer()
        row = kind.dtype.bitwidth // 8 if hasattr(kind.dtype, "bitwidth") else kind.dtype.size
        offset = builder.mul(args[1], ir.Constant(_WORD, row))
        address = builder.gep(builder.bitcast(view.data, byte), [offset])
        flag = ir.IntType(32)
        hint = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], hint)
        builder.call(function, [address, *(ir.Constant(flag, n) for n in (1, 3, 1))])  # to write, keep near, data
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


def _lowest_bit(typingctx: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], _TRUE)

    return types.int64(types.uint64), codegen


def _highest_bit(typingctx: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.sub(ir.Constant(_WORD, 63), builder.ctlz(args[0], _TRUE))

    return types.int64(types.uint64), codegen


def _plain_lowest_bit(word: Any) -> Any:
    value = int(word)
    return np.int64((value & -value).bit_length() - 1)


def _plain_highest_bit(word: Any) -> Any:
    return np.int64(int(word).bit_length() - 1)


def _plain_prefetch(array: Any, index: Any) -> None:
    return None


prefetch: Any = numba.extending.intrinsic(_prefetch) if JIT else _plain_prefetch
"""Ask for the cache line of `array[index]` (int64, in range)."""

lowest_bit: Any = numba.extending.intrinsic(_lowest_bit) if JIT else _plain_lowest_bit
"""Number of the lowest set bit of a uint64 that is not 0."""

highest_bit: Any = numba.extending.intrinsic(_highest_bit) if JIT else _plain_highest_bit
"""Number of the highest set bit of a uint64 that is not 0."""
