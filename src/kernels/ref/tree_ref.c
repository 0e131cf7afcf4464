/* The fixed binary tree over shards, one number at a time. */
#include "ref.h"

#include <stdbool.h>

void gan__tree_add(gan__tree *t, float sum)
{
    int i = 0;
    for (; t->count >> i & 1; i++) sum = t->digit[i] + sum;
    t->digit[i] = sum;
    t->count++;
}

float gan__tree_total(const gan__tree *t)
{
    float sum = 0;
    bool empty = true;
    for (int i = 0; i < 64; i++) {
        if (!(t->count >> i & 1)) continue;
        sum = empty ? t->digit[i] : t->digit[i] + sum;
        empty = false;
    }
    return sum;
}
