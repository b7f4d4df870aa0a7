# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From integers to calls: buffers, memory layout and kernels for each `qsnn` operation."""
