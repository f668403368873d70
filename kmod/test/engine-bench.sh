#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Instructions of a search, and of a build in thousands, for each family, size and IP version: engine-bench.sh PROGRAM [FAMILY…]
set -eu
program=$1
shift
[ $# -gt 0 ] || set -- acl fw ipc wild overlap nested ports scattered anyport

# collect FUNCTION FAMILY RULES IP: instructions spent in FUNCTION and what it calls
collect() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect="$1" \
		"$program" "$2" "$3" "$4" 2>&1 | awk '
		/Collected/ { collected = $NF }
		/^rules/ { packets = $4; hits = $6; memory = $8; rules = $2 }
		END { print collected, packets, hits, memory, rules }'
}

printf '%-10s %6s %3s %8s %10s %10s %6s\n' family rules ip search build-k memory-KiB hits-%
for family; do
	for ip in 4 6; do
		for rules in 10 100 1000 10000; do
			set -- $(collect search_packet "$family" "$rules" "$ip")
			build=$(collect nsg_matcher_build "$family" "$rules" "$ip")
			printf '%-10s %6d %3d %8d %10d %10d %6d\n' "${family##*/}" "$5" "$ip" \
				$(($1 / $2)) $((${build%% *} / 1000)) $(($4 / 1024)) $(($3 * 100 / $2))
		done
	done
done
