# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the C kernels compute neurons, see `snnrt/lif_packed.h`."""

import numpy as np
from xdsl.ir import SSAValue

from snnir.dialects import snnrt
from snnir.dialects.qsnn import LEAK_ONE
from snnir.dialects.snn_attributes import Reset
from snnir.support.arrays import array_from_dense


def leak_kind(
    op: snnrt.LIFOp | snnrt.LIFMultiStepOp | snnrt.LIOp | snnrt.WindowLIFBase,
) -> str:
    """`identity`, `half`, or `factor` for any other leak."""
    leak: SSAValue | None = op.leak
    if leak is None or not isinstance(constant := leak.owner, snnrt.ConstantOp):
        return "factor"
    values = array_from_dense(constant.value).reshape(-1)
    if values.size != 1:
        return "factor"
    return {LEAK_ONE: "identity", LEAK_ONE // 2: "half"}.get(int(values[0]), "factor")


def has_narrow_thresholds(
    op: snnrt.LIFOp | snnrt.LIFMultiStepOp | snnrt.SynapticMultiStepOp,
) -> bool:
    """Whether two neurons of a word can be compared with their thresholds.

    A threshold that is subtracted before the leak must not be negative, or the membrane could leave
    16 bits on the way.
    """
    constant = op.threshold.owner
    if not isinstance(constant, snnrt.ConstantOp):
        return False
    values = array_from_dense(constant.value)
    limits = np.iinfo(np.int16)
    lowest = 0 if op.reset.data is Reset.SUBTRACT_DECAYED else limits.min
    return bool(values.min() >= lowest and values.max() <= limits.max)


def has_leaks_to_recall(op: snnrt.AlphaOp | snnrt.AlphaMultiStepOp) -> bool:
    """Whether what is recalled is less than the current: so are the products of 32 bits."""
    constant = None if op.recall is None else op.recall.owner
    if not isinstance(constant, snnrt.ConstantOp):
        return False
    values = array_from_dense(constant.value)
    return bool(values.min() >= 0 and values.max() <= LEAK_ONE)
