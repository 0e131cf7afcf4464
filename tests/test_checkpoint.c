/* Checkpoints.
 *
 * The format is held against h5py (another reader of HDF5) and zlib's crc32 through Python; detection of damage by
 * doing it: every bit of the envelope, hundreds of bits of the rest, every cut at 512 bytes. Hostile files are made
 * with plain HDF5 calls and given a right checksum, so that what is tested is the reader behind it. Full disks are
 * file size limits at many places (EFBIG comes from the same calls as ENOSPC) and, as root, a small file system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/io/checkpoint.h"
#include "scratch.h"

#include "gan/checkpoint.h"
#include "gan/file.h"

#include <inttypes.h>
#include <sys/mount.h>

/* ---- making ---------------------------------------------------------------------------------------------------- */

static float *add(gan_checkpoint *c, const char *name, int n_dims, const int64_t *dims)
{
    float *data;
    int64_t n = 1;
    EXPECT_OK(gan_checkpoint_add_tensor(c, name, n_dims, dims, &data));
    for (int d = 0; d < n_dims; d++) n *= dims[d];
    for (int64_t i = 0; i < n; i++) data[i] = 0.25f * (float)i - (float)n_dims;
    return data;
}

static gan_checkpoint *sample(int64_t step)
{
    gan_checkpoint *c;
    EXPECT_OK(gan_checkpoint_new(&c));
    c->step = step;
    c->epoch_position = 31 * step;
    c->seed = UINT64_C(0xfedcba9876543210);
    c->elapsed_s = 12.5;
    c->best_score = -0.125;
    add(c, "networks/generator/dense1/weight", 2, (int64_t[]){7, 33});
    add(c, "networks/generator/dense1/bias", 1, (int64_t[]){33});
    add(c, "ema/generator/dense1/bias", 1, (int64_t[]){33});
    add(c, "optimizers/generator/adam_m/w", 5, (int64_t[]){2, 1, 3, 2, 4});
    EXPECT_OK(gan_checkpoint_add_text(c, "config", "[run]\nname = größe\n"));
    EXPECT_OK(gan_checkpoint_add_text(c, "version", "0.1.0"));
    EXPECT_OK(gan_checkpoint_add_text(c, "hosts", ""));
    return c;
}

static void write_sample(const char *path, int64_t step)
{
    gan_checkpoint *c = sample(step);
    EXPECT_OK(gan_checkpoint_write(c, path));
    gan_checkpoint_free(c);
}

static gan_status read_and_drop(const char *path)
{
    gan_checkpoint *c;
    gan_status s = gan_checkpoint_read(&c, path);
    if (s != GAN_OK) assert_null(c);
    gan_checkpoint_free(c);
    return s;
}

static void expect_same(const gan_checkpoint *a, const gan_checkpoint *b)
{
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->epoch_position, b->epoch_position);
    assert_true(a->seed == b->seed && a->digest == b->digest);
    assert_memory_equal(&a->elapsed_s, &b->elapsed_s, sizeof a->elapsed_s);
    assert_memory_equal(&a->best_score, &b->best_score, sizeof a->best_score);
    assert_int_equal(a->n_tensors, b->n_tensors);
    assert_int_equal(a->n_texts, b->n_texts);
    for (int i = 0; i < a->n_tensors; i++) {
        const gan_tensor *x = &a->tensors[i], *y = gan_checkpoint_find(b, x->name);
        assert_non_null(y);
        assert_int_equal(x->n_dims, y->n_dims);
        assert_memory_equal(x->dims, y->dims, (size_t)x->n_dims * sizeof *x->dims);
        assert_memory_equal(x->data, y->data, (size_t)gan__tensor_elements(x) * sizeof *x->data);
    }
    for (int i = 0; i < a->n_texts; i++)
        assert_string_equal(a->texts[i].value, gan_checkpoint_text(b, a->texts[i].key));
}

/* ---- round trips ----------------------------------------------------------------------------------------------- */

