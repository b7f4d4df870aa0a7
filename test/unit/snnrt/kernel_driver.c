/* Runs snnrt kernels on test cases from a binary file.

   Usage: kernel_driver INPUT OUTPUT. INPUT holds cases one after the other:
     char name[40]; int32 integer_count, array_count;
     int32 integers[integer_count];
     for each array: int32 bytes, element_size; the data, padded to 4 bytes.
   For each case OUTPUT receives the kernel's result (0 for void kernels) as
   int32 and the contents of all arrays after the call, without padding.
   All shapes are runtime values, so each kernel is compiled once and must be
   right for every shape. */
#include "kernel_wrappers.h"
#include "layer_kernels.h"

static uint32_t packed_operation(int32_t operation, uint32_t a, uint32_t b,
                                 uint32_t c, uint32_t d) {
  switch (operation) {
    case 0: return snnrt_sxtab16(a, b);
    case 1: return snnrt_sxtab16_ror8(a, b);
    case 2: return snnrt_sadd16(a, b);
    case 3: return snnrt_ssub16(a, b);
    case 4: return snnrt_shadd16(a, b);
    case 5: return snnrt_max16(a, b);
    case 6: return snnrt_select_ge16(a, b, c, d);
    case 7: return snnrt_sadd8(a, b);
    case 8: return snnrt_max8(a, b);
    case 9: return snnrt_sxtab_byte0(a, b);
    case 10: return snnrt_sxtab_byte1(a, b);
    case 11: return snnrt_sxtab_byte2(a, b);
    case 12: return snnrt_sxtab_byte3(a, b);
    case 13: return snnrt_pack_middle8(a, b);
    case 14: return (uint32_t)snnrt_smlabb(a, (int32_t)b, (int32_t)c);
    case 15: return (uint32_t)snnrt_smlatb(a, (int32_t)b, (int32_t)c);
    case 16: return (uint32_t)snnrt_smmla((int32_t)a, (int32_t)b, (int32_t)c);
    case 17: return (uint32_t)snnrt_smmlar((int32_t)a, (int32_t)b, (int32_t)c);
    case 18: return (uint32_t)snnrt_qsub((int32_t)a, (int32_t)b);
    case 19: return snnrt_ssub8(a, b);
    case 20: return snnrt_uqsub8(a, b);
    case 21: return snnrt_sxtb16(a);
    case 22: return (uint32_t)snnrt_qadd((int32_t)a, (int32_t)b);
    default: return snnrt_smlad(a, b, c);
  }
}

/* arrays: operand words a, b, c, d and results. */
static int32_t run_packed(const call *arguments) {
  const int32_t words = (int32_t)(arguments->arrays[0].bytes / 4);
  const uint32_t *const a = ARRAY(0), *const b = ARRAY(1);
  const uint32_t *const c = ARRAY(2), *const d = ARRAY(3);
  for (int32_t i = 0; i < words; ++i) {
    ((uint32_t *)ARRAY(4))[i] =
        packed_operation(INTEGER(0), a[i], b[i], c[i], d[i]);
  }
  return 0;
}

RESULT_KERNEL(spike_list, ARRAY(0), (uint32_t)INTEGER(0), ARRAY(1))
VOID_KERNEL(fill_zero, ARRAY(0), (uint32_t)INTEGER(0))

/* integers: shape; arrays: input, output. */
#define POOL_KERNEL(name)                                           \
  static int32_t run_##name(const call *arguments) {                \
    const snnrt_pool2d_shape shape = pool2d_shape(&INTEGER(0));     \
    snnrt_##name(ARRAY(0), ARRAY(1), &shape);                       \
    return 0;                                                       \
  }

POOL_KERNEL(max_pool2d_s8)
POOL_KERNEL(max_pool2d_s16)
POOL_KERNEL(max_pool2d_s32)
POOL_KERNEL(sum_pool2d_s8_s8)
POOL_KERNEL(sum_pool2d_s8_s16)
POOL_KERNEL(sum_pool2d_s16_s16)
POOL_KERNEL(sum_pool2d_s16_s32)
POOL_KERNEL(sum_pool2d_s32_s32)

/* integers: shape; arrays: membrane, current, spikes, leak, threshold, bias. */
#define LIF_KERNEL(name)                                               \
  static int32_t run_##name(const call *arguments) {                   \
    const snnrt_lif_shape shape = lif_shape(&INTEGER(0));              \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4),     \
                 optional(&arguments->arrays[5]), &shape);             \
    return 0;                                                          \
  }

