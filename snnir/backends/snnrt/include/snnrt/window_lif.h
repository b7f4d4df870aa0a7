/* Pooling and leaky integrate-and-fire in one pass over packed currents, which
   are cleared for the next step.

   current: [rows][columns][elements], see window_current.h, with rows >=
   height * window_height and columns >= width * window_width; without current
   where no input arrived. Windows do not overlap. state: int16, two lanes for
   each word of a window. touched: one word for each row of windows with a bit
   for each window whose currents may differ from none; NULL for all. The words
   are cleared, too. calm: for each window of halving neurons with at most 16
   words the steps that it has been on its way to rest; or NULL. */
#ifndef SNNRT_WINDOW_LIF_H
#define SNNRT_WINDOW_LIF_H

#include "snnrt/halving_lif.h"
#include "snnrt/lif_packed.h"
#include "snnrt/spike_masks.h"
#include "snnrt/window_current.h"

/* What a window's neurons need: for halving neurons `resets`, for others the
   parameters of lif.h by lane. `initial`: a position without current; only for
   triples. */
typedef struct snnrt_window_neurons {
  const uint32_t *resets, *rests;
  const int32_t *leak, *threshold, *bias;
  const snnrt_lif_shape *lif;
  const double *initial;
} snnrt_window_neurons;

/* One step of two neurons; bits 15 and 31 of the result are their spikes. */
SNNRT_KERNEL uint32_t snnrt_window_pair(int16_t *state, uint32_t current,
                                        int32_t word,
                                        const snnrt_window_neurons *neurons,
                                        const snnrt_window_shape *window) {
  const snnrt_lif_shape *const shape = neurons->lif;
  const int32_t lane = 2 * word;
  if (window->offset != 0) {
    current = snnrt_ssub16(current, (uint32_t)window->offset * 0x00010001u);
  }
  const snnrt_lif_pair pair = snnrt_lif_pair_step(
      snnrt_load32(state),
      snnrt_drive_lanes(current, neurons->bias, lane, lane, shape),
      snnrt_parameter_lanes(neurons->threshold, shape->threshold_extent, lane,
                            lane),
      neurons->leak[snnrt_extent_index(shape->leak_extent, lane, lane)],
      neurons->leak[snnrt_extent_index(shape->leak_extent, lane + 1, lane + 1)],
      snnrt_leak_kind_of(neurons->leak, shape), shape);
  snnrt_store32(state, pair.membranes);
  return pair.spikes << 15;
}

/* One step of the neurons of `count` <= 3 words from `word` on; their signs
   enter the mask. */
SNNRT_KERNEL uint32_t snnrt_window_group(int16_t *state, const uint32_t *words,
                                         int32_t word, int32_t count,
                                         uint32_t mask,
                                         const uint32_t *resets,
                                         const snnrt_window_neurons *neurons,
                                         const snnrt_window_shape *shape) {
  if (neurons->resets != NULL) {
    return snnrt_halving_words(state, words, count, resets, mask);
  }
  SNNRT_UNROLL_WINDOW
  for (int32_t i = 0; i < count; ++i) {
    mask = snnrt_push_signs(mask, snnrt_window_pair(state + 2 * i, words[i],
                                                    word + i, neurons, shape));
  }
  return mask;
}

/* Most masks of a window. */
#define SNNRT_MAXIMUM_MASKS 5

/* The masks of a window, whose currents differ from none if it is `reached`;
   returns whether there is a spike. */
SNNRT_KERNEL bool snnrt_window_masks(const uint8_t *window, int16_t *state,
                                     bool reached, uint32_t *masks,
                                     const snnrt_window_neurons *neurons,
                                     const snnrt_window_shape *shape) {
  const uint32_t *resets = neurons->resets;
  const uint32_t none = (uint32_t)shape->offset * 0x00010001u;
  uint32_t any = 0;
  /* The table's address in a register is worth more than its constants. */
  SNNRT_OPAQUE(resets);
  SNNRT_UNROLL_WINDOW
  for (int32_t index = 0; index * SNNRT_MASK_PAIRS < shape->words; ++index) {
    const int32_t begin = index * SNNRT_MASK_PAIRS;
    const int32_t end = snnrt_min(begin + SNNRT_MASK_PAIRS, shape->words);
    uint32_t mask = 0;
    SNNRT_UNROLL_ROW
    for (int32_t group = begin / SNNRT_GROUP_WORDS;
         group * SNNRT_GROUP_WORDS < end; ++group) {
      const int32_t start = group * SNNRT_GROUP_WORDS;
      const int32_t first = snnrt_max(start, begin);
      const int32_t last = snnrt_min(start + SNNRT_GROUP_WORDS, end);
      uint32_t words[SNNRT_GROUP_WORDS] = {none, none, none};
      if (reached) {
        snnrt_window_words(window, group, shape, words);
      }
      mask = snnrt_window_group(state + 2 * first, words + (first - start),
                                first, last - first, mask,
                                neurons->resets == NULL ? NULL
                                                        : resets + 2 * first,
                                neurons, shape);
    }
    masks[index] = mask;
    any |= mask;
  }
  return any != 0;
}

/* The mask of a calm window: only its busy words may spike; the others move
   towards rest until they are there. */
