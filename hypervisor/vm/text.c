#include "text.h"

#include <string.h>

#define ATTR_FOREGROUND 0x07u
#define ATTR_BRIGHT     0x08u
#define ATTR_NONE       0x100u /* no attribute: forces the first one to be sent */

/* Code page 437: what it draws for 00h-1Fh, and 7Fh-FFh. */
static const uint16_t low_glyphs[0x20] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
    0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
    0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t high_glyphs[0x81] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
    0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb,
    0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3,
    0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab,
    0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551,
    0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e,
    0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565,
    0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590,
    0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9,
    0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7,
    0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static void put_glyph(uint8_t character, text_put put)
{
    uint16_t code = character;
    if (character < 0x20)
        code = low_glyphs[character];
    else if (character >= 0x7f)
        code = high_glyphs[character - 0x7f];
    if (code < 0x80) {
        put((char)code);
        return;
    }
    if (code < 0x800) {
        put((char)(0xc0 | code >> 6));
    } else {
        put((char)(0xe0 | code >> 12));
        put((char)(0x80 | (code >> 6 & 0x3f)));
    }
    put((char)(0x80 | (code & 0x3f)));
}

static bool is_blank(uint16_t cell)
{
    uint8_t character = (uint8_t)cell;
    return character == 0 || character == ' ' || character == 0xff;
}

void text_row(const struct text_screen *screen, unsigned row, text_put put)
{
    const uint16_t *cells = screen->cells + row * TEXT_COLUMNS;
    unsigned length = TEXT_COLUMNS;
    while (length && is_blank(cells[length - 1]))
        length--;
    for (unsigned i = 0; i < length; i++)
        put_glyph((uint8_t)cells[i], put);
}

static void put_text(const char *text, text_put put)
{
    for (; *text; text++)
        put(*text);
}

static void put_number(unsigned n, text_put put)
{
    if (n >= 10)
        put_number(n / 10, put);
    put((char)('0' + n % 10));
}

static void go_to(unsigned cell, text_put put)
{
    put_text("\033[", put);
    put_number(cell / TEXT_COLUMNS + 1, put);
    put(';');
    put_number(cell % TEXT_COLUMNS + 1, put);
    put('H');
}

/* A VGA counts blue, green, red; a terminal red, green, blue. Blinking is left out. */
static void set_colours(unsigned attr, text_put put)
{
    static const uint8_t colours[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    put_text("\033[", put);
    put_number((attr & ATTR_BRIGHT ? 90 : 30) + colours[attr & ATTR_FOREGROUND], put);
    put(';');
    put_number(40 + colours[attr >> 4 & ATTR_FOREGROUND], put);
    put('m');
}

static void paint_cells(struct text_screen *shown, const struct text_screen *screen, text_put put)
{
    unsigned attr = ATTR_NONE;
    unsigned next = TEXT_CELLS; /* where the terminal's own cursor stands */
    for (unsigned i = 0; i < TEXT_CELLS; i++) {
        if (shown->cells[i] == screen->cells[i])
            continue;
        if (next != i || i % TEXT_COLUMNS == 0)
            go_to(i, put);
        if (attr != screen->cells[i] >> 8)
            set_colours(attr = screen->cells[i] >> 8, put);
        put_glyph((uint8_t)screen->cells[i], put);
        shown->cells[i] = screen->cells[i];
        next = i + 1;
    }
}

void text_paint(struct text_terminal *terminal, const struct text_screen *screen, text_put put)
{
    struct text_screen *shown = &terminal->shown;
    bool fresh = !terminal->cleared;
    if (!fresh && !memcmp(shown, screen, sizeof(*shown)))
        return;
    if (fresh) {
        put_text("\033[0m\033[2J", put);
        for (unsigned i = 0; i < TEXT_CELLS; i++)
            shown->cells[i] = 0x0720;
        terminal->cleared = true;
    }
    put_text("\033[?25l", put);
    paint_cells(shown, screen, put);
    put_text("\033[0m", put);
    if (screen->cursor < TEXT_CELLS) {
        go_to(screen->cursor, put);
        put_text("\033[?25h", put);
    }
    shown->cursor = screen->cursor;
}

/* --- lines -------------------------------------------------------------------------------------
 */

#define ESCAPED_MAX 4u /* \xNN */

static void line_put(struct text_line *line, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    if (byte == '\t' || (byte >= ' ' && byte <= '~')) {
        line->text[line->length++] = (char)byte;
        return;
    }
    const char escaped[ESCAPED_MAX] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    memcpy(&line->text[line->length], escaped, sizeof(escaped));
    line->length += sizeof(escaped);
}

bool text_line_add(struct text_line *line, uint8_t byte)
{
    bool returned = line->returned;
    line->returned = byte == '\r';
    if (returned && byte != '\n')
        line_put(line, '\r');
    if (byte != '\n' && byte != '\r')
        line_put(line, byte);
    line->text[line->length] = '\0';
    return byte == '\n' || line->length > sizeof(line->text) - 1 - 2 * ESCAPED_MAX;
}
