/* Pooling and leaky integrate-and-fire in one pass over packed currents, which
   are cleared for the next step unless the shape says keep_current.

   current: [rows][columns][elements], see window_current.h, with rows >=
   height * window_height and columns >= width * window_width; without current
   where no input arrived. Windows do not overlap. state: int16, two lanes for
   each word of a window. touched: one word for each row of windows with a bit
   for each window whose currents may differ from none; NULL for all. The words
   are cleared, too.

   calm: for halving neurons with at most 16 words, or NULL. A window is awake
   after a step in which one of its neurons spiked that needs input for it, and
   calm otherwise. Until the next event all that may happen in a calm window is
   spikes of its busy words, so that only these are computed; the steps of the
   others are made up for when an event arrives. calm[0] counts the steps; then
   each row of windows has a word with the bits of those that are awake and, for
   each window, the step in which it fell calm. Zeros at the start. Plain loops
   compute a whole window as fast as they could tell that it is calm, so that
   all are awake without packed arithmetic. */
#ifndef SNNRT_WINDOW_LIF_H
#define SNNRT_WINDOW_LIF_H

#include "halving_lif.h"
#include "lif_packed.h"
#include "spike_masks.h"
#include "window_current.h"
#include "window_lanes.h"

/* What a window's neurons need: for halving neurons `resets`, for others the
   parameters of lif.h by lane. `initial`: a position without current; only for
   triples. `lanes`: the resets as plain loops need them, see
   snnrt_neurons_by_lane. */
typedef struct snnrt_window_neurons {
  const uint32_t *resets, *rests;
  const int32_t *leak, *threshold, *bias;
  const snnrt_lif_shape *lif;
  const double *initial;
  const snnrt_lane_resets *lanes;
} snnrt_window_neurons;

/* Where spikes go: to a mask list (see spike_masks.h), or as flat HWC indices
   of `channels` channels to `list`, in no particular order within a row. */
typedef struct snnrt_spike_sink {
  uint32_t *entries;
  uint16_t *list;
  int32_t channels;
} snnrt_spike_sink;

/* One row of windows: their currents and states, which of them events reach,
   and their part of `calm` or NULL. */
typedef struct snnrt_window_row {
  uint8_t *current;
  int16_t *state;
  uint32_t reached;
  uint32_t *calm;
  uint32_t step;
  int32_t y;
} snnrt_window_row;

/* What two neurons receive. Their bias and what the offset of the currents is too
   much are one constant. */
SNNRT_KERNEL uint32_t snnrt_window_drive(uint32_t current, int32_t lane,
                                         const snnrt_window_neurons *neurons,
                                         const snnrt_window_shape *window) {
  const snnrt_lif_shape *const shape = neurons->lif;
  const uint32_t drive = snnrt_drive_lanes(current, NULL, 0, 0, shape);
  const int32_t extra = window->offset * (1 << shape->current_shift);
  if (neurons->bias != NULL) {
    const int32_t *const bias =
        neurons->bias + snnrt_extent_index(shape->bias_extent, lane, lane);
    const int32_t next = shape->bias_extent == SNNRT_EXTENT_LAYER ? 0 : 1;
    return snnrt_sadd16(drive,
                        snnrt_pack16(bias[0] - extra, bias[next] - extra));
  }
  return extra == 0 ? drive
                    : snnrt_ssub16(drive, snnrt_pack16(extra, extra));
}

/* One step of two neurons; bits 15 and 31 of the result are their spikes, and
   no others. */
SNNRT_KERNEL uint32_t snnrt_window_pair(int16_t *state, uint32_t current,
                                        int32_t word,
                                        const snnrt_window_neurons *neurons,
                                        const snnrt_window_shape *window) {
  const snnrt_lif_shape *const shape = neurons->lif;
  const int32_t lane = 2 * word;
  const snnrt_lif_pair pair = snnrt_lif_pair_step_marked(
      snnrt_load32(state), snnrt_window_drive(current, lane, neurons, window),
      snnrt_parameter_lanes(neurons->threshold, shape->threshold_extent, lane,
                            lane),
      neurons->leak[snnrt_extent_index(shape->leak_extent, lane, lane)],
      neurons->leak[snnrt_extent_index(shape->leak_extent, lane + 1, lane + 1)],
      snnrt_leak_kind_of(neurons->leak, shape), SNNRT_SIGN_LANES, shape);
  snnrt_store32(state, pair.membranes);
  return pair.spikes;
}

