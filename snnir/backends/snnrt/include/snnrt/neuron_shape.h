/* Parameters and arithmetic shared by the spiking (lif.h) and non-spiking
   (li.h) leaky integrators. */
#ifndef SNNRT_NEURON_SHAPE_H
#define SNNRT_NEURON_SHAPE_H

#include "base.h"

/* What a spike R of the membrane U does to the update (see lif.h). */
typedef enum snnrt_reset {
  SNNRT_RESET_NONE,
  SNNRT_RESET_SUBTRACT,
  SNNRT_RESET_SUBTRACT_DECAYED,
  SNNRT_RESET_ZERO_BEFORE,
  SNNRT_RESET_ZERO_AFTER
} snnrt_reset;

/* Whether a spike resets the membrane in the next or in the same time step. */
typedef enum snnrt_reset_timing {
  SNNRT_RESET_DELAYED,
  SNNRT_RESET_IMMEDIATE
} snnrt_reset_timing;

/* Whether a membrane fires above (GT) or also at (GE) its threshold. */
typedef enum snnrt_compare { SNNRT_COMPARE_GT, SNNRT_COMPARE_GE } snnrt_compare;

/* A layer of positions * channels neurons in HWC order.

   current_shift (0 .. 31) scales the input current by a power of two;
   round_leak rounds the leak to nearest (ties up) instead of down; saturate
   clamps membranes to their type, and without it the caller guarantees that
   they fit. The extents tell how many values each parameter array holds.
   narrow_thresholds promises that every threshold fits int16, and that none is
   negative where the reset is SUBTRACT_DECAYED. */
typedef struct snnrt_lif_shape {
  int32_t positions, channels;
  snnrt_reset reset;
  snnrt_reset_timing timing;
  snnrt_compare compare;
  int32_t current_shift;
  bool round_leak;
  bool saturate;
  snnrt_extent leak_extent, threshold_extent, bias_extent;
  bool narrow_thresholds;
} snnrt_lif_shape;

/* Fraction bits of a leak factor; 1 << 15 keeps the membrane unchanged. */
#define SNNRT_LEAK_BITS 15

/* (membrane * factor + rounding) >> 15 for 0 <= factor <= 32768. `narrow`
   promises |membrane| <= 32768, so that 32 bits hold the product. */
SNNRT_KERNEL int64_t snnrt_leak(int64_t membrane, int32_t factor, bool round,
                                bool narrow) {
  const int32_t half = round ? 1 << (SNNRT_LEAK_BITS - 1) : 0;
  if (narrow) {
    return ((int32_t)membrane * factor + half) >> SNNRT_LEAK_BITS;
  }
  return (membrane * factor + half) >> SNNRT_LEAK_BITS;
}

/* The shift k that a leak factor 2^(15 - k) stands for, or -1 for other
   factors. */
SNNRT_KERNEL int32_t snnrt_leak_shift(int32_t factor) {
  for (int32_t shift = 0; shift <= SNNRT_LEAK_BITS; ++shift) {
    if (factor == (1 << SNNRT_LEAK_BITS) >> shift) {
      return shift;
    }
  }
  return -1;
}

/* snnrt_leak for a factor 2^(15 - shift), without leaving 32 bits. */
SNNRT_KERNEL int32_t snnrt_leak_by_shift(int32_t membrane, int32_t shift,
                                         bool round) {
  const int32_t floor = membrane >> shift;
  return round && shift > 0 ? floor + ((membrane >> (shift - 1)) & 1) : floor;
}

/* current * 2^shift + bias; a product, since shifting negatives left is
   undefined. */
SNNRT_KERNEL int64_t snnrt_drive(int32_t current, int32_t shift,
                                 int32_t bias) {
  return current * ((int64_t)1 << shift) + bias;
}

/* The value of an update in the range of the state type, whose minimum is
   `lowest` and maximum ~lowest. */
SNNRT_KERNEL int32_t snnrt_settle(int64_t value, int32_t lowest,
                                  bool saturate) {
  if (saturate && value < lowest) {
    return lowest;
  }
  if (saturate && value > ~lowest) {
    return ~lowest;
  }
  return (int32_t)value;
}

/* Bias of a neuron, 0 when the layer has none. */
SNNRT_KERNEL int32_t snnrt_bias(const int32_t *bias, int32_t neuron,
                                int32_t channel,
                                const snnrt_lif_shape *shape) {
  if (bias == NULL) {
    return 0;
  }
  return bias[snnrt_extent_index(shape->bias_extent, neuron, channel)];
}

#endif
