/* Input as counts, with a bit for each element that has events.

   counts: uint8[size] in the order of the frame (flat CHW), which hold
   something only where there are events. marks: uint32[(size + 31) / 32], bit
   i % 32 of word i / 32 for element i. Compared with a list of hits (see
   event_hits.h) this takes an eighth of a byte instead of two for each element,
   and the events of some rows are found without looking at the others. */
#ifndef SNNRT_EVENT_MARKS_H
#define SNNRT_EVENT_MARKS_H

#include "fill.h"
#include "frame_words.h"

/* Words of marks for `size` elements. */
SNNRT_KERNEL uint32_t snnrt_mark_words(uint32_t size) {
  return (size + 31) / 32;
}

/* Counts and marks that are filled; `excess`: not 0 if a value exceeded the
   maximum, which all bytes of `limits` hold. */
typedef struct snnrt_mark_writer {
  uint8_t *counts;
  uint32_t *marks, limits, excess;
} snnrt_mark_writer;

/* Marks the nonzero bytes of `word`, which begins at element `first`, and copies
   them to the counts. */
SNNRT_KERNEL void snnrt_mark_word(uint32_t word, uint32_t first, void *state) {
  snnrt_mark_writer *const writer = state;
  writer->excess |= snnrt_uqsub8(word, writer->limits);
  do {
    const uint32_t shift = (uint32_t)snnrt_lowest_bit(word) & 24u;
    word >>= shift;
    first += shift / 8;
    writer->counts[first] = (uint8_t)word;
    writer->marks[first / 32] |= UINT32_C(1) << (first & 31);
    word >>= 8;
    ++first;
  } while (word != 0);
}

/* Marks the nonzero elements of uint8[size] and copies their values. Returns
   false if a value exceeds `maximum`. */
SNNRT_KERNEL bool snnrt_mark_frame(const uint8_t *frame, uint32_t size,
                                   uint8_t maximum, uint8_t *counts,
                                   uint32_t *marks) {
  snnrt_mark_writer writer = {counts, marks, maximum * 0x01010101u, 0};
  snnrt_fill_zero(marks, 4 * snnrt_mark_words(size));
  snnrt_visit_words(frame, size, snnrt_mark_word, &writer);
  return writer.excess == 0;
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
