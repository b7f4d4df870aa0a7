/* Spikes as bytes, listed as masks (see spike_masks.h).

   Four neighbouring channels are a word, whose bytes of 0 or 1 become four bits
   of a mask: bits of the same byte of all words lie next to each other, from
   the first word on, bytes 0 and 1 in the low half and 2 and 3 in the high one.
   Channels of the last mask keep their order, two a word of lanes, if they are
   no multiple of four. */
#ifndef SNNRT_BYTES_TO_MASKS_H
#define SNNRT_BYTES_TO_MASKS_H

#include "packed.h"
#include "spike_masks.h"

/* Channels of a word of bytes. */
#define SNNRT_BYTES_OF_WORD 4

/* The mask of `channels` <= 32 channels of a position. */
SNNRT_KERNEL uint32_t snnrt_mask_of_bytes(const int8_t *spikes,
                                          int32_t channels) {
  const int32_t words = channels / SNNRT_BYTES_OF_WORD;
  uint32_t mask = 0;
  if (channels % SNNRT_BYTES_OF_WORD != 0) {
    const int32_t first = SNNRT_MASK_PAIRS - (channels + 1) / 2;
    SNNRT_UNROLL_ROW
    for (int32_t c = 0; c < channels; ++c) {
      mask |= (uint32_t)spikes[c] << (first + c / 2 + c % 2 * 16);
    }
    return mask;
  }
  SNNRT_UNROLL_ROW
  for (int32_t word = 0; word < words; ++word) {
    mask |= snnrt_load32(spikes + SNNRT_BYTES_OF_WORD * word)
            << (8 - words + word);
  }
  return (mask & 0xFF00FF00u) | (mask & 0x00FF00FFu) << (8 - words);
}

/* Lists the masks of all positions with a spike and returns their number.

   spikes: int8[height][width][channels] of 0 or 1; entries: room for all
   positions. */
SNNRT_KERNEL uint32_t snnrt_bytes_to_masks(const int8_t *spikes,
                                           uint32_t *entries, int32_t height,
                                           int32_t width, int32_t channels) {
  const int32_t masks = snnrt_masks_of(channels + channels % 2);
  uint32_t *entry = entries;
  for (int32_t y = 0; y < height; ++y) {
    for (int32_t x = 0; x < width; ++x, spikes += channels) {
      uint32_t found[SNNRT_MAXIMUM_MASKS];
      uint32_t any = 0;
      SNNRT_UNROLL_WINDOW
      for (int32_t index = 0; index < masks; ++index) {
        const int32_t first = 2 * SNNRT_MASK_PAIRS * index;
        found[index] = snnrt_mask_of_bytes(
            spikes + first, snnrt_min(channels - first, 2 * SNNRT_MASK_PAIRS));
        any |= found[index];
      }
      if (any == 0) {
        continue;
      }
      SNNRT_UNROLL_WINDOW
      for (int32_t index = 0; index < masks; ++index) {
        *entry++ = found[index];
      }
      *entry++ = (uint32_t)y << 16 | (uint32_t)x;
    }
  }
  return (uint32_t)(entry - entries) / (uint32_t)(masks + 1);
}

#endif
