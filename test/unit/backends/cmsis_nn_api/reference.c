/* Plain loops behind the interface of CMSIS-NN, for either version: what they
   compute is what its documentation says, with identity requantisation only. */
#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#include <stdlib.h>

static void require(bool condition) {
  if (!condition) {
    abort();
  }
}

static int32_t clamp(int32_t value, cmsis_nn_activation activation) {
  return MAX(activation.min, MIN(value, activation.max));
}

static void require_identity(int32_t multiplier, int32_t shift) {
  require(multiplier == 1 << 30 && shift == 1);
}

static int32_t int8_at(const void *array, int32_t index) {
  return ((const int8_t *)array)[index];
}

static int32_t int16_at(const void *array, int32_t index) {
  return ((const int16_t *)array)[index];
}

/* Two in a byte, the first in the low half. */
static int32_t int4_at(const void *array, int32_t index) {
  const int32_t byte = ((const uint8_t *)array)[index / 2];
  return ((byte >> index % 2 * 4 & 15) ^ 8) - 8;
}

typedef int32_t (*reader)(const void *array, int32_t index);

/* The element of a feature map, or -1 for one outside. */
static int32_t index_of(const cmsis_nn_dims *map, int32_t row, int32_t column,
                        int32_t channel) {
  const bool inside =
      row >= 0 && row < map->h && column >= 0 && column < map->w;
  return inside ? (row * map->w + column) * map->c + channel : -1;
}

static int32_t sum_of_patch(const cmsis_nn_conv_params *params,
                            const cmsis_nn_dims *input_dims, reader input_at,
                            const void *input, const cmsis_nn_dims *kernel,
                            reader filter_at, const void *filter, int32_t y,
                            int32_t x, int32_t out) {
  int32_t weight = out * kernel->h * kernel->w * input_dims->c, sum = 0;
  for (int32_t i = 0; i < kernel->h; ++i) {
    for (int32_t j = 0; j < kernel->w; ++j) {
      const int32_t row = y * params->stride.h + i * params->dilation.h;
      const int32_t column = x * params->stride.w + j * params->dilation.w;
      for (int32_t c = 0; c < input_dims->c; ++c, ++weight) {
        const int32_t at = index_of(input_dims, row - params->padding.h,
                                    column - params->padding.w, c);
        if (at >= 0) {
          sum += filter_at(filter, weight) * input_at(input, at);
        }
      }
    }
  }
  return sum;
}

