/* Event-driven two-dimensional convolutions.

   Every kernel ADDS to `current`; clear it first for a fresh sum.
   list: uint16[count], HWC indices into
     [input_height][input_width][input_channels], those of a position in a row
     and in any order;
   weights: int8[input_channels][kernel_height][kernel_width]
     [output_channels / groups], with the columns of the kernel in reverse: so
     the outputs that an input reaches in a row lie in memory like the weights
     with which it reaches them. The _s16 kernels expect every complete group
     of 4 consecutive weights of the last axis in the order n, n+2, n+1, n+3
     and the remainder in plain order; the _s32 kernels expect plain order;
   current: [output_height][output_width][output_channels]; those of int16 and
     their weights are aligned to 4 bytes.
   Input (y, x) reaches output (oy, ox) through kernel element (ky, kx) when
     oy * stride_height + ky * dilation_height == y + padding_top and
     ox * stride_width + kx * dilation_width == x + padding_left
   (cross-correlation). Paddings are not negative. The caller guarantees that no
   sum leaves the range of the accumulator. Weights of 4 and 2 bits: see
   conv2d_scatter_packed.h. */
#ifndef SNNRT_CONV2D_SCATTER_H
#define SNNRT_CONV2D_SCATTER_H

#include "conv2d_depthwise.h"
#include "conv2d_packed_rows.h"
#include "conv2d_quads.h"
#include "conv2d_shape.h"
#include "conv2d_taps.h"
#include "scatter_rows.h"
#include "scatter_values.h"

/* How the loops add rows: `values` is NULL for binary spikes, exactly one of
   the currents is not NULL, and weights have 8, 4 or 2 bits. All are known when
   inlined. */
typedef struct snnrt_conv_operands {
  const int8_t *values;
  const int8_t *weights;
  int16_t *current_s16;
  int32_t *current_s32;
  int32_t bits;
} snnrt_conv_operands;

/* A position that has active inputs, and what it reaches. Kernel columns from
   `first_kernel` on reach outputs from `first_output` on. */
typedef struct snnrt_conv_site {
  uint32_t position;
  int32_t group;
  snnrt_conv_taps row, column;
  int32_t first_kernel, first_output;
} snnrt_conv_site;

