/* Several steps at a time of neurons whose currents stay the same.

   Neurons are those of lif.h. From step to step a membrane stays in a register
   and its drive is computed once; with a delayed reset one comparison tells the
   spike of a step and the reset of the next one. Spikes are bits of steps, see
   step_bits.h. */
#ifndef SNNRT_LIF_MULTI_STEP_H
#define SNNRT_LIF_MULTI_STEP_H

#include "lif.h"
#include "step_bits.h"

/* Whether the spike of a step is the reset of the next one, which nothing is
   rounded behind. */
SNNRT_KERNEL bool snnrt_lif_steps_chain(const snnrt_lif_shape *shape) {
  return shape->reset != SNNRT_RESET_SUBTRACT_DECAYED &&
         (shape->reset == SNNRT_RESET_NONE ||
          shape->timing == SNNRT_RESET_DELAYED);
}

/* Whether what a reset takes can be part of the drive. */
SNNRT_KERNEL bool snnrt_reset_is_drive(const snnrt_lif_shape *shape) {
  return shape->reset == SNNRT_RESET_NONE ||
         shape->reset == SNNRT_RESET_SUBTRACT;
}

/* a + b modulo 2^32, or saturated. */
SNNRT_KERNEL int32_t snnrt_sum(int32_t a, int32_t b, bool saturate) {
  return saturate ? snnrt_qadd(a, b) : (int32_t)((uint32_t)a + (uint32_t)b);
}

/* The value within the range of a state type, whose minimum is `lowest`. */
SNNRT_KERNEL int32_t snnrt_clamp(int32_t value, int32_t lowest) {
  return snnrt_max(lowest, snnrt_min(value, ~lowest));
}

/* snnrt_sum of decayed and (membrane fires ? reset_drive : drive); `*history`
   gains `mark` if the membrane fires. */
SNNRT_KERNEL int32_t snnrt_lif_chain(int32_t membrane, int32_t decayed,
                                     int32_t threshold, int32_t drive,
                                     int32_t reset_drive, uint32_t mark,
                                     uint32_t *history, snnrt_compare compare,
                                     bool saturate) {
#if SNNRT_DSP && defined(__OPTIMIZE__)
#define SNNRT_LIF_CHAIN(fires, silent, add)                              \
  __asm__("cmp %[membrane], %[threshold]\n\t"                            \
          "itte " fires "\n\t"                                           \
          "orr" fires " %[history], %[history], %[mark]\n\t"             \
          add fires " %[decayed], %[decayed], %[reset_drive]\n\t"        \
          add silent " %[decayed], %[decayed], %[drive]"                 \
          : [decayed] "+r"(decayed), [history] "+&r"(*history)           \
          : [membrane] "r"(membrane), [threshold] "r"(threshold),        \
            [drive] "r"(drive), [reset_drive] "r"(reset_drive),          \
            [mark] "rI"(mark)                                            \
          : "cc")
  if (compare == SNNRT_COMPARE_GT && saturate) {
    SNNRT_LIF_CHAIN("gt", "le", "qadd");
  } else if (compare == SNNRT_COMPARE_GT) {
    SNNRT_LIF_CHAIN("gt", "le", "add");
  } else if (saturate) {
    SNNRT_LIF_CHAIN("ge", "lt", "qadd");
  } else {
    SNNRT_LIF_CHAIN("ge", "lt", "add");
  }
#undef SNNRT_LIF_CHAIN
  return decayed;
#else
  const bool fired = snnrt_fires(membrane, threshold, compare);
  *history |= fired ? mark : 0;
  return snnrt_sum(decayed, fired ? reset_drive : drive, saturate);
#endif
}

/* The same for two lanes; `mark` has a bit in each. */
SNNRT_KERNEL uint32_t snnrt_lif_chain_pair(uint32_t membranes, uint32_t decayed,
                                           uint32_t thresholds, uint32_t drive,
                                           uint32_t reset_drive, uint32_t mark,
                                           uint32_t *history,
                                           snnrt_compare compare) {
  const uint32_t marked = *history | mark;
#if SNNRT_DSP
  uint32_t chosen;
/* Subtracts `less` from `from`; lanes that are not negative take the first of
   each two. */
#define SNNRT_LIF_CHAIN_PAIR(from, less, drives, histories)          \
  __asm__("ssub16 %[chosen], %[" from "], %[" less "]\n\t"          \
          "sel %[chosen], " drives "\n\t"                           \
          "sel %[history], " histories                               \
          : [chosen] "=&r"(chosen), [history] "+&r"(*history)        \
          : [thresholds] "r"(thresholds), [membranes] "r"(membranes), \
            [drive] "r"(drive), [reset_drive] "r"(reset_drive),      \
            [marked] "r"(marked))
  if (compare == SNNRT_COMPARE_GT) {
    SNNRT_LIF_CHAIN_PAIR("thresholds", "membranes", "%[drive], %[reset_drive]",
                         "%[history], %[marked]");
  } else {
    SNNRT_LIF_CHAIN_PAIR("membranes", "thresholds", "%[reset_drive], %[drive]",
                         "%[marked], %[history]");
  }
#undef SNNRT_LIF_CHAIN_PAIR
#else
  const uint32_t chosen = snnrt_select_fired16(membranes, thresholds, compare,
                                               reset_drive, drive);
  *history = snnrt_select_fired16(membranes, thresholds, compare, marked,
                                  *history);
#endif
  return snnrt_sadd16(decayed, chosen);
}

