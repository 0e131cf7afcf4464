#!/bin/sh
# fat_tree.sh HOSTS RANKS_PER_HOST GBIT LATENCY_US: a platform for SimGrid, a fat tree of two levels with full bisection.
# HOSTS is a power of two; LATENCY_US is that of the way between leaves, over four links.
hosts=$1 cores=$2 gbit=$3 us=$4
leaf=1
while [ $((leaf * leaf)) -lt "$hosts" ]; do leaf=$((2 * leaf)); done
bytes=$(awk "BEGIN { printf \"%.0f\", $gbit * 1e9 / 8 }")
ns=$(awk "BEGIN { printf \"%.0f\", $us * 1e3 / 4 }")
cat <<END
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="tree" prefix="node-" suffix="" radical="0-$((hosts - 1))" speed="1Gf" core="$cores" bw="${bytes}Bps" lat="${ns}ns"
           loopback_bw="5GBps" loopback_lat="500ns" topology="FAT_TREE"
           topo_parameters="2;$leaf,$((hosts / leaf));1,$leaf;1,1" sharing_policy="SPLITDUPLEX"/>
</platform>
END
