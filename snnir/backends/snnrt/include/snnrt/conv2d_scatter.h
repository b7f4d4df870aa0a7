/* Event-driven two-dimensional convolutions.

   Every kernel ADDS to `current`; clear it first for a fresh sum.
   list: uint16[count], ascending HWC indices into
     [input_height][input_width][input_channels];
   weights: int8[input_channels][kernel_height][kernel_width]
     [output_channels / groups], with the columns of the kernel in reverse: so
     the outputs that an input reaches in a row lie in memory like the weights
     with which it reaches them. The _s16 kernels expect every complete group
     of 4 consecutive weights of the last axis in the order n, n+2, n+1, n+3
     and the remainder in plain order; the _s32 kernels expect plain order;
   current: [output_height][output_width][output_channels].
   Input (y, x) reaches output (oy, ox) through kernel element (ky, kx) when
     oy * stride_height + ky * dilation_height == y + padding_top and
     ox * stride_width + kx * dilation_width == x + padding_left
   (cross-correlation). Paddings are not negative. The caller guarantees that no
   sum leaves the range of the accumulator. */
#ifndef SNNRT_CONV2D_SCATTER_H
#define SNNRT_CONV2D_SCATTER_H

#include "snnrt/conv2d_shape.h"
#include "snnrt/scatter_rows.h"
#include "snnrt/scatter_values.h"

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

/* How the generic loops add rows: `values` is NULL for binary spikes, and
   exactly one of the currents is not NULL. All are known when inlined. */
typedef struct snnrt_conv_operands {
  const int8_t *values;
  const int8_t *weights;
  int16_t *current_s16;
  int32_t *current_s32;
  /* Weights and currents are aligned to 4 bytes. */
  bool aligned;
} snnrt_conv_operands;

/* Adds the rows of a list to the `outputs` currents starting at `offset`. */
SNNRT_KERNEL void snnrt_conv_add_rows(const uint16_t *list, uint32_t count,
                                      const snnrt_conv_operands *operands,
                                      uintptr_t rows, uint32_t stride,
                                      int32_t offset, int32_t outputs,
                                      const snnrt_conv2d_shape *shape) {
  if (operands->current_s16 != NULL && operands->values != NULL) {
    snnrt_scatter_rows_values_s16(list, count, operands->values, rows, stride,
                                  operands->current_s16 + offset, outputs);
  } else if (operands->current_s16 != NULL &&
             shape->output_channels / shape->groups % 16 == 0 &&
             operands->aligned && count <= SNNRT_SHORT_LIST) {
    snnrt_scatter_short_list_s16(list, count, rows, stride,
                                 operands->current_s16 + offset, outputs);
  } else if (operands->current_s16 != NULL) {
    snnrt_scatter_rows_s16(list, count, rows, stride,
                           operands->current_s16 + offset, outputs);
  } else if (operands->values != NULL) {
    snnrt_scatter_rows_values_s32(list, count, operands->values, rows, stride,
                                  operands->current_s32 + offset, outputs);
  } else {
    snnrt_scatter_rows_s32(list, count, rows, stride,
                           operands->current_s32 + offset, outputs);
  }
}

/* Scatters a run of inputs that share one position and one group, where
   block = position * groups + group. */
