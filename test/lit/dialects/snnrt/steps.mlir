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

%synapse, %excitatory, %inhibitory = "test.op"() : () -> (memref<2x4x5xi16>, memref<2x4x5xi32>, memref<2x4x5xi32>)
// CHECK: snnrt.synaptic_multi_step %synapse, %membrane, %current, %bits synapse %leak neurons %leak, %threshold bias %bias {
// CHECK-SAME: synapse_layer = "a.synapse"
// CHECK-SAME: memref<2x4x5xi16>, memref<2x4x5xi32>, memref<2x4x5xi16>, memref<13x2xi32> synapse memref<1xi32> neurons memref<1xi32>, memref<5xi32> bias memref<40xi32>
snnrt.synaptic_multi_step %synapse, %membrane, %current, %bits synapse %leak neurons %leak, %threshold bias %bias {synapse_layer = "a.synapse", synapse_shift = 3 : i32, synapse_overflow = #qsnn<overflow proven>, synapse_rounding = #qsnn<rounding floor>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing immediate>, compare = #snn<compare ge>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 5, 2, 4>} : memref<2x4x5xi16>, memref<2x4x5xi32>, memref<2x4x5xi16>, memref<13x2xi32> synapse memref<1xi32> neurons memref<1xi32>, memref<5xi32> bias memref<40xi32>
// CHECK: snnrt.alpha_multi_step %excitatory, %inhibitory, %membrane, %current, %bits leaks %leak, %leak threshold %threshold bias %bias decrement %leak recall %leak {
snnrt.alpha_multi_step %excitatory, %inhibitory, %membrane, %current, %bits leaks %leak, %leak threshold %threshold bias %bias decrement %leak recall %leak {reset = #snn<reset subtract>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>, logical_shape = array<i64: 5, 2, 4>} : memref<2x4x5xi32>, memref<2x4x5xi32>, memref<2x4x5xi32>, memref<2x4x5xi16>, memref<13x2xi32> leaks memref<1xi32>, memref<1xi32> threshold memref<5xi32> bias memref<40xi32> decrement memref<1xi32> recall memref<1xi32>
