/* Windows of halving neurons (see halving_lif.h) in plain loops over lanes,
   which compilers for computers turn into vector instructions; for processors
   with packed arithmetic see window_lif.h. The same bits. */
#ifndef SNNRT_WINDOW_LANES_H
#define SNNRT_WINDOW_LANES_H

#include "spike_masks.h"
#include "window_current.h"

/* Most lanes of a window. */
#define SNNRT_MAXIMUM_LANES (2 * SNNRT_MASK_PAIRS * SNNRT_MAXIMUM_MASKS)

/* The constants of halving neurons by lane. */
typedef struct snnrt_lane_resets {
  int16_t silent[SNNRT_MAXIMUM_LANES], fired[SNNRT_MAXIMUM_LANES];
} snnrt_lane_resets;

/* Constants by lane of those by word. */
SNNRT_KERNEL void snnrt_split_resets(const uint32_t *resets, int32_t words,
                                     snnrt_lane_resets *lanes) {
  for (int32_t word = 0; word < words; ++word) {
    snnrt_store32(lanes->silent + 2 * word, resets[2 * word]);
    snnrt_store32(lanes->fired + 2 * word, resets[2 * word + 1]);
  }
}

/* The maxima, or sums, of a window of pairs. */
SNNRT_KERNEL void snnrt_window_pairs(const uint8_t *window,
                                     const snnrt_window_shape *shape,
                                     int16_t *currents) {
  const int32_t lanes = 2 * shape->words;
  SNNRT_UNROLL_WINDOW
  for (int32_t y = 0; y < shape->window_height; ++y) {
    SNNRT_UNROLL_WINDOW
    for (int32_t x = 0; x < shape->window_width; ++x) {
      const int16_t *const position =
          (const int16_t *)(const void *)(window + y * shape->row_bytes) +
          x * 2 * shape->elements;
      SNNRT_SHORT_VECTOR_LOOP
      for (int32_t i = 0; i < lanes; ++i) {
        if (y == 0 && x == 0) {
          currents[i] = position[i];
        } else if (shape->sum) {
          currents[i] = (int16_t)(currents[i] + position[i]);
        } else {
          currents[i] = currents[i] > position[i] ? currents[i] : position[i];
        }
      }
    }
  }
}

/* The currents of a window. */
SNNRT_KERNEL void snnrt_window_lanes(const uint8_t *window,
                                     const snnrt_window_shape *shape,
                                     int16_t *currents) {
  if (!shape->triples) {
    snnrt_window_pairs(window, shape, currents);
    return;
  }
  for (int32_t word = 0; word < shape->words; word += SNNRT_GROUP_WORDS) {
    uint32_t words[SNNRT_GROUP_WORDS] = {0, 0, 0};
    snnrt_window_words(window, word / SNNRT_GROUP_WORDS, shape, words);
    const int32_t count = snnrt_min(shape->words - word, SNNRT_GROUP_WORDS);
    memcpy(currents + 2 * word, words, 4 * (size_t)count);
  }
}

/* The mask of the signs of `pairs` words, each moved at once to where pushing
   it would end. */
SNNRT_KERNEL uint32_t snnrt_lane_signs(const int16_t *lanes, int32_t pairs) {
  uint32_t words[SNNRT_MASK_PAIRS], mask = 0;
  memcpy(words, lanes, 4 * (size_t)pairs);
  SNNRT_SHORT_VECTOR_LOOP
  for (int32_t i = 0; i < pairs; ++i) {
    mask |= (words[i] & SNNRT_SIGN_LANES) >> (pairs - 1 - i);
  }
  return mask;
}

/* One step of neurons; `distances` become their d. */
SNNRT_KERNEL void snnrt_halve_lanes(const int16_t *currents, int16_t *state,
                                    const snnrt_lane_resets *resets,
                                    int16_t *distances, int32_t lanes) {
  SNNRT_SHORT_VECTOR_LOOP
  for (int32_t i = 0; i < lanes; ++i) {
    const int16_t d = (int16_t)(state[i] - currents[i]);
    const int16_t reset = d < 0 ? resets->fired[i] : resets->silent[i];
    /* (d + reset) >> 1 of the exact sum. */
    state[i] = (int16_t)((d & reset) + ((d ^ reset) >> 1));
    distances[i] = d;
  }
}

/* Whether one of the lanes of `words` words is negative. */
SNNRT_KERNEL bool snnrt_any_negative(const int16_t *lanes, int32_t words) {
  uint64_t any = 0;
  for (int32_t word = 0; word < words; word += 2) {
    uint64_t two = 0;
    memcpy(&two, lanes + 2 * word, words - word > 1 ? 8 : 4);
    any |= two;
  }
  return (any & UINT64_C(0x8000800080008000)) != 0;
}

/* The masks of a window, whose currents differ from none if it is `reached`;
   returns whether there is a spike. */
SNNRT_KERNEL bool snnrt_step_lanes(const uint8_t *window, int16_t *state,
                                   bool reached,
                                   const snnrt_lane_resets *resets,
                                   uint32_t *masks,
                                   const snnrt_window_shape *shape) {
  const int32_t words = shape->words;
  int16_t currents[SNNRT_MAXIMUM_LANES], distances[SNNRT_MAXIMUM_LANES];
  if (reached) {
    snnrt_window_lanes(window, shape, currents);
    SNNRT_SHORT_VECTOR_LOOP
    for (int32_t i = 0; i < 2 * words; ++i) {
      currents[i] = (int16_t)((uint32_t)currents[i] << shape->current_shift);
    }
  } else {
    for (int32_t i = 0; i < 2 * words; ++i) {
      currents[i] = (int16_t)shape->offset;
    }
  }
  snnrt_halve_lanes(currents, state, resets, distances, 2 * words);
  for (int32_t index = 0; index * SNNRT_MASK_PAIRS < words; ++index) {
    masks[index] = 0;
  }
  if (!snnrt_any_negative(distances, words)) {
    return false;
  }
  for (int32_t index = 0; index * SNNRT_MASK_PAIRS < words; ++index) {
    masks[index] = snnrt_lane_signs(
        distances + 2 * SNNRT_MASK_PAIRS * index,
        snnrt_min(words - index * SNNRT_MASK_PAIRS, SNNRT_MASK_PAIRS));
  }
  return true;
}

#endif