static void comes_back_as_it_was(void **state)
{
    (void)state;
    gan_checkpoint *c = sample(12), *back;
    float *odd = (float *)gan_checkpoint_find(c, "networks/generator/dense1/bias")->data;
    const uint32_t bits[] = {0x7fc00001u, 0xff800000u, 0x80000000u,
                             0x00000001u}; /* a NaN, -inf, -0, the least */
    memcpy(odd, bits, sizeof bits);
    EXPECT_OK(gan_checkpoint_write(c, scratch("a.h5")));
    EXPECT_OK(gan_checkpoint_read(&back, scratch("a.h5")));
    expect_same(c, back);
    assert_null(gan_checkpoint_find(back, "networks"));
    assert_null(gan_checkpoint_text(back, "compiler"));
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
    gan_checkpoint_free(c);
    gan_checkpoint_free(back);
}

static void large_and_empty_ones_come_back(void **state)
{
    (void)state;
    gan_checkpoint *c, *back;
    EXPECT_OK(gan_checkpoint_new(&c));
    EXPECT_OK(gan_checkpoint_write(c, scratch("empty.h5")));
    EXPECT_OK(gan_checkpoint_read(&back, scratch("empty.h5")));
    expect_same(c, back);
    gan_checkpoint_free(back);
    add(c, "a", 2, (int64_t[]){1025, 1031}); /* several chunks, uneven at the ends */
    add(c, "b/c", 3, (int64_t[]){1, 1, 700001});
    char *long_text = malloc(200001); /* more than an attribute of the old file format holds */
    memset(long_text, 'h', 200000);
    long_text[200000] = '\0';
    EXPECT_OK(gan_checkpoint_add_text(c, "hosts", long_text));
    free(long_text);
    EXPECT_OK(gan_checkpoint_write(c, scratch("large.h5")));
    EXPECT_OK(gan_checkpoint_read(&back, scratch("large.h5")));
    expect_same(c, back);
    gan_checkpoint_free(back);
    gan_checkpoint_free(c);
}

static void h5py_reads_it(void **state)
{
    (void)state;
    char out[512];
    write_sample(scratch("py.h5"), 12);
    run_h5py("import sys, h5py, zlib\n"
             "raw = open(sys.argv[1], \"rb\").read()\n"
             "head = raw[:512].decode().split(\"\\n\")\n"
             "assert head[0] == \"gan_mpi checkpoint 1\", head\n"
             "assert head[1] == \"length %d\" % (len(raw) - 512), head\n"
             "assert head[2] == \"crc32 %08x\" % zlib.crc32(raw[512:]), head\n"
             "f = h5py.File(sys.argv[1], \"r\")\n"
             "w = f[\"networks/generator/dense1/weight\"]\n"
             "assert w.shape == (7, 33) and w.dtype == \"float32\" and w.fletcher32 and w.chunks\n"
             "assert w[2, 5] == 0.25 * 71 - 2\n"
             "s = f[\"state\"].attrs\n"
             "assert s[\"seed\"] == 0xfedcba9876543210 and s[\"best_score\"] == -0.125\n"
             "print(s[\"step\"], s[\"epoch_position\"], s[\"elapsed_s\"], "
             "f[\"config\"][()].decode().split()[-1],\n"
             "      f[\"provenance\"].attrs[\"version\"].decode(), sorted(f))\n",
             scratch("py.h5"), out, sizeof out);
    assert_string_equal(out,
                        "12 372 12.5 größe 0.1.0 ['config', 'ema', 'networks', 'optimizers', 'provenance', "
                        "'state']");
}

static void bad_parts_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",         "/a",    "a/",    "a//b",       "a/../b",       ".",
                                        "a b",      "a\tb",  "a\xff", "state",      "state/x",      "config",
                                        "config/a", "a/./b", "..",    "provenance", "networks/../x"};
    gan_checkpoint *c = sample(1);
    float *data;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        EXPECT_FAILURE(gan_checkpoint_add_tensor(c, names[i], 1, (int64_t[]){1}, &data), GAN_EINTERNAL,
                       names[i]);
    char longer[300];
    memset(longer, 'n', sizeof longer);
    longer[256] = '\0';
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, longer, 1, (int64_t[]){1}, &data), GAN_EINTERNAL, "nnn");
    longer[255] = '\0';
    EXPECT_OK(gan_checkpoint_add_tensor(c, longer, 1, (int64_t[]){1}, &data));
    EXPECT_OK(gan_checkpoint_add_tensor(c, "states/config", 1, (int64_t[]){1}, &data));
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, longer, 1, (int64_t[]){1}, &data), GAN_EINTERNAL, "repeated");
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, "x", 0, NULL, &data), GAN_EINTERNAL, "shape");
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, "x", 6, (int64_t[]){1, 1, 1, 1, 1, 1}, &data), GAN_EINTERNAL,
                   "x");
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, "x", 2, (int64_t[]){3, 0}, &data), GAN_EINTERNAL, "x");
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, "x", 2, (int64_t[]){3, -1}, &data), GAN_EINTERNAL, "x");
    EXPECT_FAILURE(gan_checkpoint_add_tensor(c, "x", 2, (int64_t[]){INT64_MAX, 3}, &data), GAN_EINTERNAL,
                   "x");
    EXPECT_FAILURE(gan_checkpoint_add_text(c, "version", "2"), GAN_EINTERNAL, "version");
    EXPECT_FAILURE(gan_checkpoint_add_text(c, "a/b", "2"), GAN_EINTERNAL, "a/b");
    gan_checkpoint_free(c);
    gan_checkpoint_free(NULL);
}

