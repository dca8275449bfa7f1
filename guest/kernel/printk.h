/* The kernel's own messages, on the same console as the programs'. */
#ifndef PRINTK_H
#define PRINTK_H

__attribute__((format(printf, 1, 2))) void printk(const char *format, ...);

#endif
