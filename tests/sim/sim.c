/* A step's schedule on a simulated cluster: SimGrid runs P ranks of this program in one process, in simulated time.
 *
 *   smpirun ... sim SCHEDULE STEPS on|off LOOK_US JITTER
 *
 * Computing is replaced by the seconds that were measured (smpi_execute). The sums over ranks are src/comm/reduction.c itself,
 * compiled against SimGrid's MPI: the same messages, posted at the same points of the program, between kernels and in waits. The
 * numbers that travel are not real: all ranks' buffers lie on the same pages (SMPI_SHARED_MALLOC), or 1024 ranks would need 40 GiB.
 * hooks.c charges what adding takes, and lets waits sleep until a message comes.
 *
 * A team's meeting is a counter that its ranks see, as in src/comm/bucket.c: the ranks of SimGrid share one address space.
 * LOOK_US: how often the thread for messages looks after them while a kernel runs (src/comm/helper.c); 0: there is none.
 * JITTER: how much slower or faster a rank is in a step, as a standard deviation: 0.01 is 1 %.
 *
 * Rank 0 prints one line: ranks, and means over ranks and steps in ms: step, computing, exposed of each phase, adding. */
#include "hooks.h"

#include "gan/comm.h"
#include "gan/schedule_trace.h"

#include <math.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 1 }; /* so that a sum may go on from the step before */

typedef struct sim {
    gan_schedule_trace t;
    bool overlap;
    double look_s;        /* 0: no thread for messages */
    double jitter, speed; /* of this step */
    gan_comm all, column;
    struct gan_reduction *in_flight;
    gan_reduction **buckets, **sums; /* [n_buckets], [n_records] */
    int64_t **came;  /* [n_buckets] of the team: how often its ranks came to the start; one int64_t each, of the team's first rank */
    int64_t *uses;   /* [n_buckets] of this rank */
    int *queue, n_queue;
    double compute_s, adding_s, exposed_s[GAN_TRACE_PHASES];
} sim;

static void must(gan_status s)
{
    if (s == GAN_OK) return;
    fprintf(stderr, "error: %s\n", gan_fail_text());
    MPI_Abort(MPI_COMM_WORLD, gan_status_exit_code(s));
}

static void *list_of(int64_t n, size_t size)
{
    void *p = calloc((size_t)n + 1, size);
    if (!p) must(GAN_FAIL(GAN_ENOMEM, "no memory for a list of %lld", (long long)n));
    return p;
}

/* ---- setting up -------------------------------------------------------------------------------------------- */

static void open_comm(gan_comm *c, MPI_Comm mpi, struct gan_reduction **in_flight)
{
    *c = (gan_comm){.mpi = mpi, .node = MPI_COMM_NULL, .in_flight = in_flight};
    MPI_Comm_rank(mpi, &c->rank);
    MPI_Comm_size(mpi, &c->size);
}

/* The team's counters: made by its first rank, whose pointer is good for all. */
static void open_team(sim *s)
{
    const int team = s->t.team;
    MPI_Comm column, mates;
    int64_t *counters = s->all.rank % team == 0 ? list_of(s->t.n_buckets, sizeof *counters) : NULL;
    MPI_Comm_split(MPI_COMM_WORLD, s->all.rank % team, s->all.rank, &column);
    MPI_Comm_split(MPI_COMM_WORLD, s->all.rank / team, s->all.rank, &mates);
    MPI_Bcast(&counters, sizeof counters, MPI_BYTE, 0, mates);
    MPI_Comm_free(&mates);
    open_comm(&s->column, column, &s->in_flight);
    s->came = list_of(s->t.n_buckets, sizeof *s->came);
    for (int i = 0; i < s->t.n_buckets; i++) s->came[i] = &counters[i];
}

static void open_sums(sim *s)
{
    int64_t most = 0;
    s->buckets = list_of(s->t.n_buckets, sizeof *s->buckets);
    s->sums = list_of(s->t.n_records, sizeof *s->sums);
    for (int i = 0; i < s->t.n_buckets; i++) most += s->t.buckets[i].floats / s->t.team + 1;
    for (int i = 0; i < s->t.n_records; i++)
        if (s->t.records[i].kind == GAN_TRACE_SUM) most += s->t.records[i].number;
    float *at = hooks_arena(most);
    for (int i = 0; i < s->t.n_buckets; i++) {
        const int64_t n = s->t.buckets[i].floats / s->t.team;
        must(gan_reduction_new(&s->buckets[i], &s->column, i, GAN_REDUCE_ORDERED, at, n));
        at += n;
    }
    for (int i = 0; i < s->t.n_records; i++) {
        if (s->t.records[i].kind != GAN_TRACE_SUM) continue;
        must(gan_reduction_new(&s->sums[i], &s->all, s->t.n_buckets + i, GAN_REDUCE_ORDERED, at, s->t.records[i].number));
        at += s->t.records[i].number;
    }
}

static void open_sim(sim *s, char **argv)
{
    *s = (sim){.overlap = strcmp(argv[3], "on") == 0, .look_s = atof(argv[4]) * 1e-6, .jitter = atof(argv[5])};
    must(gan_trace_read(&s->t, argv[1]));
    hooks_add_s = s->t.add_s;
    open_comm(&s->all, MPI_COMM_WORLD, &s->in_flight);
    if (s->t.float_bytes != 4) must(GAN_FAIL(GAN_EUSAGE, "%s: messages in bfloat16 cannot be simulated", argv[1]));
    if (s->t.ranks != s->all.size)
        must(GAN_FAIL(GAN_EUSAGE, "%s is of %d ranks, but %d are simulated", argv[1], s->t.ranks, s->all.size));
    s->uses = list_of(s->t.n_buckets, sizeof *s->uses);
    s->queue = list_of(s->t.n_buckets, sizeof *s->queue);
    open_team(s);
    open_sums(s);
}

