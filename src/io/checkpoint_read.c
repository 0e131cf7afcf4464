/* Read a checkpoint. The envelope comes first: damage by chance ends there. But a checksum does not prove
 * good will, so every name, count and size from the file is checked before it is used: memory is taken for no
 * more floats than the file has bytes, links are followed only inside the file, and no filter runs but
 * fletcher32. */
#include "checkpoint.h"

#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_OBJECTS = 4 * GAN_CHECKPOINT_MAX_TENSORS };

typedef struct reader {
    const char *path;
    gan_checkpoint *c;
    int64_t left; /* bytes that tensors and texts may still have, at most the file's length altogether */
    int n_objects;
    gan_status status; /* of what HDF5 calls us for */
} reader;

static gan_status bad(const char *path, const char *object, const char *what)
{
    return GAN_FAIL(GAN_ECKPT, "%s: bad checkpoint: %s: %s", path, object, what);
}

static bool plain_layout(hid_t dataset, int64_t limit)
{
    hsize_t chunk[GAN_TENSOR_MAX_DIMS];
    unsigned flags, config;
    size_t n_values = 0;
    hid_t p = H5Dget_create_plist(dataset);
    if (p < 0) return false;
    bool ok = H5Pget_layout(p) == H5D_CHUNKED;
    int rank = ok ? H5Pget_chunk(p, GAN_TENSOR_MAX_DIMS, chunk) : 0, n_filters = ok ? H5Pget_nfilters(p) : -1;
    ok = ok && rank >= 1 && rank <= GAN_TENSOR_MAX_DIMS && (n_filters == 0 || n_filters == 1);
    for (int d = 0; ok && d < rank; d++) ok = chunk[d] > 0 && (limit /= (int64_t)chunk[d]) > 0;
    if (ok && n_filters == 1)
        ok = H5Pget_filter2(p, 0, &flags, &n_values, NULL, 0, NULL, &config) == H5Z_FILTER_FLETCHER32;
    H5Pclose(p);
    return ok;
}

static bool is_float32(hid_t dataset)
{
    hid_t type = H5Dget_type(dataset);
    if (type < 0) return false;
    bool ok = H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0;
    H5Tclose(type);
    return ok;
}

/* Number of dimensions, 0 if it is none that a tensor may have. */
static int shape_of(hid_t dataset, int64_t dims[GAN_TENSOR_MAX_DIMS])
{
    hsize_t found[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(dataset);
    if (space < 0) return 0;
    int n =
        H5Sget_simple_extent_type(space) == H5S_SIMPLE ? H5Sget_simple_extent_dims(space, found, NULL) : 0;
    H5Sclose(space);
    if (n < 1 || n > GAN_TENSOR_MAX_DIMS) return 0;
    for (int d = 0; d < n; d++) {
        if (found[d] < 1 || found[d] > INT64_MAX) return 0;
        dims[d] = (int64_t)found[d];
    }
    return n;
}

static gan_status read_floats(hid_t dataset, const char *path, const gan_tensor *t)
{
    if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->data) >= 0) return GAN_OK;
    return bad(path, t->name, gan_h5_reason());
}

gan_status gan__tensor_read(hid_t file, const char *path, const gan_tensor *t)
{
    int64_t dims[GAN_TENSOR_MAX_DIMS];
    hid_t dataset = H5Dopen2(file, t->name, H5P_DEFAULT);
    if (dataset < 0) return bad(path, t->name, gan_h5_reason());
    bool same = shape_of(dataset, dims) == t->n_dims;
    for (int d = 0; same && d < t->n_dims; d++) same = dims[d] == t->dims[d];
    gan_status s = same ? read_floats(dataset, path, t) : bad(path, t->name, "has another shape");
    H5Dclose(dataset);
    return s;
}

static gan_status read_tensor(reader *r, hid_t dataset, const char *name)
{
    int64_t dims[GAN_TENSOR_MAX_DIMS], limit = r->left / (int64_t)sizeof(float);
    float *data;
    int n_dims = shape_of(dataset, dims);
    if (n_dims == 0) return bad(r->path, name, "an array of 1 to 5 dimensions is wanted");
    if (!is_float32(dataset)) return bad(r->path, name, "32-bit floats are wanted");
    if (!plain_layout(dataset, limit))
        return bad(r->path, name, "it is not stored in chunks as gan_mpi does");
    for (int d = 0; d < n_dims; d++)
        if ((limit /= dims[d]) == 0) return bad(r->path, name, "it has more elements than the file");
    if (!gan__tensor_name_ok(name) || gan_checkpoint_find(r->c, name))
        return bad(r->path, name, "its name is not one of a tensor");
    if (r->c->n_tensors >= GAN_CHECKPOINT_MAX_TENSORS) return bad(r->path, name, "too many tensors");
    GAN_TRY(gan_checkpoint_add_tensor(r->c, name, n_dims, dims, &data));
    const gan_tensor *t = &r->c->tensors[r->c->n_tensors - 1];
    r->left -= gan__tensor_elements(t) * (int64_t)sizeof(float);
    return read_floats(dataset, r->path, t);
}

