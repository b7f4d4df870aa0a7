/* Event-driven two-dimensional convolutions with sparse weights.

   The elements of a kernel are stored class by class: those rows, and among
   them those columns, that an input reaches outputs through together, which are
   a period of the axis apart. Classes are in the order of their first element;
   within a class the last row and in it the last column come first, as they
   reach the first outputs. The weights that are not zero are listed by input
   and element:
   starts: uint16[input_channels * kernel_height * kernel_width + 1]; the
     weights of element `place` of input channel c are number starts[i] to
     starts[i + 1] (exclusive), i = c * kernel_height * kernel_width + place;
   distances: uint16[], how far the current lies behind the one that the first
     element of the class reaches with the first output channel of the group;
     those of an input and class differ;
   weights: int8[], as many.
   Everything else is as in conv2d_scatter.h.

   Where no border cuts the columns, all that an input adds is one run: five
   instructions for each weight. */
#ifndef SNNRT_CONV2D_SCATTER_SPARSE_H
#define SNNRT_CONV2D_SCATTER_SPARSE_H

#include "conv2d_scatter.h"
#include "linear_scatter_blocks.h"
#include "pair_runs.h"

/* Kernels and what they are added to; `values` is NULL for binary spikes, and
   either `weights` or `blocks` (see conv2d_scatter_blocks.h) is NULL. Both are
   known when inlined. */
typedef struct snnrt_conv_sparse {
  const int8_t *values;
  const uint16_t *starts, *distances;
  const int8_t *weights;
  const int32_t *blocks;
  snnrt_current current;
} snnrt_conv_sparse;

/* The elements of a class of an axis that an input reaches outputs through:
   `count` from number `first` of its `size`. Earlier classes have `before`
   elements; number 0 would reach `output`, which may lie before all. */
typedef struct snnrt_conv_class {
  int32_t before, size, first, count, output;
} snnrt_conv_class;

SNNRT_KERNEL snnrt_conv_class snnrt_conv_class_of(const snnrt_conv_taps *taps,
                                                  const snnrt_conv_axis *axis) {
  const int32_t last = taps->count - 1;
  const int32_t kernel = taps->kernel + last * axis->period;
  const int32_t phase = kernel % axis->period;
  snnrt_conv_class found;
  found.before = phase * (axis->kernel / axis->period) +
                 snnrt_min(phase, axis->kernel % axis->period);
  found.size = (axis->kernel - phase + axis->period - 1) / axis->period;
  found.first = found.size - 1 - kernel / axis->period;
  found.count = taps->count;
  found.output = taps->output - (last + found.first) * axis->output_step;
  return found;
}

/* Adds two weights. They belong to different currents, so that both are loaded
   before any is stored. */
SNNRT_KERNEL void snnrt_conv2d_sparse_pair(const uint16_t *distances,
                                           const int8_t *weights,
                                           snnrt_current current) {
  const uint32_t pair = snnrt_load32(distances), bytes = snnrt_load16(weights);
  const uint32_t first = pair & 0xFFFFu, second = pair >> 16;
  const uint32_t sum0 = snnrt_current_get(current, first);
  const uint32_t sum1 = snnrt_current_get(current, second);
  snnrt_current_set(current, first, snnrt_sxtab_byte0(sum0, bytes));
  snnrt_current_set(current, second, snnrt_sxtab_byte1(sum1, bytes));
}

/* Adds the weights from number `first` to `end` (exclusive). */
SNNRT_KERNEL void snnrt_conv2d_sparse_run(const snnrt_conv_sparse *operands,
                                          snnrt_current current, uint32_t first,
                                          uint32_t end) {
  const uint16_t *distances = operands->distances + end;
  const int8_t *weights = operands->weights + end;
  /* In short arrays compilers would warn of the cases that never come. */
  SNNRT_OPAQUE(distances);
  SNNRT_OPAQUE(weights);
  uint32_t pairs = (end - first) >> 1;
  if ((end - first) & 1u) {
    const uint32_t at = operands->distances[first];
    const uint32_t sum = snnrt_current_get(current, at);
    const int32_t weight = operands->weights[first];
    snnrt_current_set(current, at, sum + (uint32_t)weight);
  }
#define SNNRT_ADD_PAIR(n) \
  snnrt_conv2d_sparse_pair(distances - 2 * (n), weights - 2 * (n), current)
#define SNNRT_ADVANCE(n) (distances -= 2 * (n), weights -= 2 * (n))
  if (pairs > SNNRT_UNROLLED_PAIRS) {
    SNNRT_LOOP_OVER_PAIRS(pairs, SNNRT_ADD_PAIR, SNNRT_ADVANCE)
    return;
  }
  SNNRT_JUMP_INTO_PAIRS(pairs, SNNRT_ADD_PAIR)
#undef SNNRT_ADD_PAIR
#undef SNNRT_ADVANCE
}

