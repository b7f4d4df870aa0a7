/* Input as a list of the elements that have events, in the order of the frame.

   counts: uint8[size], zero between two steps; hits: uint16[size], the flat
   CHW indices of the elements with events, each once. The layer that consumes
   the hits sets their counts back to zero. */
#ifndef SNNRT_EVENT_HITS_H
#define SNNRT_EVENT_HITS_H

#include "frame_words.h"

/* `size` of a list that was dropped: the input was out of range. */
#define SNNRT_NO_HITS UINT32_MAX

/* How many elements have events, and how many events there are. */
typedef struct snnrt_hit_list {
  uint32_t size, events;
} snnrt_hit_list;

/* Forgets the hits listed so far. */
SNNRT_KERNEL uint32_t snnrt_drop_hits(const uint16_t *hits, uint32_t n,
                                      uint8_t *counts) {
  for (uint32_t i = 0; i < n; ++i) {
    counts[hits[i]] = 0;
  }
  return SNNRT_NO_HITS;
}

/* A list of hits that grows. `excess`: not 0 if a value exceeded the maximum,
   which all bytes of `limits` hold. */
typedef struct snnrt_hit_writer {
  uint8_t *counts;
  uint16_t *end;
  uint32_t events, limits, excess;
} snnrt_hit_writer;

/* Lists the nonzero bytes of `word`, which begins at element `first`, and copies
   them to the counts. */
SNNRT_KERNEL void snnrt_list_word(uint32_t word, uint32_t first,
                                  void *state) {
  snnrt_hit_writer *const writer = state;
  writer->events = snnrt_usada8(writer->events, word);
  writer->excess |= snnrt_uqsub8(word, writer->limits);
  do {
    const uint32_t shift = (uint32_t)snnrt_lowest_bit(word) & 24u;
    word >>= shift;
    first += shift / 8;
    writer->counts[first] = (uint8_t)word;
    *writer->end++ = (uint16_t)first;
    word >>= 8;
    ++first;
  } while (word != 0);
}

/* Lists the nonzero elements of uint8[size] and copies their values to
   `counts`. If one exceeds `maximum`, the list is dropped. */
SNNRT_KERNEL snnrt_hit_list snnrt_list_frame(const uint8_t *frame,
                                             uint32_t size, uint8_t maximum,
                                             uint8_t *counts, uint16_t *hits) {
  snnrt_hit_writer writer = {counts, hits, 0, maximum * 0x01010101u, 0};
  snnrt_visit_words(frame, size, snnrt_list_word, &writer);
  snnrt_hit_list list = {(uint32_t)(writer.end - hits), writer.events};
  if (writer.excess != 0) {
    list.size = snnrt_drop_hits(hits, list.size, counts);
  }
  return list;
}

/* The same for events: `indices` of elements in any order; an index that occurs
   k times counts k. */
SNNRT_KERNEL snnrt_hit_list snnrt_list_events(const uint16_t *indices,
                                              uint32_t events, uint32_t size,
                                              uint8_t maximum, uint8_t *counts,
                                              uint16_t *hits) {
  snnrt_hit_list list = {0, events};
  for (const uint16_t *const end = indices + events; indices != end;) {
    const uint32_t index = *indices++;
    if (index >= size || counts[index] >= maximum) {
      list.size = snnrt_drop_hits(hits, list.size, counts);
      return list;
    }
    if (counts[index]++ == 0) {
      hits[list.size++] = (uint16_t)index;
    }
  }
  return list;
}

#endif
