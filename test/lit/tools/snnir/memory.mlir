// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: rm -rf %t.small
// RUN: snnir compile %s -o %t.lib --input-maximum 3 --target portenta-h7 | filecheck %s
// RUN: filecheck %s --check-prefix=SECTIONS --input-file %t.lib/targets/portenta-h7/snnir_sections.ld
// RUN: snnir compile %s -o %t.lib --input-maximum 3 --target portenta-h7 --json | filecheck %s --check-prefix=JSON
// RUN: not snnir compile %s -o %t.host --input-maximum 3 --ram-limit 1K --flash-limit 0x10 2>&1 | filecheck %s --check-prefix=USAGE
// RUN: not snnir compile %s -o %t.small --input-maximum 3 --ram-limit 16 2>&1 | filecheck %s --check-prefix=RAM
// RUN: not snnir compile %s -o %t.small --input-maximum 3 --flash-limit 7 2>&1 | filecheck %s --check-prefix=FLASH
// RUN: not ls %t.small
// RUN: snnir compile %s -o %t.split --input-maximum 3 --target portenta-h7 --memory-limit DTCMRAM=24 | filecheck %s --check-prefix=SPLIT
// RUN: filecheck %s --check-prefix=SPLIT-SECTIONS --input-file %t.split/targets/portenta-h7/snnir_sections.ld
// RUN: not snnir compile %s -o %t.small --target portenta-h7 --memory-limit DTCMRAM 2>&1 | filecheck %s --check-prefix=MEMORY-USAGE
// RUN: not snnir compile %s -o %t.small --target portenta-h7 --memory-limit DTCM=1K 2>&1 | filecheck %s --check-prefix=MEMORY-NAME
// RUN: snnir compile %s -o %t.copies --input-maximum 3 --target portenta-h7 --copy-constants | filecheck %s --check-prefix=COPIES
// RUN: not snnir compile %s -o %t.small --copy-constants 2>&1 | filecheck %s --check-prefix=MEMORY-HOST
// RUN: not snnir compile %s -o %t.small --memory-limit DTCMRAM=0 2>&1 | filecheck %s --check-prefix=MEMORY-HOST
// RUN: not snnir validate %s --data none.npz --target portenta-h7 2>&1 | filecheck %s --check-prefix=RUNS

// SPLIT: out_membrane {{ *}} 4 {{ *}} DTCMRAM {{ *}} 0 {{ *}} state {{ *}} always
// SPLIT: input_list {{.*}} RAM_D1 {{.*}} transient
// SPLIT: arena in {{ *}} bytes {{ *}} of it state {{ *}} of all that a step reads and writes
// SPLIT: DTCMRAM {{ *}} {{[0-9]+}} {{ *}} {{[0-9]+}} {{ *}} {{[0-9.]+}}%
// SPLIT: RAM_D1 {{ *}} {{[0-9]+}} {{ *}} {{[0-9]+}} {{ *}} {{[0-9.]+}}%
// SPLIT: DTCMRAM has no room for all: it holds those buffers that fit together of which a mean step reads and writes most

// SPLIT-SECTIONS: .snnir_arena_dtcmram (NOLOAD) : {
// SPLIT-SECTIONS: *(.snnir_arena_dtcmram .snnir_arena_dtcmram.*)
// SPLIT-SECTIONS: } > DTCMRAM
// SPLIT-SECTIONS: .snnir_arena_ram_d1 (NOLOAD) : {
// SPLIT-SECTIONS: } > RAM_D1

// COPIES: constants of layer {{ *}} bytes {{ *}} memory {{ *}} arrays {{ *}} uses of a byte
// COPIES: fc {{ *}} 16 {{ *}} DTCMRAM, copied {{ *}} fc_weights
// COPIES: out {{ *}} {{[0-9]+}} {{ *}} FLASH {{ *}} out_leak

// MEMORY-USAGE: error: argument --memory-limit: 'DTCMRAM' is no limit of a memory; write DTCMRAM=64K
// MEMORY-NAME: snnir: error: no memory 'DTCM' can hold an arena; those that can are DTCMRAM and RAM_D1
// MEMORY-HOST: snnir: error: 'host' has no memories to limit or to copy to; name another target

// CHECK: buffer {{ *}} bytes {{ *}} memory {{ *}} offset {{ *}} kind {{ *}} live at layers
// CHECK: out_membrane {{ *}} 4 {{ *}} DTCMRAM {{ *}} 0 {{ *}} state {{ *}} always
// CHECK: fc_current {{ *}} 4 {{ *}} DTCMRAM {{.*}} transient {{ *}} fc to out
// CHECK: constants of layer {{ *}} bytes {{ *}} memory {{ *}} arrays
// CHECK: fc {{ *}} 16 {{ *}} FLASH {{ *}} fc_weights
// CHECK: arena
// CHECK: library 'net' for portenta-h7 in

// SECTIONS: .snnir_arena (NOLOAD) : {
// SECTIONS: } > DTCMRAM

// JSON: "residency": {
// JSON-NEXT: "arenas": [
// JSON: "buffers": [
// JSON: "memory": "DTCMRAM"

// USAGE: error: argument --flash-limit: '0x10' is no number of bytes; write 65536 or 64K

// RAM: memory.mlir:{{[0-9]+}}:3: error: 'snnrt.network' op needs {{[0-9]+}} bytes of RAM, {{[0-9]+}} more than the limit; largest: scores (8 bytes, state), input_list (8 bytes, live at layer fc), {{.*}}; raise the limit, let kernels be chosen that keep to it (--optimize), or make the network smaller (snn-compress)
// FLASH: memory.mlir:{{[0-9]+}}:3: error: 'snnrt.network' op needs {{[0-9]+}} bytes of flash for constants alone, {{[0-9]+}} more than the limit; largest: fc_weights (16 bytes, layer fc)
// RUNS: snnir: error: nothing here runs programs for 'portenta-h7'; use mps2-an500, which executes the same code
builtin.module attributes {snn.version = 1 : i64} {
  snn.network @net(%frame: tensor<4xf32>) -> tensor<2xi1>
      attributes {input = #snn<input event_counts>, readout = #snn<readout spike_count>, timesteps = 20 : i64} {
    %w = snn.weight dense<0.5> : tensor<2x4xf32>
    %0 = snn.linear %frame, %w {layer = "fc"} : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
    %1, %2 = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
    snn.output %1 : tensor<2xi1>
  }
}
