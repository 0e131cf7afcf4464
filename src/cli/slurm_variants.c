/* As the shell reads it: words between blanks, no quotes; empty lines and those that begin with # do not count. */
#include "slurm_variants.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 4096, MAX_SETS = 256 };

/* Puts file and line in front of the failure's text. */
static gan_status placed(gan_status s, const char *path, int number)
{
    if (s == GAN_OK || s == GAN_ENOMEM) return s;
    char *text = gan_strdup(gan_fail_text());
    if (!text) return GAN_ENOMEM;
    gan_fail_clear();
    GAN_FAIL(s, "%s:%d: %s", path, number, text);
    gan_free(text);
    return s;
}

static gan_status visit_line(char *name, char **rest, gan__variant_visit *visit, void *with)
{
    static const char blanks[] = " \t\r\n";
    const char *sets[MAX_SETS], *config = strtok_r(NULL, blanks, rest), *word;
    int n = 0;
    if (!config)
        return GAN_FAIL(GAN_EUSAGE, "\"%s\" has no job file; wanted are lines of NAME CONFIG [--set SECTION.KEY=VALUE]...", name);
    while ((word = strtok_r(NULL, blanks, rest))) {
        const char *value = strncmp(word, "--set=", 6) == 0 ? word + 6 : NULL;
        if (strcmp(word, "--set") == 0) value = strtok_r(NULL, blanks, rest);
        if (!value)
            return GAN_FAIL(GAN_EUSAGE, "\"%s\" is no --set SECTION.KEY=VALUE; wanted are lines of NAME CONFIG [--set ...]...", word);
        if (n == MAX_SETS) return GAN_FAIL(GAN_EUSAGE, "more than %d times --set", MAX_SETS);
        sets[n++] = value;
    }
    return visit(config, sets, n, with);
}

static gan_status read_lines(FILE *f, const char *path, gan__variant_visit *visit, void *with, int *n)
{
    char line[LINE_BYTES], *rest;
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        if (!strchr(line, '\n') && !feof(f))
            return placed(GAN_FAIL(GAN_EUSAGE, "a line of more than %d characters", LINE_BYTES - 2), path, number);
        char *name = strtok_r(line, " \t\r\n", &rest);
        if (!name || *name == '#') continue;
        GAN_TRY(placed(visit_line(name, &rest, visit, with), path, number));
        ++*n;
    }
    if (ferror(f)) return GAN_FAIL(GAN_EIO, "%s: cannot read: %s; %s", path, strerror(errno), gan_file_remedy(errno));
    if (*n == 0) return GAN_FAIL(GAN_EUSAGE, "%s: no variants; wanted are lines of NAME CONFIG [--set SECTION.KEY=VALUE]...", path);
    return GAN_OK;
}

gan_status gan__variants_read(const char *path, gan__variant_visit *visit, void *with, int *n)
{
    *n = 0;
    GAN_TRY(gan_file_regular(path));
    FILE *f = fopen(path, "r");
    if (!f) return GAN_FAIL(GAN_EIO, "%s: cannot read: %s; %s", path, strerror(errno), gan_file_remedy(errno));
    gan_status s = read_lines(f, path, visit, with, n);
    fclose(f);
    return s;
}
