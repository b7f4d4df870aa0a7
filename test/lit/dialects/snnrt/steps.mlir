// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

%membrane, %current, %bits, %leak, %threshold, %bias, %list, %spikes = "test.op"() : () -> (memref<2x4x5xi32>, memref<2x4x5xi16>, memref<13x2xi32>, memref<1xi32>, memref<5xi32>, memref<40xi32>, memref<40xi16>, memref<2x4x5xi8>)
// CHECK: snnrt.lif_multi_step %membrane, %current, %bits, %leak, %threshold, %bias {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 5, 2, 4>} : memref<2x4x5xi32>, memref<2x4x5xi16>, memref<13x2xi32>, memref<1xi32>, memref<5xi32>, memref<40xi32>
snnrt.lif_multi_step %membrane, %current, %bits, %leak, %threshold, %bias {reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 2 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 5, 2, 4>} : memref<2x4x5xi32>, memref<2x4x5xi16>, memref<13x2xi32>, memref<1xi32>, memref<5xi32>, memref<40xi32>
// CHECK-NEXT: %count = snnrt.list_bits %bits, %list {elements = 40 : i64} : (memref<13x2xi32>, memref<40xi16>) -> i32
%count = snnrt.list_bits %bits, %list {elements = 40 : i64} : (memref<13x2xi32>, memref<40xi16>) -> i32
// CHECK-NEXT: snnrt.bits_to_bytes %bits, %spikes : memref<13x2xi32>, memref<2x4x5xi8>
snnrt.bits_to_bytes %bits, %spikes : memref<13x2xi32>, memref<2x4x5xi8>
