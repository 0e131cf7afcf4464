/* gan_mpi eval: measures of a checkpoint's samples, on any number of ranks. */
#include "cli.h"

#include "gan/eval.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/snapshot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct evaluation {
    const gan_comm *comm; /* NULL: a process alone */
    const char *word, *metrics, *samples_text, *seed_text, *data, *classifier, *kernels_name; /* as typed; NULL: not given */
    long long samples, seed;
    bool json, list;
    const gan_kernels *k;
    gan_snapshot snap, of_classifier;
    gan_labeller labeller;
    gan_source *source;
    gan_eval *eval;
    double values[GAN_EVAL_MAX_VALUES];
} evaluation;

/* ---- the command line -------------------------------------------------------------------------------------- */

static gan_status parse(evaluation *e, int argc, char **argv)
{
    int n;
    const gan_option options[] = {{.name = "--metrics", .text = &e->metrics},
                                  {.name = "--samples", .text = &e->samples_text},
                                  {.name = "--seed", .text = &e->seed_text},
                                  {.name = "--data", .text = &e->data},
                                  {.name = "--classifier", .text = &e->classifier},
                                  {.name = "--kernels", .text = &e->kernels_name},
                                  {.name = "--json", .flag = &e->json},
                                  {.name = "--list", .flag = &e->list}};
    GAN_TRY(gan_options_parse("eval", argc, argv, options, sizeof options / sizeof options[0], &e->word, 1, &n));
    if (n == 0 && !e->list)
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi eval: of which checkpoint? See \"gan_mpi eval --help\"");
    if (e->samples_text) GAN_TRY(gan_option_int("--samples", e->samples_text, 1, 1000000000, &e->samples));
    if (e->seed_text) GAN_TRY(gan_option_int("--seed", e->seed_text, 0, INT64_MAX, &e->seed));
    return gan_option_kernels("eval", e->kernels_name, &e->k);
}

/* ---- opening ----------------------------------------------------------------------------------------------- */

static gan_status open_checkpoint(evaluation *e)
{
    char *path;
    GAN_TRY(gan_checkpoint_locate(&path, e->word));
    gan_status s = gan_snapshot_open(&e->snap, path);
    gan_free(path);
    if (s == GAN_OK) s = gan_snapshot_mixture(&e->source, &e->snap, e->word);
    return s;
}

/* What was not typed is the job's. */
static const char *typed_or(const evaluation *e, const char *typed, const char *key)
{
    return typed ? typed : gan_config_text(e->snap.cfg, "eval", key);
}

static gan_status open_all(evaluation *e)
{
    GAN_TRY(open_checkpoint(e));
    e->classifier = typed_or(e, e->classifier, "classifier");
    return *e->classifier ? gan_labeller_open(&e->labeller, &e->of_classifier, e->classifier) : GAN_OK;
}

static uint64_t digest_of(const gan_snapshot *s)
{
    return s->ckpt ? s->ckpt->digest : 0;
}

/* One table, and the same checkpoints, on all ranks; a run may publish a new one while they read. */
static gan_status agree_on_both(evaluation *e)
{
    bool same = true;
    int64_t best = gan_kernels_count() - 1;
    if (!e->comm) return GAN_OK;
    GAN_TRY(gan_comm_min(e->comm, best, &best));
    if (!e->kernels_name) e->k = gan_kernels_get((int)best);
    GAN_TRY(gan_comm_same(e->comm, digest_of(&e->snap) + 3 * digest_of(&e->of_classifier), &same));
    if (same) return GAN_OK;
    return GAN_FAIL(GAN_ECKPT, "%s: the ranks have read different checkpoints of it, or of the classifier's run; name the files", e->word);
}

static gan_status open_eval(evaluation *e)
{
    const gan_config *cfg = e->snap.cfg;
    gan_eval_setup setup = {.comm = e->comm,
                            .workers = e->comm ? e->comm->size : 1,
                            .k = e->k,
                            .cfg = cfg,
                            .model = e->snap.model,
                            .source = e->source,
                            .metrics = typed_or(e, e->metrics, "metrics"),
                            .samples = e->samples_text ? e->samples : gan_config_int(cfg, "eval", "samples"),
                            .seed = (uint64_t)(e->seed_text ? e->seed : gan_config_int(cfg, "run", "seed")),
                            .data = typed_or(e, e->data, "data"),
                            .classifier = *e->classifier ? &e->labeller : NULL,
                            .asked = "gan_mpi eval --metrics",
                            .bad = GAN_EUSAGE};
    e->seed = (long long)setup.seed;
    return gan_eval_open(&e->eval, &setup);
}

/* ---- printing ---------------------------------------------------------------------------------------------- */

static const char *weights(const evaluation *e)
{
    return e->snap.model->nets[0]->ema ? "averaged" : "as trained";
}

static const char *data_name(const evaluation *e)
{
    return e->source ? gan_source_describe(e->source)->name : gan_config_text(e->snap.cfg, "data", "file");
}