/* integers: shape; arrays: membrane, current, leak, bias. */
#define LI_KERNEL(name)                                                \
  static int32_t run_##name(const call *arguments) {                   \
    const snnrt_lif_shape shape = lif_shape(&INTEGER(0));              \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2),                         \
                 optional(&arguments->arrays[3]), &shape);             \
    return 0;                                                          \
  }

LIF_KERNEL(lif_s16_s8)
LIF_KERNEL(lif_s16_s16)
LIF_KERNEL(lif_s16_s32)
LIF_KERNEL(lif_s32_s8)
LIF_KERNEL(lif_s32_s16)
LIF_KERNEL(lif_s32_s32)
LI_KERNEL(li_s16_s8)
LI_KERNEL(li_s16_s16)
LI_KERNEL(li_s16_s32)
LI_KERNEL(li_s32_s8)
LI_KERNEL(li_s32_s16)
LI_KERNEL(li_s32_s32)

/* integers: shape, steps; arrays: membrane, current, bits, leak, threshold,
   bias. */
#define LIF_STEPS_KERNEL(name)                                         \
  static int32_t run_##name(const call *arguments) {                   \
    const snnrt_lif_shape shape = lif_shape(&INTEGER(0));              \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4),     \
                 optional(&arguments->arrays[5]), INTEGER(12), &shape); \
    return 0;                                                          \
  }

LIF_STEPS_KERNEL(lif_steps_s16_s8)
LIF_STEPS_KERNEL(lif_steps_s16_s16)
LIF_STEPS_KERNEL(lif_steps_s16_s32)
LIF_STEPS_KERNEL(lif_steps_s32_s8)
LIF_STEPS_KERNEL(lif_steps_s32_s16)
LIF_STEPS_KERNEL(lif_steps_s32_s32)
RESULT_KERNEL(list_bits, ARRAY(0), INTEGER(0), ARRAY(1))
VOID_KERNEL(bits_to_bytes, ARRAY(0), INTEGER(0), ARRAY(1))

/* integers: shape; arrays: excitatory, inhibitory, membrane, current, spikes,
   excitatory leak, inhibitory leak, threshold, bias, decrement, recall. */
#define ALPHA_KERNEL(name)                                                     \
  static int32_t run_##name(const call *arguments) {                           \
    const snnrt_alpha_shape shape = alpha_shape(&INTEGER(0));                  \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5),   \
                 ARRAY(6), ARRAY(7), optional(&arguments->arrays[8]),          \
                 optional(&arguments->arrays[9]),                              \
                 optional(&arguments->arrays[10]), &shape);                    \
    return 0;                                                                  \
  }

ALPHA_KERNEL(alpha_s16_s8)
ALPHA_KERNEL(alpha_s16_s16)
ALPHA_KERNEL(alpha_s16_s32)
ALPHA_KERNEL(alpha_s32_s8)
ALPHA_KERNEL(alpha_s32_s16)
ALPHA_KERNEL(alpha_s32_s32)

/* The same with bits instead of spikes, and steps behind the shape. */
#define ALPHA_STEPS_KERNEL(name)                                               \
  static int32_t run_##name(const call *arguments) {                           \
    const snnrt_alpha_shape shape = alpha_shape(&INTEGER(0));                  \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4), ARRAY(5),   \
                 ARRAY(6), ARRAY(7), optional(&arguments->arrays[8]),          \
                 optional(&arguments->arrays[9]),                              \
                 optional(&arguments->arrays[10]), INTEGER(14), &shape);       \
    return 0;                                                                  \
  }

ALPHA_STEPS_KERNEL(alpha_steps_s16_s8)
ALPHA_STEPS_KERNEL(alpha_steps_s16_s16)
ALPHA_STEPS_KERNEL(alpha_steps_s16_s32)
ALPHA_STEPS_KERNEL(alpha_steps_s32_s8)
ALPHA_STEPS_KERNEL(alpha_steps_s32_s16)
ALPHA_STEPS_KERNEL(alpha_steps_s32_s32)

/* integers: shape of the synapse, shape, steps; arrays: synapse, membrane,
   current, bits, leak and bias of the synapse, leak, threshold, bias. */
#define SYNAPTIC_STEPS_KERNEL(name)                                            \
  static int32_t run_##name(const call *arguments) {                           \
    const snnrt_lif_shape synapse_shape = lif_shape(&INTEGER(0));              \
    const snnrt_lif_shape shape = lif_shape(&INTEGER(12));                     \
    snnrt_##name(ARRAY(0), ARRAY(1), ARRAY(2), ARRAY(3), ARRAY(4),             \
                 optional(&arguments->arrays[5]), ARRAY(6), ARRAY(7),          \
                 optional(&arguments->arrays[8]), INTEGER(24), &synapse_shape, \
                 &shape);                                                      \
    return 0;                                                                  \
  }

