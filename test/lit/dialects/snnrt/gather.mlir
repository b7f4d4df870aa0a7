// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: %list, %count, %values, %words, %current = "test.op"()
%list, %count, %values, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<5xi8>, memref<15xi32>, memref<10xi16>)
// CHECK-NEXT: snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<15xi32>, memref<10xi16>
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<15xi32>, memref<10xi16>
// CHECK-NEXT: snnrt.linear_gather %list, %count, %words, %current, %values : memref<5xi16>, i32, memref<15xi32>, memref<10xi16>, memref<5xi8>
snnrt.linear_gather %list, %count, %words, %current, %values : memref<5xi16>, i32, memref<15xi32>, memref<10xi16>, memref<5xi8>
// CHECK-NEXT: %wide = "test.op"()
%wide = "test.op"() : () -> memref<10xi32>
// CHECK-NEXT: snnrt.linear_gather %list, %count, %words, %wide : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>
snnrt.linear_gather %list, %count, %words, %wide : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>
// CHECK-NEXT: snnrt.linear_gather %list, %count, %words, %wide, %values {lane_rows = 64 : i64} : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>
snnrt.linear_gather %list, %count, %words, %wide, %values {lane_rows = 64 : i64} : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>
// CHECK-NEXT: %packed = "test.op"()
%packed = "test.op"() : () -> memref<10xi32>
// CHECK-NEXT: snnrt.linear_gather_packed %list, %count, %packed, %current, %values : memref<5xi16>, i32, memref<10xi32>, memref<10xi16>, memref<5xi8>
snnrt.linear_gather_packed %list, %count, %packed, %current, %values : memref<5xi16>, i32, memref<10xi32>, memref<10xi16>, memref<5xi8>
// CHECK-NEXT: snnrt.linear_gather_packed %list, %count, %packed, %wide, %values {lane_rows = 64 : i64}
snnrt.linear_gather_packed %list, %count, %packed, %wide, %values {lane_rows = 64 : i64} : memref<5xi16>, i32, memref<10xi32>, memref<10xi32>, memref<5xi8>
