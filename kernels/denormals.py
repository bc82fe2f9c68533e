"""Flush-to-zero inside kernels.

With zero gradients a running mean decays into the denormals and stays there, since 0.9 times the smallest denormal
rounds back to itself. Arithmetic on denormals runs in microcode, ten to a hundred times slower. Two bits of a thread's
control register make the processor treat denormals as zero, on input and on output. A kernel sets them on entry and
restores the register on exit, so that code outside kernels never runs in this mode.
"""

from __future__ import annotations

import platform
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.cgutils import ir  # the version of llvmlite that numba uses
from numba.extending import intrinsic

_MACHINE = platform.machine().lower()
_X86 = _MACHINE in ("x86_64", "amd64")
_ARM = _MACHINE in ("aarch64", "arm64")

# MXCSR: flush-to-zero is bit 15, denormals-are-zero bit 6. FPCR: FZ, bit 24, does both.
_FLUSH = 0x8040 if _X86 else 1 << 24
_I64 = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()


def _move(builder: Any, instruction: str, slot: Any) -> None:
    """Copy the control register of x86 to memory (stmxcsr) or back (ldmxcsr)."""
    move = builder.module.declare_intrinsic(f"llvm.x86.sse.{instruction}", (), ir.FunctionType(ir.VoidType(), [_BYTES]))
    builder.call(move, [builder.bitcast(slot, _BYTES)])


def _read(builder: Any) -> Any:
    if _X86:
        slot = cgutils.alloca_once(builder, ir.IntType(32))
        _move(builder, "stmxcsr", slot)
        return builder.zext(builder.load(slot), _I64)
    if _ARM:
        get = builder.module.declare_intrinsic("llvm.aarch64.get.fpcr", (), ir.FunctionType(_I64, []))
        return builder.call(get, [])
    return ir.Constant(_I64, 0)


def _write(builder: Any, mode: Any) -> None:
    if _X86:
        slot = cgutils.alloca_once(builder, ir.IntType(32))
        builder.store(builder.trunc(mode, ir.IntType(32)), slot)
        _move(builder, "ldmxcsr", slot)
    elif _ARM:
        put = builder.module.declare_intrinsic("llvm.aarch64.set.fpcr", (), ir.FunctionType(ir.VoidType(), [_I64]))
        builder.call(put, [mode])


@intrinsic
def flush_denormals(_typing: Any) -> Any:
    """Turn flush-to-zero on in the calling thread and return the mode to restore."""

    def codegen(_context: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        mode = _read(builder)
        _write(builder, builder.or_(mode, ir.Constant(_I64, _FLUSH)))
        return mode

    return types.int64(), codegen


@intrinsic
def restore_denormals(_typing: Any, mode: Any) -> Any:
    """Restore the mode that `flush_denormals` returned."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        _write(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen
