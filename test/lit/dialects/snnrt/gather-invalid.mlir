// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

// LinearGatherBase C1: currents.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi8>)
// expected-error @+1 {{'snnrt.linear_gather' op current has element type i8, expected i16 or i32}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<15xi32>, memref<10xi8>

// -----

// LinearGatherBase C1: one row of currents.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<1x10xi16>)
// expected-error @+1 {{'snnrt.linear_gather' op current must have rank 1, got shape (1, 10)}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<15xi32>, memref<1x10xi16>

// -----

// LinearGatherBase C2: weights are words.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<60xi8>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_gather' op weights has element type i8, expected i32}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<60xi8>, memref<10xi16>

// -----

// LinearGatherBase C2: as many for each input.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<14xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_gather' op 10 outputs need 3 words for each input, got 14 words}}
snnrt.linear_gather %list, %count, %words, %current : memref<5xi16>, i32, memref<14xi32>, memref<10xi16>

// -----

// LinearGatherBase C3: lanes are widened where values make sums of 32 bits.
%list, %count, %words, %current, %values = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>)
// expected-error @+1 {{'snnrt.linear_gather' op lane_rows belongs to values with sums of 32 bits, and only there}}
snnrt.linear_gather %list, %count, %words, %current, %values : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>

// -----

// LinearGatherBase C3: and nowhere else.
%list, %count, %words, %current, %values = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi16>, memref<5xi8>)
// expected-error @+1 {{'snnrt.linear_gather' op lane_rows belongs to values with sums of 32 bits, and only there}}
snnrt.linear_gather %list, %count, %words, %current, %values {lane_rows = 3 : i64} : memref<5xi16>, i32, memref<15xi32>, memref<10xi16>, memref<5xi8>

// -----

// LinearGatherBase C3: at least one row.
%list, %count, %words, %current, %values = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>)
// expected-error @+1 {{'snnrt.linear_gather' op lane_rows must be positive, got 0}}
snnrt.linear_gather %list, %count, %words, %current, %values {lane_rows = 0 : i64} : memref<5xi16>, i32, memref<15xi32>, memref<10xi32>, memref<5xi8>

// -----

// LinearGatherPackedOp: words of eight weights.
%list, %count, %words, %current, %values = "test.op"() : () -> (memref<5xi16>, i32, memref<15xi32>, memref<10xi16>, memref<5xi8>)
// expected-error @+1 {{'snnrt.linear_gather_packed' op 10 outputs need 2 words for each input, got 15 words}}
snnrt.linear_gather_packed %list, %count, %words, %current, %values : memref<5xi16>, i32, memref<15xi32>, memref<10xi16>, memref<5xi8>

// -----

// LinearGatherPackedOp C4: values.
%list, %count, %words, %current = "test.op"() : () -> (memref<5xi16>, i32, memref<10xi32>, memref<10xi16>)
// expected-error @+1 {{'snnrt.linear_gather_packed' op weights of 4 bits are gathered for values only}}
snnrt.linear_gather_packed %list, %count, %words, %current : memref<5xi16>, i32, memref<10xi32>, memref<10xi16>
