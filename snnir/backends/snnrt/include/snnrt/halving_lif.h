/* Neurons that halve their membrane U in every step, subtract their threshold
   theta with a delay of one step and spike above it; beta = 1/2.

   State, two lanes a word: z = theta - bias - leak(U) + R * theta, where R
   tells whether U is above theta. A step with current I then is
     d = z - I,  spike = d < 0,  z = (d + reset[spike]) >> 1,
   with reset[spike] = theta - 2 * bias + 2 * spike * theta + (0 if the leak
   rounds to nearest, 1 if down). resets: for each word reset[0] and reset[1].
   An offset of the currents is part of z. The compiler has proven that d and z
   fit int16.

   Without input a neuron with reset[0] >= 0 and d >= 0 does not spike: z follows
   (z + rest) >> 1 and stays there once it is at rest, so that any number of
   such steps can be made up for at once. rests: for each word reset[0] -
   offset. */
#ifndef SNNRT_HALVING_LIF_H
#define SNNRT_HALVING_LIF_H

#include "spike_masks.h"

#if SNNRT_DSP && defined(__OPTIMIZE__)
/* One word: state z in and out, sign bits of d into the mask, of which it is the
   first word or a later one. The constants are read in passing. */
#define SNNRT_HALVING_FIRST(z, a)                  \
  "sel " a ", " a ", %[b]\n\t"                     \
  "and %[mask], " z ", #0x80008000\n\t"            \
  "shadd16 " z ", " z ", " a "\n\t"
#define SNNRT_HALVING_LATER(z, a)                  \
  "sel " a ", " a ", %[b]\n\t"                     \
  "and %[b], " z ", #0x80008000\n\t"               \
  "shadd16 " z ", " z ", " a "\n\t"                \
  "orr %[mask], %[b], %[mask], lsr #1\n\t"
#define SNNRT_HALVING_WORD(z, current, NEXT)       \
  "ldrd %[a], %[b], [%[resets]], #8\n\t"           \
  "ssub16 " z ", " z ", " current "\n\t"           \
  NEXT(z, "%[a]")

/* The same with a register less, that of the current, but a wait for memory. */
#define SNNRT_HALVING_WORD_IN_PLACE(z, current, NEXT) \
  "ssub16 " z ", " z ", " current "\n\t"              \
  "ldrd " current ", %[b], [%[resets]], #8\n\t"       \
  NEXT(z, current)

/* Up to three words, of which NEXT continues the first. No operand is only
   read, so that none shares a register with another. */
#define SNNRT_HALVING_ONE(WORD, NEXT)          \
  "ldr r0, [%[state]]\n\t"                     \
  WORD("r0", "%[first]", NEXT)                 \
  "str r0, [%[state]], #4"
#define SNNRT_HALVING_TWO(WORD, NEXT)          \
  "ldmia %[state], {r0, r1}\n\t"               \
  WORD("r0", "%[first]", NEXT)                 \
  WORD("r1", "%[second]", SNNRT_HALVING_LATER) \
  "stmia %[state]!, {r0, r1}"
#define SNNRT_HALVING_THREE(WORD, NEXT)        \
  "ldmia %[state], {r0, r1, r2}\n\t"           \
  WORD("r0", "%[first]", NEXT)                 \
  WORD("r1", "%[second]", SNNRT_HALVING_LATER) \
  WORD("r2", "%[third]", SNNRT_HALVING_LATER)  \
  "stmia %[state]!, {r0, r1, r2}"
#define SNNRT_HALVING_ONE_CURRENT [first] "+r"(first)
#define SNNRT_HALVING_TWO_CURRENTS \
  SNNRT_HALVING_ONE_CURRENT, [second] "+r"(second)
#define SNNRT_HALVING_THREE_CURRENTS \
  SNNRT_HALVING_TWO_CURRENTS, [third] "+r"(third)

/* The assembly for the first words of a mask, which it writes, or for later
   ones. ... are the operands besides those that all have. */
#define SNNRT_HALVING_STEP(WORDS, WORD, ...)                      \
  if (start) {                                                    \
    SNNRT_HALVING_ASSEMBLY(WORDS(WORD, SNNRT_HALVING_FIRST),      \
                           [mask] "=&r"(mask), __VA_ARGS__);      \
  } else {                                                        \
    SNNRT_HALVING_ASSEMBLY(WORDS(WORD, SNNRT_HALVING_LATER),      \
                           [mask] "+r"(mask), __VA_ARGS__);       \
  }
#define SNNRT_HALVING_ASSEMBLY(text, ...)                             \
  __asm__ volatile(text                                               \
                   : [b] "=&r"(fired), [resets] "+r"(*resets),        \
                     [state] "+r"(*state), __VA_ARGS__                \
                   :                                                  \
                   : "r0", "r1", "r2", "memory")
