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

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
  return MAX(low, MIN(value, high));
}

static bool is_identity(int32_t multiplier, int32_t shift) {
  return multiplier == 1 << 30 && shift == 1;
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
        const int8_t *weight =
            filter_data +
            out * filter_dims->h * filter_dims->w * input_dims->c;
        int32_t sum = 0;
        for (int32_t i = 0; i < filter_dims->h; ++i) {
          for (int32_t j = 0; j < filter_dims->w; ++j) {
            const int32_t row = y * conv_params->stride.h +
                                i * conv_params->dilation.h -
                                conv_params->padding.h;
            const int32_t column = x * conv_params->stride.w +
                                   j * conv_params->dilation.w -
                                   conv_params->padding.w;
            for (int32_t c = 0; c < input_dims->c; ++c, ++weight) {
              if (row >= 0 && row < input_dims->h && column >= 0 &&
                  column < input_dims->w) {
                sum += *weight *
                       input_data[(row * input_dims->w + column) *
                                      input_dims->c +
                                  c];
              }
            }
          }
        }
        require(is_identity(quant_params->multiplier[out],
                            quant_params->shift[out]));
        *output_data++ = (int16_t)clamp(sum, conv_params->activation.min,
                                        conv_params->activation.max);
      }
    }
  }
  return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_max_pool_s8(
    const cmsis_nn_context *ctx, const cmsis_nn_pool_params *pool_params,
    const cmsis_nn_dims *input_dims, const int8_t *input_data,
    const cmsis_nn_dims *filter_dims, const cmsis_nn_dims *output_dims,
    int8_t *output_data) {
  (void)ctx;
  for (int32_t y = 0; y < output_dims->h; ++y) {
    for (int32_t x = 0; x < output_dims->w; ++x) {
      for (int32_t c = 0; c < output_dims->c; ++c) {
        int32_t most = INT8_MIN;
        for (int32_t i = 0; i < filter_dims->h; ++i) {
          for (int32_t j = 0; j < filter_dims->w; ++j) {
            const int32_t row =
                y * pool_params->stride.h + i - pool_params->padding.h;
            const int32_t column =
                x * pool_params->stride.w + j - pool_params->padding.w;
            if (row >= 0 && row < input_dims->h && column >= 0 &&
                column < input_dims->w) {
              const int32_t at =
                  (row * input_dims->w + column) * input_dims->c + c;
              most = MAX(most, input_data[at]);
            }
          }
        }
        *output_data++ = (int8_t)clamp(most, pool_params->activation.min,
                                       pool_params->activation.max);
      }
    }
  }
  return ARM_CMSIS_NN_SUCCESS;
}

static void accumulate(const int8_t *lhs, const int8_t *rhs,
                       const int32_t *bias, int16_t *dst, int32_t columns,
                       int32_t rows) {
  for (int32_t row = 0; row < rows; ++row) {
    int32_t sum = bias[row];
    for (int32_t column = 0; column < columns; ++column) {
      sum += lhs[column] * *rhs++;
    }
    dst[row] = (int16_t)clamp(dst[row] + sum, INT16_MIN, INT16_MAX);
  }
}

#if LIBRARY_VERSION >= 6
arm_cmsis_nn_status arm_nn_vec_mat_mul_result_acc_s8_s16(
    const int8_t *lhs, const int8_t *rhs, const int32_t *effective_bias,
    int16_t *dst, const int32_t dst_multiplier, const int32_t dst_shift,
    const int32_t rhs_cols, const int32_t rhs_rows, const int32_t batches,
    const int32_t batch_offset) {
  require(is_identity(dst_multiplier, dst_shift));
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
  require(is_identity(dst_multiplier, dst_shift));
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
