"""How kernels are compiled: one decorator each for entry points, ordinary and hot kernels, and a cache that cannot lie.

Numba's own cache keeps an old kernel when a helper or a constant in another module has changed, and ignores a bounds-
check flag set after the cache was made. So the cache directory is named after the contents of every file a kernel can
depend on. With NUMBA_DISABLE_JIT=1 the same functions run as plain Python and give the same bytes.
"""

import hashlib
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_ROOMS: Final = ("core", "records", "sim", "venue/feed/kernels", "venue/protocol/kernels")


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

# Read only now: numba takes its cache directory from the environment when it is imported.
numba: Any = importlib.import_module("numba")
types: Any = importlib.import_module("numba.core.types")
codegen: Any = importlib.import_module("numba.core.codegen")

numba.config.CACHE_DIR = str(cache_dir())
# A module's code and constants side by side: else they may come to lie on two sides of the core's reserved address
# space (state.py), further apart than a relative address reaches, and the process dies.
numba.config.USE_LLVMLITE_MEMORY_MANAGER = 1
JIT: Final = not numba.config.DISABLE_JIT

_OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
"""Without reference counts (_nrt): kernels make no arrays, and counting those they get costs more than matching."""

_inner_depth = 0
_deferred: set[Any] = set()


def _defer_code() -> None:
    """Let inner kernels be typed and lowered only; machine code is made once, for the entry point that they end in.

    Numba otherwise optimises every function together with all it calls, again at each level of the call graph: minutes
    for this core instead of half a minute. Results do not change: the entry point is optimised whole.
    """
    finalize = codegen.JITCodeLibrary.finalize
    set_env = codegen.JITCPUCodegen.set_env

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

    codegen.JITCodeLibrary.finalize = finalize_later
    codegen.JITCPUCodegen.set_env = set_env_later


def _inner(compiled: Any) -> Any:
    """Compile an inner kernel once for int64, not once a constant it is called with, and without code of its own."""
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
    """A kernel that Python calls, once a batch: compiled on first use, kept on disk. Kernels do not call it."""
    compiled: Any = numba.njit(cache=True, **_OPTIONS)(fn)
    if not JIT:
        return fn
    compile_one = compiled.compile

    def compile_entry(signature: Any) -> Any:
        if _inner_depth > 0:
            raise TypeError(f"{fn.__name__} is an entry point; a kernel must call a kernel")
        return compile_one(signature)

    compiled.compile = compile_entry
    called: F = compiled
    return called


def kernel(fn: F) -> F:
    """A kernel called by kernels, never by Python: it has no machine code of its own."""
    compiled: F = _inner(numba.njit(no_cpython_wrapper=True, **_OPTIONS)(fn))
    return compiled


def hot(fn: F) -> F:
    """A kernel on the path of every order: always inlined, for a call that passes the whole state costs 20 ns."""
    compiled: F = _inner(numba.njit(forceinline=True, no_cpython_wrapper=True, **_OPTIONS)(fn))
    return compiled


def direct(fn: F) -> F:
    """The compiled code of an entry point that has been called once, without the look at argument types first.

    For callers that always pass arrays of one kind: the look costs fifteen microseconds for this many arrays.
    """
    overloads = getattr(fn, "overloads", None)
    if not overloads:
        return fn
    compiled: F = next(iter(overloads.values())).entry_point
    return compiled


if JIT:
    _defer_code()
