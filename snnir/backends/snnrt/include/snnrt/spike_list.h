/* Lists of active inputs. */
#ifndef SNNRT_SPIKE_LIST_H
#define SNNRT_SPIKE_LIST_H

#include "fill.h"
#include "packed.h"

/* Appends to `list` the indices, offset by `first`, of the nonzero bytes of
   `word`; returns the new end of the list. */
SNNRT_KERNEL uint16_t *snnrt_spike_list_word(uint32_t word, uint32_t first,
                                             uint16_t *list) {
  if (word & 0x000000FFu) {
    *list++ = (uint16_t)first;
  }
  if (word & 0x0000FF00u) {
    *list++ = (uint16_t)(first + 1);
  }
  if (word & 0x00FF0000u) {
    *list++ = (uint16_t)(first + 2);
  }
  if (word & 0xFF000000u) {
    *list++ = (uint16_t)(first + 3);
  }
  return list;
}

/* Writes the indices of the nonzero elements of `values` in ascending order.

   values: int8[n], aligned to 4 bytes, n <= 65536; list: uint16[n] in the worst
   case. Returns the number of indices written. */
SNNRT_KERNEL uint32_t snnrt_spike_list(const int8_t *values, uint32_t n,
                                       uint16_t *list) {
  const int32_t *words = (const int32_t *)(const void *)values;
  uint16_t *end = list;
  uint32_t i = 0;
  /* Spikes are sparse: most blocks have no more than one. */
  for (; i + 16 <= n; i += 16) {
    const snnrt_two low = snnrt_next_two(&words);
    const snnrt_two high = snnrt_next_two(&words);
    if ((low.first | low.second | high.first | high.second) == 0) {
      continue;
    }
    if (low.first != 0) {
      end = snnrt_spike_list_word((uint32_t)low.first, i, end);
    }
    if (low.second != 0) {
      end = snnrt_spike_list_word((uint32_t)low.second, i + 4, end);
    }
    if (high.first != 0) {
      end = snnrt_spike_list_word((uint32_t)high.first, i + 8, end);
    }
    if (high.second != 0) {
      end = snnrt_spike_list_word((uint32_t)high.second, i + 12, end);
    }
  }
  for (; i < n; ++i) {
    if (values[i] != 0) {
      *end++ = (uint16_t)i;
    }
  }
  return (uint32_t)(end - list);
}

/* The inverse: int8[n], aligned to 4 bytes, with 1 at every listed index. */
SNNRT_KERNEL void snnrt_list_to_bytes(const uint16_t *list, uint32_t count,
                                      int8_t *values, uint32_t n) {
  snnrt_fill_zero(values, n);
  for (uint32_t i = 0; i < count; ++i) {
    values[list[i]] = 1;
  }
}

#endif
