/* Proved here: every value that the schema allows is read as C reads it and nothing else is a value; a job
 * file's mistakes are all named, with their lines and remedies; what gan_config_ini writes reads back as the
 * same; no bytes and no failing allocation make the parser crash, leak, or keep silent.
 *
 * Independent sources: texts spelled out by hand after the contract in gan/config.h; schema.def itself, read
 * a second time; edit distance by its recursive definition; for hostile bytes, invariants (status, balance of
 * memory, round trip). */
#include "gan/config.h"
#include "gan/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "live_test.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NONE NULL
static const gan_key rows[] = {
#define KEY(section, name, type, unit, fallback, min, max, choices, may_change, meaning)                     \
    {#section, #name, GAN_##type, unit, fallback, min, max, choices, may_change, meaning},
#include "../src/config/schema.def"
#undef KEY
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- three systems ---- */

static const gan_default coder_defaults[] = {{"encoder", "optimizer", "momentum"}, {"train", "batch", "8"}, {NULL, NULL, NULL}};

static const char *const *networks_of(const char *system, const char *const **names, const gan_default **defaults)
{
    static const char *const all[] = {"gan", "coder", "many", NULL};
    static const char *const gan[] = {"generator", "discriminator", NULL}, *const coder[] = {"encoder", NULL};
    static const char *const many[] = {"generator", "?critic", "discriminator", "?discriminator2", "?discriminator3", "?discriminator4", NULL};
    *names = all;
    *defaults = strcmp(system, "coder") == 0 ? coder_defaults : NULL;
    return strcmp(system, "gan") == 0 ? gan : strcmp(system, "coder") == 0 ? coder : strcmp(system, "many") == 0 ? many : NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static gan_status parse_n(gan_config **c, const char *text, int64_t n, const char *const *sets, int n_sets)
{
    gan_fail_clear();
    return gan_config_parse(c, "job.ini", text, n, sets, n_sets, networks_of);
}

static gan_status parse(gan_config **c, const char *text)
{
    return parse_n(c, text, (int64_t)strlen(text), NULL, 0);
}

static gan_config *must_parse(const char *text)
{
    gan_config *c;
    if (parse(&c, text) != GAN_OK) fail_msg("%s", gan_fail_text());
    return c;
}

static void assert_has(const char *text, const char *wanted)
{
    if (!strstr(text, wanted)) fail_msg("\n   got: %s\nwanted: %s", text, wanted);
}

/* Lines 1 to 6, then what a test adds. */
#define TRAIN         "[train]\nsteps = 10\n[data]\nsource = ring\n"
#define GENERATOR     "[generator]\nlayers = dense 2\n"
#define DISCRIMINATOR "[discriminator]\nlayers = dense 1\n"
#define GOOD          TRAIN GENERATOR DISCRIMINATOR

/* ---- values ---- */

typedef struct value_case {
    gan_type type;
    double min, max;
    const char *text, *wrong; /* wrong NULL: good */
    double value;
} value_case;

static void one_value(const value_case *k)
{
    const gan_key key = {"layer", "arg", k->type, "steps", "5", k->min, k->max, "adam|sgd|rmsprop",
                         false,   ""};
    gan_value v;
    gan_fail_clear();
    gan_status s = gan_value_parse(&v, &key, k->text, "job.ini:3: a.b");
    if (!k->wrong) {
        if (s != GAN_OK) fail_msg("\"%s\": %s", k->text, gan_fail_text());
        double got = k->type == GAN_REAL ? v.r : (double)v.i;
        if (got != k->value || v.r != k->value)
            fail_msg("\"%s\": %.17g, wanted %.17g", k->text, got, k->value);
        assert_ptr_equal(v.text, k->text);
        return;
    }
    if (s != GAN_ECONFIG) fail_msg("\"%s\": status %d, wanted GAN_ECONFIG", k->text, (int)s);
    assert_has(gan_fail_text(), "job.ini:3: a.b: ");
    assert_has(gan_fail_text(), k->wrong);
}

static void values(void **state)
{
    (void)state;
    static const value_case cases[] = {
        {GAN_INT, 1, 1e9, "64", NULL, 64},
        {GAN_INT, 1, 1e9, "+1", NULL, 1},
        {GAN_INT, 1, 1e9, "1e6", NULL, 1e6},
        {GAN_INT, 1, 1e9, "2.5e3", NULL, 2500},
        {GAN_INT, 1, 1e9, "1000000000", NULL, 1e9},
        {GAN_INT, -5, 5, "-5", NULL, -5},
        {GAN_INT, 0, 9.007199254740991e15, "9007199254740991", NULL, 9.007199254740991e15},
        {GAN_INT, 0, 9.007199254740991e15, "9007199254740992", "out of range", 0},
        {GAN_INT, 1, 1e9, "12x", "\"12x\" is not a whole number (allowed: 1 to 1e9 steps; default 5)", 0},
        {GAN_INT, 1, 1e9, "0", "\"0\" is out of range (allowed: 1 to 1e9 steps; default 5)", 0},
        {GAN_INT, 1, 1e9, "1000000001", "out of range", 0},
        {GAN_INT, 1, 1e9, "99999999999999999999999", "out of range", 0},
        {GAN_INT, 1, 1e9, "1e999", "out of range", 0},
        {GAN_INT, 1, 1e9, "2.5", "not a whole number", 0},
        {GAN_INT, 1, 1e9, "1e-1", "out of range", 0},
        {GAN_INT, 1, 1e9, "", "\"\" is not a whole number", 0},
        {GAN_INT, 1, 1e9, "0x10", "not a whole number", 0},
        {GAN_INT, 1, 1e9, " 5", "not a whole number", 0},
        {GAN_INT, 1, 1e9, "5 ", "not a whole number", 0},
        {GAN_INT, 1, 1e9, "64 # batch", "; a comment behind a value starts with ;", 0},
        {GAN_INT, 1, 1e9, "--5", "not a whole number", 0},
        {GAN_REAL, -1, 1e3, "2e-4", NULL, 2e-4},
        {GAN_REAL, -1, 1e3, ".5", NULL, .5},
        {GAN_REAL, -1, 1e3, "5.", NULL, 5},
        {GAN_REAL, -1, 1e3, "-1E0", NULL, -1},
        {GAN_REAL, -1, 1e3, "1e3", NULL, 1e3},
        {GAN_REAL, -1, 1e3, "1000.0001", "out of range (allowed: -1 to 1000 steps; default 5)", 0},
        {GAN_REAL, -1, 1e3, "nan", "\"nan\" is not a number", 0},
        {GAN_REAL, -1, 1e3, "inf", "not a number", 0},
        {GAN_REAL, -1, 1e3, "-infinity", "not a number", 0},
        {GAN_REAL, -1, 1e3, "0x1p3", "not a number", 0},
        {GAN_REAL, -1, 1e3, "1e", "not a number", 0},
        {GAN_REAL, -1, 1e3, "1e+", "not a number", 0},
        {GAN_REAL, -1, 1e3, ".", "not a number", 0},
        {GAN_REAL, -1, 1e3, "+", "not a number", 0},
        {GAN_REAL, -1, 1e3, "1,5", "not a number", 0},
        {GAN_REAL, -1, 1e3, "1 2", "not a number", 0},
        {GAN_REAL, -1, 1e3, "1e400", "out of range", 0},
        {GAN_REAL, -1, 1e3, "1e-400", "out of range", 0},
        {GAN_BOOL, 0, 0, "yes", NULL, 1},
        {GAN_BOOL, 0, 0, "true", NULL, 1},
        {GAN_BOOL, 0, 0, "on", NULL, 1},
        {GAN_BOOL, 0, 0, "1", NULL, 1},
        {GAN_BOOL, 0, 0, "no", NULL, 0},
        {GAN_BOOL, 0, 0, "false", NULL, 0},
        {GAN_BOOL, 0, 0, "off", NULL, 0},
        {GAN_BOOL, 0, 0, "0", NULL, 0},
        {GAN_BOOL, 0, 0, "True", "neither yes nor no; did you mean true?", 0},
        {GAN_BOOL, 0, 0, "2", "neither yes nor no", 0},
        {GAN_BOOL, 0, 0, "", "neither yes nor no", 0},
        {GAN_CHOICE, 0, 0, "adam", NULL, 0},
        {GAN_CHOICE, 0, 0, "rmsprop", NULL, 2},
        {GAN_CHOICE, 0, 0, "Adam",
         "\"Adam\" is not a choice; did you mean adam? (allowed: adam, sgd, rmsprop;", 0},
        {GAN_CHOICE, 0, 0, "rmspropp", "did you mean rmsprop?", 0},
        {GAN_CHOICE, 0, 0, "adam|sgd", "is not a choice", 0},
        {GAN_CHOICE, 0, 0, "", "is not a choice (allowed", 0},
        {GAN_TEXT, 0, 0, "anything at all", NULL, 0},
        {GAN_PATH, 0, 0, "", NULL, 0},
        {GAN_LAYERS, 0, 0, "dense 5, tanh", NULL, 0},
        {GAN_LAYERS, 0, 0, "dense 5, , tanh", "job.ini:3: a.b: a comma without a layer", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) one_value(&cases[i]);
}

/* A whole quote fits; a long one is cut, never inside a UTF-8 character. */
static void values_long(void **state)
{
    (void)state;
    const gan_key key = {"a", "b", GAN_INT, "", NULL, 0, 1, NULL, false, ""};
    char text[400];
    for (int first = 0; first < 3; first++) {
        memset(text, 'x', sizeof text);
        for (int i = first; i + 1 < 399; i += 2) memcpy(text + i, "\xC3\xA4", 2);
        text[399] = '\0';
        gan_value v;
        gan_fail_clear();
        assert_int_equal(gan_value_parse(&v, &key, text, "w"), GAN_ECONFIG);
        const char *dots = strstr(gan_fail_text(), "...\"");
        assert_non_null(dots);
        assert_int_equal((unsigned char)dots[-1], first == 1 && dots[-1] == 'x' ? 'x' : 0xA4);
        assert_has(gan_fail_text(), "(allowed: 0 to 1; no default)");
    }
}

static void own_defaults(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        gan_value v;
        if (!rows[i].fallback) continue;
        if (gan_value_parse(&v, &rows[i], rows[i].fallback, rows[i].name) != GAN_OK)
            fail_msg("%s", gan_fail_text());
        if (rows[i].type == GAN_REAL) assert_true(v.r == strtod(rows[i].fallback, NULL));
        if (rows[i].type == GAN_INT) assert_int_equal(v.i, strtoll(rows[i].fallback, NULL, 10));
    }
}

/* ---- nearest ---- */

/* Optimal string alignment distance by its recursive definition. */
static int distance(const char *a, int i, const char *b, int j)
{
    if (i == 0 || j == 0) return i + j;
    int d = distance(a, i - 1, b, j - 1) + (a[i - 1] != b[j - 1]), e = distance(a, i - 1, b, j) + 1,
        f = distance(a, i, b, j - 1) + 1;
    d = e < d ? e : d;
    d = f < d ? f : d;
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        int g = distance(a, i - 2, b, j - 2) + 1;
        d = g < d ? g : d;
    }
    return d;
}

static uint64_t random_state = 1;

static uint64_t random_bits(void) /* SplitMix64 */
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int64_t random_below(int64_t n)
{
    return (int64_t)(random_bits() % (uint64_t)n);
}

static void nearest(void **state)
{
    (void)state;
    static const char *const list[] = {"batch", "steps", "epochs", "learning_rate", NULL};
    assert_string_equal(gan_nearest("bacth", list), "batch");
    assert_string_equal(gan_nearest("BATCH", list), "batch");
    assert_string_equal(gan_nearest("learning-rate", list), "learning_rate");
    assert_string_equal(gan_nearest("lerning_rat", list), "learning_rate");
    assert_null(gan_nearest("optimizer", list));
    assert_null(gan_nearest("", list));
    char huge[500];
    memset(huge, 'a', sizeof huge);
    huge[499] = '\0';
    assert_null(gan_nearest(huge, list));
    static const char *const none[] = {NULL};
    assert_null(gan_nearest("batch", none));
}

static void nearest_by_definition(void **state)
{
    (void)state;
    for (int t = 0; t < 3000; t++) {
        char a[8] = "", b[8] = "";
        int n = 1 + (int)random_below(6), m = 1 + (int)random_below(6);
        for (int i = 0; i < n; i++) a[i] = (char)('a' + random_below(3));
        for (int i = 0; i < m; i++) b[i] = (char)('a' + random_below(3));
        int d = distance(a, n, b, m);
        bool near = d <= (n + 2) / 3 && d < m;
        const char *const list[] = {b, NULL};
        if ((gan_nearest(a, list) != NULL) != near)
            fail_msg("%s, %s: distance %d, wanted near = %d", a, b, d, near);
    }
}

/* ---- good files ---- */

static void defaults_and_values(void **state)
{
    (void)state;
    gan_config *c = must_parse(GOOD "[train]\nbatch = 1e3 ; a comment\nepochs: 2.5\n[data]\nfile = a#b ;c\n"
                                    "[generator]\noptimizer=rmsprop\n\n[gan]\nfresh_noise = off\n");
    assert_int_equal(gan_config_int(c, "train", "batch"), 1000);
    assert_true(gan_config_real(c, "train", "batch") == 1000.0);
    assert_true(gan_config_real(c, "train", "epochs") == 2.5);
    assert_false(gan_config_bool(c, "gan", "fresh_noise"));
    assert_int_equal(gan_config_choice(c, "generator", "optimizer"), 3);
    assert_int_equal(gan_config_choice(c, "discriminator", "optimizer"), 2);
    assert_string_equal(gan_config_text(c, "discriminator", "optimizer"), "adam");
    assert_string_equal(gan_config_text(c, "data", "file"), "a#b");
    assert_string_equal(gan_config_text(c, "run", "dir"), "runs/job");
    assert_string_equal(gan_config_where(c, "run", "dir"), "default");
    assert_false(gan_config_given(c, "run", "dir"));
    assert_true(gan_config_given(c, "generator", "optimizer"));
    assert_false(gan_config_given(c, "discriminator", "optimizer"));
    assert_string_equal(gan_config_where(c, "train", "batch"), "job.ini:10");
    assert_string_equal(gan_config_where(c, "train", "steps"), "job.ini:2");
    gan_config_free(c);
}

/* Every key of the schema can be written with its own default, and then reads as if it had not been written.
 */
static void all_keys_written(void **state)
{
    (void)state;
    char text[16384];
    int n = snprintf(text, sizeof text, "%s",
                     "[train]\nsteps = 10\n[generator]\nlayers=tanh\n[discriminator]\nlayers=tanh\n");
    for (int i = 0; i < ROWS; i++) {
        bool network = strcmp(rows[i].section, "network") == 0;
        if (!rows[i].fallback ||
            (strcmp(rows[i].section, "train") == 0 && strcmp(rows[i].name, "steps") == 0))
            continue;
        const char *value = strcmp(rows[i].name, "file") == 0 ? "x.h5" : rows[i].fallback;
        n += snprintf(text + n, sizeof text - (size_t)n, "[%s]\n%s = %s\n",
                      network ? "generator" : rows[i].section, rows[i].name, value);
    }
    gan_config *c = must_parse(text);
    for (int i = 0; i < ROWS; i++) {
        const char *section = strcmp(rows[i].section, "network") == 0 ? "generator" : rows[i].section;
        assert_true(gan_config_given(c, section, rows[i].name));
    }
    gan_config *plain = must_parse(
        "[train]\nsteps = 10\n[data]\nfile=x.h5\n[generator]\nlayers=tanh\n[discriminator]\nlayers=tanh\n");
    char *a = gan_config_ini(c), *b = gan_config_ini(plain);
    assert_string_equal(a, b);
    gan_free(a);
    gan_free(b);
    gan_config_free(c);
    gan_config_free(plain);
}

static void run_dir_from_name(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"job.ini", "runs/job"},  {"jobs/quick.start.ini", "runs/quick.start"},
        {"/a/b.ini/c", "runs/c"}, {"plain", "runs/plain"},
        {".ini", "runs/.ini"},    {"", "runs/job"},
        {"dir/", "runs/job"},     {"x.ini.ini", "runs/x.ini"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        gan_config *c;
        assert_int_equal(gan_config_parse(&c, names[i][0], GOOD, (int64_t)strlen(GOOD), NULL, 0, networks_of),
                         GAN_OK);
        assert_string_equal(gan_config_text(c, "run", "dir"), names[i][1]);
        gan_config_free(c);
    }
}

static void another_system(void **state)
{
    (void)state;
    gan_config *c = must_parse(TRAIN "[encoder]\nlayers = tanh\n[train]\nsystem = coder\n");
    int n;
    assert_string_equal(gan_config_layers(c, "encoder", &n)[0].name, "tanh");
    assert_string_equal(gan_config_text(c, "encoder", "optimizer"), "momentum"); /* its own defaults */
    assert_int_equal(gan_config_choice(c, "encoder", "optimizer"), 1);
    assert_int_equal(gan_config_int(c, "train", "batch"), 8);
    assert_false(gan_config_given(c, "train", "batch"));
    assert_int_equal(n, 1);
    gan_config_free(c);
    static const char *const sets[] = {"train.system=coder", "encoder.layers = dense 3, tanh"};
    assert_int_equal(parse_n(&c, TRAIN, (int64_t)strlen(TRAIN), sets, 2), GAN_OK);
    assert_string_equal(gan_config_layers(c, "encoder", &n)[1].where, "--set encoder.layers = dense 3, tanh");
    gan_config_free(c);
}

/* ---- layers ---- */

static void layer_lines(void **state)
{
    (void)state;
    gan_config *c = must_parse(TRAIN                                      /* lines 1 to 4 */
                               "[generator]\n"                            /* 5 */
                               "layers = dense 256   init=normal,\n"      /* 6 */
                               "   leaky_relu\t0.2 , dropout 0.5\n"       /* 7 */
                               "; a comment\n"                            /* 8 */
                               "\n"                                       /* 9 */
                               "\tdense 2 bias=no ; not this, nor this\n" /* 10 */
                               "   # nor this\n"                          /* 11 */
                               " tanh\n"                                  /* 12 */
                               "init = normal\n"                          /* 13 */
                               "[discriminator]\n"                        /* 14 */
                               "layers =\n"                               /* 15 */
                               "\n"                                       /* 16 */
                               " maxout 240 5\n");                        /* 17 */
    static const struct {
        const char *name, *where, *text;
        int n_args;
    } want[] = {
        {"dense", "job.ini:6", "dense 256 init=normal", 2},
        {"leaky_relu", "job.ini:7", "leaky_relu 0.2", 1},
        {"dropout", "job.ini:7", "dropout 0.5", 1},
        {"dense", "job.ini:10", "dense 2 bias=no", 2},
        {"tanh", "job.ini:12", "tanh", 0},
    };
    int n;
    const gan_layer_text *l = gan_config_layers(c, "generator", &n);
    assert_int_equal(n, 5);
    for (int i = 0; i < n; i++) {
        assert_string_equal(l[i].name, want[i].name);
        assert_string_equal(l[i].where, want[i].where);
        assert_string_equal(l[i].text, want[i].text);
        assert_int_equal(l[i].n_args, want[i].n_args);
    }
    assert_null(l[0].args[0].key);
    assert_string_equal(l[0].args[0].value, "256");
    assert_string_equal(l[0].args[1].key, "init");
    assert_string_equal(l[0].args[1].value, "normal");
    assert_string_equal(gan_config_where(c, "generator", "layers"), "job.ini:6");
    assert_string_equal(gan_config_where(c, "generator", "init"), "job.ini:13");
    assert_string_equal(gan_config_layers(c, "discriminator", &n)->where, "job.ini:17");
    gan_config_free(c);
}

/* CR LF, a byte order mark, no line end at the end, indented keys behind a header: the same lines. */
static void line_ends(void **state)
{
    (void)state;
    gan_config *c = must_parse(
        "\xEF\xBB\xBF[train]\r\n  steps = 10\r\n[data]\r\nsource = ring\r\n\r\n[generator]\r\nlayers=\r\n "
        "dense 3\r\n\ttanh\r\n[discriminator]\r\nlayers = dense 1");
    int n;
    assert_string_equal(gan_config_where(c, "train", "steps"), "job.ini:2");
    assert_string_equal(gan_config_layers(c, "generator", &n)[1].where, "job.ini:9");
    assert_string_equal(gan_config_layers(c, "generator", &n)[1].text, "tanh");
    assert_string_equal(gan_config_layers(c, "discriminator", &n)->where, "job.ini:11");
    gan_config_free(c);
}

/* ---- every kind of error ---- */

typedef struct error_case {
    const char *text, *wanted;
} error_case;

#define LONG50  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define LONG200 LONG50 LONG50 LONG50 LONG50

static const error_case errors[] = {
    {GOOD "[train]\nbacth = 3\n", "job.ini:10: train.bacth: unknown key; did you mean train.batch?"},
    {GOOD "[train]\nbatch = 12x\n",
     "job.ini:10: train.batch: \"12x\" is not a whole number (allowed: 1 to 1e9 samples; default 64)"},
    {GOOD "[train]\nd_steps = 3\n",
     "job.ini:10: train.d_steps: unknown key; did you mean train.steps or gan.d_steps?"},
    {GOOD "[train]\nxylophone = 3\n",
     "job.ini:10: train.xylophone: unknown key; `gan_mpi config` lists the keys of [train]"},
    {GOOD "[discriminator]\nlaerning_rate = 3\n", "unknown key; did you mean discriminator.learning_rate?"},
    {GOOD "[trian]\nbatch = 3\n", "job.ini:9: unknown section \"trian\"; did you mean [train]?"},
    {GOOD "[network]\nbatch = 3\n",
     "job.ini:9: unknown section \"network\"; known are run, train, gan, "},
    {GOOD "[critics]\n", "job.ini:9: unknown section \"critics\"; known are"},
    {GOOD "[encoder]\n", "job.ini:9: unknown section \"encoder\": system coder has such a network, but train.system = gan"},
    {GOOD "[discriminator2]\n", "job.ini:9: unknown section \"discriminator2\": system many has such a network, but"},
    {"steps = 3\n" GOOD, "job.ini:1: steps: a key before the first [section]"},
    {GOOD "[train]\nbatch = 3\n\nbatch = 4\n",
     "job.ini:12: train.batch: written twice, first in line 10; remove one"},
    {GOOD "[train]\nbatch = 3\nbatch = 4\n", "job.ini:11: train.batch: written twice, first in line 10"},
    {GOOD "[train]\nbatch = 3\n  seed = 4\n", "job.ini:10: train.batch: the value goes on in line 11, \"seed "
                                              "= 4\", for that line starts with a blank"},
    {GOOD "[train]\nbatch\n", "job.ini:10: \"batch\": neither [section] nor key = value"},
    {GOOD "[train]\nbatch ; = 3", "job.ini:10: \"batch ; = 3\": neither [section] nor key = value"},
    {GOOD "[train]\n= 3", "job.ini:10: train.: unknown key"},
    {GOOD "[train\nbatch = 3\n", "job.ini:9: \"[train\": a [section] that is not closed"},
    {GOOD "[train] batch = 3\n", "job.ini:9: \"[train] batch = 3\": text behind a [section]"},
    {GOOD "[" LONG50 "]\nbatch = 3\n", "job.ini:9: \"[aaaaaaaaaa"},
    {GOOD "[data]\nfile = " LONG200 "\n",
     "job.ini:10: \"file = aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeaaa...\": a "
     "line of more than 197 bytes; break it"},
    {GOOD "[data]\n" LONG50 LONG50 " = 3\n", "job.ini:10: data.aaaaaaaaaabb"},
    {GOOD "[data]\nfile =;x\n",
     "job.ini:10: data.file: \";x\" cannot stand in a job file: a blank and ; start a comment"},
    {GOOD "[train]\nsystem = gann\n",
     "job.ini:10: train.system: \"gann\" is not a system; did you mean gan? (allowed: gan, coder, many)"},
    {GOOD "[gan]\nloss = minmax\n", "job.ini:10: gan.loss: \"minmax\" is not a choice; did you mean minimax? "
                                    "(allowed: non_saturating, minimax, least_squares, hinge, wasserstein, "},
    {GOOD "[gan]\nfresh_noise = maybe\n",
     "job.ini:10: gan.fresh_noise: \"maybe\" is neither yes nor no (allowed: yes, no,"},
    {GOOD "[gan]\nlabel_smoothing = 0.6\n",
     "job.ini:10: gan.label_smoothing: \"0.6\" is out of range (allowed: 0 to 0.5; default 0)"},
    {TRAIN GENERATOR, "job.ini: discriminator.layers is missing; write it into section [discriminator]"},
    {TRAIN GENERATOR "[discriminator]\nlayers =\n",
     "job.ini:8: discriminator.layers: no layer; write for example"},
    {"[data]\nsource = ring\n" GENERATOR DISCRIMINATOR, "job.ini: train.steps and train.epochs are both 0"},
    {"[train]\nsteps = 3\n" GENERATOR DISCRIMINATOR,
     "job.ini: data.file is missing; data.source = file needs"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers = dense 3,\n ,tanh\n",
     "job.ini:9: generator.layers: a comma without a layer before it"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers = dense init = normal\n",
     "job.ini:8: generator.layers: dense: half an argument \"=\"; write key=value without blanks"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers =\n dense init=\n",
     "job.ini:9: generator.layers: dense: half an argument \"init=\""},
    {TRAIN DISCRIMINATOR "[generator]\nlayers =\n\n dense a=1 a=2\n",
     "job.ini:10: generator.layers: dense: a is given twice"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers = dense 3 # first\n",
     "job.ini:8: generator.layers: dense: unexpected \"#\"; a comment behind a value starts with ;"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers = 3 dense\n",
     "job.ini:8: generator.layers: \"3\" is not a layer's name"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers = dense\n [data]\n",
     "job.ini:9: generator.layers: \"[data]\" is not a layer's name"},
    {TRAIN DISCRIMINATOR "[generator]\nlayers = dense 1 2 3 4 5 6 7 8 9 10 11 12 13\n",
     "job.ini:8: generator.layers: dense: too many arguments at \"13\" (allowed: 12)"},
    {GOOD "[data]\nfile = a\x01"
          "b\n",
     "job.ini:10: byte 0x01 is not text; a job file is UTF-8"},
    {GOOD "[data]\nfile = a\rb\n", "job.ini:10: byte 0x0d is not text"},
    {GOOD "[data]\nfile = \xE4\n", "job.ini:10: byte 0xe4 is not text"},
    {GOOD "[data]\nfile = \xC0\xAF\n", "job.ini:10: byte 0xc0 is not text"},
    {GOOD "[data]\nfile = \xED\xA0\x80\n", "job.ini:10: byte 0xed is not text"},
    {GOOD "[data]\nfile = \xC2\x9B"
          "31m\n",
     "job.ini:10: byte 0xc2 is not text"},
    {GOOD "[data]\nfile = \x7f\n", "job.ini:10: byte 0x7f is not text"},
    {"\x89HDF\r\n\x1a\n",
     "job.ini:1: byte 0x89 is not text; a job file is UTF-8 without control bytes (is this the right file?)"},
    {"", "job.ini: generator.layers is missing"},
};

static void each_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        gan_config *c;
        gan_status s = parse(&c, errors[i].text);
        if (s != GAN_ECONFIG) fail_msg("status %d for: %s", (int)s, errors[i].text);
        assert_null(c);
        assert_has(gan_fail_text(), errors[i].wanted);
        /* One mistake, one complaint: the empty file apart, nothing else is said. */
        if (errors[i].text[0] && strchr(gan_fail_text(), '\n'))
            fail_msg("more than one:\n%s", gan_fail_text());
    }
}