/* The bit of step `step`; 0 for the step before the first one. */
SNNRT_KERNEL uint32_t snnrt_step_mark(int32_t step) {
  return step < 0 ? 0 : 1u << step;
}

/* The history of two neurons whose steps chain, in two lanes. */
SNNRT_KERNEL uint32_t snnrt_lif_pair_history(
    uint32_t *membranes, uint32_t drive, uint32_t thresholds,
    int32_t factor_low, int32_t factor_high, snnrt_leak_kind kind,
    int32_t steps, const snnrt_lif_shape *shape) {
  const uint32_t reset_drive = shape->reset == SNNRT_RESET_SUBTRACT
                                   ? snnrt_ssub16(drive, thresholds)
                                   : drive;
  uint32_t history = 0, u = *membranes;
  SNNRT_UNROLL_STEPS
  for (int32_t step = 0; step < steps; ++step) {
    u = snnrt_lif_chain_pair(
        u, snnrt_leak_lanes(u, factor_low, factor_high, kind, shape->round_leak),
        thresholds, drive, reset_drive,
        snnrt_step_mark(step - 1) * SNNRT_SPIKE_LANES, &history, shape->compare);
  }
  *membranes = u;
  return history | snnrt_select_fired16(
                       u, thresholds, shape->compare,
                       snnrt_step_mark(steps - 1) * SNNRT_SPIKE_LANES, 0);
}

/* The same with any reset. */
SNNRT_KERNEL uint32_t snnrt_lif_pair_history_unchained(
    uint32_t *membranes, uint32_t drive, uint32_t thresholds,
    int32_t factor_low, int32_t factor_high, snnrt_leak_kind kind,
    int32_t steps, const snnrt_lif_shape *shape) {
  uint32_t history = 0;
  SNNRT_UNROLL_STEPS
  for (int32_t step = 0; step < steps; ++step) {
    const snnrt_lif_pair next = snnrt_lif_pair_step_marked(
        *membranes, drive, thresholds, factor_low, factor_high, kind,
        snnrt_step_mark(step) * SNNRT_SPIKE_LANES, shape);
    *membranes = next.membranes;
    history |= next.spikes;
  }
  return history;
}

/* The history of a neuron whose steps chain. `reset_drive` is its drive less
   what a reset subtracts; `lowest` is the minimum of the state type. */
SNNRT_KERNEL uint32_t snnrt_lif_history(int32_t *membrane, int32_t drive,
                                        int32_t reset_drive, int32_t threshold,
                                        int32_t factor, int32_t lowest,
                                        int32_t steps,
                                        const snnrt_lif_shape *shape) {
  uint32_t history = 0;
  int32_t u = *membrane;
  SNNRT_UNROLL_STEPS
  for (int32_t step = 0; step < steps; ++step) {
    const uint32_t mark = snnrt_step_mark(step - 1);
    const int32_t decayed = factor == 1 << SNNRT_LEAK_BITS
                                ? u
                                : snnrt_leak_wide(u, factor, shape->round_leak);
    if (snnrt_reset_is_drive(shape)) {
      u = snnrt_lif_chain(u, decayed, threshold, drive, reset_drive, mark,
                          &history, shape->compare, shape->saturate);
    } else {
      const bool fired = snnrt_fires(u, threshold, shape->compare);
      const int32_t reset =
          shape->reset == SNNRT_RESET_ZERO_BEFORE ? drive : 0;
      history |= fired ? mark : 0;
      u = fired ? reset : snnrt_sum(decayed, drive, shape->saturate);
    }
    u = shape->saturate ? snnrt_clamp(u, lowest) : u;
  }
  *membrane = u;
  return history | (snnrt_fires(u, threshold, shape->compare)
                        ? snnrt_step_mark(steps - 1)
                        : 0);
}

/* Whether pairs of neurons can be packed: they are, or have no parameters of
   channels that a pair could be on the border of. */
SNNRT_KERNEL bool snnrt_lif_steps_packable(const int32_t *bias,
                                           const snnrt_lif_shape *shape) {
  return snnrt_lif_packable(shape) &&
         snnrt_lif_row(bias, shape) % 2 == 0;
}