static void digest_sees_what_it_should(void **state)
{
    (void)state;
    gan_checkpoint *a = sample(5), *b;
    uint64_t first = gan_checkpoint_digest(a);
    /* not: order, texts, times, seed */
    EXPECT_OK(gan_checkpoint_new(&b));
    for (int i = a->n_tensors - 1; i >= 0; i--)
        add(b, a->tensors[i].name, a->tensors[i].n_dims, a->tensors[i].dims);
    b->step = 5;
    b->elapsed_s = 99;
    assert_true(gan_checkpoint_digest(b) == first);
    /* but: the step, any bit, a shape, a name */
    b->step = 6;
    assert_true(gan_checkpoint_digest(b) != first);
    b->step = 5;
    for (int i = 0; i < b->n_tensors; i++)
        for (int64_t j = 0; j < gan__tensor_elements(&b->tensors[i]); j++) {
            uint32_t *bits = (uint32_t *)(void *)&b->tensors[i].data[j];
            *bits ^= 1u << (j % 32);
            assert_true(gan_checkpoint_digest(b) != first);
            *bits ^= 1u << (j % 32);
        }
    int64_t *dims = b->tensors[b->n_tensors - 1].dims; /* [7,33] */
    assert_int_equal(dims[0], 7);
    dims[0] = 33, dims[1] = 7;
    assert_true(gan_checkpoint_digest(b) != first);
    dims[0] = 7, dims[1] = 33;
    char *name = b->tensors[0].name, *other = b->tensors[1].name;
    b->tensors[0].name = other, b->tensors[1].name = name;
    assert_true(gan_checkpoint_digest(b) != first);
    gan_checkpoint_free(a);
    gan_checkpoint_free(b);
}

/* ---- damage ---------------------------------------------------------------------------------------------------- */

static void every_flipped_bit_is_found(void **state)
{
    (void)state;
    long n, tried = 0;
    write_sample(scratch("whole.h5"), 12);
    char *bytes = slurp(scratch("whole.h5"), &n);
    for (long i = 0; i < n; i += i < GAN_ENVELOPE_BYTES ? 1 : 7) {
        int bit = (int)(i % 8);
        bytes[i] = (char)(bytes[i] ^ (1 << bit));
        spill(scratch("flipped.h5"), bytes, n);
        bytes[i] = (char)(bytes[i] ^ (1 << bit));
        gan_status s = read_and_drop(scratch("flipped.h5"));
        if (s != GAN_ECKPT || !strstr(gan_fail_text(), "flipped.h5: "))
            fail_msg("bit %d of byte %ld: status %d, \"%s\"", bit, i, s, gan_fail_text());
        gan_fail_clear();
        tried++;
    }
    print_message("%ld bits of %ld bytes flipped\n", tried, n);
    assert_true(tried > 1000);
    spill(scratch("flipped.h5"), bytes, n);
    EXPECT_OK(read_and_drop(scratch("flipped.h5")));
    free(bytes);
}

