# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The mathematics of weight compression on matrices, in torch and float64; nothing about IR.

A layer is a matrix `W` (rows, columns): one row per output, one column per input of a row. Its
Hessian `H` (columns, columns) is that of the squared error of what the rows compute, so a change
`D` of the weights costs `1/2 d^T H d` for each row `d` of `D`.
"""