/* The channel `neurons` behind `channel`. */
SNNRT_KERNEL int32_t snnrt_next_channel(int32_t channel, int32_t neurons,
                                        const snnrt_lif_shape *shape) {
  const int32_t next = channel + neurons;
  return shape->positions == 1 || next < shape->channels ? next : 0;
}

/* The history of a neuron whose steps do not chain. */
SNNRT_KERNEL uint32_t snnrt_lif_history_unchained(
    int32_t *membrane, int64_t drive, int32_t threshold, int32_t factor,
    int32_t lowest, int32_t steps, const snnrt_lif_shape *shape) {
  uint32_t history = 0;
  for (int32_t step = 0; step < steps; ++step) {
    const snnrt_lif_result result =
        snnrt_lif_step(*membrane, drive, factor, threshold, lowest, shape);
    *membrane = result.membrane;
    history |= (uint32_t)result.spike << step;
  }
  return history;
}

/* Defines a helper that takes neuron `i`, in channel `c`, through all steps and
   returns its history. */
#define SNNRT_DEFINE_LIF_STEPS_SINGLE(state, state_type, lowest, current_name, \
                                      current_type)                            \
  SNNRT_KERNEL uint32_t snnrt_lif_steps_single_##state##_##current_name(       \
      state_type *membrane, const current_type *current, const int32_t *leak,  \
      const int32_t *threshold, const int32_t *bias, int32_t i, int32_t c,     \
      int32_t steps, const snnrt_lif_shape *shape) {                           \
    const int32_t factor = leak[snnrt_extent_index(shape->leak_extent, i, c)]; \
    const int32_t level =                                                      \
        threshold[snnrt_extent_index(shape->threshold_extent, i, c)];          \
    const int32_t offset = snnrt_bias(bias, i, c, shape);                      \
    const int64_t drive =                                                      \
        snnrt_drive(current[i], shape->current_shift, offset);                 \
    const int64_t reset_drive =                                                \
        shape->reset == SNNRT_RESET_SUBTRACT ? drive - level : drive;          \
    int32_t u = membrane[i];                                                   \
    uint32_t history;                                                          \
    if (snnrt_lif_steps_chain(shape) &&                                        \
        (!shape->saturate ||                                                   \
         (drive == (int32_t)drive && reset_drive == (int32_t)reset_drive))) {  \
      history = snnrt_lif_history(&u, (int32_t)drive, (int32_t)reset_drive,    \
                                  level, factor, lowest, steps, shape);        \
    } else {                                                                   \
      history = snnrt_lif_history_unchained(&u, drive, level, factor, lowest,  \
                                            steps, shape);                     \
    }                                                                          \
    membrane[i] = (state_type)u;                                               \
    return history;                                                            \
  }

/* Defines a helper that takes neurons `i` and `i + 1`, the first in channel `c`,
   through all steps and returns their histories in two lanes. */
