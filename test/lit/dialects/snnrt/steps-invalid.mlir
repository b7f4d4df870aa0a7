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

// -----

%synapse, %membrane, %bits, %leak = "test.op"() : () -> (memref<39xi32>, memref<40xi32>, memref<5x2xi32>, memref<1xi32>)
// expected-error @+1 {{'snnrt.synaptic_multi_step' op buffers have shapes (39,) and (40,), expected the same}}
snnrt.synaptic_multi_step %synapse, %membrane, %membrane, %bits synapse %leak neurons %leak, %leak {synapse_layer = "a", synapse_shift = 3 : i32, synapse_overflow = #qsnn<overflow proven>, synapse_rounding = #qsnn<rounding floor>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing immediate>, compare = #snn<compare ge>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 40>} : memref<39xi32>, memref<40xi32>, memref<40xi32>, memref<5x2xi32> synapse memref<1xi32> neurons memref<1xi32>, memref<1xi32>

// -----

%membrane, %bits, %leak, %leaks = "test.op"() : () -> (memref<40xi32>, memref<5x2xi32>, memref<1xi32>, memref<2xi32>)
// expected-error @+1 {{'snnrt.synaptic_multi_step' op a parameter has 2 elements, expected one of {40, 1}}}
snnrt.synaptic_multi_step %membrane, %membrane, %membrane, %bits synapse %leaks neurons %leak, %leak {synapse_layer = "a", synapse_shift = 3 : i32, synapse_overflow = #qsnn<overflow proven>, synapse_rounding = #qsnn<rounding floor>, reset = #snn<reset subtract>, reset_timing = #snn<reset_timing immediate>, compare = #snn<compare ge>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>, logical_shape = array<i64: 40>} : memref<40xi32>, memref<40xi32>, memref<40xi32>, memref<5x2xi32> synapse memref<2xi32> neurons memref<1xi32>, memref<1xi32>

// -----

%excitatory, %membrane, %bits, %leak = "test.op"() : () -> (memref<39xi32>, memref<40xi32>, memref<5x2xi32>, memref<1xi32>)
// expected-error @+1 {{'snnrt.alpha_multi_step' op buffers have shapes (39,) and (40,), expected the same}}
snnrt.alpha_multi_step %excitatory, %membrane, %membrane, %membrane, %bits leaks %leak, %leak threshold %leak {reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>, logical_shape = array<i64: 40>} : memref<39xi32>, memref<40xi32>, memref<40xi32>, memref<40xi32>, memref<5x2xi32> leaks memref<1xi32>, memref<1xi32> threshold memref<1xi32>

// -----

%membrane, %bits, %leak, %leaks = "test.op"() : () -> (memref<40xi32>, memref<5x2xi32>, memref<1xi32>, memref<2xi32>)
// expected-error @+1 {{'snnrt.alpha_multi_step' op a parameter has 2 elements, expected one of {40, 1}}}
snnrt.alpha_multi_step %membrane, %membrane, %membrane, %membrane, %bits leaks %leak, %leaks threshold %leak {reset = #snn<reset none>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>, logical_shape = array<i64: 40>} : memref<40xi32>, memref<40xi32>, memref<40xi32>, memref<40xi32>, memref<5x2xi32> leaks memref<1xi32>, memref<2xi32> threshold memref<1xi32>
