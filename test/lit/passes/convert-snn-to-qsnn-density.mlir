// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p 'convert-snn-to-qsnn{input-maximum=20 input-density=40}' | filecheck %s
// RUN: snn-opt %s -p 'convert-snn-to-qsnn{input-maximum=20}' | filecheck %s --check-prefix=UNBOUNDED
// RUN: snn-opt %s -p 'convert-snn-to-qsnn{input-maximum=20 input-density=40},convert-qsnn-to-kernels' | filecheck %s --check-prefix=KERNELS
// RUN: not snn-opt %s -p 'convert-snn-to-qsnn{input-density=0}' 2>&1 | filecheck %s --check-prefix=ZERO

// ZERO: error: 'snn.network' op option input-density must be 1 to 32767, got 0

// Windows of the dilated kernel have 5 positions. 40 counts in one of them give at most 127 * 40.
// CHECK: qsnn.network @net
// CHECK-SAME: input_maximum = 20 : i64, input_density = #qsnn.density<cell [4, 4], maximum 40>}
// CHECK: qsnn.conv2d {{.*}} -> tensor<1x4x4xi16>
// CHECK: qsnn.lif {{.*}} overflow proven {{.*}} -> (tensor<1x4x4xi1>, tensor<1x4x4xi16>)

// UNBOUNDED: qsnn.network @net
// UNBOUNDED-SAME: input_maximum = 20 : i64}
// UNBOUNDED: qsnn.conv2d {{.*}} -> tensor<1x4x4xi32>
// UNBOUNDED: qsnn.lif {{.*}} -> (tensor<1x4x4xi1>, tensor<1x4x4xi32>)

// KERNELS: snnrt.network @net
// KERNELS-SAME: input_density = #qsnn.density<cell [4, 4], maximum 40>
// KERNELS: snnrt.buffer "input_cells" transient : memref<2x2xi16>
// KERNELS: snnrt.check_density %frame, %input_cells {density = #qsnn.density<cell [4, 4], maximum 40>} : memref<2x8x8xi8>, memref<2x2xi16>
snn.network @net(%frame: tensor<2x8x8xf32>) -> tensor<1x4x4xi1> attributes {timesteps = 5 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>} {
  %kernel = snn.weight dense<1.0> : tensor<1x2x3x3xf32>
  %current = snn.conv2d %frame, %kernel dilation [2, 2] : (tensor<2x8x8xf32>, tensor<1x2x3x3xf32>) -> tensor<1x4x4xf32>
  %spikes, %membrane = snn.lif %current beta 0.5 : f32 threshold 1.0 : f32 reset subtract delayed compare gt : (tensor<1x4x4xf32>) -> (tensor<1x4x4xi1>, tensor<1x4x4xf32>)
  snn.output %spikes : tensor<1x4x4xi1>
}
