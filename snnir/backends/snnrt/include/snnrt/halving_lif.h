/* Neurons that halve their membrane U in every step, subtract their threshold
   theta with a delay of one step and spike above it; beta = 1/2.

   State, two lanes a word: z = theta - bias - leak(U) + R * theta, where R
   tells whether U is above theta. A step with current I then is
     d = z - I,  spike = d < 0,  z = (d + reset[spike]) >> 1,
   with reset[spike] = theta - 2 * bias + 2 * spike * theta + (0 if the leak
   rounds to nearest, 1 if down). resets: for each word reset[0] and reset[1].
   An offset of the currents is part of z. The compiler has proven that d and z
   fit int16.

   Without input a neuron with reset[0] >= 0 that did not spike comes to rest
   without a spike: z follows (z + rest) >> 1, which no longer moves after
   SNNRT_STEPS_TO_REST steps. rests: for each word reset[0] - offset. */
#ifndef SNNRT_HALVING_LIF_H
#define SNNRT_HALVING_LIF_H

#include "snnrt/spike_masks.h"

/* After this many steps z = (z + rest) >> 1 has halved any distance of 16 bits
   to nothing. */
#define SNNRT_STEPS_TO_REST 17

#if SNNRT_DSP && defined(__OPTIMIZE__)
/* One word: state z in and out, sign bits of d into the mask. The constants
   are read in passing. */
#define SNNRT_HALVING_WORD(z, current)     \
  "ldrd %[a], %[b], [%[resets]], #8\n\t"   \
  "ssub16 " z ", " z ", " current "\n\t"   \
  "sel %[a], %[a], %[b]\n\t"               \
  "and %[b], " z ", #0x80008000\n\t"       \
  "shadd16 " z ", " z ", %[a]\n\t"         \
  "orr %[mask], %[b], %[mask], lsr #1\n\t"

#endif

/* One step of the neurons of `count` <= 3 words of currents; the signs of d
   enter the mask (see snnrt_push_signs), which is returned. */
SNNRT_KERNEL uint32_t snnrt_halving_words(int16_t *state,
                                          const uint32_t *currents,
                                          int32_t count,
                                          const uint32_t *resets,
                                          uint32_t mask) {
#if SNNRT_DSP && defined(__OPTIMIZE__)
  uint32_t silent, fired;
  int32_t i = 0;
  uint32_t z, y;
  for (; i + 2 <= count; i += 2) {
    __asm__ volatile("ldrd %[z], %[y], [%[state]]\n\t"
                     SNNRT_HALVING_WORD("%[z]", "%[first]")
                     SNNRT_HALVING_WORD("%[y]", "%[second]")
                     "strd %[z], %[y], [%[state]]"
                     : [mask] "+&r"(mask), [resets] "+&r"(resets),
                       [a] "=&r"(silent), [b] "=&r"(fired), [z] "=&r"(z),
                       [y] "=&r"(y)
                     : [state] "r"(state + 2 * i), [first] "r"(currents[i]),
                       [second] "r"(currents[i + 1])
                     : "memory");
  }
  if (i < count) {
    __asm__ volatile("ldr %[z], [%[state]]\n\t"
                     SNNRT_HALVING_WORD("%[z]", "%[first]")
                     "str %[z], [%[state]]"
                     : [mask] "+&r"(mask), [resets] "+&r"(resets),
                       [a] "=&r"(silent), [b] "=&r"(fired), [z] "=&r"(z)
                     : [state] "r"(state + 2 * i), [first] "r"(currents[i])
                     : "memory");
  }
  return mask;
#else
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t d = snnrt_ssub16(snnrt_load32(state + 2 * i), currents[i]);
    snnrt_store32(state + 2 * i,
                  snnrt_shadd16(d, snnrt_select_ge16(d, 0, resets[2 * i],
                                                     resets[2 * i + 1])));
    mask = snnrt_push_signs(mask, d);
  }
  return mask;
#endif
}

/* One step without input of the neurons of `count` words that are on their way
   to rest. */
SNNRT_KERNEL void snnrt_halving_rest(int16_t *state, int32_t count,
                                     const uint32_t *rests) {
  int32_t i = 0;
#if SNNRT_DSP && defined(__OPTIMIZE__)
  SNNRT_UNROLL_ROW
  for (; i + 2 <= count; i += 2) {
    uint32_t first, second, a, b;
    __asm__ volatile("ldrd %[first], %[second], [%[state]]\n\t"
                     "ldrd %[a], %[b], [%[rests]]\n\t"
                     "shadd16 %[first], %[first], %[a]\n\t"
                     "shadd16 %[second], %[second], %[b]\n\t"
                     "strd %[first], %[second], [%[state]]"
                     : [first] "=&r"(first), [second] "=&r"(second),
                       [a] "=&r"(a), [b] "=&r"(b)
                     : [state] "r"(state + 2 * i), [rests] "r"(rests + i)
                     : "memory");
  }
#endif
  SNNRT_UNROLL_WINDOW
  for (; i < count; ++i) {
    snnrt_store32(state + 2 * i,
                  snnrt_shadd16(snnrt_load32(state + 2 * i), rests[i]));
  }
}

#endif
