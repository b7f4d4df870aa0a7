// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: %list, %count, %values, %current = "test.op"()
%list, %count, %values, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<5xi8>, memref<12xi16>)
%words, %starts, %entries, %ends, %blocks, %quads = "test.op"() : () -> (memref<5x2xi32>, memref<2x6xi16>, memref<9xi16>, memref<6xi16>, memref<7xi8>, memref<7xi32>)
// CHECK: snnrt.linear_scatter_packed %list, %count, %words, %current {bits = 4 : i64} : memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>
snnrt.linear_scatter_packed %list, %count, %words, %current {bits = 4 : i64} : memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>
// CHECK-NEXT: snnrt.linear_scatter_packed %list, %count, %words, %current, %values {bits = 4 : i64} : memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>, memref<5xi8>
snnrt.linear_scatter_packed %list, %count, %words, %current, %values {bits = 4 : i64} : memref<5xi16>, i32, memref<5x2xi32>, memref<12xi16>, memref<5xi8>
// CHECK-NEXT: snnrt.linear_scatter_sparse %list, %count, %starts, %entries, %current {panel_outputs = 8 : i64} : memref<5xi16>, i32, memref<2x6xi16>, memref<9xi16>, memref<12xi16>
snnrt.linear_scatter_sparse %list, %count, %starts, %entries, %current {panel_outputs = 8 : i64} : memref<5xi16>, i32, memref<2x6xi16>, memref<9xi16>, memref<12xi16>
// CHECK-NEXT: snnrt.linear_scatter_blocks %list, %count, %ends, %blocks, %quads, %current, %values : memref<5xi16>, i32, memref<6xi16>, memref<7xi8>, memref<7xi32>, memref<12xi16>, memref<5xi8>
snnrt.linear_scatter_blocks %list, %count, %ends, %blocks, %quads, %current, %values : memref<5xi16>, i32, memref<6xi16>, memref<7xi8>, memref<7xi32>, memref<12xi16>, memref<5xi8>
