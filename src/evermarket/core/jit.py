"""How kernels are compiled: one decorator each for entry points, ordinary and hot kernels, and a cache that cannot lie.

Numba's own cache keeps an old kernel when a helper or a constant in another module has changed, and ignores a bounds-check
flag set after the cache was made. So the cache directory is named after the contents of every file a kernel can depend on.
With NUMBA_DISABLE_JIT=1 the same functions run as plain Python and give the same bytes.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_ROOMS: Final = ("core", "records")


def cache_dir() -> Path:
    """Where compiled kernels of exactly these sources lie."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256(f"{sys.version} boundscheck={os.environ.get('NUMBA_BOUNDSCHECK', '0')}".encode())
    for room in _ROOMS:
        for source in sorted((package / room).glob("*.py")):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "evermarket" / digest.hexdigest()[:32]


if "numba" not in sys.modules:
    os.environ["NUMBA_CACHE_DIR"] = str(cache_dir())

import numba  # noqa: E402
import numpy as np  # noqa: E402
from llvmlite import ir  # noqa: E402
from numba.core import types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

numba.config.CACHE_DIR = str(cache_dir())
JIT: Final = not numba.config.DISABLE_JIT


_OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
"""Without reference counts (_nrt): kernels make no arrays, and counting those they are given costs more than matching."""

_inner_depth = 0
_deferred: set[Any] = set()


def _defer_code() -> None:
    """Let inner kernels be typed and lowered only; machine code is made once, for the entry point that they end in.

    Numba otherwise optimises every function together with all it calls, again at each level of the call graph: two and a
    half minutes for this core instead of less than half a minute. Results do not change: the entry point is optimised whole.
    """
    from numba.core.codegen import JITCodeLibrary, JITCPUCodegen

    finalize = JITCodeLibrary.finalize
    set_env = JITCPUCodegen.set_env

    def finalize_later(self: Any) -> None:
        inner = [library for library in dict.fromkeys(self._linking_libraries) if library in _deferred]
        if _inner_depth == 0 and not inner:
            finalize(self)
            return
        own = {fn.name for fn in self._final_module.functions if not fn.is_declaration}
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        if _inner_depth > 0:
            self._finalized = True
            _deferred.add(self)
            return
        for fn in self._final_module.functions:
            if not fn.is_declaration and fn.name not in own:
                fn.linkage = "internal"  # nobody else calls it: arguments it does not use need not be passed
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()

    def set_env_later(self: Any, name: str, env: Any) -> None:
        if _inner_depth == 0:
            set_env(self, name, env)

    JITCodeLibrary.finalize = finalize_later
    JITCPUCodegen.set_env = set_env_later


def _inner(compiled: Any) -> Any:
    """Compile an inner kernel once for int64, not once for each constant it is called with, and without code of its own."""
    if not JIT:
        return compiled
    template = compiled.get_call_template
    compile_one = compiled.compile

    def get_call_template(args: Any, kws: Any) -> Any:
        return template(tuple(types.unliteral(a) for a in args), {k: types.unliteral(a) for k, a in kws.items()})

    def compile_inner(signature: Any) -> Any:
        global _inner_depth
        _inner_depth += 1
        try:
            return compile_one(signature)
        finally:
            _inner_depth -= 1

    compiled.get_call_template = get_call_template
    compiled.compile = compile_inner
    return compiled


def entry(fn: F) -> F:
    """A kernel that Python calls, once a batch: compiled on first use, kept on disk."""
    compiled: F = numba.njit(cache=True, **_OPTIONS)(fn)
    return compiled


def kernel(fn: F) -> F:
    """A kernel called by kernels."""
    compiled: F = _inner(numba.njit(no_cpython_wrapper=True, **_OPTIONS)(fn))
    return compiled


def hot(fn: F) -> F:
    """A kernel on the path of every order: always inlined, for a call that passes the whole state costs 20 ns."""
    compiled: F = _inner(numba.njit(forceinline=True, no_cpython_wrapper=True, **_OPTIONS)(fn))
    return compiled


def direct(fn: F) -> F:
    """The compiled code of an entry point that has been called once, without the look at argument types before each call.

    For callers that always pass arrays of one kind: the look costs fifteen microseconds for this many arrays.
    """
    overloads = getattr(fn, "overloads", None)
    if not overloads:
        return fn
    compiled: F = next(iter(overloads.values())).entry_point
    return compiled


if JIT:
    _defer_code()

    @intrinsic
    def prefetch(typingctx: Any, array: Any, index: Any) -> Any:
        """Ask for the cache line of `array[index]`; a hint without effect on results."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array_type, _ = signature.args
            view = context.make_array(array_type)(context, builder, args[0])
            byte = ir.IntType(8).as_pointer()
            base = builder.bitcast(view.data, byte)
            size = ir.Constant(
                ir.IntType(64),
                array_type.dtype.bitwidth // 8 if hasattr(array_type.dtype, "bitwidth") else array_type.dtype.size,
            )
            address = builder.gep(base, [builder.mul(args[1], size)])
            fnty = ir.FunctionType(ir.VoidType(), [byte, ir.IntType(32), ir.IntType(32), ir.IntType(32)])
            fn = builder.module.declare_intrinsic("llvm.prefetch", [byte], fnty)
            builder.call(fn, [address, *(ir.Constant(ir.IntType(32), n) for n in (1, 3, 1))])
            return context.get_dummy_value()

        return types.void(array, types.int64), codegen

    @intrinsic
    def lowest_bit(typingctx: Any, word: Any) -> Any:
        """Number of the lowest set bit of a uint64 that is not 0."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.uint64), codegen

    @intrinsic
    def highest_bit(typingctx: Any, word: Any) -> Any:
        """Number of the highest set bit of a uint64 that is not 0."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            zeros = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))
            return builder.sub(ir.Constant(ir.IntType(64), 63), zeros)

        return types.int64(types.uint64), codegen

else:

    def prefetch(array: Any, index: Any) -> None:
        """Without the JIT there is nothing to hint at."""

    def lowest_bit(word: Any) -> Any:
        """Number of the lowest set bit of a uint64 that is not 0."""
        value = int(word)
        return np.int64((value & -value).bit_length() - 1)

    def highest_bit(word: Any) -> Any:
        """Number of the highest set bit of a uint64 that is not 0."""
        return np.int64(int(word).bit_length() - 1)