SYNAPTIC_STEPS_KERNEL(synaptic_steps_s16_s16_s8)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s16_s16_s16)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s16_s16_s32)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s16_s32_s8)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s16_s32_s16)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s16_s32_s32)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s32_s16_s8)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s32_s16_s16)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s32_s16_s32)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s32_s32_s8)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s32_s32_s16)
SYNAPTIC_STEPS_KERNEL(synaptic_steps_s32_s32_s32)

#define ADD_KERNEL(name) \
  VOID_KERNEL(name, ARRAY(0), ARRAY(1), ARRAY(2), INTEGER(0))
#define SCALE_KERNEL(name)                              \
  VOID_KERNEL(name, ARRAY(0), ARRAY(1), ARRAY(2),       \
              (snnrt_extent)INTEGER(0), INTEGER(1), INTEGER(2))
#define CONCAT_KERNEL(name)                                                 \
  VOID_KERNEL(name, ARRAY(0), INTEGER(0), ARRAY(1), INTEGER(1), ARRAY(2), \
              INTEGER(2))
#define MEMBRANE_KERNEL(name) \
  VOID_KERNEL(name, ARRAY(0), ARRAY(1), INTEGER(0), INTEGER(1))

ADD_KERNEL(add_s8)
ADD_KERNEL(add_s16)
ADD_KERNEL(add_s32)
SCALE_KERNEL(scale_s8_s8)
SCALE_KERNEL(scale_s8_s16)
SCALE_KERNEL(scale_s8_s32)
SCALE_KERNEL(scale_s16_s16)
SCALE_KERNEL(scale_s16_s32)
SCALE_KERNEL(scale_s32_s16)
SCALE_KERNEL(scale_s32_s32)
CONCAT_KERNEL(concat_channels_s8)
CONCAT_KERNEL(concat_channels_s16)
CONCAT_KERNEL(concat_channels_s32)
RESULT_KERNEL(frame_to_hwc_u8, ARRAY(0), ARRAY(1), INTEGER(0), INTEGER(1),
              (uint8_t)INTEGER(2))
RESULT_KERNEL(events_to_hwc, ARRAY(0), (uint32_t)INTEGER(3), ARRAY(1),
              INTEGER(0), INTEGER(1), (uint8_t)INTEGER(2))
RESULT_KERNEL(values_to_hwc_s8, ARRAY(0), ARRAY(1), INTEGER(0), INTEGER(1),
              INTEGER(2))
RESULT_KERNEL(bytes_to_masks, ARRAY(0), ARRAY(1), INTEGER(0), INTEGER(1),
              INTEGER(2))
VOID_KERNEL(widen_s8_s16, ARRAY(0), ARRAY(1), INTEGER(0))
VOID_KERNEL(count_spikes, ARRAY(0), ARRAY(1), INTEGER(0))
VOID_KERNEL(first_spike, ARRAY(0), ARRAY(1), INTEGER(0), INTEGER(1))
MEMBRANE_KERNEL(membrane_last_s16)
MEMBRANE_KERNEL(membrane_max_s16)
MEMBRANE_KERNEL(membrane_sum_s16)
MEMBRANE_KERNEL(membrane_last_s32)
MEMBRANE_KERNEL(membrane_max_s32)
MEMBRANE_KERNEL(membrane_sum_s32)
RESULT_KERNEL(argmax, ARRAY(0), INTEGER(0))
RESULT_KERNEL(argmin_first_spike, ARRAY(0), INTEGER(0))
VOID_KERNEL(group_sum, ARRAY(0), ARRAY(1), INTEGER(0), INTEGER(1))

/* integers: shape, output row; arrays: input, columns. */
static int32_t run_im2col_s8(const call *arguments) {
  const snnrt_conv2d_shape shape = conv2d_shape(&INTEGER(0));
  snnrt_im2col_s8(ARRAY(0), ARRAY(1), &shape, INTEGER(15));
  return 0;
}

/* integers: count of entries, then the shape; arrays: entries, pooled, of which
   what the list leaves is cleared. */
static int32_t run_max_pool_masks(const call *arguments) {
  const snnrt_pool2d_shape shape = pool2d_shape(&INTEGER(1));
  const uint32_t count = snnrt_max_pool_masks(ARRAY(0), (uint32_t)INTEGER(0),
                                              ARRAY(1), &shape);
  const size_t listed = count * (size_t)(snnrt_masks_of(shape.channels) + 1) *
                        sizeof(uint32_t);
  memset((uint8_t *)ARRAY(1) + listed, 0, arguments->arrays[1].bytes - listed);
  return (int32_t)count;
}

