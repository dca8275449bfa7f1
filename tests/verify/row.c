#include "row.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void row_progress(const struct row *row, double share)
{
    static struct timespec last;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < 250)
        return;
    last = now;
    printf("{\"row\": \"%s\", \"progress\": %.4f}\n", row->name, share);
    fflush(stdout);
}

void row_print(const struct row *row)
{
    printf("{\"row\": \"%s\", \"counted\": %" PRIu64 ", \"compared\": %" PRIu64
           ", \"differing\": %" PRIu64 "}\n",
           row->name, row->counted, row->compared, row->differing);
    fflush(stdout);
}

void row_differs(struct row *row, const char *format, ...)
{
    va_list args;

    if (++row->differing > ROW_SHOWN)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}
