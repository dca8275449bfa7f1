/* The scripted scenario: what the demo shows, a step after the other. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>

/** Run all steps; true when each passed. */
bool run_script(void);

#endif