typedef struct kernel {
  const char *name;
  int32_t (*run)(const call *arguments);
} kernel;

#define ENTRY(name) {#name, run_##name}

static const kernel kernels[] = {
    ENTRY(packed),
    ENTRY(spike_list),
    ENTRY(bytes_to_masks),
    ENTRY(max_pool_masks),
    ENTRY(fill_zero),
    ENTRY(linear_counts_s16),
    ENTRY(linear_counts_s32),
    ENTRY(linear_dot_s16),
    ENTRY(linear_dot_s32),
    ENTRY(conv2d_dot_s16),
    ENTRY(conv2d_dot_s32),
    ENTRY(conv2d_dot_max_pool2d_s16),
    ENTRY(conv2d_dot_max_pool2d_s32),
    ENTRY(conv2d_dot_sum_pool2d_s16_s16),
    ENTRY(conv2d_dot_sum_pool2d_s16_s32),
    ENTRY(conv2d_dot_sum_pool2d_s32_s32),
    ENTRY(linear_gather_s16),
    ENTRY(linear_gather_s32),
    ENTRY(linear_gather_values_s16),
    ENTRY(linear_gather_values_s32),
    ENTRY(linear_gather_packed4_values_s16),
    ENTRY(linear_gather_packed4_values_s32),
    ENTRY(linear_scatter_s16),
    ENTRY(linear_scatter_s32),
    ENTRY(linear_scatter_values_s16),
    ENTRY(linear_scatter_values_s32),
    ENTRY(linear_scatter_packed4_s16),
    ENTRY(linear_scatter_packed4_s32),
    ENTRY(linear_scatter_packed4_values_s16),
    ENTRY(linear_scatter_packed4_values_s32),
    ENTRY(linear_scatter_packed2_s16),
    ENTRY(linear_scatter_packed2_s32),
    ENTRY(linear_scatter_packed2_values_s16),
    ENTRY(linear_scatter_packed2_values_s32),
    ENTRY(linear_scatter_sparse_s16),
    ENTRY(linear_scatter_sparse_s32),
    ENTRY(linear_scatter_sparse_values_s16),
    ENTRY(linear_scatter_sparse_values_s32),
    ENTRY(linear_scatter_blocks_s16),
    ENTRY(linear_scatter_blocks_s32),
    ENTRY(linear_scatter_blocks_values_s16),
    ENTRY(linear_scatter_blocks_values_s32),
    ENTRY(conv2d_scatter_s16),
    ENTRY(conv2d_scatter_s32),
    ENTRY(conv2d_scatter_values_s16),
    ENTRY(conv2d_scatter_values_s32),
    ENTRY(conv2d_scatter_packed4_s16),
    ENTRY(conv2d_scatter_packed4_s32),
    ENTRY(conv2d_scatter_packed4_values_s16),
    ENTRY(conv2d_scatter_packed4_values_s32),
    ENTRY(conv2d_scatter_packed2_s16),
    ENTRY(conv2d_scatter_packed2_s32),
    ENTRY(conv2d_scatter_packed2_values_s16),
    ENTRY(conv2d_scatter_packed2_values_s32),
    ENTRY(conv2d_scatter_sparse_s16),
    ENTRY(conv2d_scatter_sparse_s32),
    ENTRY(conv2d_scatter_sparse_values_s16),
    ENTRY(conv2d_scatter_sparse_values_s32),
    ENTRY(conv2d_scatter_blocks_s16),
    ENTRY(conv2d_scatter_blocks_s32),
    ENTRY(conv2d_scatter_blocks_values_s16),
    ENTRY(conv2d_scatter_blocks_values_s32),
    ENTRY(max_pool2d_s8),
    ENTRY(max_pool2d_s16),
    ENTRY(max_pool2d_s32),
    ENTRY(sum_pool2d_s8_s8),
    ENTRY(sum_pool2d_s8_s16),
    ENTRY(sum_pool2d_s16_s16),
    ENTRY(sum_pool2d_s16_s32),
    ENTRY(sum_pool2d_s32_s32),
    ENTRY(lif_s16_s8),
    ENTRY(lif_s16_s16),
    ENTRY(lif_s16_s32),
    ENTRY(lif_s32_s8),
    ENTRY(lif_s32_s16),
    ENTRY(lif_s32_s32),
    ENTRY(lif_steps_s16_s8),
    ENTRY(lif_steps_s16_s16),
    ENTRY(lif_steps_s16_s32),
    ENTRY(lif_steps_s32_s8),
    ENTRY(lif_steps_s32_s16),
    ENTRY(lif_steps_s32_s32),
    ENTRY(list_bits),
    ENTRY(bits_to_bytes),
    ENTRY(li_s16_s8),
    ENTRY(li_s16_s16),
    ENTRY(li_s16_s32),
    ENTRY(li_s32_s8),
    ENTRY(li_s32_s16),
    ENTRY(li_s32_s32),
    ENTRY(alpha_s16_s8),
    ENTRY(alpha_s16_s16),
    ENTRY(alpha_s16_s32),
    ENTRY(alpha_s32_s8),
    ENTRY(alpha_s32_s16),
    ENTRY(alpha_s32_s32),
    ENTRY(alpha_steps_s16_s8),
    ENTRY(alpha_steps_s16_s16),
    ENTRY(alpha_steps_s16_s32),
    ENTRY(alpha_steps_s32_s8),
    ENTRY(alpha_steps_s32_s16),
    ENTRY(alpha_steps_s32_s32),
    ENTRY(synaptic_steps_s16_s16_s8),
    ENTRY(synaptic_steps_s16_s16_s16),
    ENTRY(synaptic_steps_s16_s16_s32),
    ENTRY(synaptic_steps_s16_s32_s8),
    ENTRY(synaptic_steps_s16_s32_s16),
    ENTRY(synaptic_steps_s16_s32_s32),
    ENTRY(synaptic_steps_s32_s16_s8),
    ENTRY(synaptic_steps_s32_s16_s16),
    ENTRY(synaptic_steps_s32_s16_s32),
    ENTRY(synaptic_steps_s32_s32_s8),
    ENTRY(synaptic_steps_s32_s32_s16),
    ENTRY(synaptic_steps_s32_s32_s32),
    ENTRY(add_s8),
    ENTRY(add_s16),
    ENTRY(add_s32),
    ENTRY(scale_s8_s8),
    ENTRY(scale_s8_s16),
    ENTRY(scale_s8_s32),
    ENTRY(scale_s16_s16),
    ENTRY(scale_s16_s32),
    ENTRY(scale_s32_s16),
    ENTRY(scale_s32_s32),
    ENTRY(concat_channels_s8),
    ENTRY(concat_channels_s16),
    ENTRY(concat_channels_s32),
    ENTRY(frame_to_hwc_u8),
    ENTRY(events_to_hwc),
    ENTRY(values_to_hwc_s8),
    ENTRY(widen_s8_s16),
    ENTRY(im2col_s8),
    ENTRY(count_spikes),
    ENTRY(first_spike),
    ENTRY(membrane_last_s16),
    ENTRY(membrane_max_s16),
    ENTRY(membrane_sum_s16),
    ENTRY(membrane_last_s32),
    ENTRY(membrane_max_s32),
    ENTRY(membrane_sum_s32),
    ENTRY(argmax),
    ENTRY(argmin_first_spike),
    ENTRY(group_sum),
};

