/* Instruction counts of snnrt kernels specialised to constant shapes, on a
   Cortex-M7 in QEMU. Prints "name count" lines; the results of the scatter
   kernels are compared with plain loops, since a specialised kernel is other
   code than the one that kernel_driver.c runs. */
#include "semihosting.h"
#include "snnrt/snnrt.h"

#define HEIGHT 14
#define WIDTH 14
#define INPUTS 512
#define OUTPUTS 128
#define CLASSES 10
#define CLASS_BYTES 12
#define CHANNELS 16
#define FILTERS 32
#define NEURONS (HEIGHT * WIDTH * FILTERS)

static const snnrt_linear_shape linear = {INPUTS, OUTPUTS};
static const snnrt_linear_shape classifier = {INPUTS, CLASSES};
static const snnrt_conv2d_shape conv = {
    HEIGHT, WIDTH, CHANNELS, HEIGHT, WIDTH, FILTERS, 3, 3, 1, 1, 1, 1, 1, 1, 1};
static const snnrt_pool2d_shape pool = {HEIGHT, WIDTH, FILTERS, 7, 7,
                                        2,      2,     2,       2, 0, 0};

static const snnrt_pool2d_shape whole = {HEIGHT, WIDTH, CHANNELS, 1, 1, HEIGHT,
                                         WIDTH,  1,     1,        0, 0};

static int8_t inputs[HEIGHT * WIDTH * CHANNELS];
static uint16_t list[HEIGHT * WIDTH * CHANNELS];
static int8_t weights[INPUTS * OUTPUTS];
static int32_t words[INPUTS * CLASS_BYTES / 4];
static int16_t current[NEURONS], membrane[NEURONS];
static int32_t current_s32[NEURONS], membrane_s32[NEURONS], naive[NEURONS];
static int8_t spikes[NEURONS];

static uint32_t random_state = 1;

static uint32_t random_bits(void) {
  random_state = random_state * 1664525u + 1013904223u;
  return random_state >> 16;
}

/* Each input is active with a probability of 10 %. */
static uint32_t random_list(uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) {
    inputs[i] = random_bits() % 10 == 0;
  }
  return snnrt_spike_list(inputs, n, list);
}

static void clear(void) {
  memset(current, 0, sizeof current);
  memset(current_s32, 0, sizeof current_s32);
  memset(naive, 0, sizeof naive);
}

static void print(const char *name, uint32_t count) {
  snn_write0(name);
  snn_write0(" ");
  snn_write_unsigned(count);
  snn_write0("\n");
}

/* Layers are functions of their own: inlined into one caller, they would
   compete for registers, and the counts of one would depend on the others. */
#define LAYER __attribute__((noinline)) static

#define MEASURE(name, call)                 \
  do {                                      \
    snn_timer_start();                      \
    call;                                   \
    print(name, snn_timer_instructions());  \
  } while (0)

/* Natural index of a weight stored in the order n, n+2, n+1, n+3. */
static int32_t natural_output(int32_t stored) {
  static const int32_t order[4] = {0, 2, 1, 3};
  return stored / 4 * 4 + order[stored % 4];
}

static void compare(const char *name) {
  for (int32_t i = 0; i < NEURONS; ++i) {
    if (current[i] != naive[i]) {
      snn_write0(name);
      snn_write0(" differs\n");
      snn_exit(1);
    }
  }
}

LAYER uint32_t list_s8(void) { return snnrt_spike_list(inputs, INPUTS, list); }

LAYER void linear_s16(uint32_t count) {
  snnrt_linear_scatter_s16(list, count, weights, current, &linear);
}

LAYER void linear_s32(uint32_t count) {
  snnrt_linear_scatter_s32(list, count, weights, current_s32, &linear);
}

LAYER void linear_values_s16(uint32_t count) {
  snnrt_linear_scatter_values_s16(list, count, inputs, weights, current,
                                  &linear);
}

LAYER void linear_values_s32(uint32_t count) {
  snnrt_linear_scatter_values_s32(list, count, inputs, weights, current_s32,
                                  &linear);
}

LAYER void gather_s16(uint32_t count) {
  snnrt_linear_gather_s16(list, count, words, current, &classifier);
}

LAYER void gather_s32(uint32_t count) {
  snnrt_linear_gather_s32(list, count, words, current_s32, &classifier);
}

