/* Convolution, pooling and neurons by tiles: a tile is some rows of pooling
   windows, and only its currents exist at a time.

   For each tile the kernels of all inputs that reach it are added, cut to the
   rows of the tile; then the neurons of its windows take the currents, which are
   thereby cleared (see window_lif.h). An input whose kernel spans several tiles
   is looked at in each of them: that is what the memory costs.

   weights: int8[input_channels][kernel_height][kernel_width][2 * elements],
   rows and columns in reverse, lanes in quads (see byte_rows.h), or as many
   weights of 4 or 2 bits in words as of packed_quads.h; of spikes, input
   channels in the order of their bits (see mask_conv2d.h). current: rows
   of a tile, cleared first. */
#ifndef SNNRT_TILE_LAYER_H
#define SNNRT_TILE_LAYER_H

#include "byte_rows.h"
#include "conv2d_quads.h"
#include "event_marks.h"
#include "mask_conv2d.h"
#include "window_lif.h"

/* What a layer reads: events (see event_marks.h), or the `count` entries of a
   mask list (see spike_masks.h) ordered by row. */
typedef struct snnrt_tile_input {
  const uint8_t *counts;
  const uint32_t *marks;
  const uint32_t *entries;
  uint32_t count;
  /* Channels of events, lanes of masks. */
  int32_t channels;
} snnrt_tile_input;

/* Rows of windows of a tile at most. */
#define SNNRT_TILE_ROWS 16

/* Windows in a row of which is known whether events reach them. */
#define SNNRT_TOUCHED_BITS 32

/* Rows of currents of the tile that is computed. */
typedef struct snnrt_tile {
  uint8_t *current;
  int32_t begin, rows;
  /* Bits of the windows that events reach, for each row of windows. */
  uint32_t touched[SNNRT_TILE_ROWS];
} snnrt_tile;

/* Along one axis: outputs [output, output + count) that an input reaches, the
   first through element `tap` of the reversed kernel. */
typedef struct snnrt_reach {
  int32_t output, tap, count;
} snnrt_reach;

/* `padded` is the input coordinate + padding. */
SNNRT_KERNEL snnrt_reach snnrt_reach_at(int32_t padded, int32_t kernel,
                                        int32_t outputs) {
  const int32_t first = padded - (kernel - 1);
  const int32_t begin = snnrt_max(first, 0);
  const int32_t end = snnrt_min(padded, outputs - 1);
  const snnrt_reach reach = {begin, begin - first, end - begin + 1};
  return reach;
}

/* Bits [first, last]. */
SNNRT_KERNEL uint32_t snnrt_bit_range(int32_t first, int32_t last) {
  return (UINT32_C(2) << last) - (UINT32_C(1) << first);
}

/* Marks the windows that a rectangle of currents lies in; touched holds one
   word for each row of windows, and one bit for each column. */
SNNRT_KERNEL void snnrt_touch(uint32_t *touched, const snnrt_reach *rows,
                              const snnrt_reach *columns,
                              const snnrt_lane_conv2d_shape *shape) {
  const uint32_t bits = snnrt_bit_range(
      columns->output / shape->window_width,
      (columns->output + columns->count - 1) / shape->window_width);
  const int32_t last = (rows->output + rows->count - 1) / shape->window_height;
  for (int32_t y = rows->output / shape->window_height; y <= last; ++y) {
    touched[y] |= bits;
  }
}

/* Adds one kernel, or two, to the currents of a tile. */
SNNRT_KERNEL void snnrt_tile_add(const int8_t *first, const int8_t *second,
                                 bool two, const snnrt_tile *tile,
                                 const snnrt_reach *rows,
                                 const snnrt_reach *columns,
                                 const snnrt_lane_conv2d_shape *shape) {
  const int32_t lanes = 2 * shape->elements;
  const int32_t bytes = snnrt_weight_bytes(lanes, shape->weight_bits);
  const int32_t tap =
      (rows->tap * shape->kernel_width + columns->tap) * bytes;
  uint8_t *const current =
      tile->current +
      (rows->output * shape->output_width + columns->output) * lanes * 2;
  if (shape->weight_bits != 8) {
    const snnrt_quad_area area = {rows->count, columns->count,
                                  shape->kernel_width, lanes / SNNRT_QUAD_LANES,
                                  0, 0, shape->output_width * lanes * 2,
                                  shape->kernel_width * bytes};
    snnrt_add_quad_area(current, first + tap, two ? second + tap : NULL, two,
                        &area, shape->weight_bits);
    return;
  }
  const snnrt_rectangle rectangle = {
      rows->count, (shape->output_width - columns->count) * lanes * 2,
      (shape->kernel_width - columns->count) * lanes};
  snnrt_add_quad_rectangle(current, first + tap, two ? second + tap : NULL, two,
                           columns->count, shape->kernel_width,
                           lanes / SNNRT_QUAD_LANES,
                           &rectangle);
}

/* Bytes of one kernel. */
SNNRT_KERNEL int32_t snnrt_tile_kernel(const snnrt_lane_conv2d_shape *shape) {
  return shape->kernel_height * shape->kernel_width *
         snnrt_weight_bytes(2 * shape->elements, shape->weight_bits);
}

