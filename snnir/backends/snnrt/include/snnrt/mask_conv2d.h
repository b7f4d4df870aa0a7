/* Event-driven convolution of spikes that come as masks, by tables.

   The bits of a mask are divided into groups of neighbours; for each group a
   table holds the sum of the kernels of every combination of its bits. A
   position then costs at most one addition for each group instead of one for
   each spike (the method of the four Russians). A group of one bit has one
   kernel, so that groups of one bit are the plain event-driven convolution.

   Bits are numbered as the lanes of a position: first the low lanes of all
   words of a mask, then the high ones. */
#ifndef SNNRT_MASK_CONV2D_H
#define SNNRT_MASK_CONV2D_H

#include "lane_conv2d.h"
#include "spike_masks.h"

/* Neighbouring bits of one mask; `table` is where the kernel of combination 1
   lies, in kernels from the start of all tables. Bits of channels that never
   spike belong to no group. */
typedef struct snnrt_bit_group {
  uint8_t mask, first, bits;
  uint32_t table;
} snnrt_bit_group;

/* The bits of a mask of `pairs` words next to each other, from bit 0 on. */
SNNRT_KERNEL uint32_t snnrt_close_bits(uint32_t mask, int32_t pairs) {
  if (pairs == SNNRT_MASK_PAIRS) {
    return mask;
  }
  const uint32_t low = (mask & 0xFFFFu) >> (16 - pairs);
  return low | (mask >> (32 - pairs)) << pairs;
}

/* Most groups; as many numbers take room on the stack. */
#define SNNRT_MAXIMUM_GROUPS 128

/* The combination of a group's bits at a position. */
SNNRT_KERNEL uint32_t snnrt_group_bits(const uint32_t *masks,
                                       const snnrt_bit_group *group,
                                       int32_t input_lanes) {
  const uint32_t bits = snnrt_close_bits(
      masks[group->mask], snnrt_mask_pairs(input_lanes, group->mask));
  return bits >> group->first & ((UINT32_C(1) << group->bits) - 1u);
}

/* The entry of a group's table for a combination; NULL for none. */
SNNRT_KERNEL const uint8_t *snnrt_group_entry(const uint32_t *masks,
                                              const snnrt_bit_group *group,
                                              const uint8_t *tables,
                                              uint32_t bytes,
                                              int32_t input_lanes) {
  const uint32_t combination = snnrt_group_bits(masks, group, input_lanes);
  /* A constant, to which the product is added. */
  const size_t start = (size_t)group->table * bytes - bytes;
  return combination == 0 ? NULL
                          : tables + (start + (size_t)combination * bytes);
}

/* Adds the kernels of the set bits of a position, two at a time; there is a
   kernel for every bit. */
SNNRT_KERNEL const uint8_t *snnrt_add_bits(const uint32_t *masks,
                                           const uint8_t *tables,
                                           uint8_t *current,
                                           const snnrt_site *row,
                                           const snnrt_site *column,
                                           int32_t input_lanes,
                                           const snnrt_lane_conv2d_shape *shape) {
  const uint32_t bytes = snnrt_kernel_bytes(shape);
  const uint8_t *first = NULL;
  for (int32_t mask = 0; mask < snnrt_masks_of(input_lanes); ++mask) {
    uint32_t bits = snnrt_close_bits(masks[mask],
                                     snnrt_mask_pairs(input_lanes, mask));
    for (; bits != 0; bits &= bits - 1) {
      const uint8_t *const entry =
          tables + (uint32_t)(32 * mask + snnrt_lowest_bit(bits)) * bytes;
      if (first == NULL) {
        first = entry;
        continue;
      }
      snnrt_add_kernels(first, entry, true, current, row, column, shape);
      first = NULL;
    }
  }
  return first;
}

/* Adds the entries that a position selects, two at a time; returns one that is
   left over, or NULL. */
SNNRT_KERNEL const uint8_t *snnrt_add_entries(
    const uint32_t *masks, const uint8_t *tables, uint8_t *current,
    const snnrt_site *row, const snnrt_site *column,
    const snnrt_bit_group *groups, int32_t group_count, int32_t input_lanes,
    const snnrt_lane_conv2d_shape *shape) {
  const uint32_t bytes = snnrt_kernel_bytes(shape);
  if (group_count == 2) {
    const uint8_t *const first =
        snnrt_group_entry(masks, groups, tables, bytes, input_lanes);
    const uint8_t *const second =
        snnrt_group_entry(masks, groups + 1, tables, bytes, input_lanes);
    if (first != NULL && second != NULL) {
      snnrt_add_kernels(first, second, true, current, row, column, shape);
      return NULL;
    }
    return first == NULL ? second : first;
  }
  /* Numbers of entries among all tables, from 1 on: half of what addresses
     take. There are fewer than 16 bits tell apart. */
  uint16_t chosen[SNNRT_MAXIMUM_GROUPS];
  int32_t count = 0;
  SNNRT_UNROLL_ROW
  for (int32_t g = 0; g < group_count; ++g) {
    const uint32_t combination =
        snnrt_group_bits(masks, groups + g, input_lanes);
    chosen[count] = (uint16_t)(groups[g].table + combination);
    count += combination != 0;
  }
  for (; count >= 2; count -= 2) {
    snnrt_add_kernels(tables + (chosen[count - 2] - 1u) * (size_t)bytes,
                      tables + (chosen[count - 1] - 1u) * (size_t)bytes, true, current,
                      row, column, shape);
  }
  return count == 1 ? tables + (chosen[0] - 1u) * (size_t)bytes : NULL;
}

/* current += the tables of a mask list (see spike_masks.h). `input_lanes`:
   lanes of the masks; groups: `group_count` of them, ordered by mask; as many
   as lanes if all are of one bit. Entries are added two at a time. */
SNNRT_KERNEL void snnrt_mask_conv2d(const uint32_t *entries, uint32_t n,
                                    const void *tables, void *current,
                                    const snnrt_bit_group *groups,
                                    int32_t group_count, int32_t input_lanes,
                                    const snnrt_sites *sites,
                                    const snnrt_lane_conv2d_shape *shape) {
  const int32_t masks = snnrt_masks_of(input_lanes);
  const uint32_t *const end = entries + n * (uint32_t)(masks + 1);
  const uint8_t *const table = (const uint8_t *)tables;
  uint8_t *const out = (uint8_t *)current;
  for (; entries != end; entries += masks + 1) {
    const snnrt_site row = snnrt_site_at(sites->rows, entries[masks] >> 16);
    const snnrt_site column =
        snnrt_site_at(sites->columns, entries[masks] & 0xFFFFu);
    if (!sites->complete && row.count == 0) {
      continue;
    }
    const uint8_t *const left =
        group_count == input_lanes
            ? snnrt_add_bits(entries, table, out, &row, &column,
                             input_lanes, shape)
            : snnrt_add_entries(entries, table, out, &row, &column, groups,
                                group_count, input_lanes, shape);
    if (left != NULL) {
      snnrt_add_kernels(left, NULL, false, out, &row, &column, shape);
    }
  }
}

#endif