LAYER void gather_values_s16(uint32_t count) {
  snnrt_linear_gather_values_s16(list, count, inputs, words, current,
                                 &classifier);
}

LAYER void gather_values_s32(uint32_t count) {
  snnrt_linear_gather_values_s32(list, count, inputs, words, current_s32,
                                 INPUTS, &classifier);
}

LAYER void gather_packed4_values_s16(uint32_t count) {
  snnrt_linear_gather_packed4_values_s16(
      list, count, inputs, (const uint32_t *)words, current, &classifier);
}

LAYER void conv_s16(uint32_t count) {
  snnrt_conv2d_scatter_s16(list, count, weights, current, &conv);
}

LAYER void conv_s32(uint32_t count) {
  snnrt_conv2d_scatter_s32(list, count, weights, current_s32, &conv);
}

LAYER void conv_values_s16(uint32_t count) {
  snnrt_conv2d_scatter_values_s16(list, count, inputs, weights, current, &conv);
}

static void measure_linear(void) {
  const uint32_t count = random_list(INPUTS);
  print("linear_events", count);
  MEASURE("spike_list_512", list_s8());
  clear();
  MEASURE("linear_scatter_s16", linear_s16(count));
  for (uint32_t i = 0; i < count; ++i) {
    for (int32_t o = 0; o < OUTPUTS; ++o) {
      naive[natural_output(o)] += weights[list[i] * OUTPUTS + o];
    }
  }
  compare("linear_scatter_s16");
  MEASURE("linear_scatter_s32", linear_s32(count));
  MEASURE("linear_scatter_values_s16", linear_values_s16(count));
  MEASURE("linear_scatter_values_s32", linear_values_s32(count));
  clear();
  memcpy(words, weights, sizeof words);
  MEASURE("linear_gather_s32", gather_s32(count));
  MEASURE("linear_gather_s16", gather_s16(count));
  for (uint32_t i = 0; i < count; ++i) {
    for (int32_t o = 0; o < CLASSES; ++o) {
      naive[o] += weights[list[i] * CLASS_BYTES + natural_output(o)];
    }
  }
  compare("linear_gather_s16");
  MEASURE("linear_gather_values_s16", gather_values_s16(count));
  MEASURE("linear_gather_values_s32", gather_values_s32(count));
  MEASURE("linear_gather_packed4_values_s16", gather_packed4_values_s16(count));
}

static void naive_conv(uint32_t index) {
  const int32_t c = (int32_t)index % CHANNELS;
  const int32_t x = (int32_t)index / CHANNELS % WIDTH;
  const int32_t y = (int32_t)index / CHANNELS / WIDTH;
  for (int32_t tap = 0; tap < 9; ++tap) {
    const int32_t oy = y + 1 - tap / 3, ox = x + 1 - tap % 3;
    if (oy < 0 || oy >= HEIGHT || ox < 0 || ox >= WIDTH) {
      continue;
    }
    for (int32_t o = 0; o < FILTERS; ++o) {
      naive[(oy * WIDTH + ox) * FILTERS + natural_output(o)] +=
          weights[(c * 9 + tap / 3 * 3 + 2 - tap % 3) * FILTERS + o];
    }
  }
}

static void measure_conv(void) {
  const uint32_t count = random_list(sizeof inputs);
  print("conv_events", count);
  clear();
  MEASURE("conv2d_scatter_s16", conv_s16(count));
  for (uint32_t i = 0; i < count; ++i) {
    naive_conv(list[i]);
  }
  compare("conv2d_scatter_s16");
  MEASURE("conv2d_scatter_s32", conv_s32(count));
  MEASURE("conv2d_scatter_values_s16", conv_values_s16(count));
}

#define LIF_SHAPE(threshold_extent)                                       \
  {HEIGHT * WIDTH,      FILTERS,           SNNRT_RESET_SUBTRACT,          \
   SNNRT_RESET_DELAYED, SNNRT_COMPARE_GT,  0,                             \
   true,                false,             SNNRT_EXTENT_LAYER,            \
   threshold_extent,    SNNRT_EXTENT_CHANNEL, true}

static const snnrt_lif_shape lif = LIF_SHAPE(SNNRT_EXTENT_LAYER);
static const snnrt_lif_shape lif_per_channel = LIF_SHAPE(SNNRT_EXTENT_CHANNEL);
static const int32_t leak_half = 16384, leak_factor = 29491, threshold = 1000;
static int32_t thresholds[FILTERS], bias[FILTERS];

