/* Shape of a two-dimensional convolution. */
#ifndef SNNRT_CONV2D_SHAPE_H
#define SNNRT_CONV2D_SHAPE_H

#include "base.h"

/* Input [input_height][input_width][input_channels], output
   [output_height][output_width][output_channels]; channels are divisible by
   groups. Bottom and right padding follow from the output extents. */
typedef struct snnrt_conv2d_shape {
  int32_t input_height, input_width, input_channels;
  int32_t output_height, output_width, output_channels;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t padding_top, padding_left;
  int32_t dilation_height, dilation_width;
  int32_t groups;
} snnrt_conv2d_shape;

#endif
