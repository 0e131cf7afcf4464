/* np: 1 2 4 */
/* Proved here: what one rank knows all ranks agree on; a failure on one rank is said once, with its own text;
 * small collectives; blocks on their way to rank 0; one block of memory per node that all its ranks see; failing allocations leave nobody
 * waiting.
 *
 * With the argument "abort" the last rank ends all others instead (see cli_abort.sh). */
#include "mpi_test.h"

#include <string.h>
#include <unistd.h>

static void agreement(mpi_test *t)
{
    const gan_comm *c = t->c;
    CHECK_OK(t, gan_comm_agree(c, GAN_OK));
    gan_status s = gan_comm_agree(c, c->rank == c->size - 1 ? GAN_EDATA : GAN_OK);
    CHECK(t, s == GAN_EDATA, "got \"%s\"", gan_status_text(s));
    s = gan_comm_agree(c, c->rank == 0 ? GAN_EMPI : GAN_EIO);
    CHECK(t, s == GAN_EMPI, "got \"%s\"", gan_status_text(s));
}

/* Calls gan_comm_report with stderr in a file and reads back what this rank printed. */
static gan_status report(mpi_test *t, gan_status mine, char *text, size_t room)
{
    FILE *f = tmpfile();
    int err = dup(STDERR_FILENO);
    CHECK(t, f && err >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0, "no temporary file");
    gan_status s = gan_comm_report(t->c, mine);
    dup2(err, STDERR_FILENO);
    close(err);
    rewind(f);
    text[fread(text, 1, room - 1, f)] = '\0';
    fclose(f);
    return s;
}

static uint64_t sum(mpi_test *t, uint64_t mine)
{
    uint64_t all[64] = {0}, total = 0;
    CHECK_OK(t, gan_comm_gather(t->c, mine, all));
    for (int r = 0; r < t->c->size; r++) total += all[r];
    return total;
}

/* `culprit` fails with a text of its own; the others carry the status on after an agreement, without a text.
 */
static void one_line(mpi_test *t, int culprit)
{
    char text[512], want[64] = "error: the disk is full\n";
    bool mine = t->c->rank == culprit;
    gan_fail_clear();
    gan_status s = gan_comm_agree(t->c, mine ? GAN_FAIL(GAN_EIO, "the disk is full") : GAN_OK);
    s = report(t, s, text, sizeof text);
    CHECK(t, s == GAN_EIO, "got \"%s\"", gan_status_text(s));
    if (t->c->size > 1) snprintf(want, sizeof want, "error: rank %d of %d on ", culprit, t->c->size);
    if (mine) CHECK(t, strncmp(text, want, strlen(want)) == 0, "printed \"%s\", want \"%s...\"", text, want);
    if (mine) CHECK(t, strstr(text, ": the disk is full\n"), "printed \"%s\"", text);
    uint64_t speakers = sum(t, text[0] != '\0');
    CHECK(t, speakers == 1, "%d ranks spoke", (int)speakers);
    gan_fail_clear();
}

static void reports(mpi_test *t)
{
    char text[512];
    CHECK_OK(t, report(t, GAN_OK, text, sizeof text));
    CHECK(t, text[0] == '\0', "printed \"%s\" without a failure", text);
    for (int culprit = 0; culprit < t->c->size; culprit++) one_line(t, culprit);

    gan_status s =
        report(t, GAN_ENUMERIC, text, sizeof text); /* all fail, nobody has a text: rank 0, generally */
    CHECK(t, s == GAN_ENUMERIC, "got \"%s\"", gan_status_text(s));
    bool speaks = strstr(text, gan_status_text(GAN_ENUMERIC)) != NULL;
    CHECK(t, speaks == (t->c->rank == 0), "printed \"%s\"", text);
}

static void collectives(mpi_test *t)
{
    const gan_comm *c = t->c;
    int64_t min = 0, low = c->size > 1 ? -(INT64_C(1) << 40) : 77;
    CHECK_OK(t, gan_comm_min(c, c->rank == 1 ? low : 77 + c->rank, &min));
    CHECK(t, min == low, "smallest is %lld, want %lld", (long long)min, (long long)low);

    bool same = false;
    CHECK_OK(t, gan_comm_same(c, UINT64_MAX - 5, &same));
    CHECK(t, same, "equal values called different");
    for (int bit = 0; bit < 64; bit += 21) {
        CHECK_OK(t, gan_comm_same(c, c->rank == c->size - 1 ? UINT64_C(1) << bit : 0, &same));
        CHECK(t, same == (c->size == 1), "values that differ in bit %d called equal", bit);
    }
    uint64_t all[64] = {0};
    CHECK_OK(t, gan_comm_gather(c, UINT64_C(0xffffffff00000000) + (uint64_t)c->rank, all));
    for (int r = 0; r < c->size; r++)
        CHECK(t, all[r] == UINT64_C(0xffffffff00000000) + (uint64_t)r, "rank %d gave %llx", r,
              (unsigned long long)all[r]);
}

