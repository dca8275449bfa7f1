#include "uaccess.h"
#include "abi.h"
#include "user_space.h"

bool user_range(uint32_t address, uint32_t n)
{
    return address < USER_TOP && n <= USER_TOP - address;
}

int copy_from_user(void *to, uint32_t from, uint32_t n)
{
    if (!user_range(from, n) || copy_guarded(to, (const void *)from, n))
        return ERR_FAULT;
    return 0;
}

int copy_to_user(uint32_t to, const void *from, uint32_t n)
{
    if (!user_range(to, n) || copy_guarded((void *)to, from, n))
        return ERR_FAULT;
    return 0;
}

int copy_string_from_user(char *to, uint32_t from, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (copy_from_user(&to[i], from + i, 1))
            return ERR_FAULT;
        if (!to[i])
            return (int)i;
    }
    return ERR_TOO_BIG;
}
