/* Runs a generated network on the samples of a file and writes what it computed
   to another file; the same program on the host and on a target.

   usage: runner INPUT OUTPUT

   Both files are in native byte order.
   INPUT: uint32 samples, steps, is_static, use_events; then the frames: `steps`
   for each sample, or one if is_static.
   OUTPUT: for each sample the traces of all steps (spikes and membrane of each
   neuron layer, if compiled with RUNNER_TRACED), int32 scores[OUTPUTS], int32
   class, uint32 instructions in units of one (low and high word), uint32
   instructions of the longest step; at the end uint32 bytes of stack used. */
#include "runner_io.h"
#include "runner_network.h"

static uint8_t frame[NETWORK_MACRO(FRAME_SIZE)];
static runner_file output;

#ifdef RUNNER_TRACED
void runner_trace(const void *spikes, uint32_t spike_bytes,
                  const void *membrane, uint32_t membrane_bytes) {
  if (spike_bytes != 0) {
    runner_write(output, spikes, spike_bytes);
  }
  if (membrane_bytes != 0) {
    runner_write(output, membrane, membrane_bytes);
  }
}
#endif

#ifdef RUNNER_EVENTS
static uint16_t events[RUNNER_EVENTS];

/* Lists the elements of the frame, each as often as its value says. */
static uint32_t list_events(void) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < NETWORK_MACRO(FRAME_SIZE); ++i) {
    for (uint8_t n = 0; n < frame[i] && count < RUNNER_EVENTS; ++n) {
      events[count++] = (uint16_t)i;
    }
  }
  return count;
}
#endif

static int run_step(NETWORK(network) * network, uint32_t use_events,
                    uint32_t *instructions) {
  int status;
#ifdef RUNNER_EVENTS
  if (use_events != 0) {
    const uint32_t count = list_events();
    runner_timer_start();
    status = (int)NETWORK(step_events)(network, events, count);
    *instructions = runner_timer_instructions();
    return status;
  }
#else
  (void)use_events;
#endif
  runner_timer_start();
  status = (int)NETWORK(step)(network, (const void *)frame);
  *instructions = runner_timer_instructions();
  return status;
}

static void write_result(const NETWORK(network) * network, uint64_t total,
                         uint32_t longest) {
  const int32_t chosen_class = NETWORK(readout)(network);
  const uint32_t counts[3] = {(uint32_t)total, (uint32_t)(total >> 32), longest};
  runner_write(output, NETWORK(scores)(network),
               sizeof(int32_t) * NETWORK_MACRO(OUTPUTS));
  runner_write(output, &chosen_class, sizeof chosen_class);
  runner_write(output, counts, sizeof counts);
}

/* The values that the exit status takes besides 0. */
enum { FAILED_FILES = 3, FAILED_INIT = 4, FAILED_STEP = 5 };

static int run_samples(runner_file input, const uint32_t *header) {
  const uint32_t samples = header[0], steps = header[1];
  NETWORK(network) network;
  if (NETWORK(init)(&network, NETWORK_ARENAS) != 0) {
    return FAILED_INIT;
  }
  for (uint32_t sample = 0; sample < samples; ++sample) {
    uint64_t total = 0;
    uint32_t longest = 0;
    NETWORK(reset)(&network);
    for (uint32_t step = 0; step < steps; ++step) {
      uint32_t instructions = 0;
      const int read_frame = step == 0 || header[2] == 0;
      if (read_frame && runner_read(input, frame, sizeof frame) != sizeof frame) {
        return FAILED_FILES;
      }
      if (run_step(&network, header[3], &instructions) != 0) {
        return FAILED_STEP;
      }
      total += instructions;
      longest = instructions > longest ? instructions : longest;
    }
    write_result(&network, total, longest);
  }
  return 0;
}

int runner_main(const char *input_path, const char *output_path) {
  uint32_t header[4];
  const runner_file input = runner_open(input_path, 0);
  output = runner_open(output_path, 1);
  if (!runner_is_open(input) || !runner_is_open(output) ||
      runner_read(input, header, sizeof header) != sizeof header) {
    return FAILED_FILES;
  }
  const int status = run_samples(input, header);
  const uint32_t stack = runner_stack_used();
  runner_write(output, &stack, sizeof stack);
  runner_close(input);
  runner_close(output);
  return status;
}