#define SNNRT_DEFINE_LIF_STEPS_PAIR(current_name, current_type)                \
  SNNRT_KERNEL uint32_t snnrt_lif_steps_pair_##current_name(                   \
      int16_t *membrane, const current_type *current, const int32_t *leak,     \
      const int32_t *threshold, const int32_t *bias, int32_t i, int32_t c,     \
      int32_t steps, const snnrt_lif_shape *shape) {                           \
    const snnrt_lif_pair_parameters parameters =                               \
        snnrt_lif_pair_parameters_of(leak, threshold, bias, i, c, shape);      \
    const uint32_t drive = snnrt_drive_lanes(                                  \
        snnrt_current_lanes_##current_name(current + i), bias, i, c, shape);   \
    const snnrt_leak_kind kind = snnrt_leak_kind_of(leak, shape);              \
    uint32_t u = snnrt_load32(membrane + i);                                   \
    const uint32_t history =                                                   \
        snnrt_lif_steps_chain(shape) && snnrt_reset_is_drive(shape)            \
            ? snnrt_lif_pair_history(&u, drive, parameters.thresholds,         \
                                     parameters.factor_low,                    \
                                     parameters.factor_high, kind, steps,      \
                                     shape)                                    \
            : snnrt_lif_pair_history_unchained(                                \
                  &u, drive, parameters.thresholds, parameters.factor_low,     \
                  parameters.factor_high, kind, steps, shape);                 \
    snnrt_store32(membrane + i, u);                                            \
    return history;                                                            \
  }

/* Defines the kernel snnrt_lif_steps_<state>_<current>. PAIR(i, c) are the
   histories of two neurons where `packed`.

   membrane: state type [positions][channels], updated in place; current:
   current type of that shape; bits: uint32[steps][words of all neurons], steps
   <= 16; leak, threshold, bias: int32 by their extents; bias may be NULL. */
#define SNNRT_DEFINE_LIF_STEPS(state, state_type, current_name, current_type,  \
                               packed, PAIR)                                   \
  SNNRT_KERNEL void snnrt_lif_steps_##state##_##current_name(                  \
      state_type *restrict membrane, const current_type *restrict current,     \
      uint32_t *restrict bits, const int32_t *restrict leak,                   \
      const int32_t *restrict threshold, const int32_t *restrict bias,         \
      int32_t steps, const snnrt_lif_shape *shape) {                           \
    const int32_t neurons = shape->positions * shape->channels;                \
    const int32_t words = snnrt_words_of_bits(neurons);                        \
    union {                                                                    \
      uint16_t of[SNNRT_BITS_OF_WORD];                                         \
      uint32_t pairs[SNNRT_BITS_OF_WORD / 2];                                  \
    } histories;                                                               \
    int32_t c = 0;                                                             \
    for (int32_t word = 0; word < words; ++word) {                             \
      const int32_t first = word * SNNRT_BITS_OF_WORD;                         \
      const int32_t end = snnrt_min(neurons, first + SNNRT_BITS_OF_WORD);      \
      if (end < first + SNNRT_BITS_OF_WORD) {                                  \
        memset(&histories, 0, sizeof histories);                               \
      }                                                                        \
      int32_t i = first;                                                       \
      for (; (packed) && i + 2 <= end; i += 2) {                               \
        histories.pairs[(i - first) / 2] = PAIR(i, c);                         \
        c = snnrt_next_channel(c, 2, shape);                                   \
      }                                                                        \
      for (; i < end; ++i) {                                                   \
        histories.of[i - first] =                                              \
            (uint16_t)snnrt_lif_steps_single_##state##_##current_name(         \
                membrane, current, leak, threshold, bias, i, c, steps, shape); \
        c = snnrt_next_channel(c, 1, shape);                                   \
      }                                                                        \
      snnrt_histories_to_bits(histories.of, steps, bits + word, words);        \
    }                                                                          \
  }

#define SNNRT_LIF_STEPS_PAIR(current_name, i, c)                               \
  snnrt_lif_steps_pair_##current_name(membrane, current, leak, threshold, bias, \
                                      i, c, steps, shape)
#define SNNRT_LIF_STEPS_PAIR_S8(i, c) SNNRT_LIF_STEPS_PAIR(s8, i, c)
#define SNNRT_LIF_STEPS_PAIR_S16(i, c) SNNRT_LIF_STEPS_PAIR(s16, i, c)
#define SNNRT_LIF_STEPS_PAIR_S32(i, c) SNNRT_LIF_STEPS_PAIR(s32, i, c)
#define SNNRT_NO_PAIR(i, c) 0

SNNRT_DEFINE_LIF_STEPS_SINGLE(s16, int16_t, INT16_MIN, s8, int8_t)
SNNRT_DEFINE_LIF_STEPS_SINGLE(s16, int16_t, INT16_MIN, s16, int16_t)
SNNRT_DEFINE_LIF_STEPS_SINGLE(s16, int16_t, INT16_MIN, s32, int32_t)
SNNRT_DEFINE_LIF_STEPS_SINGLE(s32, int32_t, INT32_MIN, s8, int8_t)
SNNRT_DEFINE_LIF_STEPS_SINGLE(s32, int32_t, INT32_MIN, s16, int16_t)
SNNRT_DEFINE_LIF_STEPS_SINGLE(s32, int32_t, INT32_MIN, s32, int32_t)
SNNRT_DEFINE_LIF_STEPS_PAIR(s8, int8_t)
SNNRT_DEFINE_LIF_STEPS_PAIR(s16, int16_t)
SNNRT_DEFINE_LIF_STEPS_PAIR(s32, int32_t)
SNNRT_DEFINE_LIF_STEPS(s16, int16_t, s8, int8_t,
                       snnrt_lif_steps_packable(bias, shape),
                       SNNRT_LIF_STEPS_PAIR_S8)
SNNRT_DEFINE_LIF_STEPS(s16, int16_t, s16, int16_t,
                       snnrt_lif_steps_packable(bias, shape),
                       SNNRT_LIF_STEPS_PAIR_S16)
SNNRT_DEFINE_LIF_STEPS(s16, int16_t, s32, int32_t,
                       snnrt_lif_steps_packable(bias, shape),
                       SNNRT_LIF_STEPS_PAIR_S32)
SNNRT_DEFINE_LIF_STEPS(s32, int32_t, s8, int8_t, false, SNNRT_NO_PAIR)
SNNRT_DEFINE_LIF_STEPS(s32, int32_t, s16, int16_t, false, SNNRT_NO_PAIR)
SNNRT_DEFINE_LIF_STEPS(s32, int32_t, s32, int32_t, false, SNNRT_NO_PAIR)

#endif