/* A group on the way down. prefix: its path without the slash in front, "" for the root. */
typedef struct place {
    reader *r;
    const char *prefix;
    int depth;
} place;

static gan_status read_group(reader *r, hid_t group, const char *prefix, int depth);

static gan_status read_object(reader *r, hid_t group, const char *link, const char *name, int depth)
{
    hid_t object = H5Oopen(group, link, H5P_DEFAULT);
    if (object < 0) return bad(r->path, name, gan_h5_reason());
    gan_status s;
    H5I_type_t type = H5Iget_type(object);
    if (type == H5I_GROUP)
        s = read_group(r, object, name, depth + 1);
    else if (type == H5I_DATASET)
        s = read_tensor(r, object, name);
    else
        s = bad(r->path, name, "neither a group nor an array");
    H5Oclose(object);
    return s;
}

static bool has_own_reader(const char *link, int depth)
{
    return depth == 0 &&
           (strcmp(link, "state") == 0 || strcmp(link, "config") == 0 || strcmp(link, "provenance") == 0);
}

/* A link in a group; called by H5Literate. The reader's status is kept in r->status. */
static herr_t read_link(hid_t group, const char *link, const H5L_info_t *info, void *to)
{
    const place *at = to;
    reader *r = at->r;
    char name[GAN_CHECKPOINT_MAX_NAME + 1];
    if (has_own_reader(link, at->depth)) return 0;
    int n = snprintf(name, sizeof name, "%s%s%s", at->prefix, *at->prefix ? "/" : "", link);
    if (++r->n_objects > MAX_OBJECTS)
        r->status = bad(r->path, at->prefix, "too many objects");
    else if (n >= (int)sizeof name)
        r->status = bad(r->path, at->prefix, "a name in it is too long");
    else if (info->type != H5L_TYPE_HARD)
        r->status = bad(r->path, name, "it is a link to another place");
    else
        r->status = read_object(r, group, link, name, at->depth);
    return r->status == GAN_OK ? 0 : 1;
}

/* All arrays under a group. Links may form a circle: depth and the number of objects are bounded. */
static gan_status read_group(reader *r, hid_t group, const char *prefix, int depth)
{
    place at = {r, prefix, depth};
    if (depth > MAX_DEPTH) return bad(r->path, prefix, "groups are nested too deeply");
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, read_link, &at) < 0 && r->status == GAN_OK)
        return bad(r->path, prefix, gan_h5_reason());
    return r->status;
}

/* A fixed-length string that belongs to a scalar space; its size in *size. Takes type and space, which may be
 * bad. */
static bool is_text(const reader *r, hid_t type, hid_t space, size_t *size)
{
    bool ok = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
              H5Sget_simple_extent_type(space) == H5S_SCALAR;
    if (ok) *size = H5Tget_size(type);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return ok && *size > 0 && *size <= (uint64_t)r->left;
}

typedef herr_t read_fn(hid_t object, hid_t type, void *to);

static herr_t read_dataset(hid_t object, hid_t type, void *to)
{
    return H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
}

static gan_status read_text(reader *r, hid_t object, read_fn *read, size_t size, const char *key)
{
    gan_status s = GAN_ENOMEM;
    hid_t type = H5Tcopy(H5T_C_S1);
    char *value = gan_calloc((int64_t)size + 1, 1);
    if (!value) goto done;
    bool ok = type >= 0 && H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
    if (!ok || read(object, type, value) < 0) {
        /* libhdf5 does not convert between character sets; ASCII is UTF-8 */
        if (!ok || H5Tset_cset(type, H5T_CSET_ASCII) < 0 || read(object, type, value) < 0) {
            s = bad(r->path, key, gan_h5_reason());
            goto done;
        }
    }
    r->left -= (int64_t)size;
    s = gan_checkpoint_add_text(r->c, key, value);
done:
    gan_free(value);
    if (type >= 0) H5Tclose(type);
    return s;
}

