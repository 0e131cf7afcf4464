/* Where real samples come from.
 *
 * A source is an endless stream of samples, addressed by position: position p is epoch p / n, place p % n of that
 * epoch's permutation. Ranks read the positions of their shards; nothing is exchanged and nothing is stored. */
#ifndef GAN_DATA_H
#define GAN_DATA_H

#include "gan/comm.h"
#include "gan/config.h"
#include "gan/kernels.h"
#include "gan/status.h"

#include <stdint.h>

enum { GAN_DATA_MAX_DIMS = 4 };

typedef struct gan_source gan_source;

/* What samples are conditioned on: nothing; their class, as one number for each class, 1 for its own and 0 for the others; real
 * numbers. In the order of the choices of the key data.condition. */
typedef enum gan_condition_kind { GAN_CONDITION_NONE, GAN_CONDITION_LABELS, GAN_CONDITION_ATTRIBUTES } gan_condition_kind;

typedef struct gan_source_info {
    char name[256];                     /* file or mixture, as for a banner */
    int64_t n;                          /* samples in an epoch */
    int64_t features;                   /* product of dims */
    int n_dims;                         /* 1: [F], 3: [H,W,C], 4: [D,H,W,C] */
    int64_t dims[GAN_DATA_MAX_DIMS];
    float lo, hi;                       /* the range that samples were scaled to; 0, 0: not bounded */
    gan_condition_kind conditioned;
    int64_t condition;                  /* numbers of a sample's condition; 0: there is none */
    int64_t bytes;                      /* node-shared memory it holds */
} gan_source_info;

/* Collective. Open an HDF5 dataset file (design: /images [N,H,W,C] uint8, or float32 with attribute "range" [2];
 * [N,F] and [N,D,H,W,C] too). Pixels are scaled linearly from their range (uint8: 0..255) to [lo, hi].
 * Held once per node in shared memory in the stored type. Errors: GAN_EDATA naming file, dataset, what was found and
 * what is wanted; GAN_ENOMEM when the node lacks the memory. */
gan_status gan_source_open_file(gan_source **out, const gan_comm *c, const gan_kernels *k, const char *path, float lo,
                                float hi, uint64_t seed);
/* The same with /labels [N] (integers from 0 on) or /attributes [N,A] of the file. */
gan_status gan_source_open_conditioned(gan_source **out, const gan_comm *c, const gan_kernels *k, const char *path, float lo, float hi,
                                       uint64_t seed, gan_condition_kind condition);

/* Local. GAN_EDATA when the above would refuse the file for what it says of itself: shape, type, range. Samples are
 * not read. */
gan_status gan_dataset_check(const char *path);

/* Local. The synthetic mixtures of the mode-collapse literature (Srivastava 2017, Lin 2018): n samples an epoch.
 * ring: 8 modes on a circle of radius 1, std 0.01. grid: 25 modes at -4,-2,..,4 squared, std 0.05. line: numbers instead of points,
 * with modes `step` apart about 0. */
gan_status gan_source_open_ring(gan_source **out, uint64_t seed, int64_t n, int modes, float radius, float std);
gan_status gan_source_open_grid(gan_source **out, uint64_t seed, int64_t n, int side, float step, float std);
gan_status gan_source_open_line(gan_source **out, uint64_t seed, int64_t n, int modes, float step, float std);

/* Local. The mixture that [data] describes; NULL when its source is none. */
gan_status gan_source_open_mixture(gan_source **out, const gan_config *cfg);
/* What a mixture draws from: modes of equal weight and one standard deviation, centres [n_modes][2] borrowed from the source, of which
 * the first `dims` numbers count. False for other sources and NULL. */
typedef struct gan_mixture {
    int n_modes, dims; /* dims: 1 or 2 */
    float std;
    const float (*centres)[2];
} gan_mixture;
bool gan_source_mixture(const gan_source *s, gan_mixture *m);

/* Local. Uniform noise in [lo, hi) as images of dims [H,W,C], n an epoch. */
gan_status gan_source_open_noise(gan_source **out, uint64_t seed, int64_t n, const int64_t dims[3], float lo, float hi);
/* Local. Images of `inner`, which it owns from then on (not after a failure), with a frame of `pad` pixels of its lowest value. */
gan_status gan_source_open_padded(gan_source **out, gan_source *inner, int64_t pad);

