// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s --verify-diagnostics --split-input-file

// NetworkOp C10: two or more arenas.
// expected-error @+1 {{'snnrt.network' op expected two or more arenas of different memories, got [FAST]}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 16 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>]} {
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C10: of different memories.
// expected-error @+1 {{'snnrt.network' op expected two or more arenas of different memories, got [FAST, FAST]}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 32 : i64, state_bytes = 16 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"FAST", bytes 16, state 8>]} {
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C10: all bytes.
// expected-error @+1 {{'snnrt.network' op arena_bytes must be 24, the sum over all arenas}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 16 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C10: all bytes of state.
// expected-error @+1 {{'snnrt.network' op state_bytes must be 8, the sum over all arenas}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 0 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: a buffer without a memory.
// expected-error @+1 {{'snnrt.network' op buffer 'b' lies in none of the arenas FAST, SLOW}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" transient {offset = 8 : i64} : memref<4xi8>
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: a memory without an arena.
// expected-error @+1 {{'snnrt.network' op buffer 'b' lies in none of the arenas FAST, SLOW}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" transient {memory = "FLASH", offset = 8 : i64} : memref<4xi8>
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: a buffer without an offset.
// expected-error @+1 {{'snnrt.network' op buffer 'b' lies in none of the arenas FAST, SLOW}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" transient {memory = "FAST"} : memref<4xi8>
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: transient memory among states.
// expected-error @+1 {{'snnrt.network' op buffer 'b' takes bytes 4 to 8 of the arena in FAST, where transient memory reaches from 8 to 16}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" transient {memory = "FAST", offset = 4 : i64} : memref<4xi8>
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: a state behind the states.
// expected-error @+1 {{'snnrt.network' op buffer 'b' takes bytes 8 to 12 of the arena in FAST, where state memory reaches from 0 to 8}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" state {memory = "FAST", offset = 8 : i64} : memref<4xi8>
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: a buffer beyond its arena.
// expected-error @+1 {{'snnrt.network' op buffer 'b' takes bytes 4 to 12 of the arena in SLOW, where transient memory reaches from 0 to 8}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" transient {memory = "SLOW", offset = 4 : i64} : memref<4xi16>
  snnrt.output %x : memref<4xi8>
}

// -----

// NetworkOp C11: a buffer whose size nobody knows.
// expected-error @+1 {{'snnrt.network' op elements of memref<4xindex> have no size}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %b = snnrt.buffer "b" transient {memory = "SLOW", offset = 0 : i64} : memref<4xindex>
  snnrt.output %x : memref<4xi8>
}

// -----

// ArenaAttr C1: state within the arena.
// expected-error @+1 {{an arena of 16 bytes cannot hold 24 of state}}
"test.op"() {arena = #snnrt.arena<"FAST", bytes 16, state 24>} : () -> ()

// -----

// ConstantOp C2: alignment of a copy.
// expected-error @+1 {{'snnrt.constant' op offset 4 is not a multiple of 8}}
%w = snnrt.constant "w" dense<1> : tensor<2xi8> {memory = "FAST", offset = 4 : i64} : memref<2xi8>

// -----

// NetworkOp C11: a copy among states.
// expected-error @+1 {{'snnrt.network' op buffer 'w' takes bytes 0 to 4 of the arena in FAST, where constant memory reaches from 8 to 16}}
snnrt.network @n(%x: memref<4xi8>) -> memref<4xi8> attributes {timesteps = 1 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 24 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"FAST", bytes 16, state 8>, #snnrt.arena<"SLOW", bytes 8, state 0>]} {
  %w = snnrt.constant "w" dense<1> : tensor<4xi8> {memory = "FAST", offset = 0 : i64} : memref<4xi8>
  snnrt.output %x : memref<4xi8>
}