static void nul_byte(void **state)
{
    (void)state;
    static const char text[] = GOOD "[train]\nbatch = 6\0004\n";
    gan_config *c;
    assert_int_equal(parse_n(&c, text, (int64_t)sizeof text - 1, NULL, 0), GAN_ECONFIG);
    assert_has(gan_fail_text(), "job.ini:10: byte 0x00 is not text");
}

/* A line of exactly 197 bytes is whole; a longer comment harms nobody. */
static void longest_line(void **state)
{
    (void)state;
    char text[2000], path[198 - 7] = "";
    memset(path, 'p', 197 - 7);
    snprintf(text, sizeof text, GOOD "; %s\n[data]\nfile = %s\n", LONG200, path);
    gan_config *c = must_parse(text);
    assert_string_equal(gan_config_text(c, "data", "file"), path);
    assert_string_equal(gan_config_where(c, "data", "file"), "job.ini:11");
    gan_config_free(c);
}

/* All mistakes of a file, in the order of their lines; a wrong header does not shift keys into the section
 * above. */
static void all_errors_at_once(void **state)
{
    (void)state;
    gan_config *c;
    assert_int_equal(
        parse(
            &c,
            "[train]\nbatch = 0\nstep = 3\n[run\nbatch = 9\n x = 3\n[genrator]\nlayers = dense 3\nquark = 4\n"
            "[discriminator]\nlayers = tanh, 8\nbeta1 = 1\n[data]\nsource = ring\n"),
        GAN_ECONFIG);
    assert_string_equal(
        gan_fail_text(),
        "job.ini:2: train.batch: \"0\" is out of range (allowed: 1 to 1e9 samples; default 64)\n"
        "job.ini:3: train.step: unknown key; did you mean train.steps?\n"
        "job.ini:4: \"[run\": a [section] that is not closed\n"
        "job.ini:7: unknown section \"genrator\"; did you mean [generator]?\n"
        "job.ini:11: discriminator.layers: \"8\" is not a layer's name; write for example: dense 256, "
        "leaky_relu 0.2\n"
        "job.ini:12: discriminator.beta1: \"1\" is out of range (allowed: 0 to 0.999999; default 0.5)");
}

