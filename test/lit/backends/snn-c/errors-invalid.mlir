// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not snn-opt %s -t snn-c 2>&1 | filecheck %s --check-prefix=LEVEL
// RUN: not snn-opt %s -p 'convert-snn-to-qsnn,convert-qsnn-to-kernels' -t snn-c 2>&1 | filecheck %s --check-prefix=MEMORY
// RUN: snn-opt %s -p 'convert-snn-to-qsnn,convert-qsnn-to-kernels,kernels-plan-memory' | sed '/"input_list"/s/offset = [0-9]* : i64//' | not snn-opt -t snn-c 2>&1 | filecheck %s --check-prefix=OFFSET

// OFFSET: error: 'snnrt.buffer' op has no place in an arena; run kernels-plan-memory again
// LEVEL: error: 'builtin.module' op expected one snnrt.network, found 0; run convert-snn-to-qsnn,convert-qsnn-to-kernels,kernels-plan-memory first
// MEMORY: errors-invalid.mlir:10:3: error: 'snnrt.network' op memory is not planned; run kernels-plan-memory first
module {
  snn.network @net(%frame: tensor<8xf32>) -> tensor<4xi1> attributes {timesteps = 5 : i64, input = #snn<input binary_frames>, readout = #snn<readout spike_count>} {
    %weight = snn.weight dense<0.5> : tensor<4x8xf32>
    %0 = snn.linear %frame, %weight : (tensor<8xf32>, tensor<4x8xf32>) -> tensor<4xf32>
    %out, %last = snn.lif %0 beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt {layer = "out"} : (tensor<4xf32>) -> (tensor<4xi1>, tensor<4xf32>)
    snn.output %out : tensor<4xi1>
  }
}
