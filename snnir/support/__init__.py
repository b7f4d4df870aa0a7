# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every part of the compiler needs: diagnostics, passes, pipelines, text input and output."""
