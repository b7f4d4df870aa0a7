/* Event-driven two-dimensional convolutions with sparse weights.

   The columns of a kernel are stored class by class: those that are a period of
   the axis apart, whose outputs an input reaches together, the last column
   first. A panel is up to `panel_columns` columns of a class, from its first.
   The weights that are not zero are listed by input, kernel row and column:
   starts: uint16[input_channels * kernel_height * kernel_width + 1]; the
     entries of column `place` of row ky of input channel c are starts[i] to
     starts[i + 1] (exclusive), i = (c * kernel_height + ky) * kernel_width +
     place;
   entries: uint16[]: the low byte is the distance of the current from the one
     that the first column of the panel reaches with the first output channel of
     the group, the high byte the int8 weight. Those of a panel differ in their
     low byte.
   Everything else is as in conv2d_scatter.h; the weights of int16 currents have
   no order of their own. */
#ifndef SNNRT_CONV2D_SCATTER_SPARSE_H
#define SNNRT_CONV2D_SCATTER_SPARSE_H

#include "snnrt/conv2d_scatter.h"
#include "snnrt/linear_scatter_sparse.h"

/* Kernels and what they are added to; `values` is NULL for binary spikes, which
   is known when inlined. */
typedef struct snnrt_conv_sparse {
  const int8_t *values;
  const uint16_t *starts;
  const uint16_t *entries;
  int32_t panel_columns;
  snnrt_current current;
} snnrt_conv_sparse;

/* The columns of a class that a site reaches: `count` from number `first`, and
   the place of the first column of the class in a row. */
typedef struct snnrt_conv_class {
  int32_t place, first, count;
} snnrt_conv_class;

SNNRT_KERNEL snnrt_conv_class snnrt_conv_class_of(
    const snnrt_conv_site *site, const snnrt_conv_axis *horizontal) {
  const int32_t period = horizontal->period;
  const int32_t phase = site->first_kernel % period;
  const int32_t columns = (horizontal->kernel - phase + period - 1) / period;
  const int32_t shorter = horizontal->kernel % period;
  snnrt_conv_class found;
  found.place = phase * (horizontal->kernel / period) + snnrt_min(phase, shorter);
  found.first = columns - 1 - site->first_kernel / period;
  found.count = site->column.count;
  return found;
}

/* Adds one row of the kernel of an input, times `value`. `start` is of the first
   column of the class, `current` what that column reaches. */
SNNRT_KERNEL void snnrt_conv2d_sparse_row(const uint16_t *start, int32_t value,
                                          const snnrt_conv_sparse *operands,
                                          snnrt_current current,
                                          const snnrt_conv_class *columns,
                                          int32_t column_step, bool whole) {
  const int32_t end = columns->first + columns->count;
  int32_t column = columns->first;
  do {
    const int32_t panel = whole ? 0 : column / operands->panel_columns;
    const int32_t stop =
        whole ? end : snnrt_min(end, (panel + 1) * operands->panel_columns);
    const snnrt_sparse_row row = {operands->entries + start[column],
                                  (uint32_t)start[stop] - start[column]};
    const snnrt_current reached = snnrt_current_at(
        current, panel * operands->panel_columns * column_step);
    if (value == 1) {
      snnrt_sparse_add_row(row, reached);
    } else {
      snnrt_sparse_add_product(row, value, reached);
    }
    column = stop;
  } while (!whole && column < end);
}

/* As snnrt_conv2d_scatter: a run of inputs at one position decodes it and clips
   the kernel once. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse(
    const uint16_t *list, uint32_t count, const snnrt_conv_sparse *operands,
    const snnrt_conv2d_shape *shape) {
  const uint16_t *const list_end = list + count;
  const uint32_t inputs = (uint32_t)shape->input_channels;
  const uint32_t group_inputs = inputs / (uint32_t)shape->groups;
  const snnrt_conv_axis vertical =
      snnrt_conv_axis_of(shape->output_height, shape->kernel_height,
                         shape->stride_height, shape->dilation_height);
  const snnrt_conv_axis horizontal =
      snnrt_conv_axis_of(shape->output_width, shape->kernel_width,
                         shape->stride_width, shape->dilation_width);
  const int32_t column_step = horizontal.output_step * shape->output_channels;
  const int32_t row_step =
      vertical.output_step * shape->output_width * shape->output_channels;
  const bool whole = operands->panel_columns * horizontal.period >=
                     shape->kernel_width;
  while (list != list_end) {
    const uint32_t block = *list / group_inputs;
    const uint32_t limit = (block + 1) * group_inputs;
    const snnrt_conv_site site =
        snnrt_conv_site_of(block, &vertical, &horizontal, shape);
    if (site.row.count <= 0 || site.column.count <= 0) {
      list = snnrt_conv_next_site(list, list_end, limit);
      continue;
    }
    const snnrt_conv_class columns = snnrt_conv_class_of(&site, &horizontal);
    const int32_t origin = snnrt_conv_offset(&site, 0, &vertical, shape) -
                           columns.first * column_step;
    const uint16_t *const starts = operands->starts +
                                   site.row.kernel * shape->kernel_width +
                                   columns.place;
    do {
      const uint32_t index = *list++;
      const uint32_t channel = index - site.position * inputs;
      const uint16_t *start =
          starts + channel * (uint32_t)(shape->kernel_height *
                                        shape->kernel_width);
      const int32_t value =
          operands->values == NULL ? 1 : operands->values[index];
      int32_t offset = origin;
      for (int32_t i = site.row.count; i > 0; --i) {
        snnrt_conv2d_sparse_row(start, value, operands,
                                snnrt_current_at(operands->current, offset),
                                &columns, column_step, whole);
        start += vertical.period * shape->kernel_width;
        offset -= row_step;
      }
    } while (list != list_end && *list < limit);
  }
}

/* current += kernel of every listed input; int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_s16(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *entries, int32_t panel_columns, int16_t *current,
    const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {NULL, starts, entries, panel_columns,
                                      snnrt_current_s16(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += kernel of every listed input; int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_s32(
    const uint16_t *list, uint32_t count, const uint16_t *starts,
    const uint16_t *entries, int32_t panel_columns, int32_t *current,
    const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {NULL, starts, entries, panel_columns,
                                      snnrt_current_s32(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int16 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_values_s16(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *entries, int32_t panel_columns,
    int16_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {values, starts, entries, panel_columns,
                                      snnrt_current_s16(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

/* current += values[list[i]] * kernel of every listed input; values: int8 HWC
   inputs, int32 current. */
SNNRT_KERNEL void snnrt_conv2d_scatter_sparse_values_s32(
    const uint16_t *list, uint32_t count, const int8_t *values,
    const uint16_t *starts, const uint16_t *entries, int32_t panel_columns,
    int32_t *current, const snnrt_conv2d_shape *shape) {
  const snnrt_conv_sparse operands = {values, starts, entries, panel_columns,
                                      snnrt_current_s32(current)};
  snnrt_conv2d_scatter_sparse(list, count, &operands, shape);
}

#endif