arm_cmsis_nn_status arm_convolve_wrapper_s16(
    const cmsis_nn_context *ctx, const cmsis_nn_conv_params *conv_params,
    const cmsis_nn_per_channel_quant_params *quant_params,
    const cmsis_nn_dims *input_dims, const int16_t *input_data,
    const cmsis_nn_dims *filter_dims, const int8_t *filter_data,
    const cmsis_nn_dims *bias_dims,
#if LIBRARY_VERSION >= 6
    const cmsis_nn_bias_data *bias_data,
#else
    const int64_t *bias_data,
#endif
    const cmsis_nn_dims *output_dims, int16_t *output_data) {
  require(ctx->buf != NULL);
  require(bias_dims->c == output_dims->c);
#if LIBRARY_VERSION >= 6
  /* As the library: it reads the struct without asking whether there is one. */
  require(bias_data->data == NULL && bias_data->is_int32_bias);
#else
  require(bias_data == NULL);
#endif
  for (int32_t y = 0; y < output_dims->h; ++y) {
    for (int32_t x = 0; x < output_dims->w; ++x) {
      for (int32_t out = 0; out < output_dims->c; ++out) {
        require_identity(quant_params->multiplier[out],
                         quant_params->shift[out]);
        const int32_t sum =
            sum_of_patch(conv_params, input_dims, int16_at, input_data,
                         filter_dims, int8_at, filter_data, y, x, out);
        *output_data++ = (int16_t)clamp(sum, conv_params->activation);
      }
    }
  }
  return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_convolve_wrapper_s4(
    const cmsis_nn_context *ctx, const cmsis_nn_conv_params *conv_params,
    const cmsis_nn_per_channel_quant_params *quant_params,
    const cmsis_nn_dims *input_dims, const int8_t *input_data,
    const cmsis_nn_dims *filter_dims, const int8_t *filter_data,
    const cmsis_nn_dims *bias_dims, const int32_t *bias_data,
    const cmsis_nn_dims *output_dims, int8_t *output_data) {
  require(ctx->buf != NULL && bias_data == NULL);
  require(bias_dims->c == output_dims->c);
  for (int32_t y = 0; y < output_dims->h; ++y) {
    for (int32_t x = 0; x < output_dims->w; ++x) {
      for (int32_t out = 0; out < output_dims->c; ++out) {
        require_identity(quant_params->multiplier[out],
                         quant_params->shift[out]);
        const int32_t sum =
            sum_of_patch(conv_params, input_dims, int8_at, input_data,
                         filter_dims, int4_at, filter_data, y, x, out);
        *output_data++ = (int8_t)clamp(sum, conv_params->activation);
      }
    }
  }
  return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_fully_connected_s4(
    const cmsis_nn_context *ctx, const cmsis_nn_fc_params *fc_params,
    const cmsis_nn_per_tensor_quant_params *quant_params,
    const cmsis_nn_dims *input_dims, const int8_t *input_data,
    const cmsis_nn_dims *filter_dims, const int8_t *filter_data,
    const cmsis_nn_dims *bias_dims, const int32_t *bias_data,
    const cmsis_nn_dims *output_dims, int8_t *output_data) {
  (void)ctx;
  (void)bias_dims;
  require(input_dims->n == 1 && bias_data == NULL);
  require_identity(quant_params->multiplier, quant_params->shift);
  for (int32_t out = 0; out < output_dims->c; ++out) {
    int32_t sum = 0;
    for (int32_t i = 0; i < filter_dims->n; ++i) {
      sum += input_data[i] * int4_at(filter_data, out * filter_dims->n + i);
    }
    output_data[out] = (int8_t)clamp(sum, fc_params->activation);
  }
  return ARM_CMSIS_NN_SUCCESS;
}

/* What a window holds: its largest element, or the sum and the number of those
   inside. */
typedef struct {
  int32_t most, sum, count;
} window;

static window window_at(const cmsis_nn_pool_params *params,
                        const cmsis_nn_dims *input_dims, reader input_at,
                        const void *input, const cmsis_nn_dims *kernel,
                        int32_t y, int32_t x, int32_t channel) {
  window found = {INT32_MIN, 0, 0};
  for (int32_t i = 0; i < kernel->h; ++i) {
    for (int32_t j = 0; j < kernel->w; ++j) {
      const int32_t at =
          index_of(input_dims, y * params->stride.h + i - params->padding.h,
                   x * params->stride.w + j - params->padding.w, channel);
      if (at >= 0) {
        found.most = MAX(found.most, input_at(input, at));
        found.sum += input_at(input, at);
        ++found.count;
      }
    }
  }
  return found;
}

static int32_t mean_of(window found) {
  const int32_t half = found.count / 2;
  return (found.sum > 0 ? found.sum + half : found.sum - half) / found.count;
}

#define DEFINE_POOL(name, type, reader, value)                              \
  arm_cmsis_nn_status name(                                                 \
      const cmsis_nn_context *ctx, const cmsis_nn_pool_params *pool_params, \
      const cmsis_nn_dims *input_dims, const type *input_data,              \
      const cmsis_nn_dims *filter_dims, const cmsis_nn_dims *output_dims,   \
      type *output_data) {                                                  \
    (void)ctx;                                                              \
    for (int32_t y = 0; y < output_dims->h; ++y) {                          \
      for (int32_t x = 0; x < output_dims->w; ++x) {                        \
        for (int32_t c = 0; c < output_dims->c; ++c) {                      \
          const window found = window_at(pool_params, input_dims, reader,   \
                                         input_data, filter_dims, y, x, c); \
          *output_data++ = (type)clamp(value, pool_params->activation);     \
        }                                                                   \
      }                                                                     \
    }                                                                       \
    return ARM_CMSIS_NN_SUCCESS;                                            \
  }

DEFINE_POOL(arm_max_pool_s8, int8_t, int8_at, found.most)
DEFINE_POOL(arm_max_pool_s16, int16_t, int16_at, found.most)
DEFINE_POOL(arm_avgpool_s8, int8_t, int8_at, mean_of(found))
DEFINE_POOL(arm_avgpool_s16, int16_t, int16_at, mean_of(found))

static void accumulate(const int8_t *lhs, const int8_t *rhs,
                       const int32_t *bias, int16_t *dst, int32_t columns,
                       int32_t rows) {
  for (int32_t row = 0; row < rows; ++row) {
    int32_t sum = bias[row];
    for (int32_t column = 0; column < columns; ++column) {
      sum += lhs[column] * *rhs++;
    }
    sum += dst[row];
    dst[row] = (int16_t)MAX(INT16_MIN, MIN(sum, INT16_MAX));
  }
}

#if LIBRARY_VERSION >= 6
arm_cmsis_nn_status arm_nn_vec_mat_mul_result_acc_s8_s16(
    const int8_t *lhs, const int8_t *rhs, const int32_t *effective_bias,
    int16_t *dst, const int32_t dst_multiplier, const int32_t dst_shift,
    const int32_t rhs_cols, const int32_t rhs_rows, const int32_t batches,
    const int32_t batch_offset) {
  require_identity(dst_multiplier, dst_shift);
  require(batches == 1 && batch_offset >= 1);
  accumulate(lhs, rhs, effective_bias, dst, rhs_cols, rhs_rows);
  return ARM_CMSIS_NN_SUCCESS;
}
#else
void arm_nn_vec_mat_mul_result_acc_s8(
    const int8_t *lhs, const int8_t *rhs, const int32_t *bias, int16_t *dst,
    const int32_t dst_offset, const int32_t dst_multiplier,
    const int32_t dst_shift, const int32_t rhs_cols, const int32_t rhs_rows,
    const int32_t batch) {
  require_identity(dst_multiplier, dst_shift);
  require(dst_offset == 0 && batch == 1);
  accumulate(lhs, rhs, bias, dst, rhs_cols, rhs_rows);
}
#endif

arm_cmsis_nn_status arm_nn_mat_mult_nt_t_s8_s32(
    const int8_t *lhs, const int8_t *rhs, int32_t *dst, const int32_t lhs_rows,
    const int32_t rhs_rows, const int32_t rhs_cols, const int32_t lhs_offset,
    const int32_t dst_idx_offset) {
  require(lhs_offset == 0 && dst_idx_offset == 1);
  for (int32_t row = 0; row < lhs_rows; ++row) {
    for (int32_t out = 0; out < rhs_cols; ++out) {
      for (int32_t i = 0; i < rhs_rows; ++i) {
        dst[row * rhs_cols + out] +=
            lhs[row * rhs_rows + i] * rhs[out * rhs_rows + i];
      }
    }
  }
  return ARM_CMSIS_NN_SUCCESS;
}
