/* The attributes of a dataset's samples (CelebA's: Bald, Smiling ...), for people: how many, and their names. */
#include "info.h"

#include "gan/h5.h"
#include "gan/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 80, MAX_BYTES = 1 << 20 };

/* As gan_mpi import writes them: n fixed-length strings of *each bytes, one after the other; *names NULL: none such. */
static gan_status read_names(hid_t attribute, int64_t n, char **names, size_t *each)
{
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool fixed = type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
    bool fits = fixed && space >= 0 && H5Sget_simple_extent_npoints(space) == n &&
                (*each = H5Tget_size(type)) <= (size_t)(MAX_BYTES / n);
    *names = fits ? gan_calloc(n, *each) : NULL;
    gan_status s = fits && !*names ? GAN_ENOMEM : GAN_OK;
    if (*names && H5Aread(attribute, type, *names) < 0)
        s = GAN_FAIL(GAN_EDATA, "cannot read the names of /attributes: %s; the file is damaged",
                     gan_h5_reason());
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return s;
}

static void print_names(const char *names, int64_t n, size_t each)
{
    size_t column = LINE;
    for (int64_t i = 0; i < n; i++, names += each) {
        const int length = (int)strnlen(names, each);
        if (column + (size_t)length >= LINE) {
            printf("\n" GAN__ITEM, "");
            column = 0;
        }
        column += (size_t)printf("%.*s%s", length, names, i + 1 < n ? ", " : "");
    }
}

gan_status gan__print_attributes(hid_t set, int64_t n, const char *type)
{
    size_t each = 0;
    char *names = NULL;
    gan_status s = GAN_OK;
    hid_t a =
        n > 0 && n <= MAX_BYTES && H5Aexists(set, "names") > 0 ? H5Aopen(set, "names", H5P_DEFAULT) : -1;
    if (a >= 0) {
        s = read_names(a, n, &names, &each);
        H5Aclose(a);
    }
    printf(GAN__ITEM "%" PRId64 " a sample, %s", "attributes", n, type);
    if (s == GAN_OK && names) print_names(names, n, each);
    puts("");
    gan_free(names);
    return s;
}
