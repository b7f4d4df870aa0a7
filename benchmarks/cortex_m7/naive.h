/* What one writes by hand without tuning: event-driven layers in float. Maps are
   [height][width][channels], weights [input channel][ky][kx][output channel]
   and [input][output]. All shapes are constants where these are inlined. */
#ifndef NAIVE_H
#define NAIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct naive_convolution {
  int height, width, channels;
  int output_height, output_width, output_channels;
  int kernel_height, kernel_width, stride_height, stride_width, padding_height, padding_width;
} naive_convolution;

typedef struct naive_pooling {
  int height, width, channels;
  int output_height, output_width;
  int kernel_height, kernel_width, stride_height, stride_width;
} naive_pooling;

/* Lists what is not zero. */
static inline int naive_list(const float *values, int size, uint16_t *list) {
  int count = 0;
  for (int i = 0; i < size; i++) {
    if (values[i] != 0.0f) {
      list[count++] = (uint16_t)i;
    }
  }
  return count;
}

static inline void naive_bias(float *current, const float *bias, int positions, int channels) {
  for (int i = 0; i < positions; i++) {
    memcpy(current + i * channels, bias, sizeof(float) * (unsigned)channels);
  }
}

static inline void naive_convolve(const uint16_t *list, int count, const float *values,
                                  const float *weights, float *current,
                                  const naive_convolution *s) {
  for (int i = 0; i < count; i++) {
    const int channel = list[i] % s->channels, position = list[i] / s->channels;
    const int y = position / s->width, x = position % s->width;
    const float value = values[list[i]];
    for (int ky = 0; ky < s->kernel_height; ky++) {
      const int v = y + s->padding_height - ky;
      if (v < 0 || v % s->stride_height != 0 || v / s->stride_height >= s->output_height) {
        continue;
      }
      for (int kx = 0; kx < s->kernel_width; kx++) {
        const int u = x + s->padding_width - kx;
        if (u < 0 || u % s->stride_width != 0 || u / s->stride_width >= s->output_width) {
          continue;
        }
        float *to = current + (v / s->stride_height * s->output_width + u / s->stride_width) *
                                  s->output_channels;
        const float *from =
            weights + ((channel * s->kernel_height + ky) * s->kernel_width + kx) * s->output_channels;
        for (int o = 0; o < s->output_channels; o++) {
          to[o] += value * from[o];
        }
      }
    }
  }
}

static inline void naive_multiply(const uint16_t *list, int count, const float *values,
                                  const float *weights, float *current, int outputs) {
  for (int i = 0; i < count; i++) {
    const float value = values[list[i]];
    for (int o = 0; o < outputs; o++) {
      current[o] += value * weights[list[i] * outputs + o];
    }
  }
}

static inline void naive_pool(const float *input, float *output, bool maximum, float factor,
                              const naive_pooling *s) {
  for (int y = 0; y < s->output_height; y++) {
    for (int x = 0; x < s->output_width; x++) {
      for (int c = 0; c < s->channels; c++) {
        float result = 0.0f;
        for (int ky = 0; ky < s->kernel_height; ky++) {
          for (int kx = 0; kx < s->kernel_width; kx++) {
            const float value =
                input[((y * s->stride_height + ky) * s->width + x * s->stride_width + kx) *
                          s->channels +
                      c];
            if (!maximum) {
              result += value;
            } else if ((ky == 0 && kx == 0) || value > result) {
              result = value;
            }
          }
        }
        output[(y * s->output_width + x) * s->channels + c] = result * factor;
      }
    }
  }
}

/* snnTorch's Leaky: the threshold is subtracted one step later, or, with `zero`, the membrane is
   cleared at once. */
static inline void naive_leaky(const float *current, float *membrane, float *spikes, int size,
                               float beta, float threshold, bool zero) {
  for (int i = 0; i < size; i++) {
    const float reset = !zero && membrane[i] > threshold ? threshold : 0.0f;
    const float next = beta * membrane[i] + current[i] - reset;
    const bool fires = next > threshold;
    spikes[i] = fires ? 1.0f : 0.0f;
    membrane[i] = zero && fires ? 0.0f : next;
  }
}

#endif