/* The neurons with `lanes` where loops over them are plain. */
SNNRT_KERNEL snnrt_window_neurons snnrt_neurons_by_lane(
    const snnrt_window_neurons *neurons, snnrt_lane_resets *lanes,
    const snnrt_window_shape *window) {
  snnrt_window_neurons result = *neurons;
  if (!SNNRT_PACKED && neurons->resets != NULL) {
    snnrt_split_resets(neurons->resets, window->words, lanes);
    result.lanes = lanes;
  }
  return result;
}

/* The masks of a window, whose currents differ from none if it is `reached`;
   returns whether there is a spike. */
SNNRT_KERNEL bool snnrt_window_masks(const uint8_t *window, int16_t *state,
                                     bool reached, uint32_t *masks,
                                     const snnrt_window_neurons *neurons,
                                     const snnrt_window_shape *shape) {
  const uint32_t *resets = neurons->resets;
  const uint32_t none = (uint32_t)shape->offset * 0x00010001u;
  uint32_t any = 0;
  /* Sums, and code that also adds kernels, need more registers than there are
     beside those of the fastest step, and so do large windows of several masks;
     sums of large windows the most. */
  const int32_t area = shape->window_height * shape->window_width;
  const bool several = shape->words > SNNRT_MASK_PAIRS;
  const int32_t saved = area > (several ? 4 : 9) && (several || shape->sum) ? 3
                        : shape->sum || shape->by_position                   ? 1
                                                                             : 0;
  if (!SNNRT_PACKED && resets != NULL) {
    return snnrt_step_lanes(window, state, reached, neurons->lanes, masks,
                            shape);
  }
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
      const int32_t count = snnrt_min(start + SNNRT_GROUP_WORDS, end) - first;
      uint32_t words[SNNRT_GROUP_WORDS] = {none, none, none};
      if (reached) {
        snnrt_window_words(window, group, shape, words);
      }
      if (neurons->resets != NULL) {
        if (reached && shape->current_shift != 0) {
          SNNRT_UNROLL_WINDOW
          for (int32_t i = first - start; i < first - start + count; ++i) {
            words[i] = snnrt_shift16(words[i], shape->current_shift);
          }
        }
        mask = snnrt_halving_words(&state, words + (first - start), count,
                                   &resets, mask, first == begin, saved);
        continue;
      }
      SNNRT_UNROLL_WINDOW
      for (int32_t i = 0; i < count; ++i, state += 2) {
        mask = mask >> 1 | snnrt_window_pair(state, words[first - start + i],
                                             first + i, neurons, shape);
        /* Otherwise compilers keep the spikes of all words first. */
        SNNRT_OPAQUE(mask);
      }
    }
    masks[index] = mask;
    any |= mask;
  }
  return any != 0;
}

/* Bits of a mask that belong to words that cannot spike without input. */
SNNRT_KERNEL uint32_t snnrt_quiet_bits(const snnrt_window_shape *shape) {
  const uint32_t busy = ((UINT32_C(1) << shape->busy_end) -
                         (UINT32_C(1) << shape->busy_begin))
                        << (16 - shape->words);
  return ~(busy | busy << 16);
}

/* Writes the spikes of window (y, x). */
SNNRT_KERNEL void snnrt_emit_spikes(snnrt_spike_sink *sink,
                                    const uint32_t *masks, int32_t y,
                                    int32_t x,
                                    const snnrt_window_shape *shape) {
  const int32_t lanes = 2 * shape->words;
  const int32_t count = snnrt_masks_of(lanes);
  if (sink->list == NULL) {
    SNNRT_UNROLL_WINDOW
    for (int32_t index = 0; index < count; ++index) {
      *sink->entries++ = masks[index];
    }
    *sink->entries++ = (uint32_t)y << 16 | (uint32_t)x;
    return;
  }
  const int32_t base = (y * shape->width + x) * sink->channels;
  SNNRT_UNROLL_WINDOW
  for (int32_t index = 0; index < count; ++index) {
    for (uint32_t mask = masks[index]; mask != 0; mask &= mask - 1) {
      *sink->list++ = (uint16_t)(
          base + snnrt_lane_of_bit(snnrt_lowest_bit(mask), lanes, index));
    }
  }
}

