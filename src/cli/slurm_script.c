/* The files of slurm/ are compiled into the program line by line (Makefile), so what it writes and what stands there cannot
 * differ. Filling in is all that is done to them: a line that begins with a known word gets another value, and its comment stays
 * in the column where it was. */
#include "slurm_script.h"

#include "gan/mem.h"

#include <string.h>

static const char *const train[] = {
#include "slurm/train.sbatch.h"
};
static const char *const array_of[] = {
#include "slurm/array.sbatch.h"
};

static const char *value_for(const char *line, const gan__slurm_fill *fills, int n, const char **begins)
{
    for (int i = 0; i < n; i++) {
        *begins = fills[i].line;
        if (fills[i].value && strncmp(line, *begins, strlen(*begins)) == 0) return fills[i].value;
    }
    return NULL;
}

/* The comment keeps its column, where the value leaves it. */
static void print_filled(FILE *f, const char *line, const char *begins, const char *value)
{
    const char *comment = strstr(line, "  #");
    int written = fprintf(f, "%s%s", begins, value);
    if (comment) {
        comment += strspn(comment, " ");
        int column = (int)(comment - line);
        fprintf(f, "%*s%s", column > written + 2 ? column - written : 2, "", comment);
    }
    fputc('\n', f);
}

static void print_line(FILE *f, const char *line, const gan__slurm_fill *fills, int n)
{
    const char *begins, *waiting = strncmp(line, "##", 2) == 0 ? line + 1 : line;
    const char *value = value_for(waiting, fills, n, &begins);
    if (value) print_filled(f, waiting, begins, value);
    else fprintf(f, "%s\n", line);
}

void gan__slurm_print(FILE *f, bool array, const gan__slurm_fill *fills, int n)
{
    const char *const *lines = array ? array_of : train;
    const size_t n_lines = array ? sizeof array_of / sizeof array_of[0] : sizeof train / sizeof train[0];
    for (size_t i = 0; i < n_lines; i++) print_line(f, lines[i], fills, n);
}

/* ---- words of the shell ------------------------------------------------------------------------------------- */

bool gan__slurm_is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    return *text && text[strspn(text, plain)] == '\0';
}

char *gan__slurm_word(const char *text)
{
    if (gan__slurm_is_plain(text)) return gan_strdup(text);
    char *word = gan_calloc((int64_t)strlen(text) * 4 + 3, 1), *to = word; /* ' becomes '\'' */
    if (!word) return NULL;
    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'') to = memcpy(to, "'\\'", 3), to += 3;
        *to++ = *text;
    }
    *to = '\'';
    return word;
}
