/* What `gan_mpi info` can tell about the kinds of files there are: one function, and one file, each. All print to stdout. */
#ifndef GAN_CLI_INFO_H
#define GAN_CLI_INFO_H

#include "gan/config.h"
#include "gan/status.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct gan__info_options {
    bool verbose; /* all arrays, one by one */
    bool config;  /* the text of the configuration */
} gan__info_options;

gan_status gan__info_checkpoint(const char *path, const gan__info_options *o);
/* Newest checkpoint, files, last metrics. */
gan_status gan__info_run(const char *dir);
gan_status gan__info_metrics(const char *path);

/* With the file open and the HDF5 lock held. */
gan_status gan__info_dataset(hid_t file, const char *path);

/* With the HDF5 lock held: what an open array of n columns of `type` is, and the names of its columns, if it has them as
 * gan_mpi import writes them. */
gan_status gan__print_attributes(hid_t set, int64_t n, const char *type);

/* Samples of a dataset file, 0 when it cannot be told; leaves no failure behind. */
int64_t gan__dataset_samples(const char *path);
/* Samples in an epoch of the job's data, 0 when it cannot be told from here. */
int64_t gan__epoch_samples(const gan_config *cfg);

/* "4.2 MiB" */
void gan__print_size(double bytes);

/* A column of names in front of what is said: "  steps         ". */
#define GAN__ITEM "  %-13s "

#endif