#endif

/* One step of the neurons of `count` <= 3 words of currents; the signs of d
   enter the mask (see snnrt_push_signs), which is returned. Both pointers move
   behind what was read; the currents are lost. Known when inlined: `start`, the
   mask is empty; `saved`, how many registers have to be saved because the code
   around takes so many: 0, 1 or, by adding the third word by itself, 3. */
SNNRT_KERNEL uint32_t snnrt_halving_words(int16_t **state,
                                          uint32_t *currents, int32_t count,
                                          const uint32_t **resets,
                                          uint32_t mask, bool start,
                                          int32_t saved) {
#if SNNRT_DSP && defined(__OPTIMIZE__)
  /* Copies: what the assembly leaves in them would be stored to an array. */
  uint32_t first = currents[0];
  uint32_t second = count > 1 ? currents[1] : 0;
  uint32_t third = count > 2 ? currents[2] : 0;
  uint32_t silent, fired;
  if (count == 3 && saved > 1) {
    SNNRT_HALVING_STEP(SNNRT_HALVING_TWO, SNNRT_HALVING_WORD_IN_PLACE,
                       SNNRT_HALVING_TWO_CURRENTS)
    first = third;
    SNNRT_HALVING_ASSEMBLY(
        SNNRT_HALVING_ONE(SNNRT_HALVING_WORD_IN_PLACE, SNNRT_HALVING_LATER),
        [mask] "+r"(mask), SNNRT_HALVING_ONE_CURRENT);
  } else if (count == 3 && saved == 1) {
    SNNRT_HALVING_STEP(SNNRT_HALVING_THREE, SNNRT_HALVING_WORD_IN_PLACE,
                       SNNRT_HALVING_THREE_CURRENTS)
  } else if (count == 3) {
    SNNRT_HALVING_STEP(SNNRT_HALVING_THREE, SNNRT_HALVING_WORD,
                       [a] "=&r"(silent), SNNRT_HALVING_THREE_CURRENTS)
  } else if (count == 2) {
    SNNRT_HALVING_STEP(SNNRT_HALVING_TWO, SNNRT_HALVING_WORD,
                       [a] "=&r"(silent), SNNRT_HALVING_TWO_CURRENTS)
  } else if (count == 1) {
    SNNRT_HALVING_STEP(SNNRT_HALVING_ONE, SNNRT_HALVING_WORD,
                       [a] "=&r"(silent), SNNRT_HALVING_ONE_CURRENT)
  }
  return mask;
#else
  (void)start;
  (void)saved;
  for (int32_t i = 0; i < count; ++i, *state += 2, *resets += 2) {
    const uint32_t d = snnrt_ssub16(snnrt_load32(*state), currents[i]);
    snnrt_store32(*state, snnrt_shadd16(d, snnrt_select_ge16(d, 0, (*resets)[0],
                                                             (*resets)[1])));
    mask = snnrt_push_signs(mask, d);
  }
  return mask;
#endif
}

/* One step of the neurons of a word that all windows share the current of;
   returns d. */
SNNRT_KERNEL uint32_t snnrt_halving_word(int16_t *state, uint32_t current,
                                         uint32_t silent, uint32_t fired) {
  const uint32_t z = snnrt_load32(state);
#if SNNRT_DSP
  uint32_t d, next;
  __asm__("ssub16 %[d], %[z], %[current]\n\t"
          "sel %[next], %[silent], %[fired]\n\t"
          "shadd16 %[next], %[d], %[next]"
          : [d] "=&r"(d), [next] "=&r"(next)
          : [z] "r"(z), [current] "r"(current), [silent] "r"(silent),
            [fired] "r"(fired));
#else
  const uint32_t d = snnrt_ssub16(z, current);
  const uint32_t next =
      snnrt_shadd16(d, snnrt_select_ge16(d, 0, silent, fired));
#endif
  snnrt_store32(state, next);
  return d;
}

/* `steps` > 0 steps without input or spike of the neurons of `count` words.
   After the first one z - rest fits 16 bits, and each further one halves it. */
SNNRT_KERNEL void snnrt_halving_rest(int16_t *state, int32_t count,
                                     const uint32_t *rests, uint32_t steps) {
  const uint32_t shift = steps - 1 < 16 ? steps - 1 : 16;
  SNNRT_UNROLL_ROW
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t z = snnrt_shadd16(snnrt_load32(state + 2 * i), rests[i]);
    const uint32_t distance = snnrt_ssub16(z, rests[i]);
    const int32_t low = snnrt_low16(distance) >> shift;
    const int32_t high = (int32_t)distance >> shift;
    snnrt_store32(state + 2 * i,
                  snnrt_sadd16(snnrt_join16(low, high), rests[i]));
  }
}

#endif