SNNRT_KERNEL uint32_t snnrt_calm_mask(int16_t *state, uint8_t *calm,
                                      const snnrt_window_neurons *neurons,
                                      const snnrt_window_shape *shape) {
  const uint32_t none = (uint32_t)shape->offset * 0x00010001u;
  const uint32_t words[SNNRT_GROUP_WORDS] = {none, none, none};
  const uint32_t *resets = neurons->resets, *rests = neurons->rests;
  uint32_t mask = 0;
  SNNRT_OPAQUE(resets);
  SNNRT_UNROLL_ROW
  for (int32_t word = shape->busy_begin; word < shape->busy_end;
       word += SNNRT_GROUP_WORDS) {
    const int32_t count = snnrt_min(SNNRT_GROUP_WORDS, shape->busy_end - word);
    mask = snnrt_halving_words(state + 2 * word, words, count,
                               resets + 2 * word, mask);
  }
  if (*calm < SNNRT_STEPS_TO_REST) {
    SNNRT_OPAQUE(rests);
    snnrt_halving_rest(state, shape->busy_begin, rests);
    snnrt_halving_rest(state + 2 * shape->busy_end,
                       shape->words - shape->busy_end,
                       rests + shape->busy_end);
    *calm = (uint8_t)(*calm + 1);
  }
  return mask >> (shape->words - shape->busy_end);
}

/* Bits of a mask that belong to words that cannot spike without input. */
SNNRT_KERNEL uint32_t snnrt_quiet_bits(const snnrt_window_shape *shape) {
  const uint32_t busy = ((UINT32_C(1) << shape->busy_end) -
                         (UINT32_C(1) << shape->busy_begin))
                        << (16 - shape->words);
  return ~(busy | busy << 16);
}

/* The masks of a window, see snnrt_window_masks, by the shortest way. */
SNNRT_KERNEL bool snnrt_window_step(uint8_t *window, int16_t *state,
                                    bool reached, uint8_t *calm,
                                    uint32_t *masks,
                                    const snnrt_window_neurons *neurons,
                                    const snnrt_window_shape *shape) {
  if (reached) {
    const bool any =
        snnrt_window_masks(window, state, true, masks, neurons, shape);
    snnrt_clear_window(window, neurons->initial, shape);
    if (calm != NULL) {
      *calm = 0;
    }
    return any;
  }
  if (calm != NULL && *calm != 0) {
    masks[0] = snnrt_calm_mask(state, calm, neurons, shape);
    return masks[0] != 0;
  }
  const bool any =
      snnrt_window_masks(window, state, false, masks, neurons, shape);
  if (calm != NULL && (masks[0] & snnrt_quiet_bits(shape)) == 0) {
    *calm = 1;
  }
  return any;
}

/* Lists the masks of all windows with a spike (see spike_masks.h) and returns
   their number. */
SNNRT_KERNEL uint32_t snnrt_window_lif_masks(
    void *current, uint32_t *touched, uint8_t *calm, int16_t *state,
    uint32_t *entries, const snnrt_window_neurons *neurons,
    const snnrt_window_shape *shape) {
  const int32_t bytes = shape->window_width * shape->elements *
                        snnrt_element_bytes(shape->triples);
  const int32_t masks = snnrt_masks_of(2 * shape->words);
  const uint32_t *const begin = entries;
  for (int32_t y = 0; y < shape->height; ++y) {
    uint32_t bits = touched == NULL ? 0 : touched[y];
    uint8_t *window =
        (uint8_t *)current + y * shape->window_height * shape->row_bytes;
    for (int32_t x = 0; x < shape->width; ++x) {
      uint32_t found[SNNRT_MAXIMUM_MASKS];
      if (snnrt_window_step(window, state, touched == NULL || (bits & 1u) != 0,
                            calm, found, neurons, shape)) {
        SNNRT_UNROLL_WINDOW
        for (int32_t index = 0; index < masks; ++index) {
          *entries++ = found[index];
        }
        *entries++ = (uint32_t)y << 16 | (uint32_t)x;
      }
      bits >>= 1;
      window += bytes;
      state += 2 * shape->words;
      if (calm != NULL) {
        ++calm;
      }
    }
    if (touched != NULL) {
      touched[y] = 0;
    }
  }
  return (uint32_t)(entries - begin) / (uint32_t)(masks + 1);
}

/* The same with a list of the flat HWC indices of the spikes of `channels` <=
   2 * words channels, in no particular order within a window. */
SNNRT_KERNEL uint32_t snnrt_window_lif_list(
    void *current, uint32_t *touched, uint8_t *calm, int16_t *state,
    uint16_t *list, int32_t channels, const snnrt_window_neurons *neurons,
    const snnrt_window_shape *shape) {
  const int32_t bytes = shape->window_width * shape->elements *
                        snnrt_element_bytes(shape->triples);
  const int32_t masks = snnrt_masks_of(2 * shape->words);
  const uint16_t *const begin = list;
  uint32_t base = 0;
  for (int32_t y = 0; y < shape->height; ++y) {
    uint32_t bits = touched == NULL ? 0 : touched[y];
    uint8_t *window =
        (uint8_t *)current + y * shape->window_height * shape->row_bytes;
    for (int32_t x = 0; x < shape->width; ++x) {
      uint32_t found[SNNRT_MAXIMUM_MASKS];
      (void)snnrt_window_step(window, state,
                              touched == NULL || (bits & 1u) != 0, calm, found,
                              neurons, shape);
      SNNRT_UNROLL_WINDOW
      for (int32_t index = 0; index < masks; ++index) {
        for (uint32_t mask = found[index]; mask != 0; mask &= mask - 1) {
          *list++ = (uint16_t)(base + (uint32_t)snnrt_lane_of_bit(
                                          snnrt_lowest_bit(mask),
                                          2 * shape->words, index));
        }
      }
      bits >>= 1;
      window += bytes;
      state += 2 * shape->words;
      base += (uint32_t)channels;
      if (calm != NULL) {
        ++calm;
      }
    }
    if (touched != NULL) {
      touched[y] = 0;
    }
  }
  return (uint32_t)(list - begin);
}

#endif