SNNRT_KERNEL void snnrt_conv2d_scatter_block(
    const uint16_t *list, uint32_t count, uint32_t block,
    const snnrt_conv_operands *operands, const snnrt_conv_axis *vertical,
    const snnrt_conv_axis *horizontal, const snnrt_conv2d_shape *shape) {
  const int32_t outputs = shape->output_channels / shape->groups;
  const uint32_t stride =
      (uint32_t)(shape->kernel_height * shape->kernel_width * outputs);
  const uint32_t position = block / (uint32_t)shape->groups;
  const int32_t group = (int32_t)(block % (uint32_t)shape->groups);
  const int32_t y = (int32_t)(position / (uint32_t)shape->input_width);
  const int32_t x = (int32_t)(position % (uint32_t)shape->input_width);
  const uintptr_t rows =
      (uintptr_t)operands->weights -
      (uintptr_t)position * (uint32_t)shape->input_channels * stride;
  const snnrt_conv_taps column =
      snnrt_conv_taps_at(x + shape->padding_left, horizontal);
  const snnrt_conv_taps row =
      snnrt_conv_taps_at(y + shape->padding_top, vertical);
  const int32_t last = column.count - 1;
  const int32_t first_kernel = column.kernel + last * horizontal->period;
  const int32_t first_output = column.output - last * horizontal->output_step;
  /* A run over several kernel columns needs complete groups of 4 weights. It
     has no constant length, which costs the slower loops with values more than
     the longer runs save. */
  const bool contiguous =
      operands->values == NULL && horizontal->period == 1 && horizontal->output_step == 1 &&
      shape->groups == 1 &&
      (operands->current_s32 != NULL || outputs % 4 == 0);
  const int32_t runs = contiguous ? 1 : column.count;
  const int32_t run_outputs = contiguous ? column.count * outputs : outputs;
  for (int32_t i = 0; i < row.count && last >= 0; ++i) {
    const int32_t ky = row.kernel + i * vertical->period;
    const int32_t oy = row.output - i * vertical->output_step;
    uintptr_t run_rows =
        rows + (uintptr_t)(((ky + 1) * shape->kernel_width - 1 - first_kernel) *
                           outputs);
    int32_t offset =
        (oy * shape->output_width + first_output) * shape->output_channels +
        group * outputs;
    for (int32_t j = runs; j > 0; --j) {
      snnrt_conv_add_rows(list, count, operands, run_rows, stride, offset,
                          run_outputs, shape);
      run_rows += (uintptr_t)(horizontal->period * outputs);
      offset += horizontal->output_step * shape->output_channels;
    }
  }
}

/* Splits the list into runs of equal position and group. A run decodes its
   position and clips the kernel once, and sums its rows in registers before
   touching the currents. */
SNNRT_KERNEL void snnrt_conv2d_scatter(const uint16_t *list, uint32_t count,
                                       const snnrt_conv_operands *operands,
                                       const snnrt_conv2d_shape *shape) {
  const uint32_t group_inputs =
      (uint32_t)(shape->input_channels / shape->groups);
  const snnrt_conv_axis vertical =
      snnrt_conv_axis_of(shape->output_height, shape->kernel_height,
                         shape->stride_height, shape->dilation_height);
  const snnrt_conv_axis horizontal =
      snnrt_conv_axis_of(shape->output_width, shape->kernel_width,
                         shape->stride_width, shape->dilation_width);
  uint32_t begin = 0;
  while (begin < count) {
    const uint32_t block = list[begin] / group_inputs;
    const uint32_t limit = (block + 1) * group_inputs;
    uint32_t end = begin + 1;
    while (end < count && list[end] < limit) {
      ++end;
    }
    snnrt_conv2d_scatter_block(list + begin, end - begin, block, operands,
                               &vertical, &horizontal, shape);
    begin = end;
  }
}

/* current += kernel of every listed input; int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_s16(const uint16_t *list,
                                           uint32_t count,
                                           const int8_t *weights,
                                           int16_t *current,
                                           const snnrt_conv2d_shape *shape) {
  const bool aligned = (((uintptr_t)weights | (uintptr_t)current) & 3u) == 0;
  const snnrt_conv_operands operands = {NULL, weights, current, NULL, aligned};
  snnrt_conv2d_scatter(list, count, &operands, shape);
}

/* current += kernel of every listed input; int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_s32(const uint16_t *list,
                                           uint32_t count,
                                           const int8_t *weights,
                                           int32_t *current,
                                           const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {NULL, weights, NULL, current, false};
  snnrt_conv2d_scatter(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int8_t *weights, int16_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {values, weights, current, NULL, false};
  snnrt_conv2d_scatter(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int8_t *weights, int32_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {values, weights, NULL, current, false};
  snnrt_conv2d_scatter(list, count, &operands, shape);
}

#endif
