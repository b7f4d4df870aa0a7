# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Helpers for the tests of passes and executors."""
