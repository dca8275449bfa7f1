/* What a program of `make verify-emulate` prints: see tools/verify-emulate. */
#ifndef UMBRA_TESTS_VERIFY_ROW_H
#define UMBRA_TESTS_VERIFY_ROW_H

#include <stdint.h>

/* One row of the closing table. */
struct row {
    const char *name;
    uint64_t counted;   /* cases that were met */
    uint64_t compared;  /* ... on which both sides had something to say */
    uint64_t differing; /* ... and did not say the same */
};

/* How many differences of a row are printed; the others are only counted. */
#define ROW_SHOWN 20

/* Prints how far the row is, at most a few times a second; `share` is 0 to 1. */
void row_progress(const struct row *row, double share);

/* Prints the finished row. */
void row_print(const struct row *row);

/* Counts a difference and, while there are few, prints it as a line (printf's arguments). */
void row_differs(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
