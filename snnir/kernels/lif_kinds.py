# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the C kernels compute the leak of neurons, see `snnrt/lif_packed.h`."""

from xdsl.ir import SSAValue

from snnir.dialects import snnrt
from snnir.dialects.qsnn import LEAK_ONE
from snnir.support.arrays import array_from_dense


def leak_kind(op: snnrt.LIFOp | snnrt.LIOp | snnrt.WindowLIFBase) -> str:
    """`identity`, `half`, or `factor` for any other leak."""
    leak: SSAValue | None = op.leak
    if leak is None or not isinstance(constant := leak.owner, snnrt.ConstantOp):
        return "factor"
    values = array_from_dense(constant.value).reshape(-1)
    if values.size != 1:
        return "factor"
    return {LEAK_ONE: "identity", LEAK_ONE // 2: "half"}.get(int(values[0]), "factor")
