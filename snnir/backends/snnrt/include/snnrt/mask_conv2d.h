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

#include "snnrt/lane_conv2d.h"
#include "snnrt/spike_masks.h"

/* Neighbouring bits of one mask; `table` is where the kernel of combination 1
   lies, in kernels from the start of all tables. */
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

/* Largest number of groups with more than one bit in one of them, plus one. */
#define SNNRT_MAXIMUM_GROUPS 128

/* The entry of a group's table that a position selects; NULL for none. */
SNNRT_KERNEL const uint8_t *snnrt_group_entry(const uint32_t *masks,
                                              const snnrt_bit_group *group,
                                              const uint8_t *tables,
                                              uint32_t bytes,
                                              int32_t input_lanes) {
  const uint32_t bits = snnrt_close_bits(
      masks[group->mask], snnrt_mask_pairs(input_lanes, group->mask));
  const uint32_t combination =
      bits >> group->first & ((UINT32_C(1) << group->bits) - 1u);
  return combination == 0 ? NULL
                          : tables + (group->table + combination - 1) * bytes;
}

/* current += the tables of a mask list (see spike_masks.h). `input_lanes`:
   lanes of the masks; groups: `group_count` of them, ordered by mask. Entries
   are added two at a time. */
SNNRT_KERNEL void snnrt_mask_conv2d(const uint32_t *entries, uint32_t n,
                                    const void *tables, void *current,
                                    const snnrt_bit_group *groups,
                                    int32_t group_count, int32_t input_lanes,
                                    const snnrt_lane_conv2d_shape *shape) {
  const int32_t masks = snnrt_masks_of(input_lanes);
  const uint32_t bytes = snnrt_kernel_bytes(shape);
  const uint8_t *const table = (const uint8_t *)tables;
  uint8_t *const out = (uint8_t *)current;
  for (uint32_t i = 0; i < n; ++i, entries += masks + 1) {
    const uint32_t site = entries[masks];
    const snnrt_reach rows =
        snnrt_reach_at((int32_t)(site >> 16) + shape->padding_top,
                       shape->kernel_height, shape->output_height);
    const snnrt_reach columns =
        snnrt_reach_at((int32_t)(site & 0xFFFFu) + shape->padding_left,
                       shape->kernel_width, shape->output_width);
    if (rows.count <= 0 || columns.count <= 0) {
      continue;
    }
    const uint8_t *first = NULL;
    if (group_count == 2) {
      first = snnrt_group_entry(entries, groups, table, bytes, input_lanes);
      const uint8_t *const second =
          snnrt_group_entry(entries, groups + 1, table, bytes, input_lanes);
      if (first != NULL && second != NULL) {
        snnrt_add_kernels(first, second, true, out, &rows, &columns, shape);
        continue;
      }
      first = first == NULL ? second : first;
    } else if (group_count == input_lanes) {
      /* Groups of one bit: look at the set bits only. */
      for (int32_t mask = 0; mask < masks; ++mask) {
        uint32_t bits = snnrt_close_bits(
            entries[mask], snnrt_mask_pairs(input_lanes, mask));
        for (; bits != 0; bits &= bits - 1) {
          const uint8_t *const entry =
              table + (uint32_t)(32 * mask + snnrt_lowest_bit(bits)) * bytes;
          if (first == NULL) {
            first = entry;
            continue;
          }
          snnrt_add_kernels(first, entry, true, out, &rows, &columns, shape);
          first = NULL;
        }
      }
    } else {
      const uint8_t *chosen[SNNRT_MAXIMUM_GROUPS];
      int32_t count = 0;
      SNNRT_UNROLL_ROW
      for (int32_t g = 0; g < group_count; ++g) {
        chosen[count] =
            snnrt_group_entry(entries, groups + g, table, bytes, input_lanes);
        count += chosen[count] != NULL;
      }
      for (; count >= 2; count -= 2) {
        snnrt_add_kernels(chosen[count - 2], chosen[count - 1], true, out,
                          &rows, &columns, shape);
      }
      first = count == 1 ? chosen[0] : NULL;
    }
    if (first != NULL) {
      snnrt_add_kernels(first, NULL, false, out, &rows, &columns, shape);
    }
  }
}

#endif
