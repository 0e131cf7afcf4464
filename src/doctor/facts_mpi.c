/* What MPI tells of itself, and what can be seen of it from outside: its settings by the tools interface, its plug-ins by
 * the libraries that are loaded (those that were not chosen have been unloaded), the rest by the environment. */
#define _GNU_SOURCE
#include "facts.h"

#include "gan/launcher.h"

#include <dirent.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tools interface -------------------------------------------------------------------------------------------- */

static bool read_setting(MPI_T_cvar_handle handle, MPI_Datatype type, int count, char *text, int n)
{
    char value[256] = "";
    if (count < 1 || count > (int)sizeof value / 8 || MPI_T_cvar_read(handle, value) != MPI_SUCCESS) return false;
    if (type == MPI_CHAR) return snprintf(text, (size_t)n, "%s", value) > 0;
    if (type == MPI_C_BOOL) return snprintf(text, (size_t)n, "%d", *(bool *)(void *)value) > 0;
    if (type == MPI_INT) return snprintf(text, (size_t)n, "%d", *(int *)(void *)value) > 0;
    return false;
}

/* Strings have a count of their length, which may be more than is read above: only short ones are of interest. */
static bool find_setting(const char *name, char *text, int n)
{
    int index, level, bind, scope, count, name_n = 0, text_n = 0;
    MPI_Datatype type;
    MPI_T_enum words;
    MPI_T_cvar_handle handle;
    if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return false;
    if (MPI_T_cvar_get_info(index, NULL, &name_n, &level, &type, &words, NULL, &text_n, &bind, &scope) != MPI_SUCCESS)
        return false;
    if (MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) != MPI_SUCCESS) return false;
    bool ok = read_setting(handle, type, count, text, n);
    MPI_T_cvar_handle_free(&handle);
    return ok;
}

static void ask_settings(gan_facts *f)
{
    int level;
    char yields[16];
    f->yields = -1;
    if (MPI_T_init_thread(MPI_THREAD_SINGLE, &level) != MPI_SUCCESS) return;
    if (find_setting("mpi_yield_when_idle", yields, sizeof yields)) f->yields = atoi(yields) != 0;
    if (!f->pml[0]) find_setting("pml", f->pml, sizeof f->pml);
    if (!f->btl[0]) find_setting("btl", f->btl, sizeof f->btl);
    MPI_T_finalize();
}

/* ---- libraries ------------------------------------------------------------------------------------------------------ */

/* "mca_btl_tcp.so" with "mca_btl_": adds "tcp". */
static void add_plugin(const char *file, const char *prefix, char *list, size_t size)
{
    size_t n = strlen(prefix), at = strlen(list);
    if (strncmp(file, prefix, n) != 0) return;
    snprintf(list + at, size - at, "%s%.*s", at ? "," : "", (int)strcspn(file + n, "."), file + n);
}

static int look_at_library(struct dl_phdr_info *info, size_t size, void *facts)
{
    gan_facts *f = facts;
    const char *slash = strrchr(info->dlpi_name, '/'), *file = slash ? slash + 1 : info->dlpi_name;
    (void)size;
    add_plugin(file, "mca_pml_", f->pml, sizeof f->pml);
    add_plugin(file, "mca_btl_", f->btl, sizeof f->btl);
    if (strncmp(file, "libpmix.", 8) == 0) snprintf(f->pmix_library, sizeof f->pmix_library, "%s", file);
    if (strstr(file, "blas") || strncmp(file, "libmkl", 6) == 0) snprintf(f->blas, sizeof f->blas, "%s", file);
    return 0;
}

/* ---- fast networks -------------------------------------------------------------------------------------------------- */

static void find_fabric(gan_facts *f)
{
    static const char *const places[] = {"/sys/class/infiniband", "/sys/class/cxi"};
    for (int i = 0; i < 2 && !f->fabric[0]; i++) {
        DIR *d = opendir(places[i]);
        const struct dirent *e;
        while (d && (e = readdir(d)))
            if (e->d_name[0] != '.') snprintf(f->fabric, sizeof f->fabric, "%.60s", e->d_name);
        if (d) closedir(d);
    }
}

/* ---- all ------------------------------------------------------------------------------------------------------------ */

static void ask_launcher(gan_facts *f)
{
    gan_launcher l;
    gan_launcher_find(&l);
    f->launcher_tasks = l.tasks;
    f->launcher_allotted = l.allotted;
    snprintf(f->launcher, sizeof f->launcher, "%s", l.name);
    snprintf(f->launcher_variable, sizeof f->launcher_variable, "%s", l.variable ? l.variable : "");
}

void gan__facts_mpi(gan_facts *f)
{
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "unknown";
    const char *pmix = getenv("PMIX_VERSION");
    int n;
    MPI_Get_library_version(library, &n);
    snprintf(f->mpi, sizeof f->mpi, "%.*s", (int)strcspn(library, ",\n"), library);
    MPI_Get_version(&f->mpi_major, &f->mpi_minor);
    MPI_Query_thread(&f->thread_level);
    snprintf(f->pmix, sizeof f->pmix, "%s", pmix ? pmix : "");
    ask_launcher(f);
    dl_iterate_phdr(look_at_library, f);
    ask_settings(f);
    find_fabric(f);
}
