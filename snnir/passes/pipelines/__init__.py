# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pipelines by name, one file each: a name with options that stands for passes."""
