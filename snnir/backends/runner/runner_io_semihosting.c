/* The runner's surroundings on a bare target with Arm semihosting. */
#include "runner_io.h"
#include "semihosting.h"

runner_file runner_open(const char *path, int for_writing) {
  return snn_open(path, for_writing ? SNN_OPEN_WRITE : SNN_OPEN_READ);
}

int runner_is_open(runner_file file) { return file != -1; }

size_t runner_read(runner_file file, void *buffer, size_t bytes) {
  return snn_read(file, buffer, bytes);
}

void runner_write(runner_file file, const void *buffer, size_t bytes) {
  (void)snn_write(file, buffer, bytes);
}

void runner_close(runner_file file) { (void)snn_close(file); }

void runner_timer_start(void) { snn_timer_start(); }

uint32_t runner_timer_instructions(void) { return snn_timer_instructions(); }

uint32_t runner_stack_used(void) { return snn_stack_used(); }

/* Ends the word at `text` with a zero and returns the start of the next one. */
static char *split_word(char *text) {
  while (*text != '\0' && *text != ' ') {
    ++text;
  }
  while (*text == ' ') {
    *text++ = '\0';
  }
  return text;
}

int main(void) {
  static char line[256];
  if (snn_command_line(line, sizeof line) != 0) {
    return 2;
  }
  char *input = split_word(line);
  char *output = split_word(input);
  (void)split_word(output);
  return runner_main(input, output);
}