static void at_most_ten(void **state)
{
    (void)state;
    char text[4000] = GOOD "[train]\n";
    for (int i = 0; i < 25; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "quark%d = 3\n", i);
    gan_config *c;
    assert_int_equal(parse(&c, text), GAN_ECONFIG);
    assert_has(gan_fail_text(), "job.ini:19: train.quark9: unknown key");
    assert_null(strstr(gan_fail_text(), "quark10"));
    assert_has(gan_fail_text(), "\nand 15 more");
}

/* Complaints under a long name do not all fit: whole lines, and the number of the others. */
static void long_name(void **state)
{
    (void)state;
    char name[3001];
    static const char text[] = GOOD "[run]\ndir=x\n[train]\nq1 = 3\nq2 = 3\nq3 = 3\nq4 = 3\n";
    for (int n = 100; n <= 3000; n += 100) {
        memset(name, 'n', (size_t)n);
        name[n] = '\0';
        gan_config *c;
        gan_fail_clear();
        assert_int_equal(gan_config_parse(&c, name, text, (int64_t)strlen(text), NULL, 0, networks_of),
                         GAN_ECONFIG);
        int said = 0, unsaid = 0;
        for (const char *p = gan_fail_text(); (p = strstr(p, "lists the keys of [train]")); p++) said++;
        const char *tail = strstr(gan_fail_text(), "\nand ");
        if (tail) unsaid = atoi(tail + 5);
        assert_true(said >= 1);
        assert_int_equal(said + unsaid, 4);
    }
}

