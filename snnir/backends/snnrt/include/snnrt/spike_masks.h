/* Spikes of a position as bits.

   The two lanes of a word of neurons become bits 15 and 31 of a mask, which
   moves down by one with every further word. Of `pairs` <= 16 words the low
   lane of word k ends in bit 16 - pairs + k, and the high one 16 above. A
   position with more than 32 lanes has several masks, of 16 words each but the
   last.

   An entry of a mask list is the masks of a position and then its coordinates,
   y * 2^16 + x; positions without a spike have none. */
#ifndef SNNRT_SPIKE_MASKS_H
#define SNNRT_SPIKE_MASKS_H

#include "fill.h"
#include "packed.h"

/* Pairs of lanes in one mask. */
#define SNNRT_MASK_PAIRS 16

/* Most masks of a position. */
#define SNNRT_MAXIMUM_MASKS 5

/* The sign bits of two int16 lanes. */
#define SNNRT_SIGN_LANES 0x80008000u

/* The mask with the sign bits of one more word. */
SNNRT_KERNEL uint32_t snnrt_push_signs(uint32_t mask, uint32_t lanes) {
  return (mask >> 1) | (lanes & SNNRT_SIGN_LANES);
}

/* Number of masks of a position. */
SNNRT_KERNEL int32_t snnrt_masks_of(int32_t lanes) {
  return (lanes / 2 + SNNRT_MASK_PAIRS - 1) / SNNRT_MASK_PAIRS;
}

/* Pairs of lanes in mask `index` of a position. */
SNNRT_KERNEL int32_t snnrt_mask_pairs(int32_t lanes, int32_t index) {
  return snnrt_min(lanes / 2 - index * SNNRT_MASK_PAIRS, SNNRT_MASK_PAIRS);
}

/* The lane of a bit of mask `index`. */
SNNRT_KERNEL int32_t snnrt_lane_of_bit(int32_t bit, int32_t lanes,
                                       int32_t index) {
  const int32_t word = (bit & 15) - (16 - snnrt_mask_pairs(lanes, index));
  return 2 * (word + index * SNNRT_MASK_PAIRS) + (bit >> 4);
}

/* Writes the spikes of a mask list as bytes, int8[height][width][channels]
   aligned to 4 bytes. */
SNNRT_KERNEL void snnrt_masks_to_bytes(const uint32_t *entries, uint32_t n,
                                       int8_t *spikes, int32_t width,
                                       int32_t height, int32_t lanes,
                                       int32_t channels) {
  const int32_t masks = snnrt_masks_of(lanes);
  snnrt_fill_zero(spikes, (uint32_t)(height * width * channels));
  for (uint32_t i = 0; i < n; ++i, entries += masks + 1) {
    const uint32_t site = entries[masks];
    int8_t *const position =
        spikes +
        ((int32_t)(site >> 16) * width + (int32_t)(site & 0xFFFFu)) * channels;
    for (int32_t index = 0; index < masks; ++index) {
      for (uint32_t mask = entries[index]; mask != 0; mask &= mask - 1) {
        position[snnrt_lane_of_bit(snnrt_lowest_bit(mask), lanes, index)] = 1;
      }
    }
  }
}

#endif
