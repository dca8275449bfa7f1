#include "printk.h"
#include "lib/format.h"
#include "tty.h"

void printk(const char *f, ...)
{
    char line[256];
    va_list args;

    va_start(args, f);
    tty_output(line, format_va(line, sizeof(line), f, args));
    va_end(args);
}