/* ---- overrides ---- */

static void overrides(void **state)
{
    (void)state;
    static const char *const sets[] = {"train.batch=128", "generator.layers=dense 7,tanh",
                                       " run.dir = a=b.c ", "train.batch=32", "data.file="};
    gan_config *c;
    if (parse_n(&c, GOOD, (int64_t)strlen(GOOD), sets, 5) != GAN_OK) fail_msg("%s", gan_fail_text());
    int n;
    assert_int_equal(gan_config_int(c, "train", "batch"), 32);
    assert_string_equal(gan_config_where(c, "train", "batch"), "--set train.batch=32");
    assert_true(gan_config_given(c, "train", "batch"));
    assert_string_equal(gan_config_text(c, "run", "dir"), "a=b.c");
    assert_string_equal(gan_config_layers(c, "generator", &n)[1].name, "tanh");
    assert_int_equal(n, 2);
    gan_config_free(c);
}

static void override_errors(void **state)
{
    (void)state;
    static const error_case cases[] = {
        {"train.bacth=3", "--set train.bacth=3: unknown key; did you mean train.batch?"},
        {"trian.batch=3", "--set trian.batch=3: unknown section \"trian\"; did you mean [train]?"},
        {"train.batch=12x",
         "--set train.batch=12x: \"12x\" is not a whole number (allowed: 1 to 1e9 samples; default 64)"},
        {"train.batch", "--set train.batch: not of the form section.key=value"},
        {"batch=3.5", "--set batch=3.5: not of the form section.key=value"},
        {"", "--set : not of the form section.key=value"},
        {"train.system=gna",
         "--set train.system=gna: \"gna\" is not a system; did you mean gan? (allowed: gan, coder, many)"},
        {"generator.layers=dense 3,,tanh",
         "--set generator.layers=dense 3,,tanh: a comma without a layer before it"},
        {"data.file=a ;b",
         "--set data.file=a ;b: \"a ;b\" cannot stand in a job file: a blank and ; start a comment"},
        {"data.file=" LONG200, "--set data.file=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee...: "},
        {"data.file=a\x1b[31m", "--set: an argument that is not UTF-8 text"},
        {"train.batch=3\n4", "more than one line"},
        {"train.steps=0", "job.ini: train.steps and train.epochs are both 0"},
        {"run.dir=;x", "cannot stand in a job file"},
        {"network.init=normal", "unknown section \"network\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gan_config *c;
        gan_status s = parse_n(&c, GOOD, (int64_t)strlen(GOOD), &cases[i].text, 1);
        if (s != GAN_ECONFIG) fail_msg("status %d for --set %s", (int)s, cases[i].text);
        assert_has(gan_fail_text(), cases[i].wanted);
        if (strchr(gan_fail_text(), '\n')) fail_msg("more than one:\n%s", gan_fail_text());
    }
}

/* ---- optional networks ---- */

#define MANY "[train]\nsystem = many\nsteps = 1\n[data]\nsource = grid\n[generator]\nlayers = dense 2\n[discriminator]\nlayers = dense 1\n"

#define TWO "[discriminator2]\nlayers = dense 1\n"

static void networks_are(const gan_config *c, const char *wanted)
{
    char got[256] = "";
    for (const char *const *name = gan_config_networks(c); *name; name++) strcat(strcat(got, *name), " ");
    assert_string_equal(got, wanted);
}

static void assert_round_trip(const gan_config *c);

/* There where the job speaks of them, in the order of the system. */
static void optional_networks(void **state)
{
    (void)state;
    static const char *const set[] = {"critic.layers=dense 3"};
    gan_config *none = must_parse(MANY), *two, *more;
    networks_are(none, "generator discriminator ");
    assert_false(gan_config_has_network(none, "discriminator2"));
    char *ini = gan_config_ini(none);
    assert_null(strstr(ini, "discriminator2"));
    gan_free(ini);
    two = must_parse(MANY TWO "learning_rate = 0.5\n");
    networks_are(two, "generator discriminator discriminator2 ");
    assert_true(gan_config_real(two, "discriminator2", "learning_rate") == 0.5);
    assert_true(gan_config_has_network(two, "discriminator2"));
    assert_round_trip(two);
    if (parse_n(&more, MANY TWO, (int64_t)strlen(MANY TWO), set, 1) != GAN_OK) fail_msg("%s", gan_fail_text());
    networks_are(more, "generator critic discriminator discriminator2 ");
    char *differences = gan_config_differences(none, more);
    assert_has(differences, "discriminator2.layers: (no such network) -> dense 1\n");
    gan_free(differences);
    gan_config_free(none);
    gan_config_free(two);
    gan_config_free(more);
}

static void optional_networks_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *set, *wanted;
    } cases[] = {
        {MANY "[discriminator2]\n", NULL, "job.ini: discriminator2.layers is missing; write it into section [discriminator2]"},
        {MANY "[discriminator3]\nlayers = dense 1\n", NULL,
         "job.ini:10: [discriminator3] without [discriminator2]: networks of a kind are numbered without gaps; rename it to "
         "[discriminator2], or write that section too"},
        {MANY TWO, "discriminator4.layers=dense 1",
         "--set discriminator4.layers=dense 1: [discriminator4] without [discriminator3]"},
        {MANY "[discrimnator3]\n", NULL, "job.ini:10: unknown section \"discrimnator3\"; did you mean [discriminator3]?"},
        {MANY "[discriminator5]\n", NULL, "job.ini:10: unknown section \"discriminator5\"; did you mean"},
        {MANY "[xylophone]\n", NULL, ", critic, discriminator2, discriminator3, discriminator4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gan_config *c;
        assert_int_equal(parse_n(&c, cases[i].text, (int64_t)strlen(cases[i].text), &cases[i].set, cases[i].set != NULL), GAN_ECONFIG);
        assert_has(gan_fail_text(), cases[i].wanted);
        if (strchr(gan_fail_text(), '\n')) fail_msg("more than one:\n%s", gan_fail_text());
    }
}

