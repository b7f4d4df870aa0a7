# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The last step of every importer: from the operations of a time step to a verified module."""

from __future__ import annotations

from xdsl.dialects.builtin import FunctionType, IntegerAttr, ModuleOp, i64
from xdsl.ir import Block, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from snnir.dialects import snn
from snnir.dialects.version import VERSION, VERSION_ATTRIBUTE
from snnir.support.diagnostics import SNNError


def finished(
    block: Block,
    output: SSAValue,
    *,
    what: str,
    name: str,
    timesteps: int,
    input: snn.InputKind,
    readout: snn.Readout,
    population: int | None,
) -> ModuleOp:
    """A module whose network computes `output` in every step.

    Args:
        block: the operations, which begin with the frame; those that the output does not need are
            erased.
        what: was imported, for the error.

    Raises:
        SNNError: the network is not valid.
    """
    block.add_op(snn.OutputOp(output))
    _erase_unused(block)
    network = snn.NetworkOp(
        name,
        FunctionType.from_lists(block.arg_types, [output.type]),
        Region(block),
        timesteps=timesteps,
        input=input,
        readout=readout,
        population=population,
    )
    result = ModuleOp([network], {VERSION_ATTRIBUTE: IntegerAttr(VERSION, i64)})
    try:
        result.verify()
    except VerifyException as error:
        raise SNNError(f"the {what} makes no valid network: {error}") from error
    return result


def _erase_unused(block: Block) -> None:
    """Erase operations whose results nobody uses, such as neurons that the output does not need."""
    for op in reversed(list(block.ops)):
        if op.results and not any(result.uses for result in op.results):
            op.detach()
            op.erase()
