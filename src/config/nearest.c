/* The nearest known word, for "did you mean": edit distance with swaps of neighbours (optimal string
 * alignment), upper and lower case alike. Near means at most a third of the word's letters are wrong, and at
 * least one may be. */
#include "gan/config.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 63 }; /* no known word is longer */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int edit_distance(const char *a, const char *b)
{
    int rows[3][LONGEST + 1], n = (int)strlen(a), m = (int)strlen(b);
    for (int j = 0; j <= m; j++) rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= m; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            now[j] = smaller(above[j - 1] + (ca != cb), 1 + smaller(above[j], now[j - 1]));
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]))
                now[j] = smaller(now[j], two_above[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *gan_nearest(const char *word, const char *const *list)
{
    size_t n = strlen(word);
    if (n == 0 || n > LONGEST) return NULL;
    const char *best = NULL;
    int limit = (int)(n + 2) / 3;
    for (; *list; list++) {
        if (strlen(*list) > LONGEST) continue;
        int d = edit_distance(word, *list);
        if (d > limit || d >= (int)strlen(*list)) continue; /* all letters replaced is not near */
        best = *list;
        limit = d - 1; /* among equals the first */
    }
    return best;
}