static void every_cut_is_found(void **state)
{
    (void)state;
    long n;
    write_sample(scratch("whole.h5"), 12);
    char *bytes = slurp(scratch("whole.h5"), &n);
    for (long cut = 0; cut < n; cut += 512) {
        spill(scratch("cut.h5"), bytes, cut);
        EXPECT_FAILURE(read_and_drop(scratch("cut.h5")), GAN_ECKPT, "cut.h5");
    }
    spill(scratch("cut.h5"), bytes, n - 1);
    EXPECT_FAILURE(read_and_drop(scratch("cut.h5")), GAN_ECKPT, "bytes after the header");
    spill(scratch("cut.h5"), bytes, n + 1); /* one byte too many: slurp's zero */
    EXPECT_FAILURE(read_and_drop(scratch("cut.h5")), GAN_ECKPT, "bytes after the header");
    bytes[strlen("gan_mpi checkpoint ")] = '2';
    spill(scratch("cut.h5"), bytes, n);
    EXPECT_FAILURE(read_and_drop(scratch("cut.h5")), GAN_ECKPT, "format \"2", "reads format 1");
    free(bytes);
    spill(scratch("cut.h5"), "[run]\nname = x\n", 15);
    EXPECT_FAILURE(read_and_drop(scratch("cut.h5")), GAN_ECKPT, "cut.h5");
    EXPECT_FAILURE(read_and_drop(scratch("none.h5")), GAN_EIO, "none.h5", "No such file");
    EXPECT_FAILURE(read_and_drop(scratch_dir), GAN_EIO, scratch_dir, "directory");
}

/* ---- hostile files --------------------------------------------------------------------------------------------- */

/* A file that would be right but for what a test does to it: state (with a digest for no tensors), then `spoil`. */
static void make_hostile(const char *path, void (*spoil)(hid_t file))
{
    gan_checkpoint *c;
    gan_h5_file f;
    EXPECT_OK(gan_checkpoint_new(&c));
    EXPECT_OK(gan_checkpoint_write(c, path));
    gan_checkpoint_free(c);
    gan_h5_lock();
    EXPECT_OK(gan_h5_open(&f, path, GAN_H5_CHANGE, 0));
    spoil(f.id);
    EXPECT_OK(gan_h5_close(&f, path));
    gan_h5_unlock();
    EXPECT_OK(gan__envelope_stamp(path));
}

/* A dataset with every property of a tensor, or others. */
static void dataset(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                    const hsize_t *chunk, int deflate)
{
    hid_t space = H5Screate_simple(rank, dims, NULL), p = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk) assert_true(H5Pset_chunk(p, rank, chunk) >= 0);
    if (deflate) assert_true(H5Pset_deflate(p, 1) >= 0);
    hid_t d = H5Dcreate2(file, name, type, space, H5P_DEFAULT, p, H5P_DEFAULT);
    assert_true(d >= 0);
    H5Dclose(d);
    H5Pclose(p);
    H5Sclose(space);
}

static const hsize_t three[6] = {3, 3, 3, 3, 3, 3};

