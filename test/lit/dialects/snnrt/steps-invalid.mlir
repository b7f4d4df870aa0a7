// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_VERIFY_DIAG

%membrane, %current, %bits, %leak, %threshold = "test.op"() : () -> (memref<40xi32>, memref<40xi16>, memref<17x2xi32>, memref<1xi32>, memref<1xi32>)
// expected-error @+1 {{'snnrt.lif_multi_step' op bits have shape 17 x 2, expected at most 16 steps of 2 words for 40 neurons}}
snnrt.lif_multi_step %membrane, %current, %bits, %leak, %threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 5, 2, 4>} : memref<40xi32>, memref<40xi16>, memref<17x2xi32>, memref<1xi32>, memref<1xi32>

// -----

%membrane, %current, %bits, %leak, %threshold = "test.op"() : () -> (memref<40xi32>, memref<40xi16>, memref<5x1xi32>, memref<1xi32>, memref<1xi32>)
// expected-error @+1 {{'snnrt.lif_multi_step' op bits have shape 5 x 1, expected at most 16 steps of 2 words for 40 neurons}}
snnrt.lif_multi_step %membrane, %current, %bits, %leak, %threshold {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 5, 2, 4>} : memref<40xi32>, memref<40xi16>, memref<5x1xi32>, memref<1xi32>, memref<1xi32>

// -----

%bits, %list = "test.op"() : () -> (memref<5x2xi32>, memref<39xi16>)
// expected-error @+1 {{'snnrt.list_bits' op a list of 39 does not hold 40 indices of 16 bits}}
%count = snnrt.list_bits %bits, %list {elements = 40 : i64} : (memref<5x2xi32>, memref<39xi16>) -> i32

// -----

%bits, %spikes = "test.op"() : () -> (memref<5x2xi32>, memref<65xi8>)
// expected-error @+1 {{'snnrt.bits_to_bytes' op bits have rows of 2 words, which do not hold 65 bits}}
snnrt.bits_to_bytes %bits, %spikes : memref<5x2xi32>, memref<65xi8>