/* Makes up for the steps that a calm window has been left alone. */
SNNRT_KERNEL void snnrt_wake_window(int16_t *state, uint32_t missed,
                                    const snnrt_window_neurons *neurons,
                                    const snnrt_window_shape *shape) {
  const uint32_t *rests = neurons->rests;
  if (missed == 0) {
    return;
  }
  SNNRT_OPAQUE(rests);
  snnrt_halving_rest(state, shape->busy_begin, rests, missed);
  snnrt_halving_rest(state + 2 * shape->busy_end,
                     shape->words - shape->busy_end, rests + shape->busy_end,
                     missed);
}

/* Takes the lowest bit from those of the windows of a row; false if there is
   none. */
SNNRT_KERNEL bool snnrt_next_window(uint32_t *bits, int32_t *x) {
  if (*bits == 0) {
    return false;
  }
  *x = snnrt_lowest_bit(*bits);
  *bits &= *bits - 1;
  return true;
}

/* The state of window x of a row. */
SNNRT_KERNEL int16_t *snnrt_state_of(const snnrt_window_row *row, int32_t x,
                                     const snnrt_window_shape *shape) {
  return row->state + x * 2 * shape->words;
}

/* Writes the spikes of window x of a row, if there are any. It stays awake,
   which returns true, or falls calm. */
SNNRT_KERNEL bool snnrt_close_window(const snnrt_window_row *row, int32_t x,
                                     uint32_t mask, snnrt_spike_sink *sink,
                                     const snnrt_window_shape *shape) {
  if (mask != 0) {
    snnrt_emit_spikes(sink, &mask, row->y, x, shape);
    if ((mask & snnrt_quiet_bits(shape)) != 0) {
      return true;
    }
  }
  row->calm[1 + x] = row->step;
  return false;
}

/* The windows of a row that are reached or awake; returns the bits of both. */
SNNRT_KERNEL uint32_t snnrt_awake_windows(const snnrt_window_row *row,
                                          snnrt_spike_sink *sink,
                                          const snnrt_window_neurons *neurons,
                                          const snnrt_window_shape *shape) {
  const uint32_t reached = row->reached, awake = row->calm[0];
  const int32_t bytes = shape->window_width * shape->elements *
                        snnrt_element_bytes(shape->triples);
  uint32_t waking = 0, mask;
  uint32_t bits = reached & ~awake;
  int32_t x;
  while (snnrt_next_window(&bits, &x)) {
    snnrt_wake_window(snnrt_state_of(row, x, shape),
                      row->step - row->calm[1 + x] - 1, neurons, shape);
  }
  bits = reached;
  while (snnrt_next_window(&bits, &x)) {
    uint8_t *const window = row->current + x * bytes;
    snnrt_window_masks(window, snnrt_state_of(row, x, shape), true, &mask,
                       neurons, shape);
    snnrt_clear_window(window, neurons->initial, shape);
    if (snnrt_close_window(row, x, mask, sink, shape)) {
      waking |= UINT32_C(1) << x;
    }
  }
  bits = awake & ~reached;
  while (snnrt_next_window(&bits, &x)) {
    snnrt_window_masks(NULL, snnrt_state_of(row, x, shape), false, &mask,
                       neurons, shape);
    if (snnrt_close_window(row, x, mask, sink, shape)) {
      waking |= UINT32_C(1) << x;
    }
  }
  row->calm[0] = waking;
  return reached | awake;
}

/* The busy words of the windows of a row whose bits are not in `computed`. */
SNNRT_KERNEL void snnrt_busy_windows(const snnrt_window_row *row,
                                     uint32_t computed, snnrt_spike_sink *sink,
                                     const snnrt_window_neurons *neurons,
                                     const snnrt_window_shape *shape) {
  const uint32_t none = (uint32_t)shape->offset * 0x00010001u;
  int16_t *state = row->state;
  for (int32_t x = 0; x < shape->width;
       ++x, computed >>= 1, state += 2 * shape->words) {
    uint32_t mask = 0;
    if ((computed & 1u) != 0) {
      continue;
    }
    SNNRT_UNROLL_ROW
    for (int32_t word = shape->busy_begin; word < shape->busy_end; ++word) {
      mask = snnrt_push_signs(
          mask, snnrt_halving_word(state + 2 * word, none,
                                   neurons->resets[2 * word],
                                   neurons->resets[2 * word + 1]));
    }
    if (mask != 0) {
      mask >>= shape->words - shape->busy_end;
      snnrt_emit_spikes(sink, &mask, row->y, x, shape);
    }
  }
}

