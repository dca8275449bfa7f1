/*
 * A line that a person types: editing, words, numbers. Pure: also built on the host for tests.
 */
#ifndef UMBRA_HYPERVISOR_DEBUG_LINE_H
#define UMBRA_HYPERVISOR_DEBUG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_MAX  128u
#define WORDS_MAX 6u

struct line {
    char text[LINE_MAX]; /* always terminated */
    unsigned length;
    uint8_t escape; /* inside an ESC sequence of the terminal: 1 behind ESC, 2 behind ESC [ */
    bool after_cr;  /* a newline now belongs to the carriage return before it */
};

/* What is to be done about a key. */
enum line_action {
    LINE_IGNORE,
    LINE_ECHO,   /* show the character */
    LINE_RUBBED, /* one character less */
    LINE_CLEAR,  /* all are gone: ctrl-U, ctrl-C */
    LINE_DONE,   /* Enter: line->text is to be executed, then line_clear() */
};

enum line_action line_key(struct line *line, uint8_t key);
void line_clear(struct line *line);

/* Cuts the text at blanks into at most WORDS_MAX words; returns how many, more than WORDS_MAX when
 * there are too many. */
unsigned line_words(char *text, char **words);

/* A number as C writes it: decimal, or hexadecimal behind 0x. False when it is anything else or
 * exceeds 32 bits. */
bool line_number(const char *text, uint32_t *value);

#endif
