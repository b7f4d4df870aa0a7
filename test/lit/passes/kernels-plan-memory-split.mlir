// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:64}' | filecheck %s
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:64}' --remarks 2>&1 | filecheck %s --check-prefix=REMARKS
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:64},kernels-plan-memory' | filecheck %s --check-prefix=WHOLE
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:0}' | filecheck %s --check-prefix=SLOW
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:136 copy-constants}' --remarks 2>&1 | filecheck %s --check-prefix=COPIES
// RUN: not snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:64,RAM_D1:32}' 2>&1 | filecheck %s --check-prefix=ERROR
// RUN: not snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=FLASH:64}' 2>&1 | filecheck %s --check-prefix=NAME
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:64}' -t 'snn-c{file=header}' | filecheck %s --check-prefix=HEADER
// RUN: snn-opt %s -p 'kernels-plan-memory{target=portenta-h7 memory-limits=DTCMRAM:64}' -t 'snn-c{file=source}' | filecheck %s --check-prefix=SOURCE

// Currents, which are added to and read, and the buffers that share their place; states, of which
// each byte is read and written once, are left over.
// CHECK: state_bytes = 48 : i64, arena_bytes = 112 : i64, arenas = [#snnrt.arena<"DTCMRAM", bytes 64, state 0>, #snnrt.arena<"RAM_D1", bytes 48, state 48>]} {
// CHECK-NEXT: %input = snnrt.buffer "input" transient {memory = "DTCMRAM", offset = 52 : i64}
// CHECK-NEXT: %input_list = snnrt.buffer "input_list" transient {memory = "DTCMRAM", offset = 32 : i64}
// CHECK-NEXT: %conv2d_current = snnrt.buffer "conv2d_current" transient {memory = "DTCMRAM", offset = 0 : i64}
// CHECK-NEXT: %conv2d_weights = snnrt.constant "conv2d_weights" dense<1> : tensor<1x2x2x4xi8> {memory = "FLASH"}
// CHECK-NEXT: %hidden_membrane = snnrt.buffer "hidden_membrane" state {memory = "RAM_D1", offset = 0 : i64}
// CHECK-NEXT: %hidden_spikes = snnrt.buffer "hidden_spikes" transient {memory = "DTCMRAM", offset = 32 : i64}
// CHECK: %hidden_spikes_list = snnrt.buffer "hidden_spikes_list" transient {memory = "DTCMRAM", offset = 0 : i64}
// CHECK-NEXT: %linear_current = snnrt.buffer "linear_current" transient {memory = "DTCMRAM", offset = 32 : i64}
// CHECK: %li_membrane = snnrt.buffer "li_membrane" state {memory = "RAM_D1", offset = 32 : i64}
// CHECK: %scores = snnrt.buffer "scores" state {memory = "RAM_D1", offset = 36 : i64}

// REMARKS: remark: 'snnrt.network' op arena of 64 bytes in DTCMRAM: 0 of state, 64 shared by 111 bytes of transient buffers, the least possible; {{[0-9]+}} bytes of traffic in a mean step, {{[0-9.]+}}% of all, of at most {{[0-9.]+}}% [kernels-plan-memory]
// REMARKS: remark: 'snnrt.network' op arena of 48 bytes in RAM_D1: 48 of state, 0 shared by 0 bytes of transient buffers, the least possible; 92 bytes of traffic in a mean step, {{[0-9.]+}}% of all [kernels-plan-memory]

// WHOLE: state_bytes = 48 : i64, arena_bytes = 112 : i64} {
// WHOLE-NOT: memory =

// SLOW: state_bytes = 48 : i64, arena_bytes = 112 : i64} {
// SLOW-NEXT: %input = snnrt.buffer "input" transient {memory = "RAM_D1",

// COPIES: remark: 'snnrt.network' op 1 constants are copied to DTCMRAM, 16 bytes, with {{[0-9.]+}}% of what a mean step reads of constants [kernels-plan-memory]
// COPIES: arena_bytes = 128 : i64} {
// COPIES: %conv2d_weights = snnrt.constant "conv2d_weights" dense<1> : tensor<1x2x2x4xi8> {memory = "DTCMRAM", offset = 112 : i64} : memref<1x2x2x4xi8>
// COPIES: %linear_weights = snnrt.constant "linear_weights" dense<2> : tensor<16x2xi8> {memory = "FLASH"} : memref<16x2xi8>

// ERROR: kernels-plan-memory-split.mlir:{{[0-9]+}}:1: error: 'snnrt.network' op needs 112 bytes of RAM, 16 more than portenta-h7 has: beside 64 in DTCMRAM it needs 48 in RAM_D1, where 32 are free; of those the largest: hidden_membrane (32 bytes, state), scores (8 bytes, state), li_membrane (4 bytes, state); raise the limit
// NAME: error: no memory 'FLASH' can hold an arena; those that can are DTCMRAM and RAM_D1

// HEADER:      #define LAYERS_ARENA_ALIGN 8u
// HEADER-NEXT: #define LAYERS_ARENA_DTCMRAM_BYTES 64u
// HEADER-NEXT: #define LAYERS_STATE_DTCMRAM_BYTES 0u
// HEADER-NEXT: #define LAYERS_ARENA_RAM_D1_BYTES 48u
// HEADER-NEXT: #define LAYERS_STATE_RAM_D1_BYTES 48u
// HEADER:      uint8_t *arena_dtcmram;
// HEADER-NEXT: uint8_t *arena_ram_d1;
// HEADER:      layers_status layers_init(layers_network *network,
// HEADER-NEXT:   void *arena_dtcmram, size_t bytes_dtcmram,
// HEADER-NEXT:   void *arena_ram_d1, size_t bytes_ram_d1);