static void doubles(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F64LE, 1, three, three, 0);
}
static void integers(hid_t f)
{
    dataset(f, "a", H5T_STD_I32LE, 1, three, three, 0);
}
static void not_chunked(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 1, three, NULL, 0);
}
static void six_dimensions(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 6, three, three, 0);
}
static void scalar(hid_t f)
{
    hid_t space = H5Screate(H5S_SCALAR);
    H5Dclose(H5Dcreate2(f, "a", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
}
static void no_elements(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 2, (hsize_t[]){3, 0}, three, 0);
}
static void compressed(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 1, three, three, 1);
}
static void promised_terabytes(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 2, (hsize_t[]){1 << 20, 1 << 20}, (hsize_t[]){64, 1}, 0);
}
static void overflowing_size(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 5, (hsize_t[]){1 << 16, 1 << 16, 1 << 16, 1 << 16, 4},
            (hsize_t[]){1, 1, 1, 1, 1}, 0);
}
static void huge_chunk(hid_t f)
{
    hsize_t dims = 1, most = H5S_UNLIMITED, chunk = 1 << 29;
    hid_t space = H5Screate_simple(1, &dims, &most), p = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_chunk(p, 1, &chunk) >= 0);
    H5Dclose(H5Dcreate2(f, "a", H5T_IEEE_F32LE, space, H5P_DEFAULT, p, H5P_DEFAULT));
    H5Pclose(p);
    H5Sclose(space);
}
static void many_promises(hid_t f)
{
    char name[16];
    for (int i = 0; i < 400; i++) { /* each alone would fit */
        snprintf(name, sizeof name, "a%d", i);
        dataset(f, name, H5T_IEEE_F32LE, 1, (hsize_t[]){8000}, (hsize_t[]){1}, 0);
    }
}
static void circle(hid_t f)
{
    hid_t g = H5Gcreate2(f, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Lcreate_hard(f, "g", g, "one", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(f, "g", g, "two", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Gclose(g);
}
static void wide_circle(hid_t f)
{
    char name[16];
    hid_t g = H5Gcreate2(f, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "%c%d", i % 2 ? 'z' : 'a', i);
        hid_t next = H5Gcreate2(g, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        for (int j = 0; j < 2000; j++) {
            snprintf(name, sizeof name, "x%d", j);
            H5Gclose(H5Gcreate2(next, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        }
        H5Gclose(next);
    }
    H5Gclose(g);
}
static void soft_link(hid_t f)
{
    assert_true(H5Lcreate_soft("/state", f, "a", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}
static void external_link(hid_t f)
{
    assert_true(H5Lcreate_external(scratch("other.h5"), "/a", f, "a", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}
static void named_type(hid_t f)
{
    hid_t t = H5Tcopy(H5T_IEEE_F32LE);
    assert_true(H5Tcommit2(f, "a", t, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Tclose(t);
}
static void dots(hid_t f)
{
    hid_t g = H5Gcreate2(f, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    dataset(g, "..", H5T_IEEE_F32LE, 1, three, three, 0);
    H5Gclose(g);
}
static void long_name(hid_t f)
{
    char name[1001];
    memset(name, 'n', 1000);
    name[1000] = '\0';
    dataset(f, name, H5T_IEEE_F32LE, 1, three, three, 0);
}
static void unknown_array(hid_t f)
{
    dataset(f, "a", H5T_IEEE_F32LE, 1, three, three, 0);
}
static void no_state(hid_t f)
{
    assert_true(H5Ldelete(f, "state", H5P_DEFAULT) >= 0);
}
static void state_is_array(hid_t f)
{
    no_state(f);
    dataset(f, "state", H5T_IEEE_F32LE, 1, three, three, 0);
}
static void replace_state(hid_t f, const char *name, hid_t type, int64_t n, const void *values)
{
    hid_t g = H5Gopen2(f, "state", H5P_DEFAULT);
    assert_true(H5Adelete(g, name) >= 0);
    if (values)
        assert_true(gan_h5_put_attribute(g, name, type, type, n, values));
    else
        assert_true(gan_h5_put_text(g, name, "12"));
    H5Gclose(g);
}
static void negative_step(hid_t f)
{
    replace_state(f, "step", H5T_NATIVE_INT64, 1, (int64_t[]){-1});
}
static void two_seeds(hid_t f)
{
    replace_state(f, "seed", H5T_NATIVE_UINT64, 2, (uint64_t[]){1, 2});
}
static void seed_in_words(hid_t f)
{
    replace_state(f, "seed", -1, 1, NULL);
}
static void other_step(hid_t f)
{
    replace_state(f, "step", H5T_NATIVE_INT64, 1, (int64_t[]){7});
}
static void config_of_numbers(hid_t f)
{
    dataset(f, "config", H5T_IEEE_F32LE, 1, three, three, 0);
}
static void variable_text(hid_t f)
{
    const char *text = "words";
    hid_t g = H5Gopen2(f, "provenance", H5P_DEFAULT), t = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    assert_true(H5Tset_size(t, H5T_VARIABLE) >= 0);
    hid_t a = H5Acreate2(g, "version", t, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(a, t, &text) >= 0);
    H5Aclose(a);
    H5Sclose(space);
    H5Tclose(t);
    H5Gclose(g);
}
static void bad_text_key(hid_t f)
{
    hid_t g = H5Gopen2(f, "provenance", H5P_DEFAULT);
    assert_true(gan_h5_put_text(g, "a/b c", "text"));
    H5Gclose(g);
}

static void right_checksum_does_not_help_hostile_files(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(hid_t file);
        const char *text;
    } rows[] = {
        {doubles, "32-bit floats"},
        {integers, "32-bit floats"},
        {not_chunked, "not stored in chunks"},
        {six_dimensions, "1 to 5 dimensions"},
        {scalar, "1 to 5 dimensions"},
        {no_elements, "1 to 5 dimensions"},
        {compressed, "not stored in chunks"},
        {promised_terabytes, "more elements than the file"},
        {overflowing_size, "more elements than the file"},
        {huge_chunk, "not stored in chunks"},
        {many_promises, "more elements than the file"},
        {circle, "nested too deeply"},
        {wide_circle, "too many objects"},
        {soft_link, "link to another place"},
        {external_link, "link to another place"},
        {named_type, "neither a group nor an array"},
        {dots, "its name is not one of a tensor"},
        {long_name, "too long"},
        {unknown_array, "digest"},
        {other_step, "digest"},
        {no_state, "/state: missing"},
        {state_is_array, "/state"},
        {negative_step, "negative"},
        {two_seeds, "seed"},
        {seed_in_words, "seed"},
        {config_of_numbers, "/config: not one text"},
        {variable_text, "version: not one text"},
        {bad_text_key, "a name that no text has"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_hostile(scratch("hostile.h5"), rows[i].spoil);
        EXPECT_FAILURE(read_and_drop(scratch("hostile.h5")), GAN_ECKPT, "hostile.h5: ", rows[i].text);
    }
    static const char junk[3000]; /* no HDF5 at all, but a checksum */
    spill(scratch("hostile.h5"), junk, sizeof junk);
    EXPECT_OK(gan__envelope_stamp(scratch("hostile.h5")));
    EXPECT_FAILURE(read_and_drop(scratch("hostile.h5")), GAN_ECKPT, "not a readable HDF5 file");
}

/* ---- failing writes -------------------------------------------------------------------------------------------- */

static void expect_untouched(const char *path, int64_t step)
{
    gan_checkpoint *c;
    EXPECT_OK(gan_checkpoint_read(&c, path));
    assert_int_equal(c->step, step);
    gan_checkpoint_free(c);
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
}

static void full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    struct stat st;
    write_sample(scratch("full.h5"), 1);
    assert_int_equal(stat(scratch("full.h5"), &st), 0);
    gan_checkpoint *c = sample(2);
    int failures = 0;
    for (off_t limit = 0; limit < st.st_size; limit += 97) {
        limit_file_size((size_t)limit);
        gan_status s = gan_checkpoint_write(c, scratch("full.h5"));
        limit_file_size(SIZE_MAX);
        EXPECT_FAILURE(s, GAN_EIO, "full.h5", "File too large", "ulimit -f");
        if (failures++ % 16 == 0) expect_untouched(scratch("full.h5"), 1);
    }
    print_message("%d full disks\n", failures);
    EXPECT_OK(gan_checkpoint_write(c, scratch("full.h5")));
    expect_untouched(scratch("full.h5"), 2);
    gan_checkpoint_free(c);
}

static void full_file_system_is_reported(void **state)
{
    (void)state;
    gan_checkpoint *c;
    char dir[512], path[600];
    snprintf(dir, sizeof dir, "%s", scratch("small"));
    assert_int_equal(mkdir(dir, 0777), 0);
    if (mount("tmpfs", dir, "tmpfs", 0, "size=64k") != 0) {
        print_message("cannot mount a small file system here\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/step.h5", dir);
    EXPECT_OK(gan_checkpoint_new(&c));
    gan_status first = gan_checkpoint_write(c, path);
    char name[32];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "w%d", i);
        add(c, name, 1, (int64_t[]){1000});
    }
    c->step = 2;
    gan_status second = gan_checkpoint_write(c, path);
    int left = count_files(dir, "");
    gan_checkpoint *back = NULL;
    gan_status third = second == GAN_OK ? GAN_OK : gan_checkpoint_read(&back, path);
    umount(dir);
    gan_checkpoint_free(c);
    EXPECT_OK(first);
    EXPECT_FAILURE(second, GAN_EIO, "step.h5", "No space left", "free some space");
    EXPECT_OK(third);
    assert_int_equal(back->step, 0);
    assert_int_equal(left, 1);
    gan_checkpoint_free(back);
}

static void unwritable_places_are_named(void **state)
{
    (void)state;
    gan_checkpoint *c = sample(1);
    EXPECT_FAILURE(gan_checkpoint_write(c, scratch("no/such/dir/a.h5")), GAN_EIO, "no/such/dir/a.h5",
                   "No such file", "check the path");
    spill(scratch("plain"), "x", 1);
    EXPECT_FAILURE(gan_checkpoint_write(c, scratch("plain/a.h5")), GAN_EIO, "plain/a.h5", "Not a directory");
    assert_int_equal(mkdir(scratch("busy.h5"), 0777), 0); /* rename cannot replace a directory by a file */
    EXPECT_FAILURE(gan_checkpoint_write(c, scratch("busy.h5")), GAN_EIO, "busy.h5", "directory");
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
    if (geteuid() != 0) {
        assert_int_equal(mkdir(scratch("locked"), 0555), 0);
        EXPECT_FAILURE(gan_checkpoint_write(c, scratch("locked/a.h5")), GAN_EIO, "locked/a.h5",
                       "Permission denied", "may write to");
    }
    gan_checkpoint_free(c);
}

/* ---- the directory --------------------------------------------------------------------------------------------- */

static const char *dir_of(const char *name)
{
    static char dir[512]; /* of the test that runs */
    snprintf(dir, sizeof dir, "%s", scratch(name));
    assert_int_equal(mkdir(dir, 0777), 0);
    return dir;
}

static void publish(const char *dir, int64_t step, int keep)
{
    char *path = gan_checkpoint_path(dir, step);
    write_sample(path, step);
    gan_free(path);
    EXPECT_OK(gan_checkpoint_publish(dir, step, keep));
}

static void damage(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    int c = fgetc(f);
    fseek(f, -1, SEEK_CUR);
    fputc(c ^ 0x10, f);
    fclose(f);
}

static int64_t latest_step(const char *dir)
{
    gan_checkpoint *c;
    EXPECT_OK(gan_checkpoint_latest(&c, dir));
    int64_t step = c ? c->step : -1;
    gan_checkpoint_free(c);
    return step;
}

static void expect_link(const char *path, const char *wanted)
{
    char target[256] = "";
    assert_true(readlink(path, target, sizeof target - 1) > 0);
    assert_string_equal(target, wanted);
}

static void publishing_links_and_prunes(void **state)
{
    (void)state;
    const char *dir = dir_of("publish");
    char *path = gan_checkpoint_path("runs/x", 12000);
    assert_string_equal(path, "runs/x/step-000012000.h5");
    gan_free(path);
    for (int64_t step = 100; step <= 500; step += 100) publish(dir, step, 2);
    assert_int_equal(count_files(dir, "step-"), 2);
    expect_link(scratch("publish/latest"), "step-000000500.h5");
    EXPECT_OK(read_and_drop(scratch("publish/latest")));
    assert_int_equal(latest_step(dir), 500);
    /* temporaries of writes that died go; other people's files and leftovers of a later step stay */
    spill(scratch("publish/step-000000600.h5.tmp-77"), "x", 1);
    spill(scratch("publish/latest.tmp-77"), "x", 1);
    spill(scratch("publish/notes.tmp-77"), "x", 1);
    spill(scratch("publish/step-1.h5"), "x", 1);
    spill(scratch("publish/step-000009900.h5"), "damaged", 7);
    publish(dir, 600, 1);
    publish(dir, 700, 0); /* the new one is kept whatever `keep` says */
    assert_int_equal(count_files(dir, ".tmp-"), 1);
    assert_int_equal(access(scratch("publish/step-000000700.h5"), F_OK), 0);
    assert_int_equal(access(scratch("publish/step-000009900.h5"), F_OK), 0);
    assert_int_equal(access(scratch("publish/step-1.h5"), F_OK), 0);
    assert_int_equal(count_files(dir, "step-"), 3);
    expect_link(scratch("publish/latest"), "step-000000700.h5");
    EXPECT_FAILURE(gan_checkpoint_publish(scratch("nowhere"), 1, 1), GAN_EIO, "nowhere/latest",
                   "No such file");
}

/* What gan_warn says goes to stderr; caught in a file. */
static char *warnings_of_latest(const char *dir, gan_checkpoint **c, gan_status *s)
{
    long n;
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    assert_non_null(freopen(scratch("warnings"), "w", stderr));
    *s = gan_checkpoint_latest(c, dir);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    return slurp(scratch("warnings"), &n);
}

static void damaged_ones_are_named_and_skipped(void **state)
{
    (void)state;
    gan_checkpoint *c;
    gan_status s;
    const char *dir = dir_of("damaged");
    assert_int_equal(latest_step(scratch("not-there")), -1);
    assert_int_equal(latest_step(dir), -1);
    for (int64_t step = 1; step <= 4; step++) publish(dir, step, 9);
    spill(scratch("damaged/step-000000005.h5.tmp-1"), "half", 4);
    assert_int_equal(latest_step(dir), 4);
    damage(scratch("damaged/step-000000004.h5"), 3000);
    assert_int_equal(truncate(scratch("damaged/step-000000003.h5"), 2000), 0);
    char *text = warnings_of_latest(dir, &c, &s);
    EXPECT_OK(s);
    assert_int_equal(c->step, 2);
    gan_checkpoint_free(c);
    assert_string_equal(gan_fail_text(), "");
    assert_non_null(strstr(text, "step-000000004.h5: damaged: checksum"));
    assert_non_null(strstr(text, "step-000000003.h5: damaged: 1488 bytes after the header"));
    free(text);
    damage(scratch("damaged/step-000000002.h5"), 0);
    damage(scratch("damaged/step-000000001.h5"), -1);
    text = warnings_of_latest(dir, &c, &s);
    assert_null(c);
    EXPECT_FAILURE(s, GAN_ECKPT, "none of its 4 checkpoints is whole", "--fresh");
    free(text);
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Let each allocation of `job` fail once. Each time it must say GAN_ENOMEM and give everything back. */
static void fail_everywhere(gan_status (*job)(void))
{
    for (int64_t k = 1;; k++) {
        int64_t live = gan_mem_live();
        gan_mem_fail_at(k);
        gan_status s = job();
        int64_t left = gan_mem_fail_at(0);
        assert_int_equal(gan_mem_live(), live);
        if (left > 0) { /* it never came to k allocations */
            EXPECT_OK(s);
            print_message("%lld allocations\n", (long long)k - 1);
            return;
        }
        /* HDF5 tries twice to open a file, so that one may be survived */
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
    }
}

static gan_status make_job(void)
{
    gan_checkpoint *c;
    float *data;
    gan_status s = gan_checkpoint_new(&c);
    for (int i = 0; s == GAN_OK && i < 5; i++)
        s = gan_checkpoint_add_tensor(c, (const char *[]){"a", "b", "c", "d", "e"}[i], 1, (int64_t[]){4},
                                      &data);
    if (s == GAN_OK) s = gan_checkpoint_add_text(c, "config", "text");
    gan_checkpoint_free(c);
    return s;
}

static gan_checkpoint *job_checkpoint;

static gan_status write_job(void)
{
    return gan_checkpoint_write(job_checkpoint, scratch("memory/step-000000012.h5"));
}

static gan_status read_job(void)
{
    return read_and_drop(scratch("memory/step-000000012.h5"));
}

static gan_status latest_job(void)
{
    gan_checkpoint *c;
    gan_status s = gan_checkpoint_latest(&c, scratch("memory"));
    gan_checkpoint_free(c);
    return s;
}

static gan_status publish_job(void)
{
    return gan_checkpoint_publish(scratch("memory"), 12, 3);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    job_checkpoint = sample(12);
    dir_of("memory");
    fail_everywhere(make_job);
    fail_everywhere(write_job);
    fail_everywhere(read_job);
    fail_everywhere(latest_job);
    fail_everywhere(publish_job);
    assert_int_equal(count_files(scratch("memory"), GAN_FILE_TEMP_MARK), 0);
    gan_checkpoint_free(job_checkpoint);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)
    const struct CMUnitTest tests[] = {
        TEST(comes_back_as_it_was),
        TEST(large_and_empty_ones_come_back),
        TEST(h5py_reads_it),
        TEST(bad_parts_are_refused),
        TEST(digest_sees_what_it_should),
        TEST(every_flipped_bit_is_found),
        TEST(every_cut_is_found),
        TEST(right_checksum_does_not_help_hostile_files),
        TEST(full_disk_leaves_the_old_file),
        TEST(full_file_system_is_reported),
        TEST(unwritable_places_are_named),
        TEST(publishing_links_and_prunes),
        TEST(damaged_ones_are_named_and_skipped),
        TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