/* ---- writing ---- */

/* What is written reads back as the same, whatever name it is read under. */
static void assert_round_trip(const gan_config *c)
{
    char *ini = gan_config_ini(c);
    gan_config *again;
    gan_fail_clear();
    if (gan_config_parse(&again, "other.ini", ini, (int64_t)strlen(ini), NULL, 0, networks_of) != GAN_OK)
        fail_msg("%s\n%s", gan_fail_text(), ini);
    char *ini_again = gan_config_ini(again), *differences = gan_config_differences(c, again);
    assert_string_equal(ini_again, ini);
    assert_string_equal(differences, "");
    gan_free(differences);
    gan_free(ini_again);
    gan_free(ini);
    gan_config_free(again);
}

static void round_trip(void **state)
{
    (void)state;
    gan_config *c = must_parse(
        TRAIN "[generator]\nlayers = dense 256  init=normal, leaky_relu 0.2,\n  tanh,\n" DISCRIMINATOR
              "learning_rate = 1E-3\n[data]\nfile = \xC3\xBC/a#b\n[gan]\nfresh_noise = false\n");
    assert_round_trip(c);
    char *ini = gan_config_ini(c);
    assert_has(ini, "[generator]\nlayers =\n    dense 256 init=normal\n    leaky_relu 0.2\n    tanh\ninit = "
                    "xavier_uniform\n");
    assert_has(ini, "[run]\ndir = runs/job\nseed = 1\n");
    assert_has(ini, "learning_rate = 1E-3\n");
    gan_free(ini);
    gan_config_free(c);
    c = must_parse(GOOD);
    ini = gan_config_ini(c);
    assert_has(ini, "file =\n");
    gan_free(ini);
    assert_round_trip(c);
    gan_config_free(c);
}

