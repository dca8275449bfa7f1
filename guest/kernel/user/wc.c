/* wc: counts lines, words and characters of its input. */
#include "lib/user.h"

int main(void)
{
    char buffer[256];
    unsigned lines = 0, words = 0, characters = 0;
    bool in_word = false;
    int n;

    while ((n = read(0, buffer, sizeof(buffer))) > 0) {
        for (int i = 0; i < n; i++) {
            bool blank = buffer[i] == ' ' || buffer[i] == '\n' || buffer[i] == '\t';

            lines += buffer[i] == '\n';
            words += in_word && blank;
            in_word = !blank;
        }
        characters += (unsigned)n;
    }
    printf("%u %u %u\n", lines, words + in_word, characters);
    return 0;
}
