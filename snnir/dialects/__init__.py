# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The dialects: `snn`, `qsnn`, `cmsis_nn`, `snnrt`; one file each."""