static void assert_differences(const char *set_a, const char *set_b, const char *wanted)
{
    gan_config *a, *b;
    assert_int_equal(parse_n(&a, GOOD, (int64_t)strlen(GOOD), &set_a, 1), GAN_OK);
    assert_int_equal(parse_n(&b, GOOD, (int64_t)strlen(GOOD), &set_b, 1), GAN_OK);
    char *d = gan_config_differences(a, b);
    assert_string_equal(d, wanted);
    gan_free(d);
    gan_config_free(a);
    gan_config_free(b);
}

static void differences(void **state)
{
    (void)state;
    assert_differences("train.batch=64", "train.batch=128", "train.batch: 64 -> 128\n");
    assert_differences("train.batch=64", "train.batch=6.4e1", "");
    assert_differences("gan.fresh_noise=yes", "gan.fresh_noise=on", "");
    assert_differences("train.steps=64", "train.steps=128", ""); /* may change */
    assert_differences("run.dir=a", "run.dir=b", "");
    assert_differences("data.file=a", "data.file=", "data.file: a -> (empty)\n");
    assert_differences("generator.optimizer=adam", "generator.optimizer=sgd",
                       "generator.optimizer: adam -> sgd\n");
    assert_differences("generator.layers=a, b  1", "generator.layers=a,b 1", "");
    assert_differences("generator.layers=a, b 1, c", "generator.layers=a, b 2, d",
                       "generator.layers: b 1 (layer 2) -> b 2 (layer 2)\n");
    assert_differences("generator.layers=a, b", "generator.layers=a",
                       "generator.layers: b (layer 2) -> none (layer 2)\n");
}