/* Each rank has filled every size-th byte, with a value of its own. */
static void parts(mpi_test *t)
{
    enum { BYTES = 100003 };
    static uint8_t bytes[BYTES];
    const gan_comm *c = t->c;
    int64_t counts[3] = {1, c->rank, INT64_C(1) << 40}, wrong = 0;
    CHECK_OK(t, gan_comm_sum(c, counts, 3));
    CHECK(t, counts[0] == c->size && counts[1] == c->size * (c->size - 1) / 2 && counts[2] == c->size * (INT64_C(1) << 40),
          "sums %lld, %lld, %lld", (long long)counts[0], (long long)counts[1], (long long)counts[2]);
    memset(bytes, 0, sizeof bytes);
    for (int i = c->rank; i < BYTES; i += c->size) bytes[i] = (uint8_t)(i % 251 + 1);
    CHECK_OK(t, gan_comm_merge(c, bytes, BYTES));
    for (int i = 0; i < BYTES; i++) wrong += bytes[i] != i % 251 + 1;
    CHECK(t, wrong == 0, "%lld bytes are not what their rank has filled in", (long long)wrong);
    CHECK_OK(t, gan_comm_sum(NULL, counts, 3)); /* a process alone */
    CHECK_OK(t, gan_comm_merge(NULL, bytes, BYTES));
}

static void broadcast(mpi_test *t)
{
    static const int64_t lengths[] = {0, 1, 1000, 3000001};
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        int64_t n = lengths[l], wrong = 0;
        unsigned char *x = gan_calloc(n + 1, 1);
        for (int64_t i = 0; i < n; i++) x[i] = t->c->rank == 0 ? (unsigned char)(i * 7 + 1) : 0;
        CHECK_OK(t, gan_comm_bcast(t->c, x, n));
        for (int64_t i = 0; i < n; i++) wrong += x[i] != (unsigned char)(i * 7 + 1);
        CHECK(t, wrong == 0 && x[n] == 0, "%lld of %lld bytes are wrong", (long long)wrong, (long long)n);
        gan_free(x);
    }
}

/* Byte i of the k-th block of a rank. */
static unsigned char block_byte(int rank, int k, int64_t i)
{
    return (unsigned char)(rank * 31 + k * 7 + i * 3);
}

/* Two blocks of each rank under way at a time, which rank 0 takes rank by rank; and a process alone, without MPI. */
static void deliveries(mpi_test *t)
{
    enum { BLOCKS = 5, BYTES = 300001 };
    const gan_comm *c = t->c;
    static unsigned char x[2][BYTES];
    gan_delivery d[2] = {{.under_way = false}};
    int64_t wrong = 0;
    for (int k = 0; k < BLOCKS && c->rank > 0; k++) {
        CHECK_OK(t, gan_delivery_finish(&d[k % 2]));
        for (int64_t i = 0; i < BYTES; i++) x[k % 2][i] = block_byte(c->rank, k, i);
        CHECK_OK(t, gan_delivery_move_on(&d[!(k % 2)]));
        CHECK_OK(t, gan_delivery_start(&d[k % 2], c, x[k % 2], BYTES));
    }
    for (int rank = 1; rank < c->size && c->rank == 0; rank++)
        for (int k = 0; k < BLOCKS; k++) {
            CHECK_OK(t, gan_delivery_take(c, rank, x[0], BYTES));
            for (int64_t i = 0; i < BYTES; i++) wrong += x[0][i] != block_byte(rank, k, i);
        }
    CHECK(t, wrong == 0, "%lld bytes are wrong", (long long)wrong);
    for (int i = 0; i < 2; i++) CHECK_OK(t, gan_delivery_finish(&d[i]));
    gan_fail_clear();
    CHECK(t, gan_delivery_start(&d[0], c, x[0], INT64_C(1) << 31) == GAN_ESHAPE, "took 2 GiB");
    CHECK(t, gan_delivery_take(c, 0, x[0], INT64_C(1) << 31) == GAN_ESHAPE, "took 2 GiB");
    gan_fail_clear();
    CHECK(t, gan_comm_agree(NULL, GAN_EIO) == GAN_EIO, "one rank does not agree with itself");
    CHECK_OK(t, gan_comm_bcast(NULL, x, BYTES));
}

