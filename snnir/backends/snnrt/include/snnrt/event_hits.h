/* Input as a list of the elements that have events, in the order of the frame.

   counts: uint8[size], zero between two steps; hits: uint16[size], the flat
   CHW indices of the elements with events, each once. The layer that consumes
   the hits sets their counts back to zero. */
#ifndef SNNRT_EVENT_HITS_H
#define SNNRT_EVENT_HITS_H

#include "snnrt/packed.h"

/* What is returned instead of the number of hits for an input out of range. */
#define SNNRT_NO_HITS UINT32_MAX

/* Forgets the hits listed so far, after an error. */
SNNRT_KERNEL uint32_t snnrt_drop_hits(const uint16_t *hits, uint32_t n,
                                      uint8_t *counts) {
  for (uint32_t i = 0; i < n; ++i) {
    counts[hits[i]] = 0;
  }
  return SNNRT_NO_HITS;
}

/* Lists the nonzero bytes of `word`, which begins at element `first`, and copies
   them to `counts`; false if one exceeds `maximum`. */
SNNRT_KERNEL bool snnrt_list_word(uint32_t word, uint32_t first,
                                  uint8_t maximum, uint8_t *counts,
                                  uint16_t **hits) {
  while (word != 0) {
    const uint32_t shift = (uint32_t)snnrt_lowest_bit(word) & 24u;
    const uint32_t value = word >> shift & 0xFFu;
    const uint32_t index = first + shift / 8;
    if (value > maximum) {
      return false;
    }
    counts[index] = (uint8_t)value;
    *(*hits)++ = (uint16_t)index;
    word &= ~(UINT32_C(0xFF) << shift);
  }
  return true;
}

/* Lists the nonzero elements of uint8[size] and copies their values to
   `counts`. Returns their number, or SNNRT_NO_HITS if a value exceeds
   `maximum`; nothing is then listed. */
SNNRT_KERNEL uint32_t snnrt_list_frame(const uint8_t *frame, uint32_t size,
                                       uint8_t maximum, uint8_t *counts,
                                       uint16_t *hits) {
  uint16_t *end = hits;
  bool legal = true;
  uint32_t i = 0;
  for (; legal && i + 16 <= size; i += 16) {
    /* Most frames are nearly empty: 16 zeros at a time. */
    if (snnrt_are_zero16(frame + i)) {
      continue;
    }
    for (uint32_t k = i; legal && k < i + 16; k += 4) {
      legal = snnrt_list_word(snnrt_load32(frame + k), k, maximum, counts, &end);
    }
  }
  for (; legal && i < size; ++i) {
    legal = snnrt_list_word(frame[i], i, maximum, counts, &end);
  }
  const uint32_t n = (uint32_t)(end - hits);
  return legal ? n : snnrt_drop_hits(hits, n, counts);
}

/* The same for events: `indices` of elements in any order; an index that occurs
   k times counts k. */
SNNRT_KERNEL uint32_t snnrt_list_events(const uint16_t *indices,
                                        uint32_t events, uint32_t size,
                                        uint8_t maximum, uint8_t *counts,
                                        uint16_t *hits) {
  const uint16_t *const begin = hits;
  for (const uint16_t *const end = indices + events; indices != end;) {
    const uint32_t index = *indices++;
    if (index >= size || counts[index] >= maximum) {
      return snnrt_drop_hits(begin, (uint32_t)(hits - begin), counts);
    }
    if (counts[index]++ == 0) {
      *hits++ = (uint16_t)index;
    }
  }
  return (uint32_t)(hits - begin);
}

#endif
