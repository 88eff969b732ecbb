"""The innermost loop of scoring and explaining: entries of a table, chosen by patterns, are added to sums.

Where the processor permutes 32 numbers of 32 bits at once (AVX-512), sixteen rows are looked up by one instruction, or
by two in a table of 64; everywhere else, and in larger tables, one by one. Both add the same numbers in the same order.
"""

from __future__ import annotations

from typing import Any, Final

import llvmlite.binding as llvm
import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from core.compiled import compiled

Array = npt.NDArray[Any]
#: Rows looked up at once; what is summed and what is looked up by have room for a whole number of them.
LANES: Final = 16
#: Entries that a table may be read beyond its end.
BEYOND: Final = 64
#: Whether this processor does it, and numba compiles for it and no other.
_config: Any = numba.config
AT_ONCE: Final = bool(llvm.get_host_cpu_features().get("avx512f")) and not (_config.CPU_NAME or _config.CPU_FEATURES)


def _permuting(entries: int) -> Any:
    """`sums[at : at + 16] += table[first + patterns[by : by + 16]]` for tables of so many entries, 32 or 64."""

    @intrinsic
    def permuting(_context: Any, sums: Any, at: Any, patterns: Any, by: Any, table: Any, first: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            sums, at, patterns, by, table, first = arguments
            numbers, masks = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(ir.IntType(1), LANES)
            small, whole = ir.VectorType(ir.IntType(8), LANES), ir.VectorType(ir.IntType(32), LANES)

            def place(kind: Any, array: Any, offset: Any, vector: Any) -> Any:
                data = context.make_array(kind)(context, builder, array).data
                return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())

            def read(place: Any, align: int) -> Any:
                value = builder.load(place)
                value.align = align
                return value

            def part(number: int) -> Any:
                offset = builder.add(first, ir.Constant(ir.IntType(64), LANES * number))
                return read(place(signature.args[4], table, offset, numbers), 4)

            kind = ir.FunctionType(numbers, [numbers, whole, numbers])
            declared: Any = cgutils.get_or_insert_function
            permute = declared(builder.module, kind, "llvm.x86.avx512.vpermi2var.ps.512")
            index = builder.zext(read(place(signature.args[2], patterns, by, small), 1), whole)
            found = builder.call(permute, [part(0), index, part(1)])
            if entries > 2 * LANES:
                upper = builder.call(permute, [part(2), index, part(3)])
                sixth = builder.and_(index, ir.Constant(whole, [2 * LANES] * LANES))
                above = builder.icmp_unsigned("!=", sixth, ir.Constant(whole, [0] * LANES))
                found = builder.select(builder.bitcast(above, masks), upper, found)
            target = place(signature.args[0], sums, at, numbers)
            builder.store(builder.fadd(read(target, 4), found), target).align = 4
            return context.get_dummy_value()

        return types.void(sums, types.int64, patterns, types.int64, table, types.int64), generate

    return permuting


@compiled
def one_by_one(sums: Array, at: int, patterns: Array, by: int, table: Array, first: int, rows: int) -> None:
    """`sums[at : at + rows] += table[first + patterns[by : by + rows]]`."""
    for row in range(rows):
        sums[np.uint64(at + row)] += table[np.uint64(first) + patterns[np.uint64(by + row)]]


_add_of_32, _add_of_64 = _permuting(32), _permuting(64)
if AT_ONCE:

    @compiled
    def look_up(sums: Array, at: int, patterns: Array, by: int, table: Array, first: int, bits: int, rows: int) -> None:
        """As `one_by_one`, of a table of 2 ** bits entries; what is behind up to the next whole LANES changes, too."""
        if bits <= 5:
            for row in range(0, rows, LANES):
                _add_of_32(sums, at + row, patterns, by + row, table, first)
        elif bits == 6:
            for row in range(0, rows, LANES):
                _add_of_64(sums, at + row, patterns, by + row, table, first)
        else:
            one_by_one(sums, at, patterns, by, table, first, rows)

else:

    @compiled
    def look_up(sums: Array, at: int, patterns: Array, by: int, table: Array, first: int, _: int, rows: int) -> None:
        """As `one_by_one`."""
        one_by_one(sums, at, patterns, by, table, first, rows)
