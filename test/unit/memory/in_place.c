/* Kernels whose output may be their input, for ctypes. */
#include "snnrt/add.h"
#include "snnrt/max_pool2d.h"
#include "snnrt/scale.h"
#include "snnrt/sum_pool2d.h"

#define POOLS(type, bits)                                                      \
  void max_pool_##bits(const type *input, type *output,                        \
                       const snnrt_pool2d_shape *shape) {                      \
    snnrt_max_pool2d_s##bits(input, output, shape);                            \
  }                                                                            \
  void sum_pool_##bits(const type *input, type *output,                        \
                       const snnrt_pool2d_shape *shape) {                      \
    snnrt_sum_pool2d_s##bits##_s##bits(input, output, shape);                  \
  }                                                                            \
  void add_##bits(const type *a, const type *b, type *output, int32_t n) {     \
    snnrt_add_s##bits(a, b, output, n);                                        \
  }

POOLS(int8_t, 8)
POOLS(int16_t, 16)
POOLS(int32_t, 32)

#define SCALES(type, bits)                                                     \
  void scale_##bits(const type *input, type *output, const int32_t *factor,    \
                    int32_t extent, int32_t positions, int32_t channels) {     \
    snnrt_scale_s##bits##_s##bits(input, output, factor,                       \
                                  (snnrt_extent)extent, positions, channels);  \
  }

SCALES(int16_t, 16)
SCALES(int32_t, 32)
