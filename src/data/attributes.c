/* Lists of attributes: see attributes.h. */
#include "attributes.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLANKS " \t\r,"
enum { MAX_BYTES = 1 << 30, MAX_NAMES = 4096 };

static gan_status read_text(gan__attributes *a)
{
    struct stat st;
    GAN_TRY(gan_file_regular(a->path)); /* opening a fifo would wait */
    FILE *f = fopen(a->path, "rb");
    if (!f)
        return GAN_FAIL(GAN_EDATA, "%s: cannot open: %s; %s", a->path, strerror(errno),
                        gan_file_remedy(errno));
    gan_status s = GAN_OK;
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MAX_BYTES)
        s = GAN_FAIL(GAN_EDATA, "%s: not a text file of at most %d MiB; wanted is list_attr_celeba.txt",
                     a->path, MAX_BYTES >> 20);
    else if (!(a->text = gan_calloc(st.st_size + 1, 1)))
        s = GAN_ENOMEM;
    else if (fread(a->text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        s = GAN_FAIL(GAN_EDATA, "%s: cannot read all of it; fetch the file again", a->path);
    fclose(f);
    return s;
}

/* `line` may be NULL, the end of the file. */
static gan_status read_names(gan__attributes *a, char *line)
{
    char *rest = line;
    const int number = a->first_row - 1;
    if (!(a->names = gan_calloc(MAX_NAMES, sizeof *a->names))) return GAN_ENOMEM;
    for (char *word; line && (word = strtok_r(rest, BLANKS, &rest));) {
        if (a->n_names == MAX_NAMES)
            return GAN_FAIL(GAN_EDATA, "%s: line %d: more than %d names", a->path, number, MAX_NAMES);
        a->names[a->n_names++] = word;
    }
    if (a->n_names > 0) return GAN_OK;
    return GAN_FAIL(GAN_EDATA, "%s: line %d: the names of the attributes are wanted here", a->path, number);
}

static gan_status read_row(const gan__attributes *a, char *line, gan__attribute_row *row, int8_t *values)
{
    char *rest = line;
    long long number = row - a->rows + a->first_row;
    row->values = values;
    if (!line || !(row->file = strtok_r(rest, BLANKS, &rest)))
        return GAN_FAIL(GAN_EDATA,
                        "%s: cut off before line %lld: %lld pictures are announced; fetch it again", a->path,
                        number, (long long)a->n_rows);
    for (int64_t i = 0; i < a->n_names; i++) {
        const char *word = strtok_r(rest, BLANKS, &rest);
        if (!word || (strcmp(word, "1") != 0 && strcmp(word, "-1") != 0))
            return GAN_FAIL(GAN_EDATA, "%s: line %lld (%s): attribute %lld is \"%s\", 1 or -1 is wanted",
                            a->path, number, row->file, (long long)i + 1, word ? word : "");
        values[i] = word[0] == '-' ? -1 : 1;
    }
    if (!strtok_r(rest, BLANKS, &rest)) return GAN_OK;
    return GAN_FAIL(GAN_EDATA, "%s: line %lld (%s): more than %lld values", a->path, number, row->file,
                    (long long)a->n_names);
}

static int by_file(const void *x, const void *y)
{
    return strcmp(((const gan__attribute_row *)x)->file, ((const gan__attribute_row *)y)->file);
}

/* As Kaggle has it: a line of names, which begins with that of the column of files; rows to the end of the file. */
static gan_status parse_csv_head(gan__attributes *a, char *first, const char *rest)
{
    char *names = first + strcspn(first, ",");
    a->first_row = 2;
    for (const char *line = rest; line && *line; line = (line = strchr(line, '\n')) ? line + 1 : NULL)
        a->n_rows++;
    return read_names(a, names);
}

/* As the authors have it: a line with the number of pictures, a line of names. */
static gan_status parse_head(gan__attributes *a, char *first, char **rest)
{
    char *end;
    a->first_row = 3;
    a->n_rows = strtoll(first, &end, 10);
    if (a->n_rows >= 1 && a->n_rows <= MAX_BYTES && !end[strspn(end, BLANKS)])
        return read_names(a, strsep(rest, "\n"));
    return GAN_FAIL(
        GAN_EDATA,
        "%s: line 1: the number of pictures is wanted, got \"%.40s\"; is it list_attr_celeba.txt or .csv?",
        a->path, first);
}

static gan_status parse(gan__attributes *a)
{
    char *rest = a->text, *first = strsep(&rest, "\n");
    GAN_TRY(strchr(first, ',') ? parse_csv_head(a, first, rest) : parse_head(a, first, &rest));
    /* A row has at least two bytes a value, so a wrong number cannot ask for more than the file could fill. */
    if (!rest || a->n_rows > (int64_t)strlen(rest) / (2 * a->n_names))
        return GAN_FAIL(GAN_EDATA, "%s: cut off: %lld pictures are announced; fetch it again", a->path,
                        (long long)a->n_rows);
    a->rows = gan_calloc(a->n_rows, sizeof *a->rows);
    a->values = gan_calloc(a->n_rows, (size_t)a->n_names);
    if (!a->rows || !a->values) return GAN_ENOMEM;
    for (int64_t i = 0; i < a->n_rows; i++)
        GAN_TRY(read_row(a, strsep(&rest, "\n"), &a->rows[i], a->values + i * a->n_names));
    qsort(a->rows, (size_t)a->n_rows, sizeof *a->rows, by_file);
    return GAN_OK;
}

gan_status gan__attributes_read(gan__attributes *a, const char *path)
{
    *a = (gan__attributes){.path = path};
    GAN_TRY(read_text(a));
    return parse(a);
}

void gan__attributes_free(gan__attributes *a)
{
    gan_free(a->text);
    gan_free(a->names);
    gan_free(a->rows);
    gan_free(a->values);
}

gan_status gan__attributes_find(const gan__attributes *a, const char *picture, const int8_t **values)
{
    const char *slash = strrchr(picture, '/');
    gan__attribute_row key = {.file = slash ? slash + 1 : picture};
    const gan__attribute_row *row = bsearch(&key, a->rows, (size_t)a->n_rows, sizeof key, by_file);
    if (!row)
        return GAN_FAIL(GAN_EDATA, "%s: %s does not list it; is it the list of these pictures?", picture,
                        a->path);
    *values = row->values;
    return GAN_OK;
}

gan_status gan__attributes_put_names(const gan__attributes *a, hid_t dataset, const char *out)
{
    size_t longest = 1;
    for (int64_t i = 0; i < a->n_names; i++)
        if (strlen(a->names[i]) + 1 > longest) longest = strlen(a->names[i]) + 1;
    char *all = gan_calloc(a->n_names, longest);
    if (!all) return GAN_ENOMEM;
    for (int64_t i = 0; i < a->n_names; i++) strcpy(all + i * (int64_t)longest, a->names[i]);
    hid_t type = H5Tcopy(H5T_C_S1);
    bool ok = type >= 0 && H5Tset_size(type, longest) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
              gan_h5_put_attribute(dataset, "names", type, type, a->n_names, all);
    if (type >= 0) H5Tclose(type);
    gan_free(all);
    return ok ? GAN_OK
              : GAN_FAIL(GAN_EIO, "%s: cannot write the names of attributes: %s", out, gan_h5_reason());
}