static gan_status read_config(reader *r, hid_t file)
{
    size_t size;
    if (H5Lexists(file, "config", H5P_DEFAULT) <= 0) return GAN_OK;
    hid_t dataset = H5Dopen2(file, "config", H5P_DEFAULT);
    if (dataset < 0) return bad(r->path, "/config", gan_h5_reason());
    gan_status s = is_text(r, H5Dget_type(dataset), H5Dget_space(dataset), &size)
                       ? read_text(r, dataset, read_dataset, size, "config")
                       : bad(r->path, "/config", "not one text");
    H5Dclose(dataset);
    return s;
}

/* An attribute of /provenance; called by H5Aiterate2. The reader's status is kept in r->status. */
static herr_t read_provenance_text(hid_t group, const char *key, const H5A_info_t *info, void *to)
{
    (void)info;
    reader *r = to;
    size_t size;
    hid_t a = H5Aopen(group, key, H5P_DEFAULT);
    if (a < 0)
        r->status = bad(r->path, "/provenance", gan_h5_reason());
    else if (!is_text(r, H5Aget_type(a), H5Aget_space(a), &size))
        r->status = bad(r->path, key, "not one text");
    else if (!gan__text_key_ok(key) || gan_checkpoint_text(r->c, key) ||
             r->c->n_texts >= GAN_CHECKPOINT_MAX_TEXTS)
        r->status = bad(r->path, key, "a name that no text has, or one text too many");
    else
        r->status = read_text(r, a, H5Aread, size, key);
    if (a >= 0) H5Aclose(a);
    return r->status == GAN_OK ? 0 : 1;
}

static gan_status read_provenance(reader *r, hid_t file)
{
    hsize_t first = 0;
    if (H5Lexists(file, "provenance", H5P_DEFAULT) <= 0) return GAN_OK;
    hid_t g = H5Gopen2(file, "provenance", H5P_DEFAULT);
    if (g < 0) return bad(r->path, "/provenance", gan_h5_reason());
    herr_t ok = H5Aiterate2(g, H5_INDEX_NAME, H5_ITER_INC, &first, read_provenance_text, r);
    if (ok < 0 && r->status == GAN_OK) r->status = bad(r->path, "/provenance", gan_h5_reason());
    H5Gclose(g);
    return r->status;
}

static gan_status read_state(reader *r, hid_t file)
{
    gan_checkpoint *c = r->c;
    if (H5Lexists(file, "state", H5P_DEFAULT) <= 0) return bad(r->path, "/state", "missing");
    hid_t g = H5Gopen2(file, "state", H5P_DEFAULT);
    if (g < 0) return bad(r->path, "/state", gan_h5_reason());
    const char *missing = NULL;
#define X(field, file_type, type)                                                                            \
    if (!missing && !gan_h5_get_attribute(g, #field, type, 1, &c->field)) missing = #field;
    GAN_CHECKPOINT_STATE(X)
#undef X
    H5Gclose(g);
    if (missing) return bad(r->path, missing, "missing in /state, or not one number");
    if (c->step < 0 || c->epoch_position < 0) return bad(r->path, "/state", "a negative step or position");
    return GAN_OK;
}

static gan_status read_all(reader *r, hid_t file)
{
    GAN_TRY(read_state(r, file));
    GAN_TRY(read_config(r, file));
    GAN_TRY(read_provenance(r, file));
    GAN_TRY(read_group(r, file, "", 0));
    if (gan_checkpoint_digest(r->c) == r->c->digest) return GAN_OK;
    return bad(r->path, "digest", "the arrays are not those that it was computed from");
}

static gan_status read_h5(reader *r)
{
    gan_h5_file f;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, r->path, GAN_H5_READ, 0);
    if (s == GAN_OK) {
        s = read_all(r, f.id);
        gan_h5_close(&f, r->path); /* nothing was written */
    } else if (s == GAN_EIO) {
        s = GAN_ECKPT;
    }
    gan_h5_unlock();
    return s;
}

gan_status gan_checkpoint_read(gan_checkpoint **out, const char *path)
{
    reader r = {.path = path};
    *out = NULL;
    GAN_TRY(gan__envelope_check(path, &r.left));
    GAN_TRY(gan_checkpoint_new(&r.c));
    gan_status s = read_h5(&r);
    if (s == GAN_OK)
        *out = r.c;
    else
        gan_checkpoint_free(r.c);
    return s;
}