static void differences_of_systems(void **state)
{
    (void)state;
    gan_config *a = must_parse(GOOD),
               *b = must_parse(TRAIN "[train]\nsystem=coder\n[encoder]\nlayers=tanh\n");
    char *d = gan_config_differences(a, b);
    assert_has(d, "train.system: gan -> coder\n");
    assert_has(d, "generator.layers: dense 2 -> (no such network)\n");
    assert_has(d, "encoder.layers: (no such network) -> tanh\n");
    gan_free(d);
    gan_config_free(a);
    gan_config_free(b);
}

static void manual(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    gan_config_manual(f);
    fclose(f);
    const char *at = text;
    for (int i = 0; i < ROWS; i++) { /* every key in order, marked when it may change */
        char head[100];
        snprintf(head, sizeof head, "\n%c %s %s", rows[i].may_change ? '*' : ' ', rows[i].name,
                 rows[i].fallback ? "=" : " (req");
        const char *here = strstr(at, head);
        if (!here) fail_msg("no \"%s\" in order in the manual", head + 1);
        at = here + 1;
    }
    for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
        if (strcspn(p, "\n") > 100) fail_msg("%zu columns: %.*s", strcspn(p, "\n"), (int)strcspn(p, "\n"), p);
    assert_has(text, "; comment");
    assert_has(text, "whole number, 1 to 1e9 samples");
    free(text);
}

/* ---- files ---- */

static void files(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    char dir[256], path[300];
    snprintf(dir, sizeof dir, "%s/gan_config_XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a job.ini", dir);
    gan_config *c;
    assert_int_equal(gan_config_read(&c, path, NULL, 0, networks_of), GAN_ECONFIG);
    assert_has(gan_fail_text(), "a job.ini: cannot be opened: No such file or directory");
    gan_fail_clear();
    assert_int_equal(gan_config_read(&c, dir, NULL, 0, networks_of), GAN_EIO);
    assert_has(gan_fail_text(), "cannot be read: Is a directory");
    gan_fail_clear();
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(GOOD, f);
    fclose(f);
    assert_int_equal(gan_config_read(&c, path, NULL, 0, networks_of), GAN_OK);
    assert_string_equal(gan_config_text(c, "run", "dir"), "runs/a job");
    assert_has(gan_config_where(c, "train", "steps"), "/a job.ini:2");
    gan_config_free(c);
    assert_int_equal(truncate(path, (1 << 20) + 1), 0);
    assert_int_equal(gan_config_read(&c, path, NULL, 0, networks_of), GAN_ECONFIG);
    assert_has(gan_fail_text(), "more than 1048576 bytes");
    remove(path);
    remove(dir);
}

/* ---- wrong questions of the program itself ---- */

static int question; /* which one the child asks */

static void ask(const gan_config *c)
{
    int n;
    if (question == 0) gan_config_int(c, "train", "bacth");
    if (question == 1) gan_config_int(c, "train", "epochs"); /* a REAL */
    if (question == 2) gan_config_layers(c, "encoder", &n);
    if (question == 3) gan_config_bool(c, "gan", "loss");
}

static void internal_errors(void **state)
{
    (void)state;
    gan_config *c = must_parse(GOOD);
    for (question = 0; question < 4; question++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            fclose(stderr);
            ask(c);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    gan_config_free(c);
}

/* ---- hostile bytes ---- */

static const char seed_text[] =
    "; a job\n[run]\ndir = runs/x\nseed = 7\n[train]\nsystem = gan\nbatch = 64 ; samples\nsteps = "
    "1e3\n\n[data]\nsource = "
    "ring\nstd: 0.5\n[generator]\nlayers =\n    dense 256 init=normal, leaky_relu 0.2\n\n    # middle\n    "
    "dense 2\noptimizer "
    "= adam\n[discriminator]\nlayers = maxout 240 5, dense 1\nlearning_rate = 2e-4\n";

static const char *const scraps[] = {
    "\n",       "\n ",           "[",         "]",     "=",  ":",     ";",    " ;", "#",
    ",",        "layers",        "[train]\n", "nan",   "-1", "1e99",  "\r\n", "\t", "\xEF\xBB\xBF",
    "\xC3\xA4", "[generator]\n", "steps",     "= 3\n", "x=", LONG200,
};

static int mutate(char *text, int n, int room)
{
    int at = (int)random_below(n + 1);
    switch (random_below(5)) {
    case 0: /* flip a byte */
        if (at < n) text[at] = (char)random_bits();
        return n;
    case 1: { /* cut some */
        int cut = (int)random_below(20);
        cut = cut < n - at ? cut : n - at;
        memmove(text + at, text + at + cut, (size_t)(n - at - cut));
        return n - cut;
    }
    case 2: { /* repeat a piece */
        int m = (int)random_below(40);
        m = m < n - at ? m : n - at;
        if (n + m > room) return n;
        memmove(text + at + m, text + at, (size_t)(n - at));
        return n + m;
    }
    default: { /* put in a scrap */
        const char *scrap = scraps[random_below((int64_t)(sizeof scraps / sizeof *scraps))];
        int m = (int)strlen(scrap);
        if (n + m > room) return n;
        memmove(text + at + m, text + at, (size_t)(n - at));
        memcpy(text + at, scrap, (size_t)m);
        return n + m;
    }
    }
}

/* Each complaint is one line that begins with the file's name and is text. */
static void assert_fit_to_print(const char *text)
{
    assert_true(text[0] != '\0');
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' && *p != '\n') fail_msg("control byte 0x%02x in: %s", (unsigned)*p, text);
    for (const char *p = text; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, "job.ini", 7) != 0 && strncmp(p, "and ", 4) != 0)
            fail_msg("a line without its place: %s", text);
    }
}

