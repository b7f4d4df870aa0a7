/* Convolutions of values, most of which are not zero.

   The rows of a kernel are contiguous in a row of the input, so that words of
   four values need no gathering: what a last word holds behind a row of the
   kernel meets weights of zero. For each row of outputs the rows that it reads
   are copied with their padding into a strip. */
#ifndef SNNRT_CONV2D_DOT_H
#define SNNRT_CONV2D_DOT_H

#include "conv2d_shape.h"
#include "dot_rows.h"

/* Words of a row of the kernel. */
SNNRT_KERNEL int32_t
snnrt_conv2d_dot_row_quads(const snnrt_conv2d_shape *shape) {
  return (shape->kernel_width * shape->input_channels + SNNRT_DOT_VALUES - 1) /
         SNNRT_DOT_VALUES;
}

/* Bytes of a row of the strip: what the words of all positions read. */
SNNRT_KERNEL int32_t
snnrt_conv2d_dot_row_bytes(const snnrt_conv2d_shape *shape) {
  const int32_t last = (shape->output_width - 1) * shape->stride_width;
  return last * shape->input_channels +
         SNNRT_DOT_VALUES * snnrt_conv2d_dot_row_quads(shape);
}

/* Copies the rows that a row of outputs reads, with zeros for padding. */
SNNRT_KERNEL void snnrt_conv2d_dot_strip(const int8_t *values, int8_t *strip,
                                         int32_t output_row,
                                         const snnrt_conv2d_shape *shape) {
  const int32_t input_bytes = shape->input_width * shape->input_channels;
  const int32_t bytes = snnrt_conv2d_dot_row_bytes(shape);
  const int32_t before =
      snnrt_min(shape->padding_left * shape->input_channels, bytes);
  const int32_t copied = snnrt_min(input_bytes, bytes - before);
  const int32_t top = output_row * shape->stride_height - shape->padding_top;
  for (int32_t ky = 0; ky < shape->kernel_height; ++ky) {
    const int32_t y = top + ky * shape->dilation_height;
    if (y < 0 || y >= shape->input_height) {
      memset(strip, 0, (size_t)bytes);
    } else {
      memset(strip, 0, (size_t)before);
      memcpy(strip + before, values + y * input_bytes, (size_t)copied);
      memset(strip + before + copied, 0, (size_t)(bytes - before - copied));
    }
    strip += bytes;
  }
}

/* The currents of a row of outputs. */
SNNRT_KERNEL void snnrt_conv2d_dot_row(const int8_t *values, int8_t *strip,
                                       int32_t *pairs, const int32_t *weights,
                                       snnrt_current current,
                                       int32_t output_row,
                                       const snnrt_conv2d_shape *shape) {
  const int32_t bytes = snnrt_conv2d_dot_row_bytes(shape);
  const int32_t quads = snnrt_conv2d_dot_row_quads(shape);
  const int8_t *patch = strip;
  snnrt_conv2d_dot_strip(values, strip, output_row, shape);
  for (int32_t ox = 0; ox < shape->output_width; ++ox) {
    int32_t *next = pairs;
    for (int32_t ky = 0; ky < shape->kernel_height; ++ky) {
      for (int32_t quad = 0; quad < quads; ++quad) {
        const int8_t *const four = patch + ky * bytes + SNNRT_DOT_VALUES * quad;
        next = snnrt_dot_pairs(snnrt_load32(four), next);
      }
    }
    snnrt_dot_rows(pairs, shape->kernel_height * quads, weights, current,
                   shape->output_channels);
    current = snnrt_current_at(current, shape->output_channels);
    patch += shape->stride_width * shape->input_channels;
  }
}

/* Currents of either type. */
SNNRT_KERNEL void snnrt_conv2d_dot(const int8_t *values, int8_t *strip,
                                   int32_t *pairs, const int32_t *weights,
                                   snnrt_current current,
                                   const snnrt_conv2d_shape *shape) {
  const int32_t row = shape->output_width * shape->output_channels;
  for (int32_t oy = 0; oy < shape->output_height; ++oy) {
    snnrt_conv2d_dot_row(values, strip, pairs, weights, current, oy, shape);
    current = snnrt_current_at(current, row);
  }
}

/* current[oy][ox][o] = sum over ky, kx, c of the padded
   values[oy * stride_height + ky * dilation_height][ox * stride_width + kx][c] *
   weights[o][ky][kx][c], for one group and a dilation_width of 1.

   values: int8[input_height][input_width][input_channels], from -127 on;
   strip: int8[kernel_height * snnrt_conv2d_dot_row_bytes(shape)] and
   pairs: int32[2 * kernel_height * snnrt_conv2d_dot_row_quads(shape)], what
   they held is lost; weights: see snnrt_dot_rows, each row of a kernel filled
   up with zeros to whole words. */
SNNRT_KERNEL void snnrt_conv2d_dot_s16(const int8_t *values, int8_t *strip,
                                       int32_t *pairs, const int32_t *weights,
                                       int16_t *current,
                                       const snnrt_conv2d_shape *shape) {
  snnrt_conv2d_dot(values, strip, pairs, weights, snnrt_current_s16(current),
                   shape);
}

/* The same with currents of 32 bits. */
SNNRT_KERNEL void snnrt_conv2d_dot_s32(const int8_t *values, int8_t *strip,
                                       int32_t *pairs, const int32_t *weights,
                                       int32_t *current,
                                       const snnrt_conv2d_shape *shape) {
  snnrt_conv2d_dot(values, strip, pairs, weights, snnrt_current_s32(current),
                   shape);
}

#endif