static const kernel *find_kernel(const char *name) {
  for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; ++i) {
    if (strncmp(kernels[i].name, name, NAME_BYTES) == 0) {
      return &kernels[i];
    }
  }
  return NULL;
}

static bool run_cases(file input, file output) {
  char name[NAME_BYTES];
  call arguments;
  while (read_file(input, name, sizeof name) == sizeof name) {
    const kernel *const found = find_kernel(name);
    if (found == NULL || !read_arguments(input, &arguments) ||
        !write_results(output, &arguments, found->run(&arguments))) {
      report("kernel driver failed at ");
      report(name);
      report("\n");
      return false;
    }
    word_aligned = !word_aligned;
  }
  return true;
}

static int run_files(const char *input_path, const char *output_path) {
  const file input = open_file(input_path, false);
  const file output = open_file(output_path, true);
  const bool good = run_cases(input, output);
  close_file(input);
  close_file(output);
  return good ? 0 : 1;
}

#if defined(__arm__)

/* The command line is "PROGRAM INPUT OUTPUT". */
int main(void) {
  char line[512];
  if (snn_command_line(line, sizeof line) != 0) {
    return 2;
  }
  char *const input_path = strchr(line, ' ') + 1;
  char *const output_path = strchr(input_path, ' ') + 1;
  output_path[-1] = '\0';
  return run_files(input_path, output_path);
}

#else

int main(int count, char **values) {
  return count == 3 ? run_files(values[1], values[2]) : 2;
}

#endif
