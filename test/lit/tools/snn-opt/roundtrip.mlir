// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// Floating-point constants that xDSL alone would read back as other numbers.
// CHECK: dense<[1234567.0, 0.000000e+00]> : tensor<2xf32>
"test.op"() {a = dense<[1234567.0, 0.0]> : tensor<2xf32>} : () -> ()

// -----

// Letters beyond ASCII stay text, and other bytes bytes.
// CHECK: bytes = "\FF", text = "f\C3\BCr"
"test.op"() {bytes = "\FF", text = "f\C3\BCr"} : () -> ()

// -----

// CHECK: dense<"0x0000807F000080FF"> : tensor<2xf32>
"test.op"() {infinities = dense<"0x0000807F000080FF"> : tensor<2xf32>} : () -> ()

// -----

// CHECK: dense<"0x000080FF"> : tensor<200xf32>
"test.op"() {splat = dense<"0x000080FF"> : tensor<200xf32>} : () -> ()

// -----

// CHECK: dense<"0x0000000000000080"> : tensor<2xf32>
"test.op"() {zeros = dense<[0.0, -0.0]> : tensor<2xf32>} : () -> ()

// -----

// mlir-opt prints large constants so. The same key in two parts: each keeps its own data.
// CHECK: first = dense<1.000000e+00> : tensor<1xf32>
"test.op"() {first = dense_resource<key> : tensor<1xf32>} : () -> ()
{-#
  dialect_resources: { builtin: { key: "0x040000000000803F" } }
#-}

// -----

// CHECK: second = dense<2.000000e+00> : tensor<1xf32>
"test.op"() {second = dense_resource<key> : tensor<1xf32>} : () -> ()
{-#
  dialect_resources: { builtin: { key: "0x0400000000000040" } }
#-}

// -----

// A part without any op is an empty module.
// CHECK: builtin.module {