/* Local. Images of as many times the channels, n an epoch: each is `layers` images of `inner`, drawn independently (with replacement)
 * by (seed, position). It owns inner from then on (not after a failure). GAN_EDATA when those are no images. */
gan_status gan_source_open_stacked(gan_source **out, gan_source *inner, uint64_t seed, int64_t n, int64_t layers);

void gan_source_close(gan_source *s); /* collective for files; takes NULL */
const gan_source_info *gan_source_describe(const gan_source *s);

/* Local, allocates nothing. x [n, features]: samples at stream positions first .. first+n-1. */
void gan_source_read(const gan_source *s, int64_t first, int64_t n, float *x);
/* c [n, condition]: of the same samples; of a mixture with labels the class is the mode. */
void gan_source_read_condition(const gan_source *s, int64_t first, int64_t n, float *c);

/* Local. The images of a dataset file in stored order, read block by block, so that the file may be larger than the memory.
 * Values are those of gan_source_open_file, to the bit; failures too. */
typedef struct gan_rows gan_rows;
gan_status gan_rows_open(gan_rows **out, const gan_kernels *k, const char *path, float lo, float hi);
/* A frame around each image, as gan_source_open_padded puts it; at most once. GAN_EDATA when they are no images. */
gan_status gan_rows_frame(gan_rows *r, int64_t pad);
const gan_source_info *gan_rows_describe(const gan_rows *r);
/* x [n, features]: images first .. first+n-1 of the file. A value outside of the file's range is refused when it is read. */
gan_status gan_rows_read(gan_rows *r, int64_t first, int64_t n, float *x);
/* Their conditions, at most once: `numbers` for each image, that is as many classes (of which the file may lack the last) or attributes.
 * GAN_EDATA as gan_source_open_conditioned, and when the file has more classes or other than `numbers` attributes. */
gan_status gan_rows_open_conditions(gan_rows *r, gan_condition_kind kind, int64_t numbers);
/* c [n, numbers]; after the above. */
void gan_rows_read_condition(const gan_rows *r, int64_t first, int64_t n, float *c);
void gan_rows_close(gan_rows *r); /* takes NULL */

/* A bijection of 0..n-1, computed from (seed, epoch): a Feistel network over the next even power of two, walked until
 * it lands below n. */
int64_t gan_permute(uint64_t seed, uint64_t epoch, int64_t n, int64_t i);

/* `gan_mpi import idx IMAGES [LABELS] OUT`: IDX files, plain or gzipped, to the dataset format. Local, rank 0 only.
 * Images become [N,H,W,1] uint8, labels [N] uint8; several image/label pairs are concatenated (train and test). */
gan_status gan_import_idx(const char *const *images, const char *const *labels, int n_files, const char *out_path);

/* CIFAR-10's binary files, plain or gzipped, one after the other, to [N,32,32,3] with labels. Local, rank 0 only. */
gan_status gan_import_cifar(const char *const *files, int n_files, const char *out_path);

/* `gan_mpi import images`: the PNG and JPEG files below a directory, sorted by path, to [N,size,size,channels] uint8. Each
 * is cut to the square in its middle and resized with antialiasing.
 *
 * Collective; c: NULL for a process alone, which never calls MPI. All ranks read pictures, two blocks of at most 256 of
 * some 4 MiB at a time, so all must see `dir`; rank 0 alone touches out_path and o->attributes, and speaks. The file is the same,
 * byte by byte, on any number of ranks. GAN_EDATA on all ranks: a bad picture, the first in order when it is not skipped,
 * other channels than the first one's, no pictures, no directory, a list of attributes that does not fit; GAN_EIO: out_path.
 * After a failure out_path is what it was. */
enum { GAN_IMPORT_MAX_SIZE = 4096 };
typedef struct gan_import_options {
    const char *dir;
    int size;
    int channels;  /* 1 or 3: all are made so; 0: all must have those of the first */
    bool skip_bad; /* a picture that cannot be decoded is named in a warning and left out; else it is refused */
    const char *attributes; /* CelebA's list_attr_celeba.txt, to /attributes [N,40] int8 with their names; may be NULL */
    int64_t block; /* pictures in a block; 0: chosen by their size */
} gan_import_options;
gan_status gan_import_images(const gan_comm *c, const gan_import_options *o, const char *out_path);

#endif