/* Marks the windows of a tile that a rectangle of currents lies in. */
SNNRT_KERNEL void snnrt_tile_touch(snnrt_tile *tile, int32_t tile_rows,
                                   const snnrt_reach *rows,
                                   const snnrt_reach *columns,
                                   const snnrt_lane_conv2d_shape *shape) {
  if (tile_rows == 1) {
    tile->touched[0] |= snnrt_bit_range(
        columns->output / shape->window_width,
        (columns->output + columns->count - 1) / shape->window_width);
    return;
  }
  snnrt_touch(tile->touched, rows, columns, shape);
}

/* Adds the kernel of each element with events as often as it counts. */
SNNRT_KERNEL void snnrt_tile_events(const snnrt_tile_input *input,
                                    const int8_t *weights, snnrt_tile *tile,
                                    int32_t tile_rows,
                                    const snnrt_lane_conv2d_shape *shape) {
  const int32_t positions = shape->input_height * shape->input_width;
  const int32_t top = snnrt_max(tile->begin - shape->padding_top, 0);
  const int32_t end =
      snnrt_min(tile->begin + tile->rows + shape->kernel_height - 1 -
                    shape->padding_top,
                shape->input_height);
  for (int32_t channel = 0; top < end && channel < input->channels; ++channel) {
    const int32_t first = channel * positions + top * shape->input_width;
    const int32_t past = channel * positions + end * shape->input_width;
    for (int32_t word = first / 32; 32 * word < past; ++word) {
      uint32_t bits = input->marks[word];
      if (32 * word < first) {
        bits &= ~UINT32_C(0) << (first & 31);
      }
      if (past - 32 * word < 32) {
        bits &= (UINT32_C(1) << (past & 31)) - 1u;
      }
      for (; bits != 0; bits &= bits - 1) {
        const int32_t index = 32 * word + snnrt_lowest_bit(bits);
        const uint32_t position = (uint32_t)(index - channel * positions);
        const int32_t y = (int32_t)(position / (uint32_t)shape->input_width);
        const int32_t x = (int32_t)(position % (uint32_t)shape->input_width);
        const snnrt_reach rows =
            snnrt_reach_at(y + shape->padding_top - tile->begin,
                           shape->kernel_height, tile->rows);
        const snnrt_reach columns = snnrt_reach_at(
            x + shape->padding_left, shape->kernel_width, shape->output_width);
        if (columns.count <= 0) {
          continue;
        }
        if (shape->output_width / shape->window_width <= SNNRT_TOUCHED_BITS) {
          snnrt_tile_touch(tile, tile_rows, &rows, &columns, shape);
        }
        uint32_t count = input->counts[index];
        do {
          snnrt_tile_add(weights + channel * snnrt_tile_kernel(shape), NULL,
                         false, tile, &rows, &columns, shape);
        } while (--count != 0);
      }
    }
  }
}

/* Adds the kernels of the spikes of each position, two at a time; *next is the
   first entry that may reach the tile. */
SNNRT_KERNEL void snnrt_tile_spikes(const snnrt_tile_input *input,
                                    const uint32_t **next,
                                    const int8_t *weights,
                                    const snnrt_tile *tile,
                                    const snnrt_lane_conv2d_shape *shape) {
  const int32_t masks = snnrt_masks_of(input->channels);
  const uint32_t *const end =
      input->entries + input->count * (uint32_t)(masks + 1);
  const int32_t top = tile->begin - shape->padding_top;
  const int32_t past = top + tile->rows + shape->kernel_height - 1;
  const uint32_t *entry = *next;
  while (entry != end && (int32_t)(entry[masks] >> 16) < top) {
    entry += masks + 1;
  }
  *next = entry;
  for (; entry != end; entry += masks + 1) {
    const int32_t y = (int32_t)(entry[masks] >> 16);
    if (y >= past) {
      break;
    }
    const snnrt_reach rows =
        snnrt_reach_at(y + shape->padding_top - tile->begin,
                       shape->kernel_height, tile->rows);
    const snnrt_reach columns = snnrt_reach_at(
        (int32_t)(entry[masks] & 0xFFFFu) + shape->padding_left,
        shape->kernel_width, shape->output_width);
    if (columns.count <= 0) {
      continue;
    }
    const int8_t *first = NULL;
    for (int32_t mask = 0; mask < masks; ++mask) {
      uint32_t bits = snnrt_close_bits(
          entry[mask], snnrt_mask_pairs(input->channels, mask));
      for (; bits != 0; bits &= bits - 1) {
        const int8_t *const kernel =
            weights +
            (32 * mask + snnrt_lowest_bit(bits)) * snnrt_tile_kernel(shape);
        if (first == NULL) {
          first = kernel;
          continue;
        }
        snnrt_tile_add(first, kernel, true, tile, &rows, &columns, shape);
        first = NULL;
      }
    }
    if (first != NULL) {
      snnrt_tile_add(first, NULL, false, tile, &rows, &columns, shape);
    }
  }
}