LAYER void lif_half(void) {
  snnrt_lif_s16_s16(membrane, current, spikes, &leak_half, &threshold, NULL,
                    &lif);
}

LAYER void lif_factor(void) {
  snnrt_lif_s16_s16(membrane, current, spikes, &leak_factor, &threshold, NULL,
                    &lif);
}

LAYER void lif_factor_per_channel(void) {
  snnrt_lif_s16_s16(membrane, current, spikes, &leak_factor, thresholds, bias,
                    &lif_per_channel);
}

LAYER void lif_s32_s32(void) {
  snnrt_lif_s32_s32(membrane_s32, current_s32, spikes, &leak_factor, &threshold,
                    NULL, &lif);
}

static void measure_lif(void) {
  for (int32_t i = 0; i < NEURONS; ++i) {
    current[i] = (int16_t)(random_bits() % 700);
    current_s32[i] = current[i];
  }
  for (int32_t c = 0; c < FILTERS; ++c) {
    thresholds[c] = 900 + c;
    bias[c] = c;
  }
  print("lif_neurons", NEURONS);
  MEASURE("lif_half", lif_half());
  MEASURE("lif_factor", lif_factor());
  MEASURE("lif_factor_per_channel", lif_factor_per_channel());
  MEASURE("lif_s32_s32", lif_s32_s32());
}

#define ALPHA_SHAPE(reset)                                             \
  {HEIGHT * WIDTH,     FILTERS,            reset,                       \
   SNNRT_COMPARE_GT,   0,                  true,                        \
   false,              SNNRT_EXTENT_LAYER, SNNRT_EXTENT_LAYER,          \
   SNNRT_EXTENT_LAYER, SNNRT_EXTENT_LAYER, SNNRT_EXTENT_LAYER,          \
   SNNRT_EXTENT_LAYER, true}

static const snnrt_alpha_shape alpha_zero = ALPHA_SHAPE(SNNRT_RESET_ZERO_AFTER);
static const snnrt_alpha_shape alpha_subtract =
    ALPHA_SHAPE(SNNRT_RESET_SUBTRACT);
static const int32_t leak_other = 26214, recall = 17301;
static int32_t excitatory[NEURONS], inhibitory[NEURONS];

LAYER void alpha_s32_zero(void) {
  snnrt_alpha_s32_s16(excitatory, inhibitory, membrane_s32, current, spikes,
                      &leak_factor, &leak_other, &threshold, NULL, NULL, NULL,
                      &alpha_zero);
}

LAYER void alpha_s32_subtract(void) {
  snnrt_alpha_s32_s16(excitatory, inhibitory, membrane_s32, current, spikes,
                      &leak_factor, &leak_other, &threshold, NULL, &threshold,
                      &recall, &alpha_subtract);
}

static void measure_alpha(void) {
  memset(membrane_s32, 0, sizeof membrane_s32);
  MEASURE("alpha_s32_zero", alpha_s32_zero());
  MEASURE("alpha_s32_subtract", alpha_s32_subtract());
}

LAYER void max_pool_s8(void) { snnrt_max_pool2d_s8(spikes, inputs, &pool); }

LAYER void max_pool_s16(void) {
  snnrt_max_pool2d_s16(current, membrane, &pool);
}

LAYER void sum_pool_s16(void) {
  snnrt_sum_pool2d_s16_s16(current, membrane, &pool);
}

LAYER void sum_pool_s8_s16(void) {
  snnrt_sum_pool2d_s8_s16(inputs, current, &whole);
}

static void measure_pool(void) {
  MEASURE("max_pool2d_s8", max_pool_s8());
  MEASURE("max_pool2d_s16", max_pool_s16());
  MEASURE("sum_pool2d_s16_s16", sum_pool_s16());
  MEASURE("sum_pool2d_s8_s16", sum_pool_s8_s16());
}

int main(void) {
  for (size_t i = 0; i < sizeof weights; ++i) {
    weights[i] = (int8_t)random_bits();
  }
  measure_linear();
  measure_conv();
  measure_lif();
  measure_alpha();
  measure_pool();
  print("stack_bytes", snn_stack_used());
  return 0;
}
