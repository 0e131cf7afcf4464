#include "locate.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool gan__ends_in(const char *word, const char *end)
{
    size_t n = strlen(word), m = strlen(end);
    return n > m && strcasecmp(word + n - m, end) == 0;
}

bool gan__is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