/* As snnrt_conv2d_sparse_run, times `value`. */
SNNRT_KERNEL void snnrt_conv2d_sparse_product(const snnrt_conv_sparse *operands,
                                              snnrt_current current,
                                              uint32_t first, uint32_t end,
                                              int32_t value) {
  SNNRT_KEEP_LOOP
  for (uint32_t i = first; i < end; ++i) {
    const uint32_t at = operands->distances[i];
    const uint32_t sum = snnrt_current_get(current, at);
    snnrt_current_set(current, at,
                      sum + (uint32_t)(value * operands->weights[i]));
  }
}

/* Adds the blocks from number `first` to `end` (exclusive), times `value`. */
SNNRT_KERNEL void snnrt_conv2d_block_run(const snnrt_conv_sparse *operands,
                                         snnrt_current current, uint32_t first,
                                         uint32_t end, int32_t value) {
  const uint16_t *distance = operands->distances + first;
  const int32_t *weights = operands->blocks + first;
  for (const int32_t *const last = operands->blocks + end; weights != last;
       ++weights) {
    const snnrt_current reached = snnrt_current_at(current, *distance++);
    if (value == 1) {
      snnrt_add_block((uint32_t)*weights, reached, 0);
    } else {
      snnrt_add_block_product((uint32_t)*weights, value, reached, 0);
    }
  }
}

/* Adds the weights or blocks from number `first` to `end` (exclusive), times
   `value`; counts of 1 are the most frequent. */
SNNRT_KERNEL void snnrt_conv2d_add_run(const snnrt_conv_sparse *operands,
                                       snnrt_current current, uint32_t first,
                                       uint32_t end, int32_t value) {
  if (operands->blocks != NULL && value == 1) {
    snnrt_conv2d_block_run(operands, current, first, end, 1);
  } else if (operands->blocks != NULL) {
    snnrt_conv2d_block_run(operands, current, first, end, value);
  } else if (value == 1) {
    snnrt_conv2d_sparse_run(operands, current, first, end);
  } else {
    snnrt_conv2d_sparse_product(operands, current, first, end, value);
  }
}

/* As snnrt_conv2d_scatter: inputs at one position decode it and clip the kernel
   once. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse(
    const uint16_t *list, uint32_t count, const snnrt_conv_sparse *operands,
    const snnrt_conv2d_shape *shape) {
  const uint16_t *const list_end = list + count;
  const uint32_t inputs = (uint32_t)shape->input_channels;
  const uint32_t group_inputs = inputs / (uint32_t)shape->groups;
  const uint32_t elements =
      (uint32_t)(shape->kernel_height * shape->kernel_width);
  const snnrt_conv_axis vertical = snnrt_conv_vertical(shape);
  const snnrt_conv_axis horizontal = snnrt_conv_horizontal(shape);
  while (list != list_end) {
    const uint32_t block = *list / group_inputs;
    const snnrt_conv_site site =
        snnrt_conv_site_of(block, &vertical, &horizontal, shape);
    if (site.row.count <= 0 || site.column.count <= 0) {
      list = snnrt_conv_next_site(list, list_end, block, shape);
      continue;
    }
    const snnrt_conv_class rows = snnrt_conv_class_of(&site.row, &vertical);
    const snnrt_conv_class columns =
        snnrt_conv_class_of(&site.column, &horizontal);
    const snnrt_current current = snnrt_current_at(
        operands->current,
        (rows.output * shape->output_width + columns.output) *
                shape->output_channels +
            site.group * (shape->output_channels / shape->groups));
    const uint16_t *const starts =
        operands->starts + rows.before * shape->kernel_width +
        rows.size * columns.before + rows.first * columns.size + columns.first;
    const bool whole = columns.count == columns.size;
    const int32_t runs = whole ? 1 : rows.count;
    const int32_t length = whole ? rows.count * columns.size : columns.count;
    do {
      const uint32_t index = *list++;
      const uint16_t *start =
          starts + (index - site.position * inputs) * elements;
      const int32_t value =
          operands->values == NULL ? 1 : operands->values[index];
      for (int32_t run = runs; run > 0; --run, start += columns.size) {
        snnrt_conv2d_add_run(operands, current, start[0], start[length], value);
      }
    } while (list != list_end && snnrt_conv_same_site(*list, block, shape));
  }
}

/* current += kernel of every listed input; int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_s16(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *distances, const int8_t *weights, int16_t *current,
    const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {NULL, starts, distances, weights, NULL,
                                      snnrt_current_s16(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += kernel of every listed input; int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_s32(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *distances, const int8_t *weights, int32_t *current,
    const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {NULL, starts, distances, weights, NULL,
                                      snnrt_current_s32(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *distances, const int8_t *weights,
    int16_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {values, starts, distances, weights, NULL,
                                      snnrt_current_s16(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *distances, const int8_t *weights,
    int32_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {values, starts, distances, weights, NULL,
                                      snnrt_current_s32(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

#endif
