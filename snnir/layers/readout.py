# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the readout of a network demands of its last layers."""

from xdsl.ir import Operation

from snnir.dialects.network import NetworkOpBase
from snnir.dialects.snn_attributes import SPIKE_READOUTS
from snnir.layers.affine import AFFINE_OPS


def layers_compared_by_readout(network: NetworkOpBase) -> set[Operation]:
    """The linear layers and convolutions whose channels the readout compares as membranes.

    Their weights need one scale for all channels when they become integers.
    """
    if network.readout.data in SPIKE_READOUTS:
        return set()
    found: set[Operation] = set()
    seen: set[Operation] = set()
    pending = [network.outputs[0]]
    while pending:
        owner = pending.pop().owner
        if not isinstance(owner, Operation) or owner in seen:
            continue
        seen.add(owner)
        if isinstance(owner, AFFINE_OPS):
            found.add(owner)
        else:
            pending.extend(owner.operands)
    return found
