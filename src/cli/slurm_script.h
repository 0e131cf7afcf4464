/* The scripts of slurm/, with their top filled in. */
#ifndef GAN_CLI_SLURM_SCRIPT_H
#define GAN_CLI_SLURM_SCRIPT_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct gan__slurm_fill {
    const char *line;  /* how the line begins: "#SBATCH --nodes=", "launcher=" */
    const char *value; /* what stands behind that; NULL: what the script of slurm/ has */
} gan__slurm_fill;

/* slurm/array.sbatch or slurm/train.sbatch. A line that waits behind one more # ("##SBATCH --partition=") comes to life when
 * it is filled in. Write errors stay with f. */
void gan__slurm_print(FILE *f, bool array, const gan__slurm_fill *fills, int n);

/* `text` as one word of the shell: in quotes where it needs them; counted string. */
char *gan__slurm_word(const char *text);
/* Whether it needs none, so that it can stand behind #SBATCH as well, where there is no shell. */
bool gan__slurm_is_plain(const char *text);

#endif