static void print_lines(const evaluation *e)
{
    printf("%s at step %" PRId64 ", checkpoint %016" PRIx64 ", weights %s, noise seed %lld\ndata: %s\n", e->word,
           e->snap.ckpt->step, e->snap.ckpt->digest, weights(e), e->seed, data_name(e));
    for (int i = 0; i < gan_eval_values(e->eval); i++) {
        const int m = gan_eval_measure(e->eval, i);
        char protocol[512] = "", value[32] = "undefined";
        if (!isnan(e->values[i])) snprintf(value, sizeof value, "%.6g", e->values[i]);
        if (i == 0 || m != gan_eval_measure(e->eval, i - 1)) gan_eval_protocol(e->eval, m, protocol, sizeof protocol);
        printf("%-16s %-12s", gan_eval_name(e->eval, i), value);
        if (*protocol) printf(" %lld samples: %s", (long long)gan_eval_measure_samples(e->eval, m), protocol);
        printf("\n");
    }
}

static void print_text(const char *name, const char *text, const char *end)
{
    printf("\"%s\": \"", name);
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20) printf("\\u%04x", (unsigned)*text);
        else printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    }
    printf("\"%s", end);
}

/* {"checkpoint": ..., "values": {"modes": 8, ...}, "measures": {"modes": {"samples": 2500, "protocol": ...}, ...}} */
static void print_json(const evaluation *e)
{
    const int n = gan_eval_values(e->eval);
    printf("{");
    print_text("checkpoint", e->word, ", ");
    printf("\"digest\": \"%016" PRIx64 "\", \"step\": %" PRId64 ", ", e->snap.ckpt->digest, e->snap.ckpt->step);
    print_text("weights", weights(e), ", ");
    print_text("data", data_name(e), ", ");
    printf("\"seed\": %lld, \"values\": {", e->seed);
    for (int i = 0; i < n; i++) {
        char value[32] = "null";
        if (isfinite(e->values[i])) snprintf(value, sizeof value, "%.17g", e->values[i]);
        printf("%s\"%s\": %s", i ? ", " : "", gan_eval_name(e->eval, i), value);
    }
    printf("}, \"measures\": {");
    for (int m = 0; n > 0 && m <= gan_eval_measure(e->eval, n - 1); m++) {
        char protocol[512];
        gan_eval_protocol(e->eval, m, protocol, sizeof protocol);
        printf("%s\"%s\": {\"samples\": %lld, ", m ? ", " : "", gan_eval_measure_name(e->eval, m),
               (long long)gan_eval_measure_samples(e->eval, m));
        print_text("protocol", protocol, "}");
    }
    printf("}}\n");
}

/* ---- running ----------------------------------------------------------------------------------------------- */

static gan_status measure(evaluation *e)
{
    GAN_TRY(gan_comm_agree(e->comm, open_all(e)));
    GAN_TRY(agree_on_both(e));
    GAN_TRY(open_eval(e));
    GAN_TRY(gan_eval_run(e->eval, e->values));
    if (e->comm && e->comm->rank != 0) return GAN_OK;
    if (e->json) print_json(e);
    else print_lines(e);
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    evaluation e = {.comm = comm};
    gan_status s = parse(&e, argc, argv);
    if (s == GAN_OK && e.list) {
        if (!comm || comm->rank == 0) gan_measures_print(stdout);
        return GAN_OK;
    }
    if (s == GAN_OK) s = measure(&e);
    gan_eval_close(e.eval);
    gan_source_close(e.source);
    gan_snapshot_close(&e.of_classifier);
    gan_snapshot_close(&e.snap);
    return s;
}

const gan_command gan_command_eval = {
    .name = "eval",
    .summary = "measure the quality of a checkpoint's samples",
    .help =
        "usage: gan_mpi eval CHECKPOINT [--metrics A,B...] [options]\n"
        "       gan_mpi eval --list\n"
        "\n"
        "Draws samples, with averaged weights where the run keeps them (key ema), and measures them. With mpirun the\n"
        "ranks share the work; the numbers are the same, to the bit, on any number of them. Behind each number\n"
        "stands what was compared with what. Training does the same now and then: section [eval] of a job.\n"
        "\n"
        "  CHECKPOINT     a file, or a run directory (then its checkpoints/latest)\n"
        "  --metrics A,B  measures (eval.metrics of the job)\n"
        "  --list         the measures that there are, and what each one needs\n"
        "  --samples N    samples to draw (as many as the protocol of each measure says)\n"
        "  --seed N       of the noise (run.seed of the job); sample i is that of `gan_mpi sample`\n"
        "  --data FILE    dataset of real samples, for measures that compare with one (eval.data of the job)\n"
        "  --classifier RUN\n"
        "                 for measures that label samples: a run of system classifier (eval.classifier of the job)\n"
        "  --json         one JSON object\n"
        "  --kernels NAME ref, x86-64, avx2, avx512 (the best of all ranks' processors)\n"
        "\n"
        "Example: mpirun -np 4 gan_mpi eval runs/grid --metrics modes,high_quality,reverse_kl\n",
    .shares_work = true,
    .run = run,
};