static void shared_memory(mpi_test *t)
{
    static const int64_t lengths[] = {0, 1, 4097, 5000000};
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        int64_t n = lengths[l], wrong = 0;
        gan_shared s = {0};
        CHECK_OK(t, gan_shared_open(&s, t->c, n, "a test", "end it", NULL, 0));
        if (!s.bytes) continue;
        unsigned char *x = s.bytes;
        CHECK(t, (uintptr_t)x % 64 == 0, "%p is not aligned", s.bytes);
        CHECK(t, s.owner == (t->c->node_rank == 0), "owner %d, rank %d in the node", s.owner,
              t->c->node_rank);
        for (int64_t i = 0; i < n && s.owner; i++) x[i] = (unsigned char)(i * 5 + 3);
        CHECK_OK(t, gan_shared_ready(&s, t->c));
        for (int64_t i = 0; i < n; i++) wrong += x[i] != (unsigned char)(i * 5 + 3);
        CHECK(t, wrong == 0, "%lld of %lld bytes are wrong", (long long)wrong, (long long)n);
        gan_shared_close(&s);
    }
    gan_shared never = {0};
    gan_shared_close(&never);
}

/* More than the machine has: all ranks get GAN_ENOMEM, one of them knows why, and all live on. */
static void too_much_shared_memory(mpi_test *t)
{
    gan_shared s = {0};
    gan_fail_clear();
    gan_status got = gan_shared_open(&s, t->c, INT64_C(1) << 50, "a test", "end it", NULL, 0);
    CHECK(t, got == GAN_ENOMEM, "got \"%s\"", gan_status_text(got));
    CHECK(t, !s.bytes, "bytes %p after a failure", s.bytes);
    bool knows = strstr(gan_fail_text(), "1073741824.0 MiB of shared memory for a test and has ");
    CHECK(t, knows == (t->c->node_rank == 0), "\"%s\"", gan_fail_text());
    gan_fail_clear();
}

static void nodes(mpi_test *t)
{
    const gan_comm *c = t->c;
    uint64_t firsts = sum(t, c->node_rank == 0);
    CHECK(t, (uint64_t)c->n_nodes == firsts, "%d nodes, %d first ranks", c->n_nodes, (int)firsts);
    CHECK(t, c->node_rank >= 0 && c->node_rank < c->node_size && c->node_size <= c->size,
          "rank %d of %d in the node", c->node_rank, c->node_size);
}

/* The last rank is short of memory: every rank must come back with the same status, and nothing be left. */
static void failing_allocations(mpi_test *t)
{
    int64_t live = gan_mem_live();
    for (int64_t k = 1; k <= 4; k++) {
        gan_comm *c = NULL;
        if (t->c->rank == t->c->size - 1) gan_mem_fail_at(k);
        gan_status s = gan_comm_open(&c, MPI_COMM_WORLD);
        gan_mem_fail_at(0);
        CHECK(t, s == (k <= 3 ? GAN_ENOMEM : GAN_OK), "allocation %d: \"%s\"", (int)k, gan_status_text(s));
        gan_comm_close(c);
        CHECK(t, gan_mem_live() == live, "allocation %d leaves %d blocks", (int)k,
              (int)(gan_mem_live() - live));
        gan_fail_clear();
    }
}

static void misuse(mpi_test *t)
{
    gan_fail_clear();
    gan_comm bad = *t->c;
    bad.mpi = MPI_COMM_NULL;
    int64_t min;
    gan_status s = gan_comm_min(&bad, 1, &min);
    bool named = strstr(gan_fail_text(), "MPI_ERR_COMM") /* Open MPI's words */ ||
                 strstr(gan_fail_text(), "nvalid communicator"); /* MPICH's */
    CHECK(t, s == GAN_EMPI && named, "\"%s\": %s", gan_status_text(s), gan_fail_text());
    gan_fail_clear();
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    if (argc > 1 && strcmp(argv[1], "abort") == 0) {
        if (t.c->rank == t.c->size - 1) gan_comm_abort(t.c, GAN_EDRIFT, "weights differ");
        gan_comm_agree(t.c, GAN_OK); /* waits for the rank that never comes */
    }
    nodes(&t);
    agreement(&t);
    reports(&t);
    collectives(&t);
    parts(&t);
    broadcast(&t);
    deliveries(&t);
    shared_memory(&t);
    too_much_shared_memory(&t);
    misuse(&t);
    failing_allocations(&t);
    return mpi_test_end(&t);
}
