/* The words of a frame that are not all zero. */
#ifndef SNNRT_FRAME_WORDS_H
#define SNNRT_FRAME_WORDS_H

#include "packed.h"

/* What is done with a word that is not 0 and begins at element `first`, or with
   a single element. */
typedef void snnrt_word_visitor(uint32_t word, uint32_t first, void *state);

SNNRT_KERNEL void snnrt_visit_word(uint32_t word, uint32_t first,
                                   snnrt_word_visitor *visit, void *state) {
  if (word != 0) {
    visit(word, first, state);
  }
}

/* Visits all nonzero elements of uint8[size] in ascending order. `visit`, known
   when inlined, is inlined, too. */
SNNRT_KERNEL void snnrt_visit_words(const uint8_t *frame, uint32_t size,
                                    snnrt_word_visitor *visit, void *state) {
  const uint8_t *const end = frame + size, *bytes = frame;
  for (; bytes != end && (uintptr_t)bytes % 4 != 0; ++bytes) {
    snnrt_visit_word(*bytes, (uint32_t)(bytes - frame), visit, state);
  }
  const uint8_t *const blocks = bytes + (uint32_t)(end - bytes) / 16 * 16;
  /* Most frames are nearly empty. */
  while (snnrt_pass_zeros(&bytes, blocks)) {
    const uint32_t first = (uint32_t)(bytes - frame) - 16;
    snnrt_visit_word(snnrt_load32(bytes - 16), first, visit, state);
    snnrt_visit_word(snnrt_load32(bytes - 12), first + 4, visit, state);
    snnrt_visit_word(snnrt_load32(bytes - 8), first + 8, visit, state);
    snnrt_visit_word(snnrt_load32(bytes - 4), first + 12, visit, state);
  }
  for (; bytes != end; ++bytes) {
    snnrt_visit_word(*bytes, (uint32_t)(bytes - frame), visit, state);
  }
}

#endif
