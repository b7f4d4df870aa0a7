# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints planned `snnrt` networks as C99. Nothing is decided here."""
