/* Event-driven convolutions of each channel by itself.

   An input reaches one or a few outputs at each position, too few for sums in
   registers: each is added in memory. Where an input reaches all of its kernel,
   addresses are constants. Arguments as in conv2d_scatter.h. */
#ifndef SNNRT_CONV2D_DEPTHWISE_H
#define SNNRT_CONV2D_DEPTHWISE_H

#include "conv2d_shape.h"
#include "conv2d_taps.h"
#include "linear_shape.h"

/* Outputs of a channel from which on they are added in groups. */
#define SNNRT_DEPTHWISE_OUTPUTS 4

/* Whether each channel is a group of its own, with few outputs. */
SNNRT_KERNEL bool snnrt_is_depthwise(const snnrt_conv2d_shape *shape) {
  return shape->groups == shape->input_channels &&
         shape->output_channels / shape->groups < SNNRT_DEPTHWISE_OUTPUTS;
}

/* An input: its position in the padded map, its value and its kernel, and the
   first of its outputs at position 0. */
typedef struct snnrt_depthwise_input {
  int32_t y, x, value, output;
  const int8_t *kernel;
} snnrt_depthwise_input;

/* The largest stride that has code for each remainder of a coordinate. */
#define SNNRT_DEPTHWISE_STRIDE 2

/* Adds an input that reaches outputs through all elements of its kernel that
   leave the remainders `ky` and `kx` by the strides, as its coordinates do;
   dilations are 1. */
SNNRT_KERNEL void snnrt_depthwise_phase(const snnrt_depthwise_input *input,
                                        snnrt_current current, int32_t ky,
                                        int32_t kx,
                                        const snnrt_conv2d_shape *shape) {
  const int32_t outputs = shape->output_channels / shape->groups;
  const int32_t last = (shape->kernel_width - 1 - kx) / shape->stride_width;
  const int32_t first = input->x / shape->stride_width - last;
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; ky + i * shape->stride_height < shape->kernel_height;
       ++i) {
    const int32_t oy = input->y / shape->stride_height - i;
    const snnrt_current row =
        snnrt_current_at(current, (oy * shape->output_width + first) *
                                          shape->output_channels +
                                      input->output);
    const int8_t *const weights =
        input->kernel + (ky + i * shape->stride_height) * shape->kernel_width *
                            outputs;
    SNNRT_UNROLL_ROW
    for (int32_t j = 0; j < (last + 1) * outputs; ++j) {
      const int32_t column = shape->kernel_width - 1 - kx -
                             (last - j / outputs) * shape->stride_width;
      const int32_t at = j / outputs * shape->output_channels + j % outputs;
      snnrt_add_to_current(
          row, (uint32_t)at,
          input->value * weights[column * outputs + j % outputs]);
    }
  }
}

/* Adds an input that no border cuts the kernel of. */
SNNRT_KERNEL void snnrt_depthwise_inside(const snnrt_depthwise_input *input,
                                         snnrt_current current,
                                         const snnrt_conv2d_shape *shape) {
  SNNRT_UNROLL_WINDOW
  for (int32_t ky = 0;
       ky < snnrt_min(shape->stride_height, shape->kernel_height); ++ky) {
    SNNRT_UNROLL_WINDOW
    for (int32_t kx = 0;
         kx < snnrt_min(shape->stride_width, shape->kernel_width); ++kx) {
      if (input->y % shape->stride_height == ky &&
          input->x % shape->stride_width == kx) {
        snnrt_depthwise_phase(input, current, ky, kx, shape);
      }
    }
  }
}

/* Adds an input, whatever it reaches. */
SNNRT_KERNEL void snnrt_depthwise_any(const snnrt_depthwise_input *input,
                                      snnrt_current current,
                                      const snnrt_conv_axis *vertical,
                                      const snnrt_conv_axis *horizontal,
                                      const snnrt_conv2d_shape *shape) {
  const int32_t outputs = shape->output_channels / shape->groups;
  const snnrt_conv_taps rows = snnrt_conv_taps_at(input->y, vertical);
  const snnrt_conv_taps columns = snnrt_conv_taps_at(input->x, horizontal);
  for (int32_t i = 0; i < rows.count; ++i) {
    const int32_t ky = rows.kernel + i * vertical->period;
    const int32_t oy = rows.output - i * vertical->output_step;
    for (int32_t j = 0; j < columns.count; ++j) {
      const int32_t kx = columns.kernel + j * horizontal->period;
      const int32_t ox = columns.output - j * horizontal->output_step;
      const int32_t at =
          (oy * shape->output_width + ox) * shape->output_channels +
          input->output;
      const int8_t *const weights =
          input->kernel + ((ky + 1) * shape->kernel_width - 1 - kx) * outputs;
      for (int32_t o = 0; o < outputs; ++o) {
        snnrt_add_to_current(current, (uint32_t)(at + o),
                             input->value * weights[o]);
      }
    }
  }
}

/* current += values[list[i]] * kernel of every listed input, or its kernel if
   `values` is NULL. */
SNNRT_KERNEL void snnrt_conv2d_depthwise(const uint16_t *list, uint32_t count,
                                         const int8_t *values,
                                         const int8_t *weights,
                                         snnrt_current current,
                                         const snnrt_conv2d_shape *shape) {
  const int32_t outputs = shape->output_channels / shape->groups;
  const snnrt_conv_axis vertical = snnrt_conv_vertical(shape);
  const snnrt_conv_axis horizontal = snnrt_conv_horizontal(shape);
  const bool plain = shape->stride_height <= SNNRT_DEPTHWISE_STRIDE &&
                     shape->stride_width <= SNNRT_DEPTHWISE_STRIDE &&
                     shape->dilation_height == 1 && shape->dilation_width == 1;
  const uint16_t *const end = list + count;
  while (list != end) {
    const uint32_t index = *list++;
    const uint32_t position = index / (uint32_t)shape->input_channels;
    const int32_t channel = (int32_t)(index % (uint32_t)shape->input_channels);
    const int32_t y = (int32_t)(position / (uint32_t)shape->input_width);
    const int32_t x = (int32_t)(position % (uint32_t)shape->input_width);
    const snnrt_depthwise_input input = {
        y + shape->padding_top, x + shape->padding_left,
        values == NULL ? 1 : values[index], channel * outputs,
        weights +
            channel * outputs * shape->kernel_height * shape->kernel_width};
    const bool inside = input.y >= shape->kernel_height - 1 &&
                        input.y < shape->output_height * shape->stride_height &&
                        input.x >= shape->kernel_width - 1 &&
                        input.x < shape->output_width * shape->stride_width;
    if (plain && inside) {
      snnrt_depthwise_inside(&input, current, shape);
    } else {
      snnrt_depthwise_any(&input, current, &vertical, &horizontal, shape);
    }
  }
}

#endif
