#!/bin/sh
# timeout: 240
# scaling.sbatch. Proved: its points are timed on the nodes of one allocation, by mpirun and by srun, with one hash, and the
# table is left.
. tests/slurm/cases.sh
sed -i 's/^steps = .*/steps = 60/' "$job"

for launcher in mpirun srun; do
    sed "s|^config=.*|config=$job|; s|^ranks=.*|ranks=1,2,4|; s|^out=.*|out=$dir/$launcher|; s|^gan=.*|gan=$gan|; s|^launcher=.*|launcher=$launcher|" \
        slurm/scaling.sbatch >"$dir/$launcher.sbatch"
    holds $launcher
    submit $launcher --nodes=2 --ntasks-per-node=2 --time=5
done
for id in $jobs; do
    ends "$id"
    same "job $id" 'COMPLETED 0:0 0' "$end"
done
for launcher in mpirun srun; do
    cp "$dir/$launcher/table.txt" "$dir/output" || cp "$dir/logs/$launcher" "$dir/output"
    says "the table by $launcher" '3 points x 3 rounds came to the same bits'
    grep -qE '^ *4 +1 +32 ' "$dir/output" || fail "the table by $launcher" 'a row for 4 ranks' "$(cat "$dir/output")"
done
# Whoever starts them, ranks fill node after node: two send nothing, four do.
bytes() {
    awk -F, '/^ranks/ { for (i = 1; i <= NF; i++) if ($i == "D_bytes") at = i } /^[0-9]/ { print $1, ($at > 0) }' "$dir/$1/table.csv" | sort -u
}
same 'ranks that send bytes, by mpirun' '1 0
2 0
4 1' "$(bytes mpirun)"
same 'ranks that send bytes, by srun' "$(bytes mpirun)" "$(bytes srun)"
same 'hashes by mpirun and by srun' "$(tail -n 1 "$dir/mpirun/table.csv" | cut -d, -f9)" "$(tail -n 1 "$dir/srun/table.csv" | cut -d, -f9)"
verdict