static void hostile_bytes(void **state)
{
    (void)state;
    enum { ROOM = 2048, TIMES = 100000 };
    char text[ROOM];
    int good = 0;
    for (int t = 0; t < TIMES; t++) {
        int n = 0;
        if (t % 4 == 0) { /* bytes of any kind, few of them NUL */
            n = (int)random_below(200);
            for (int i = 0; i < n; i++) text[i] = (char)(t % 8 ? random_below(256) : 32 + random_below(95));
        } else {
            n = (int)sizeof seed_text - 1;
            memcpy(text, seed_text, (size_t)n);
            for (int64_t i = random_below(6); i >= 0; i--) n = mutate(text, n, ROOM);
        }
        gan_config *c;
        gan_status s = parse_n(&c, text, n, NULL, 0);
        if (s != GAN_OK && s != GAN_ECONFIG) fail_msg("status %d, %s", (int)s, gan_fail_text());
        if (s == GAN_ECONFIG)
            assert_fit_to_print(gan_fail_text());
        else if (good++ % 8 == 0)
            assert_round_trip(c);
        gan_config_free(c);
        if (gan_mem_live() != live_before)
            fail_msg("%lld blocks leaked: %.*s", (long long)(gan_mem_live() - live_before), n, text);
    }
    assert_true(good > TIMES / 100); /* else the test would test only refusals */
}

/* ---- each allocation fails once ---- */

typedef gan_status (*act)(void);
static gan_config *first, *second;

static gan_status act_parse(void)
{
    static const char *const sets[] = {"train.batch=3", "generator.layers=dense 3, tanh"};
    gan_config *c;
    gan_status s =
        gan_config_parse(&c, "job.ini", seed_text, (int64_t)sizeof seed_text - 1, sets, 2, networks_of);
    gan_config_free(c);
    return s;
}

static gan_status act_refuse(void) /* wrong lines, unknown names: GAN_ECONFIG when the memory suffices */
{
    gan_config *c;
    gan_status s =
        gan_config_parse(&c, "job.ini", "x\n[a\n[b]\nc = 3\n[train]\nstep = 3\n[data]\nfile = " LONG200, 252,
                         NULL, 0, networks_of);
    gan_config_free(c);
    return s == GAN_ECONFIG ? GAN_OK : s;
}

static gan_status act_read(void)
{
    gan_config *c;
    gan_status s = gan_config_read(&c, "/dev/null", NULL, 0, networks_of);
    gan_config_free(c);
    return s == GAN_ECONFIG ? GAN_OK : s;
}

static gan_status act_ini(void)
{
    char *text = gan_config_ini(first);
    gan_free(text);
    return text ? GAN_OK : GAN_ENOMEM;
}

static gan_status act_differences(void)
{
    char *text = gan_config_differences(first, second);
    gan_free(text);
    return text ? GAN_OK : GAN_ENOMEM;
}

static gan_status act_value(void)
{
    const gan_key key = {"a", "b", GAN_LAYERS, "", NULL, 0, 0, NULL, false, ""};
    gan_value v;
    return gan_value_parse(&v, &key, "dense 3 a=4, tanh", "here");
}

static void fail_each(const char *name, act f)
{
    int64_t before = gan_mem_live();
    for (int64_t k = 1;; k++) {
        gan_fail_clear();
        gan_mem_fail_at(k);
        gan_status s = f();
        bool fired = gan_mem_fail_at(0) <= 0;
        if (gan_mem_live() != before) fail_msg("%s, allocation %lld: leak", name, (long long)k);
        if (!fired) {
            if (s != GAN_OK) fail_msg("%s: %s", name, gan_fail_text());
            return;
        }
        if (s != GAN_ENOMEM)
            fail_msg("%s, allocation %lld: status %d (%s)", name, (long long)k, (int)s, gan_fail_text());
        assert_has(gan_fail_text(), "no memory");
    }
}

static void allocations(void **state)
{
    (void)state;
    first = must_parse(seed_text);
    second = must_parse(GOOD);
    fail_each("parse", act_parse);
    fail_each("refuse", act_refuse);
    fail_each("read", act_read);
    fail_each("ini", act_ini);
    fail_each("differences", act_differences);
    fail_each("value", act_value);
    gan_config_free(first);
    gan_config_free(second);
}

/* A job that was copied with its indentation: what the first value swallowed is not called missing as well. */
static void an_indented_job_has_one_complaint(void **state)
{
    (void)state;
    static const char job[] = "[train]\n  batch = 3\n  steps = 4\n  [data]\n  source = ring\n";
    gan_config *cfg;
    gan_status s = gan_config_parse(&cfg, "job.ini", job, sizeof job - 1, NULL, 0, networks_of);
    assert_int_equal(s, GAN_ECONFIG);
    assert_non_null(strstr(gan_fail_text(), "job.ini:2: train.batch: the value goes on in line 3"));
    assert_null(strchr(gan_fail_text(), '\n'));
    gan_fail_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values),
        TEST(values_long),
        TEST(own_defaults),
        TEST(nearest),
        TEST(nearest_by_definition),
        TEST(defaults_and_values),
        TEST(all_keys_written),
        TEST(run_dir_from_name),
        TEST(another_system),
        TEST(layer_lines),
        TEST(line_ends),
        TEST(each_error),
        TEST(an_indented_job_has_one_complaint),
        TEST(nul_byte),
        TEST(longest_line),
        TEST(all_errors_at_once),
        TEST(at_most_ten),
        TEST(long_name),
        TEST(overrides),
        TEST(override_errors),
        TEST(round_trip),
        TEST(optional_networks),
        TEST(optional_networks_refused),
        TEST(differences),
        TEST(differences_of_systems),
        TEST(manual),
        TEST(files),
        TEST(internal_errors),
        TEST(hostile_bytes),
        TEST(allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
