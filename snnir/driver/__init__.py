# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verbs of the program `snnir` as functions, one file for each. PyTorch is imported late."""
