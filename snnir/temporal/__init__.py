# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fewer time steps: coarser bins for the input, and neurons whose time constants follow."""
