/* Whether the events of a frame lie as far apart as a network relies on.

   A frame is divided into cells, from its upper left corner on; those at the
   right and lower edges may be smaller. No 2 x 2 neighbouring cells may hold
   more than `maximum` events over all channels. Most frames hold fewer in
   total; only for the others the cells are counted. */
#ifndef SNNRT_INPUT_DENSITY_H
#define SNNRT_INPUT_DENSITY_H

#include "event_hits.h"
#include "fill.h"
#include "packed.h"

typedef struct snnrt_density {
  int32_t channels, height, width;
  int32_t cell_height, cell_width;
  int32_t rows, columns; /* cells along height and width */
  uint32_t maximum;      /* <= 32767 */
} snnrt_density;

/* Sum of n bytes; n < 2^24. */
SNNRT_KERNEL uint32_t snnrt_sum_of_bytes(const uint8_t *bytes, int32_t n) {
  uint32_t sum = 0;
  int32_t i = 0;
  for (; i + 16 <= n; i += 16) {
    sum = snnrt_usada8(sum, snnrt_load32(bytes + i));
    sum = snnrt_usada8(sum, snnrt_load32(bytes + i + 4));
    sum = snnrt_usada8(sum, snnrt_load32(bytes + i + 8));
    sum = snnrt_usada8(sum, snnrt_load32(bytes + i + 12));
  }
  for (; i + 4 <= n; i += 4) {
    sum = snnrt_usada8(sum, snnrt_load32(bytes + i));
  }
  for (; i < n; ++i) {
    sum += bytes[i];
  }
  return sum;
}

/* Adds to a cell; returns false if it then holds more than `maximum`. */
SNNRT_KERNEL bool snnrt_add_to_cell(uint16_t *cell, uint32_t events,
                                    const snnrt_density *density) {
  const uint32_t sum = *cell + events;
  if (sum > density->maximum) {
    return false;
  }
  *cell = (uint16_t)sum;
  return true;
}

/* Bytes of the counts of all cells. */
SNNRT_KERNEL uint32_t snnrt_cell_bytes(const snnrt_density *density) {
  return (uint32_t)(density->rows * density->columns) * sizeof(uint16_t);
}

/* Whether no 2 x 2 neighbouring cells hold more than `maximum`.

   cells: uint16[rows][columns]. */
SNNRT_KERNEL bool snnrt_cells_are_sparse(const uint16_t *cells,
                                         const snnrt_density *density) {
  const int32_t columns = density->columns;
  const int32_t below = density->rows > 1 ? columns : 0;
  const int32_t last_row = snnrt_max(density->rows - 1, 1);
  for (int32_t row = 0; row < last_row; ++row) {
    uint32_t left = 0;
    for (int32_t column = 0; column < columns; ++column) {
      const uint32_t here = *cells + (below != 0 ? (uint32_t)cells[below] : 0u);
      if (left + here > density->maximum) {
        return false;
      }
      left = here;
      ++cells;
    }
  }
  return true;
}

/* Counts the events of each cell; false if one holds more than `maximum`.

   frame_chw: uint8[channels][height][width]; cells: uint16[rows][columns]. */
SNNRT_KERNEL bool snnrt_count_cells_of_frame(const uint8_t *frame_chw,
                                             uint16_t *cells,
                                             const snnrt_density *density) {
  const int32_t width = density->width;
  for (int32_t channel = 0; channel < density->channels; ++channel) {
    uint16_t *row = cells;
    int32_t left_in_cell = density->cell_height;
    for (int32_t y = 0; y < density->height; ++y) {
      uint16_t *cell = row;
      for (int32_t x = 0; x < width; x += density->cell_width) {
        const int32_t bytes = snnrt_min(density->cell_width, width - x);
        const uint32_t events = snnrt_sum_of_bytes(frame_chw + x, bytes);
        if (!snnrt_add_to_cell(cell++, events, density)) {
          return false;
        }
      }
      frame_chw += width;
      if (--left_in_cell == 0) {
        row += density->columns;
        left_in_cell = density->cell_height;
      }
    }
  }
  return true;
}

/* Whether a frame keeps to `density`.

   frame_chw: uint8[channels][height][width]; cells: uint16[rows][columns] of
   scratch memory, aligned to 4 bytes. */
SNNRT_KERNEL bool snnrt_frame_is_sparse_u8(const uint8_t *frame_chw,
                                           uint16_t *cells,
                                           const snnrt_density *density) {
  const int32_t elements = density->channels * density->height * density->width;
  if (snnrt_sum_of_bytes(frame_chw, elements) <= density->maximum) {
    return true;
  }
  snnrt_fill_zero(cells, snnrt_cell_bytes(density));
  return snnrt_count_cells_of_frame(frame_chw, cells, density) &&
         snnrt_cells_are_sparse(cells, density);
}

/* The cell of an element of the frame; one beyond it belongs to some cell. */
SNNRT_KERNEL uint16_t *snnrt_cell_of(uint16_t *cells, uint32_t index_chw,
                                     const snnrt_density *density) {
  const uint32_t width = (uint32_t)density->width;
  const uint32_t position = index_chw % ((uint32_t)density->height * width);
  const uint32_t row = position / width / (uint32_t)density->cell_height;
  const uint32_t column = position % width / (uint32_t)density->cell_width;
  return cells + (row * (uint32_t)density->columns + column);
}

/* Whether a list of events keeps to `density`.

   indices_chw: uint16[n], flat CHW indices; one beyond the frame is counted
   somewhere, whoever reads the events refuses it. cells: as above. */
SNNRT_KERNEL bool snnrt_events_are_sparse(const uint16_t *indices_chw,
                                          uint32_t n, uint16_t *cells,
                                          const snnrt_density *density) {
  if (n <= density->maximum) {
    return true;
  }
  snnrt_fill_zero(cells, snnrt_cell_bytes(density));
  for (uint32_t i = 0; i < n; ++i) {
    uint16_t *const cell = snnrt_cell_of(cells, indices_chw[i], density);
    if (!snnrt_add_to_cell(cell, 1, density)) {
      return false;
    }
  }
  return snnrt_cells_are_sparse(cells, density);
}

/* The number of hits of a list that keeps to `density`; another one is dropped.

   hits, counts: see event_hits.h; cells: as above. */
SNNRT_KERNEL uint32_t snnrt_sparse_hits(snnrt_hit_list list,
                                        const uint16_t *hits, uint8_t *counts,
                                        uint16_t *cells,
                                        const snnrt_density *density) {
  if (list.size == SNNRT_NO_HITS || list.events <= density->maximum) {
    return list.size;
  }
  snnrt_fill_zero(cells, snnrt_cell_bytes(density));
  for (uint32_t i = 0; i < list.size; ++i) {
    uint16_t *const cell = snnrt_cell_of(cells, hits[i], density);
    if (!snnrt_add_to_cell(cell, counts[hits[i]], density)) {
      return snnrt_drop_hits(hits, list.size, counts);
    }
  }
  return snnrt_cells_are_sparse(cells, density)
             ? list.size
             : snnrt_drop_hits(hits, list.size, counts);
}

#endif