// A call takes the arenas that it needs.
// SOURCE: static bool read_frame(uint8_t *arena_dtcmram, const int8_t *frame) {
// SOURCE: LAYERS_CALL void call_4_lif_hidden(uint8_t *arena_dtcmram, uint8_t *arena_ram_d1) {
// SOURCE-NEXT: snnrt_lif_s16_s16((int16_t *)(void *)(arena_ram_d1 + 0), (int16_t *)(void *)(arena_dtcmram + 0), (int8_t *)(arena_dtcmram + 32),
// SOURCE: LAYERS_CALL void call_9_read_membrane(uint8_t *arena_ram_d1, int32_t step) {
// SOURCE: LAYERS_CALL void compute(uint8_t *arena_dtcmram, uint8_t *arena_ram_d1, int32_t step) {
// SOURCE: call_9_read_membrane(arena_ram_d1, step);
// SOURCE: network->arena_dtcmram = (uint8_t *)arena_dtcmram;
// SOURCE-NEXT: network->arena_ram_d1 = (uint8_t *)arena_ram_d1;
// SOURCE: snnrt_fill_zero(network->arena_dtcmram, LAYERS_STATE_DTCMRAM_BYTES);
// SOURCE-NEXT: snnrt_fill_zero(network->arena_ram_d1, LAYERS_STATE_RAM_D1_BYTES);
// SOURCE: return (const int32_t *)(const void *)(arena_ram_d1 + 36);

snnrt.network @layers(%frame: memref<1x3x3xi8>) -> (memref<2xi16>, memref<2xi32>) attributes {timesteps = 5 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 127 : i64, input_scale = 5.000000e-01 : f32} {
  %input = snnrt.buffer "input" transient : memref<3x3x1xi8>
  %input_list = snnrt.buffer "input_list" transient : memref<9xi16>
  %conv2d_current = snnrt.buffer "conv2d_current" transient : memref<2x2x4xi16>
  %conv2d_weights = snnrt.constant "conv2d_weights" dense<1> : tensor<1x2x2x4xi8> : memref<1x2x2x4xi8>
  %hidden_membrane = snnrt.buffer "hidden_membrane" state : memref<2x2x4xi16>
  %hidden_spikes = snnrt.buffer "hidden_spikes" transient : memref<2x2x4xi8>
  %hidden_leak = snnrt.constant "hidden_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %hidden_threshold = snnrt.constant "hidden_threshold" dense<7> : tensor<4xi32> : memref<4xi32>
  %hidden_spikes_1 = snnrt.view %hidden_spikes : memref<2x2x4xi8> to memref<16xi8>
  %hidden_spikes_list = snnrt.buffer "hidden_spikes_list" transient : memref<16xi16>
  %linear_current = snnrt.buffer "linear_current" transient : memref<2xi16>
  %linear_weights = snnrt.constant "linear_weights" dense<2> : tensor<16x2xi8> : memref<16x2xi8>
  %li_membrane = snnrt.buffer "li_membrane" state : memref<2xi16>
  %li_leak = snnrt.constant "li_leak" dense<16384> : tensor<1xi32> : memref<1xi32>
  %scores = snnrt.buffer "scores" state : memref<2xi32>
  snnrt.values_to_hwc %frame, %input {maximum = 127 : i64} : memref<1x3x3xi8>, memref<3x3x1xi8>
  %input_count = snnrt.spike_list %input, %input_list : (memref<3x3x1xi8>, memref<9xi16>) -> i32
  snnrt.fill_zero %conv2d_current : memref<2x2x4xi16>
  snnrt.conv2d_scatter_values %input_list, %input_count, %input, %conv2d_weights, %conv2d_current {input_size = array<i64: 3, 3>, stride = array<i64: 1, 1>, padding = array<i64: 0, 0>, dilation = array<i64: 1, 1>, groups = 1 : i64} : memref<9xi16>, i32, memref<3x3x1xi8>, memref<1x2x2x4xi8>, memref<2x2x4xi16>
  snnrt.lif %hidden_membrane, %conv2d_current, %hidden_spikes, %hidden_leak, %hidden_threshold {layer = "hidden", reset = #snn<reset subtract>, reset_timing = #snn<reset_timing delayed>, compare = #snn<compare gt>, shift = 0 : i32, overflow = #qsnn<overflow saturate>, rounding = #qsnn<rounding nearest>} : memref<2x2x4xi16>, memref<2x2x4xi16>, memref<2x2x4xi8>, memref<1xi32>, memref<4xi32>
  %hidden_spikes_count = snnrt.spike_list %hidden_spikes, %hidden_spikes_list : (memref<2x2x4xi8>, memref<16xi16>) -> i32
  snnrt.fill_zero %linear_current : memref<2xi16>
  snnrt.linear_scatter %hidden_spikes_list, %hidden_spikes_count, %linear_weights, %linear_current : memref<16xi16>, i32, memref<16x2xi8>, memref<2xi16>
  snnrt.li %li_membrane, %linear_current, %li_leak {shift = 0 : i32, overflow = #qsnn<overflow proven>, rounding = #qsnn<rounding floor>} : memref<2xi16>, memref<2xi16>, memref<1xi32>
  snnrt.read_membrane %li_membrane, %scores {reduction = "last"} : memref<2xi16>, memref<2xi32>
  snnrt.output %li_membrane, %scores : memref<2xi16>, memref<2xi32>
}
