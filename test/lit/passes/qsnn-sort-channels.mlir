// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: snn-opt %s -p qsnn-sort-channels --remarks 2>%t.remarks | filecheck %s
// RUN: filecheck %s --check-prefix=REMARKS --input-file %t.remarks

// REMARKS: remark: {{.*}}sorted 4 channels by their rates
// REMARKS-NOT: sorted

// Channels go where their rates rank: kernels, thresholds, rates, and, behind a pooling, what reads them. The last
// convolution is read by a fully connected layer alone and keeps its order.
// CHECK-LABEL: qsnn.network @net
// CHECK: qsnn.weight dense<{{\[}}[{{\[}}[2]]], [{{\[}}[4]]], [{{\[}}[1]]], [{{\[}}[3]]]]> : tensor<4x1x1x1xi8>
// CHECK: qsnn.lif
// CHECK-SAME: threshold dense<{{\[}}[{{\[}}20]], [{{\[}}40]], [{{\[}}10]], [{{\[}}30]]]>
// CHECK-SAME: channel_rates = dense<[1.000000e-01, 2.000000e-01, 3.000000e-01, 4.000000e-01]>
// CHECK-SAME: kept_channels = array<i64: 1, 3, 0, 2>
// CHECK: qsnn.max_pool2d
// CHECK: qsnn.weight dense<{{\[}}[{{\[}}[6]], [{{\[}}8]], [{{\[}}5]], [{{\[}}7]]], [{{\[}}[2]], [{{\[}}4]], [{{\[}}1]], [{{\[}}3]]]]> : tensor<2x4x1x1xi8>
// CHECK: qsnn.lif
// CHECK-NOT: kept_channels
qsnn.network @net(%frame: tensor<1x4x4xi8>) -> tensor<2xi1> attributes {timesteps = 4 : i64, input = #snn<input event_counts>, readout = #snn<readout spike_count>, input_maximum = 2 : i64} {
  %w1 = qsnn.weight dense<[[[[1]]], [[[2]]], [[[3]]], [[[4]]]]> : tensor<4x1x1x1xi8>
  %c1 = qsnn.conv2d %frame, %w1 {layer = "conv1"} : (tensor<1x4x4xi8>, tensor<4x1x1x1xi8>) -> tensor<4x4x4xi16>
  %s1, %m1 = qsnn.lif %c1 leak 29491 : i32 threshold dense<[[[10]], [[20]], [[30]], [[40]]]> : tensor<4x1x1xi32> reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif1", rate = 0.25 : f32, channel_rates = dense<[0.3, 0.1, 0.4, 0.2]> : tensor<4xf32>, rate_samples = 1 : i64} : (tensor<4x4x4xi16>) -> (tensor<4x4x4xi1>, tensor<4x4x4xi16>)
  %p1 = qsnn.max_pool2d %s1 kernel [2, 2] stride [2, 2] : (tensor<4x4x4xi1>) -> tensor<4x2x2xi1>
  %w2 = qsnn.weight dense<[[[[5]], [[6]], [[7]], [[8]]], [[[1]], [[2]], [[3]], [[4]]]]> : tensor<2x4x1x1xi8>
  %c2 = qsnn.conv2d %p1, %w2 {layer = "conv2"} : (tensor<4x2x2xi1>, tensor<2x4x1x1xi8>) -> tensor<2x2x2xi16>
  %s2, %m2 = qsnn.lif %c2 leak 29491 : i32 threshold 5 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "lif2", rate = 0.15 : f32, channel_rates = dense<[0.2, 0.1]> : tensor<2xf32>, rate_samples = 1 : i64} : (tensor<2x2x2xi16>) -> (tensor<2x2x2xi1>, tensor<2x2x2xi16>)
  %f = qsnn.reshape %s2 : (tensor<2x2x2xi1>) -> tensor<8xi1>
  %w3 = qsnn.weight dense<1> : tensor<2x8xi8>
  %c3 = qsnn.linear %f, %w3 : (tensor<8xi1>, tensor<2x8xi8>) -> tensor<2xi16>
  %s3, %m3 = qsnn.lif %c3 leak 16384 : i32 threshold 1 : i32 reset subtract delayed compare gt overflow proven rounding nearest {layer = "out"} : (tensor<2xi16>) -> (tensor<2xi1>, tensor<2xi16>)
  qsnn.output %s3 : tensor<2xi1>
}