/* One step of a row of windows. Without `calm` all are computed, and the bits
   `reached` tell where there are currents; `marked`: whether these are known. */
SNNRT_KERNEL void snnrt_step_row(const snnrt_window_row *row, bool marked,
                                 snnrt_spike_sink *sink,
                                 const snnrt_window_neurons *neurons,
                                 const snnrt_window_shape *shape) {
  if (row->calm != NULL) {
    const uint32_t computed = snnrt_awake_windows(row, sink, neurons, shape);
    if (shape->busy_begin < shape->busy_end) {
      snnrt_busy_windows(row, computed, sink, neurons, shape);
    }
    return;
  }
  const int32_t bytes = shape->window_width * shape->elements *
                        snnrt_element_bytes(shape->triples);
  uint32_t reached = row->reached;
  uint8_t *window = row->current;
  int16_t *state = row->state;
  for (int32_t x = 0; x < shape->width; ++x, reached >>= 1, window += bytes,
               state += 2 * shape->words) {
    uint32_t masks[SNNRT_MAXIMUM_MASKS];
    bool any;
    if (!marked || (reached & 1u) != 0) {
      any = snnrt_window_masks(window, state, true, masks, neurons, shape);
      if (!shape->keep_current) {
        snnrt_clear_window(window, neurons->initial, shape);
      }
    } else {
      any = snnrt_window_masks(window, state, false, masks, neurons, shape);
    }
    if (any) {
      snnrt_emit_spikes(sink, masks, row->y, x, shape);
    }
  }
}

/* The part of `calm` that belongs to row `y` of windows, or NULL. */
SNNRT_KERNEL uint32_t *snnrt_calm_row(uint32_t *calm, int32_t y,
                                      const snnrt_window_shape *shape) {
  return calm == NULL ? NULL : calm + 1 + y * (shape->width + 1);
}

/* One step of a whole layer. */
SNNRT_KERNEL void snnrt_step_windows(void *current, uint32_t *touched,
                                     uint32_t *calm, int16_t *state,
                                     snnrt_spike_sink *sink,
                                     const snnrt_window_neurons *neurons,
                                     const snnrt_window_shape *shape) {
  snnrt_lane_resets lanes;
  const snnrt_window_neurons by_lane =
      snnrt_neurons_by_lane(neurons, &lanes, shape);
  calm = SNNRT_PACKED ? calm : NULL;
  const uint32_t step = calm == NULL ? 0 : ++calm[0];
  for (int32_t y = 0; y < shape->height; ++y) {
    const snnrt_window_row row = {
        (uint8_t *)current + y * shape->window_height * shape->row_bytes,
        state + y * shape->width * 2 * shape->words,
        touched == NULL ? 0 : touched[y],
        snnrt_calm_row(calm, y, shape),
        step,
        y};
    snnrt_step_row(&row, touched != NULL, sink, &by_lane, shape);
    if (touched != NULL) {
      touched[y] = 0;
    }
  }
}

/* Lists the masks of all windows with a spike and returns their number. */
SNNRT_KERNEL uint32_t snnrt_window_lif_masks(
    void *current, uint32_t *touched, uint32_t *calm, int16_t *state,
    uint32_t *entries, const snnrt_window_neurons *neurons,
    const snnrt_window_shape *shape) {
  snnrt_spike_sink sink = {entries, NULL, 0};
  snnrt_step_windows(current, touched, calm, state, &sink, neurons, shape);
  return (uint32_t)(sink.entries - entries) /
         (uint32_t)(snnrt_masks_of(2 * shape->words) + 1);
}

/* Lists the flat HWC indices of the spikes of `channels` <= 2 * words channels
   and returns their number. */
SNNRT_KERNEL uint32_t snnrt_window_lif_list(
    void *current, uint32_t *touched, uint32_t *calm, int16_t *state,
    uint16_t *list, int32_t channels, const snnrt_window_neurons *neurons,
    const snnrt_window_shape *shape) {
  snnrt_spike_sink sink = {NULL, list, channels};
  snnrt_step_windows(current, touched, calm, state, &sink, neurons, shape);
  return (uint32_t)(sink.list - list);
}

#endif
