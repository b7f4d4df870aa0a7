/* Which outputs of a convolution an input reaches, along one axis. */
#ifndef SNNRT_CONV2D_TAPS_H
#define SNNRT_CONV2D_TAPS_H

#include "conv2d_shape.h"

/* One spatial axis of a convolution. Kernel elements which reach an output
   from the same input coordinate are `period` apart, and their outputs are
   `output_step` apart. */
typedef struct snnrt_conv_axis {
  int32_t output, kernel, stride, dilation, period, output_step;
} snnrt_conv_axis;

/* The connections of one input coordinate along an axis: `count` kernel
   elements from `kernel` on, each a period after the one before; the first
   reaches `output`, each following one an output step less. */
typedef struct snnrt_conv_taps {
  int32_t kernel, output, count;
} snnrt_conv_taps;

/* Greatest common divisor of two positive integers. */
SNNRT_KERNEL int32_t snnrt_common_divisor(int32_t a, int32_t b) {
  while (b != 0) {
    const int32_t remainder = a % b;
    a = b;
    b = remainder;
  }
  return a;
}

SNNRT_KERNEL snnrt_conv_axis snnrt_conv_axis_of(int32_t output, int32_t kernel,
                                                int32_t stride,
                                                int32_t dilation) {
  /* The common cases are spelt out because compilers cannot evaluate the
     divisor loop at compile time. */
  const int32_t divisor = stride == 1 || dilation == 1
                              ? 1
                              : snnrt_common_divisor(stride, dilation);
  const snnrt_conv_axis axis = {output,           kernel,
                                stride,           dilation,
                                stride / divisor, dilation / divisor};
  return axis;
}

/* The rows of a convolution. */
SNNRT_KERNEL snnrt_conv_axis
snnrt_conv_vertical(const snnrt_conv2d_shape *shape) {
  return snnrt_conv_axis_of(shape->output_height, shape->kernel_height,
                            shape->stride_height, shape->dilation_height);
}

/* The columns of a convolution. */
SNNRT_KERNEL snnrt_conv_axis
snnrt_conv_horizontal(const snnrt_conv2d_shape *shape) {
  return snnrt_conv_axis_of(shape->output_width, shape->kernel_width,
                            shape->stride_width, shape->dilation_width);
}

/* The smallest kernel element which connects the input at `padded` = input
   coordinate + padding to a multiple of the stride; axis->kernel if none. */
SNNRT_KERNEL int32_t snnrt_conv_first_kernel(int32_t padded,
                                             const snnrt_conv_axis *axis) {
  if (axis->dilation == 1) {
    return padded % axis->stride;
  }
  for (int32_t kernel = 0; kernel < axis->period; ++kernel) {
    if ((padded - kernel * axis->dilation) % axis->stride == 0) {
      return kernel;
    }
  }
  return axis->kernel;
}

/* All taps of the input at `padded`. */
SNNRT_KERNEL snnrt_conv_taps snnrt_conv_taps_at(int32_t padded,
                                                const snnrt_conv_axis *axis) {
  snnrt_conv_taps taps = {snnrt_conv_first_kernel(padded, axis), 0, 0};
  if (taps.kernel >= axis->kernel) {
    return taps;
  }
  taps.output = (padded - taps.kernel * axis->dilation) / axis->stride;
  if (taps.output >= axis->output) {
    const int32_t skipped = (taps.output - axis->output + axis->output_step) /
                            axis->output_step;
    taps.kernel += skipped * axis->period;
    taps.output -= skipped * axis->output_step;
  }
  if (taps.kernel < axis->kernel && taps.output >= 0) {
    const int32_t kernels =
        (axis->kernel - taps.kernel + axis->period - 1) / axis->period;
    taps.count = snnrt_min(kernels, taps.output / axis->output_step + 1);
  }
  return taps;
}

#endif
