// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snnir compile %s -o %t.lib --input-maximum 3 --verbose 2>&1 | filecheck %s
// RUN: filecheck %s --check-prefix=HEADER --input-file %t.lib/src/net.h
// RUN: not snnir compile %s -o %t.lib/src 2>&1 | filecheck %s --check-prefix=FOREIGN

// CHECK: compile.mlir:22:5: remark: 'snn.linear' op 8-bit weights, sums in [0, 1524] as i16 [convert-snn-to-qsnn]
// CHECK: compile.mlir:23:5: remark: 'snn.lif' op membrane i16 proven
// CHECK: layer  operation  weights  number of weights  sums  membrane     fraction bits  kernels {{ *}}stored bytes
// CHECK: fc     linear     i8                       8  i16 {{ *}} linear_gather {{ *}} 16{{$}}
// CHECK: out    lif {{ *}} i16, proven
// CHECK: memory {{ *}} bytes
// CHECK: input up to 3
// CHECK: library 'net' for host in {{.*}}.lib

// HEADER: #define NET_ARENA_BYTES

// FOREIGN: snnir: error: cannot write the folder '{{.*}}src': it is not empty and holds no 'manifest.json'
builtin.module attributes {snn.version = 1 : i64} {
  snn.network @net(%frame: tensor<4xf32>) -> tensor<2xi1>
      attributes {input = #snn<input event_counts>, readout = #snn<readout spike_count>, timesteps = 20 : i64} {
    %w = snn.weight dense<0.5> : tensor<2x4xf32>
    %0 = snn.linear %frame, %w {layer = "fc"} : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
    %1, %2 = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<2xf32>) -> (tensor<2xi1>, tensor<2xf32>)
    snn.output %1 : tensor<2xi1>
  }
}
