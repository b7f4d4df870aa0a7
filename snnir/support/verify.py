# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Verification that knows which op failed."""

from __future__ import annotations

from xdsl.ir import Operation
from xdsl.traits import NoTerminator
from xdsl.utils.exceptions import VerifyException

from snnir.support.diagnostics import error_at


def verify_module(module: Operation) -> None:
    """Verify `module`, or any other op, with all ops inside it.

    Raises an `SNNError` located at the op that does not verify.
    """
    for op in module.walk():
        verify_op(op)


def verify_op(op: Operation) -> None:
    """Verify `op` alone, without the ops in its regions.

    Raises an `SNNError` located at `op`.
    """
    try:
        op.verify(verify_nested_ops=False)
        _verify_terminators(op)
    except VerifyException as error:
        raise error_at(op, str(error)) from error


def _verify_terminators(op: Operation) -> None:
    """Check that no region consists of one empty block that needs a terminator.

    xDSL checks this only when it verifies the blocks of an op together with all ops in them.
    """
    if op.has_trait(NoTerminator):
        return
    for region in op.regions:
        if len(region.blocks) == 1 and region.blocks[0].is_empty:
            raise VerifyException("contains an empty block that needs a terminator")