/* Adds the rows of a list to the `outputs` currents starting at `offset`. */
SNNRT_KERNEL void snnrt_conv_add_rows(const uint16_t *list, uint32_t count,
                                      const snnrt_conv_operands *operands,
                                      uintptr_t rows, uint32_t stride,
                                      int32_t offset, int32_t outputs) {
  if (operands->bits != 8) {
    const snnrt_current current =
        operands->current_s16 != NULL
            ? snnrt_current_s16(operands->current_s16 + offset)
            : snnrt_current_s32(operands->current_s32 + offset);
    snnrt_add_packed_rows(list, count, operands->values, rows, stride, current,
                          outputs, operands->bits);
  } else if (operands->current_s16 != NULL && operands->values != NULL) {
    snnrt_scatter_rows_values_s16(list, count, operands->values, rows, stride,
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

/* Bytes of the weights between an input and one position. */
SNNRT_KERNEL int32_t snnrt_conv_columns(int32_t bits,
                                        const snnrt_conv2d_shape *shape) {
  return snnrt_weight_bytes(shape->output_channels / shape->groups, bits);
}

/* Bytes of the kernels of one input. */
SNNRT_KERNEL uint32_t snnrt_conv_stride(int32_t bits,
                                        const snnrt_conv2d_shape *shape) {
  return (uint32_t)(shape->kernel_height * shape->kernel_width *
                    snnrt_conv_columns(bits, shape));
}

/* What block = position * groups + group reaches. */
SNNRT_KERNEL snnrt_conv_site snnrt_conv_site_of(
    uint32_t block, const snnrt_conv_axis *vertical,
    const snnrt_conv_axis *horizontal, const snnrt_conv2d_shape *shape) {
  snnrt_conv_site site;
  site.position = block / (uint32_t)shape->groups;
  site.group = (int32_t)(block % (uint32_t)shape->groups);
  const int32_t y = (int32_t)(site.position / (uint32_t)shape->input_width);
  const int32_t x = (int32_t)(site.position % (uint32_t)shape->input_width);
  site.column = snnrt_conv_taps_at(x + shape->padding_left, horizontal);
  site.row = snnrt_conv_taps_at(y + shape->padding_top, vertical);
  const int32_t last = site.column.count - 1;
  site.first_kernel = site.column.kernel + last * horizontal->period;
  site.first_output = site.column.output - last * horizontal->output_step;
  return site;
}

/* Weights of input 0 that row `i` of a site's taps begins with, counted from
   the first input of the position; an integer, since it may lie before them. */
SNNRT_KERNEL uintptr_t snnrt_conv_rows(const snnrt_conv_site *site, int32_t i,
                                       const snnrt_conv_operands *operands,
                                       const snnrt_conv_axis *vertical,
                                       const snnrt_conv2d_shape *shape) {
  const int32_t ky = site->row.kernel + i * vertical->period;
  const int32_t element =
      (ky + 1) * shape->kernel_width - 1 - site->first_kernel;
  return (uintptr_t)operands->weights -
         (uintptr_t)site->position * (uint32_t)shape->input_channels *
             snnrt_conv_stride(operands->bits, shape) +
         (uintptr_t)(element * snnrt_conv_columns(operands->bits, shape));
}

/* The first current that row `i` of a site's taps reaches. */
SNNRT_KERNEL int32_t snnrt_conv_offset(const snnrt_conv_site *site, int32_t i,
                                       const snnrt_conv_axis *vertical,
                                       const snnrt_conv2d_shape *shape) {
  const int32_t oy = site->row.output - i * vertical->output_step;
  return (oy * shape->output_width + site->first_output) *
             shape->output_channels +
         site->group * (shape->output_channels / shape->groups);
}

/* Whether an input belongs to block = position * groups + group, as the one
   before it in the list does. Without groups, what follows is not below. */
SNNRT_KERNEL bool snnrt_conv_same_site(uint32_t index, uint32_t block,
                                       const snnrt_conv2d_shape *shape) {
  const uint32_t inputs = (uint32_t)(shape->input_channels / shape->groups);
  return shape->groups == 1 ? index < (block + 1) * inputs
                            : index - block * inputs < inputs;
}

/* The first input of a list, after the one at `list`, of another block. */
SNNRT_KERNEL const uint16_t *snnrt_conv_next_site(
    const uint16_t *list, const uint16_t *end, uint32_t block,
    const snnrt_conv2d_shape *shape) {
  do {
    ++list;
  } while (list != end && snnrt_conv_same_site(*list, block, shape));
  return list;
}

/* Scatters inputs of one site, for any shape. */
SNNRT_KERNEL void snnrt_conv2d_scatter_site(
    const uint16_t *list, uint32_t count, const snnrt_conv_site *site,
    const snnrt_conv_operands *operands, const snnrt_conv_axis *vertical,
    const snnrt_conv_axis *horizontal, const snnrt_conv2d_shape *shape) {
  const int32_t outputs = shape->output_channels / shape->groups;
  const int32_t bits = operands->bits;
  const uint32_t stride = snnrt_conv_stride(bits, shape);
  /* A run over several kernel columns has no constant length, which costs the
     slower loops with values more than the longer runs save; weights of int16
     currents are in order within their columns only. */
  const bool contiguous =
      bits == 8 && operands->values == NULL && operands->current_s32 != NULL &&
      horizontal->period == 1 && horizontal->output_step == 1 &&
      shape->groups == 1;
  const int32_t columns = site->column.count;
  const int32_t runs = contiguous && columns > 0 ? 1 : columns;
  const int32_t run_outputs = contiguous ? columns * outputs : outputs;
  for (int32_t i = 0; i < site->row.count && columns > 0; ++i) {
    uintptr_t rows =
        snnrt_conv_rows(site, i, operands, vertical, shape);
    int32_t offset = snnrt_conv_offset(site, i, vertical, shape);
    for (int32_t j = runs; j > 0; --j) {
      snnrt_conv_add_rows(list, count, operands, rows, stride, offset,
                          run_outputs);
      rows +=
          (uintptr_t)(horizontal->period * snnrt_conv_columns(bits, shape));
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
  const snnrt_conv_axis vertical = snnrt_conv_vertical(shape);
  const snnrt_conv_axis horizontal = snnrt_conv_horizontal(shape);
  uint32_t begin = 0;
  while (begin < count) {
    const uint32_t block = list[begin] / group_inputs;
    uint32_t end = begin + 1;
    while (end < count && snnrt_conv_same_site(list[end], block, shape)) {
      ++end;
    }
    const snnrt_conv_site site =
        snnrt_conv_site_of(block, &vertical, &horizontal, shape);
    snnrt_conv2d_scatter_site(list + begin, end - begin, &site, operands,
                              &vertical, &horizontal, shape);
    begin = end;
  }
}

/* The currents and kernel columns of a site as an area of quads. */
SNNRT_KERNEL snnrt_quad_area snnrt_conv_area(
    const snnrt_conv_site *site, int32_t bits, const snnrt_conv_axis *vertical,
    const snnrt_conv_axis *horizontal, const snnrt_conv2d_shape *shape) {
  const int32_t outputs = shape->output_channels / shape->groups;
  const int32_t columns = snnrt_conv_columns(bits, shape);
  const snnrt_quad_area area = {
      site->row.count,
      site->column.count,
      (shape->kernel_width + horizontal->period - 1) / horizontal->period,
      outputs / SNNRT_QUAD_LANES,
      2 * (horizontal->output_step * shape->output_channels - outputs),
      (horizontal->period - 1) * columns,
      -2 * vertical->output_step * shape->output_width * shape->output_channels,
      vertical->period * shape->kernel_width * columns};
  return area;
}

/* Inputs of a site that are multiplied together. */
#define SNNRT_CONV_OTHERS 16u

/* As snnrt_conv2d_scatter for int16 currents and outputs in complete fours per
   group. */
SNNRT_KERNEL void snnrt_conv2d_scatter_quads(
    const uint16_t *list, uint32_t count, const snnrt_conv_operands *operands,
    const snnrt_conv2d_shape *shape) {
  const uint16_t *const end = list + count;
  const uint32_t group_inputs =
      (uint32_t)(shape->input_channels / shape->groups);
  const int32_t bits = operands->bits;
  const uint32_t stride = snnrt_conv_stride(bits, shape);
  const snnrt_conv_axis vertical = snnrt_conv_vertical(shape);
  const snnrt_conv_axis horizontal = snnrt_conv_horizontal(shape);
  while (list != end) {
    const uint32_t block = *list / group_inputs;
    const snnrt_conv_site site =
        snnrt_conv_site_of(block, &vertical, &horizontal, shape);
    if (site.row.count <= 0 || site.column.count <= 0) {
      list = snnrt_conv_next_site(list, end, block, shape);
      continue;
    }
    const snnrt_quad_area area =
        snnrt_conv_area(&site, bits, &vertical, &horizontal, shape);
    const uintptr_t rows =
        snnrt_conv_rows(&site, 0, operands, &vertical, shape);
    uint8_t *const current =
        (uint8_t *)(operands->current_s16 +
                    snnrt_conv_offset(&site, 0, &vertical, shape));
    const int8_t *waiting = NULL;
    uint16_t others[SNNRT_CONV_OTHERS];
    uint32_t others_size = 0;
    do {
      const uint32_t index = *list++;
      const int8_t *const row = snnrt_row(rows, index, stride);
      int32_t times = operands->values == NULL ? 1 : operands->values[index];
      if (times < 0 || times > SNNRT_QUAD_COUNT) {
        others[others_size++] = (uint16_t)index;
        times = 0;
      }
      for (; times > 1 || (times == 1 && waiting != NULL); times -= 2) {
        const int8_t *const other = times == 1 ? waiting : row;
        waiting = times == 1 ? NULL : waiting;
        snnrt_add_quad_area(current, row, other, true, &area, bits);
      }
      waiting = times == 1 ? row : waiting;
    } while (list != end && snnrt_conv_same_site(*list, block, shape) &&
             others_size < SNNRT_CONV_OTHERS);
    if (waiting != NULL) {
      snnrt_add_quad_area(current, waiting, NULL, false, &area, bits);
    }
    if (others_size > 0) {
      snnrt_conv2d_scatter_site(others, others_size, &site, operands, &vertical,
                                &horizontal, shape);
    }
  }
}

/* As snnrt_conv2d_scatter, by the fastest loop for the shape. */
SNNRT_KERNEL void snnrt_conv2d_scatter_best(
    const uint16_t *list, uint32_t count, const snnrt_conv_operands *operands,
    const snnrt_conv2d_shape *shape) {
  const bool narrow = operands->current_s16 != NULL;
  if (operands->bits == 8 && snnrt_is_depthwise(shape)) {
    const snnrt_current current = narrow
                                      ? snnrt_current_s16(operands->current_s16)
                                      : snnrt_current_s32(operands->current_s32);
    snnrt_conv2d_depthwise(list, count, operands->values, operands->weights,
                           current, shape);
  } else if (narrow &&
             shape->output_channels / shape->groups % SNNRT_QUAD_LANES == 0) {
    snnrt_conv2d_scatter_quads(list, count, operands, shape);
  } else {
    snnrt_conv2d_scatter(list, count, operands, shape);
  }
}

/* current += kernel of every listed input; int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_s16(const uint16_t *list,
                                           uint32_t count,
                                           const int8_t *weights,
                                           int16_t *current,
                                           const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {NULL, weights, current, NULL, 8};
  snnrt_conv2d_scatter_best(list, count, &operands, shape);
}

/* current += kernel of every listed input; int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_s32(const uint16_t *list,
                                           uint32_t count,
                                           const int8_t *weights,
                                           int32_t *current,
                                           const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {NULL, weights, NULL, current, 8};
  snnrt_conv2d_scatter_best(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int8_t *weights, int16_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {values, weights, current, NULL, 8};
  snnrt_conv2d_scatter_best(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const int8_t *weights, int32_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_operands operands = {values, weights, NULL, current, 8};
  snnrt_conv2d_scatter_best(list, count, &operands, shape);
}

#endif
