// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// LinearGatherOp C1: currents.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi8>)
// expected-error @+1 {{'snnrt.linear_gather' op current has element type i8, expected i16 or i32}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<15xi32>, memref<10xi8>

// -----

// LinearGatherOp C1: currents of 16 bits behind values.
%list, %count, %words, %current, %values = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>)
// expected-error @+1 {{'snnrt.linear_gather' op current has element type i32, expected i16}}
snnrt.linear_gather %list, %count, %words, %current, %values : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>

// -----

// LinearGatherOp C1: one row of currents.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<1x10xi16>)
// expected-error @+1 {{'snnrt.linear_gather' op current must have rank 1, got shape (1, 10)}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<15xi32>, memref<1x10xi16>

// -----

// LinearGatherOp C2: weights are words.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<60xi8>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_gather' op weights has element type i8, expected i32}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<60xi8>, memref<10xi16>

// -----

// LinearGatherOp C2: as many for each input.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<14xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_gather' op 10 outputs need 3 words for each input, got 14 words}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<14xi32>, memref<10xi16>