/* ---- what a rank does ---------------------------------------------------------------------------------------- */

static bool all_came(const sim *s, int number)
{
    return *s->came[number] >= s->uses[number] * s->t.team;
}

/* First come, first sent, as in src/comm/collectives.c. */
static void send_queued(sim *s)
{
    int sent = 0;
    for (; sent < s->n_queue && all_came(s, s->queue[sent]); sent++) {
        const int64_t slice = s->t.buckets[s->queue[sent]].floats / s->t.team;
        if (s->t.team > 1) hooks_add(slice * (s->t.team - 1));
        must(gan_reduction_start(s->buckets[s->queue[sent]]));
    }
    s->n_queue -= sent;
    memmove(s->queue, s->queue + sent, (size_t)s->n_queue * sizeof *s->queue);
}

static void progress(sim *s)
{
    send_queued(s);
    must(gan_reductions_move_on(&s->all));
}

static void wait_bucket(sim *s, int number)
{
    while (!all_came(s, number)) { /* neighbours of one node: seen within microseconds */
        smpi_execute(5e-6);
        progress(s);
    }
    send_queued(s);
    hooks_waiting = true;
    must(gan_reduction_wait(s->buckets[number]));
    hooks_waiting = false;
}

static void start_bucket(sim *s, int number)
{
    s->uses[number]++;
    ++*s->came[number];
    s->queue[s->n_queue++] = number;
    send_queued(s);
}

static void sum_now(sim *s, int record)
{
    must(gan_reduction_start(s->sums[record]));
    hooks_waiting = true;
    must(gan_reduction_wait(s->sums[record]));
    hooks_waiting = false;
}

static void compute(sim *s, double seconds)
{
    seconds *= s->speed;
    s->compute_s += seconds;
    for (; s->look_s > 0 && (s->in_flight || s->n_queue) && seconds > s->look_s; seconds -= s->look_s) {
        smpi_execute(s->look_s);
        progress(s);
    }
    smpi_execute(seconds);
}

static void talk(sim *s, int i)
{
    const gan_trace_record *r = &s->t.records[i];
    const double before = MPI_Wtime();
    if (r->kind == GAN_TRACE_START) start_bucket(s, (int)r->number);
    else if (r->kind == GAN_TRACE_WAIT) wait_bucket(s, (int)r->number);
    else sum_now(s, i);
    if (r->kind == GAN_TRACE_START && !s->overlap) wait_bucket(s, (int)r->number);
    s->exposed_s[r->phase] += MPI_Wtime() - before;
}

static void take(sim *s, int i)
{
    const gan_trace_record *r = &s->t.records[i];
    if (r->kind == GAN_TRACE_COMPUTE) compute(s, r->s);
    else talk(s, i);
    progress(s);
}

/* A normal number, the same for the same rank and step: twelve uniform ones by splitmix64, and the centre taken away. */
static double normal(uint64_t rank, uint64_t step)
{
    uint64_t x = rank << 32 | step;
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        uint64_t z = x += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        sum += (double)((z ^ z >> 31) >> 11) * 0x1p-53;
    }
    return sum;
}

static double run(sim *s, int steps)
{
    double begin = 0;
    for (int k = -WARM_UP; k < steps; k++) {
        if (k == 0) {
            MPI_Barrier(MPI_COMM_WORLD);
            begin = MPI_Wtime();
            s->compute_s = hooks_added_s = 0;
            memset(s->exposed_s, 0, sizeof s->exposed_s);
        }
        s->speed = fmax(0.5, 1 + s->jitter * normal((uint64_t)s->all.rank, (uint64_t)(k + WARM_UP)));
        for (int i = 0; i < s->t.n_records; i++) take(s, i);
    }
    s->adding_s = hooks_added_s;
    return MPI_Wtime() - begin;
}

/* What is still under way belongs to a step that does not come any more. */
static void close_sim(sim *s)
{
    for (int i = 0; i < s->t.n_buckets; i++) wait_bucket(s, i);
    for (int i = 0; i < s->t.n_buckets; i++) gan_reduction_free(s->buckets[i]);
    for (int i = 0; i < s->t.n_records; i++) gan_reduction_free(s->sums[i]);
    MPI_Comm_free(&s->column.mpi);
}

static void print(const sim *s, double step_s, int steps)
{
    double mine[3 + GAN_TRACE_PHASES] = {step_s, s->compute_s, s->adding_s}, all[3 + GAN_TRACE_PHASES];
    memcpy(mine + 3, s->exposed_s, sizeof s->exposed_s);
    MPI_Reduce(mine, all, 3 + GAN_TRACE_PHASES, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    const double ms = 1e3 / steps / s->all.size;
    if (s->all.rank > 0) return;
    printf("ranks %d step %.4f compute %.4f adding %.4f", s->all.size, all[0] * ms, all[1] * ms, all[2] * ms);
    for (int i = 1; i < s->t.n_phases; i++) printf(" exposed_%s %.4f", s->t.phases[i], all[3 + i] * ms);
    printf("\n");
}

int main(int argc, char **argv)
{
    static sim s;
    MPI_Init(&argc, &argv);
    if (argc != 6 || atoi(argv[2]) < 1) must(GAN_FAIL(GAN_EUSAGE, "usage: sim SCHEDULE STEPS on|off LOOK_US JITTER"));
    open_sim(&s, argv);
    const double step_s = run(&s, atoi(argv[2]));
    close_sim(&s);
    print(&s, step_s, atoi(argv[2]));
    gan_trace_free(&s.t);
    MPI_Finalize();
    return 0;
}
