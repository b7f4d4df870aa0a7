/* Input as counts, with a bit for each element that has events.

   counts: uint8[size] in the order of the frame (flat CHW), which hold
   something only where there are events. marks: uint32[(size + 31) / 32], bit
   i % 32 of word i / 32 for element i. Compared with a list of hits (see
   event_hits.h) this takes an eighth of a byte instead of two for each element,
   and the events of some rows are found without looking at the others. */
#ifndef SNNRT_EVENT_MARKS_H
#define SNNRT_EVENT_MARKS_H

#include "snnrt/fill.h"
#include "snnrt/packed.h"

/* Words of marks for `size` elements. */
SNNRT_KERNEL uint32_t snnrt_mark_words(uint32_t size) {
  return (size + 31) / 32;
}

SNNRT_KERNEL uint32_t snnrt_min_size(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

/* Marks the nonzero elements of uint8[size] and copies their values. Returns
   false if a value exceeds `maximum`. */
SNNRT_KERNEL bool snnrt_mark_frame(const uint8_t *frame, uint32_t size,
                                   uint8_t maximum, uint8_t *counts,
                                   uint32_t *marks) {
  for (uint32_t first = 0; first < size; first += 32) {
    const uint32_t end = snnrt_min_size(first + 32, size);
    uint32_t word = 0, i = first;
    while (i < end) {
      /* Most frames are nearly empty: 16 or 4 zeros at a time. */
      if (i + 16 <= end && snnrt_are_zero16(frame + i)) {
        i += 16;
        continue;
      }
      const uint32_t block = snnrt_min_size(i + 16, end);
      while (i < block) {
        if (i + 4 <= block && snnrt_load32(frame + i) == 0) {
          i += 4;
          continue;
        }
        const uint32_t quarter = snnrt_min_size(i + 4, block);
        for (; i < quarter; ++i) {
          const uint8_t value = frame[i];
          if (value > maximum) {
            return false;
          }
          if (value != 0) {
            counts[i] = value;
            word |= UINT32_C(1) << (i & 31);
          }
        }
      }
    }
    *marks++ = word;
  }
  return true;
}

/* The same for events: `indices` of elements in any order; an index that occurs
   k times counts k. Returns false if an index is out of range or a count would
   exceed `maximum`. */
SNNRT_KERNEL bool snnrt_mark_events(const uint16_t *indices, uint32_t events,
                                    uint32_t size, uint8_t maximum,
                                    uint8_t *counts, uint32_t *marks) {
  snnrt_fill_zero(marks, 4 * snnrt_mark_words(size));
  for (uint32_t i = 0; i < events; ++i) {
    const uint32_t index = indices[i];
    if (index >= size) {
      return false;
    }
    const uint32_t bit = UINT32_C(1) << (index & 31);
    const uint8_t before = (marks[index / 32] & bit) != 0 ? counts[index] : 0;
    if (before >= maximum) {
      return false;
    }
    marks[index / 32] |= bit;
    counts[index] = (uint8_t)(before + 1);
  }
  return true;
}

#endif
