/* gan_mpi config: the manual of all keys, or a job with its defaults filled in. */
#include "cli.h"
#include "job_check.h"

#include "gan/cluster.h"
#include "gan/mem.h"
#include "gan/system.h"

#include <stdio.h>

static gan_status print_job(const char *path, const char *const *sets, int n_sets)
{
    gan_config *c;
    GAN_TRY(gan_config_read(&c, path, sets, n_sets, gan_system_networks));
    gan_status s = gan__job_check(c);
    char *ini = s == GAN_OK ? gan_config_ini(c) : NULL;
    if (s == GAN_OK && !ini) s = GAN_ENOMEM;
    if (ini) fputs(ini, stdout);
    gan_config_free(c);
    gan_free(ini);
    return s;
}

static gan_status print(const char *path, bool systems, bool layers, bool cluster, const char *const *sets, int n_sets)
{
    if (path && (systems || layers || cluster))
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi config: %s goes without a job file, got \"%s\"",
                        systems ? "--systems" : layers ? "--layers" : "--cluster", path);
    if (!path && n_sets)
        return GAN_FAIL(GAN_EUSAGE,
                        "gan_mpi config: --set %s wants a job file to change; see \"gan_mpi config --help\"",
                        sets[0]);
    if (path) return print_job(path, sets, n_sets);
    if (systems) gan_systems_print(stdout);
    if (systems && layers) puts("");
    if (layers) gan_layers_manual(stdout);
    if ((systems || layers) && cluster) puts("");
    if (cluster) gan_cluster_manual(stdout);
    if (!systems && !layers && !cluster) gan_config_manual(stdout);
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    bool systems = false, layers = false, cluster = false;
    const char *path = NULL, **sets = NULL;
    int n, n_sets = 0;
    const gan_option options[] = {
        {.name = "--systems", .flag = &systems},
        {.name = "--layers", .flag = &layers},
        {.name = "--cluster", .flag = &cluster},
        {.name = "--set", .list = &sets, .n_list = &n_sets},
    };
    GAN_TRY(gan_options_parse("config", argc, argv, options, 4, &path, 1, &n));
    gan_status s = print(path, systems, layers, cluster, sets, n_sets);
    gan_free(sets);
    return s;
}

const gan_command gan_command_config = {
    .name = "config",
    .summary = "the manual of job files; or a job with all defaults filled in",
    .help = "usage: gan_mpi config [--systems] [--layers] [--cluster]\n"
            "       gan_mpi config CONFIG [--set SECTION.KEY=VALUE]...\n"
            "\n"
            "Without a job file it prints the reference manual: every section and key with type, default, "
            "range and\n"
            "meaning. With one it checks the file and prints it as INI with all defaults filled in, ready to "
            "run. What\n"
            "depends on the data - shapes, and what divides the batch - `gan_mpi CONFIG --dry-run` checks.\n"
            "\n"
            "  --systems      the GAN families and their networks instead\n"
            "  --layers       the layers that a network is made of, and their arguments, instead\n"
            "  --cluster      the keys of a cluster file, for --dry-run --cluster, instead\n"
            "  --set S.K=V    override a value of the job file; may be repeated\n"
            "\n"
            "Example: gan_mpi config jobs/quickstart.ini --set train.batch=128 >jobs/mine.ini\n",
    .run = run,
};
