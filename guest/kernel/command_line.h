/*
 * The command line that the boot loader hands over. What the kernel understands (main.c):
 *
 *   script               the scripted scenario, then power off; also without any of these
 *   interactive          a shell on the console
 *   run=PROG,ARG,...     one program, then power off; run="PROG ARG ..." too
 *   bench=NAME,N         a workload: spin0 in ring 0, spin3 in ring 3, or a program; prints ~ tsc
 *   crash=fault|stack    a kernel panic, to look at
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

/** Whether a word stands on the command line. */
bool command_line_has(const char *word);

/**
 * Fetch the value of key=value, without the quotes that may surround it; true when there is one.
 * A quoted value may contain blanks.
 */
bool command_line_value(const char *key, char *value, size_t size);

/** Cut a list at its next blank or comma: returns the first item and moves *list behind it. */
char *command_line_item(char **list);

#endif
