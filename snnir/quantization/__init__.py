# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From real numbers to integers: how each `snn` operation is expressed in `qsnn`."""