/* The currents of the tile that begins with row `y` of windows. */
SNNRT_KERNEL void snnrt_tile_currents(const snnrt_tile_input *input,
                                      const uint32_t **next,
                                      const int8_t *weights, int32_t y,
                                      snnrt_tile *tile, int32_t tile_rows,
                                      const snnrt_lane_conv2d_shape *conv2d,
                                      const snnrt_window_shape *window) {
  const int32_t windows = snnrt_min(tile_rows, window->height - y);
  tile->begin = y * window->window_height;
  tile->rows = windows * window->window_height;
  if (input->marks == NULL) {
    snnrt_tile_spikes(input, next, weights, tile, conv2d);
    return;
  }
  for (int32_t row = 0; row < windows; ++row) {
    tile->touched[row] = 0;
  }
  snnrt_tile_events(input, weights, tile, tile_rows, conv2d);
}

/* The tile before the first row of windows. */
SNNRT_KERNEL void snnrt_clear_tile(snnrt_tile *tile, void *current,
                                   int32_t tile_rows,
                                   const snnrt_window_shape *window) {
  tile->current = (uint8_t *)current;
  snnrt_fill_zero(current, (uint32_t)(tile_rows * window->window_height *
                                      window->row_bytes));
}

/* The currents of row `y` of windows, in the order of the rows; a tile is
   computed when its first row is asked for. */
SNNRT_KERNEL uint8_t *snnrt_tile_row(const snnrt_tile_input *input,
                                     const uint32_t **next,
                                     const int8_t *weights, int32_t y,
                                     snnrt_tile *tile, int32_t tile_rows,
                                     const snnrt_lane_conv2d_shape *conv2d,
                                     const snnrt_window_shape *window) {
  const int32_t row = y % tile_rows;
  if (row == 0) {
    snnrt_tile_currents(input, next, weights, y, tile, tile_rows, conv2d,
                        window);
  }
  return tile->current + row * window->window_height * window->row_bytes;
}

/* Whether it is known which windows events reach. */
SNNRT_KERNEL bool snnrt_tile_marks(const snnrt_tile_input *input,
                                   const snnrt_window_shape *window) {
  return input->marks != NULL && window->width <= SNNRT_TOUCHED_BITS;
}

/* One step of a whole layer. */
SNNRT_KERNEL void snnrt_step_tiles(
    const snnrt_tile_input *input, const int8_t *weights, void *current,
    uint32_t *calm, int16_t *state, snnrt_spike_sink *sink,
    const snnrt_window_neurons *neurons, int32_t tile_rows,
    const snnrt_lane_conv2d_shape *conv2d, const snnrt_window_shape *window) {
  const bool marked = snnrt_tile_marks(input, window);
  snnrt_lane_resets lanes;
  const snnrt_window_neurons by_lane =
      snnrt_neurons_by_lane(neurons, &lanes, window);
  calm = SNNRT_PACKED ? calm : NULL;
  const uint32_t step = calm == NULL ? 0 : ++calm[0];
  const uint32_t *next = input->entries;
  snnrt_tile tile;
  snnrt_clear_tile(&tile, current, tile_rows, window);
  for (int32_t y = 0; y < window->height; ++y) {
    uint8_t *const place = snnrt_tile_row(input, &next, weights, y, &tile,
                                          tile_rows, conv2d, window);
    const snnrt_window_row row = {
        place,
        state + y * window->width * 2 * window->words,
        marked ? tile.touched[y % tile_rows] : 0,
        snnrt_calm_row(calm, y, window),
        step,
        y};
    snnrt_step_row(&row, marked, sink, &by_lane, window);
  }
}

/* As snnrt_window_lif_masks, with the convolution. */
SNNRT_KERNEL uint32_t snnrt_tile_lif_masks(
    const snnrt_tile_input *input, const void *weights, void *current,
    uint32_t *calm, int16_t *state, uint32_t *entries,
    const snnrt_window_neurons *neurons, int32_t tile_rows,
    const snnrt_lane_conv2d_shape *conv2d, const snnrt_window_shape *window) {
  snnrt_spike_sink sink = {entries, NULL, 0};
  snnrt_step_tiles(input, weights, current, calm, state, &sink, neurons,
                   tile_rows, conv2d, window);
  return (uint32_t)(sink.entries - entries) /
         (uint32_t)(snnrt_masks_of(2 * window->words) + 1);
}

/* As snnrt_window_lif_list, with the convolution. */
SNNRT_KERNEL uint32_t snnrt_tile_lif_list(
    const snnrt_tile_input *input, const void *weights, void *current,
    uint32_t *calm, int16_t *state, uint16_t *list, int32_t channels,
    const snnrt_window_neurons *neurons, int32_t tile_rows,
    const snnrt_lane_conv2d_shape *conv2d, const snnrt_window_shape *window) {
  snnrt_spike_sink sink = {NULL, list, channels};
  snnrt_step_tiles(input, weights, current, calm, state, &sink, neurons,
                   tile_rows, conv2d, window);
  return (uint32_t)(sink.list - list);
}

#endif
