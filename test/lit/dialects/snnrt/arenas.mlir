// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: SNN_ROUNDTRIP
// RUN: SNN_GENERIC_ROUNDTRIP

// CHECK: snnrt.network @net(%frame: memref<2xi8>) -> memref<2xi16> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 40 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"DTCMRAM", bytes 8, state 8>, #snnrt.arena<"RAM_D1", bytes 32, state 0>]} {
snnrt.network @net(%frame: memref<2xi8>) -> memref<2xi16> attributes {timesteps = 2 : i64, input = #snn<input values>, readout = #snn<readout last_membrane>, input_maximum = 9 : i64, arena_bytes = 40 : i64, state_bytes = 8 : i64, arenas = [#snnrt.arena<"DTCMRAM", bytes 8, state 8>, #snnrt.arena<"RAM_D1", bytes 32, state 0>]} {
  // CHECK-NEXT: %state = snnrt.buffer "state" state {memory = "DTCMRAM", offset = 4 : i64} : memref<2xi16>
  %state = snnrt.buffer "state" state {memory = "DTCMRAM", offset = 4 : i64} : memref<2xi16>
  // CHECK-NEXT: %values = snnrt.buffer "values" transient {alignment = 16 : i64, memory = "RAM_D1", offset = 16 : i64} : memref<2xi8>
  %values = snnrt.buffer "values" transient {alignment = 16 : i64, memory = "RAM_D1", offset = 16 : i64} : memref<2xi8>
  // CHECK-NEXT: %weights = snnrt.constant "weights" dense<1> : tensor<2xi8> {memory = "FLASH"} : memref<2xi8>
  %weights = snnrt.constant "weights" dense<1> : tensor<2xi8> {memory = "FLASH"} : memref<2xi8>
  // CHECK-NEXT: snnrt.values_to_hwc %frame, %values {maximum = 127 : i64} : memref<2xi8>, memref<2xi8>
  snnrt.values_to_hwc %frame, %values {maximum = 127 : i64} : memref<2xi8>, memref<2xi8>
  // CHECK-NEXT: snnrt.output %state : memref<2xi16>
  snnrt.output %state : memref<2xi16>
}
