#!/bin/sh
# correlate.sh RUN A B [FROM]: how two quantities of metrics.jsonl go together over a run, from step FROM on (all): the number of
# records that have both, Pearson's r, and Spearman's rank correlation. For what the WGAN paper claims of the critic's estimate:
#     sh scripts/correlate.sh runs/wgan-ring wasserstein critic_estimate
set -eu
[ $# -ge 3 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
export LC_ALL=C # a decimal point is one
file=$1
[ -d "$file" ] && file=$file/metrics.jsonl
[ -r "$file" ] || { echo "correlate.sh: cannot read $file" >&2; exit 1; }

number='-\{0,1\}[0-9][-+.0-9eE]*'
of() { # NAME: the step and the value of each record that has one
    sed -n "s/.*\"step\": \([0-9]*\),.*\"$1\": \($number\).*/\1 \2/p" "$file" | awk -v from="${from:-0}" '$1 >= from'
}
ranked() { # adds the rank of the second column, that of equals their mean
    sort -k2,2g | awk '
        { step[NR] = $1; x[NR] = $2 }
        END { for (i = 1; i <= NR; i = j) {
                  for (j = i; j <= NR && x[j] == x[i]; j++) ;
                  for (k = i; k < j; k++) print step[k], x[k], (i + j - 1) / 2 } }'
}

from=${4:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
of "$2" | sort -k1,1 >"$work/a"
of "$3" | sort -k1,1 >"$work/b"
join "$work/a" "$work/b" >"$work/both"
awk '{ print $1, $2 }' "$work/both" | ranked | sort -k1,1 >"$work/a"
awk '{ print $1, $3 }' "$work/both" | ranked | sort -k1,1 >"$work/b"
join "$work/a" "$work/b" | awk -v a="$2" -v b="$3" '
    function r(x, y,   i, mx, my, xx, yy, xy) {
        for (i = 1; i <= NR; i++) { mx += x[i] / NR; my += y[i] / NR }
        for (i = 1; i <= NR; i++) { xx += (x[i]-mx)^2; yy += (y[i]-my)^2; xy += (x[i]-mx) * (y[i]-my) }
        return xx > 0 && yy > 0 ? sprintf("%.4f", xy / sqrt(xx * yy)) : "undefined"
    }
    { x[NR] = $2; rx[NR] = $3; y[NR] = $4; ry[NR] = $5 }
    END { if (NR < 3) { print "correlate.sh: only " NR " records have both " a " and " b >"/dev/stderr"; exit 1 }
          print a, "and", b ":", NR, "records, Pearson", r(x, y) ", Spearman", r(rx, ry) }'
