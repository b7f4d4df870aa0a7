// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --mlir-elide-elementsattrs-if-larger=2 -o %t.mlir
// RUN: filecheck %s --input-file %t.mlir
// RUN: not snn-opt %t.mlir 2>&1 | filecheck %s --check-prefix=PARSE

// CHECK: large = dense_resource<__elided__> : tensor<3xi8>
// CHECK-SAME: small = dense<[1, 2]> : tensor<2xi8>
// PARSE: mlir:2:{{[0-9]+}}: error: constant was elided when this file was printed; print again without elision
"test.op"() {large = dense<[1, 2, 3]> : tensor<3xi8>, small = dense<[1, 2]> : tensor<2xi8>} : () -> ()
