#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Finds out by test compilations what the kernel has, and writes it as HAVE_ macros.
# usage: probe.sh OUTPUT COMPILER-AND-FLAGS…
#
# A probe is a file probes/NAME.c for HAVE_NAME. Its second line names, as an extended regular expression, the complaint
# that a compiler has when the kernel lacks the thing; any other complaint means that the probe itself is broken, and
# stops the build. The outcome is kept until compiler, flags, kernel or probes change.
set -eu
export LC_ALL=C	# the complaints are known in English

output=$1
shift
here=$(dirname "$0")
errors=$(mktemp)
trap 'rm -f "$errors" "$output.new"' EXIT

key=$({ printf '%s\n' "$*"; cat "$here"/probe.sh "$here"/probes/*.c include/generated/utsrelease.h \
	"${objtree:-.}"/include/generated/utsrelease.h 2>/dev/null || :; } | cksum)
if [ -f "$output" ] && [ "$(head -n 1 "$output")" = "/* $key */" ]; then
	exit 0
fi

# Whether one probe compiles: says its macro. Ends the script if it fails for another reason than it should.
probe()
{
	name=$(basename "$1" .c)
	expected=$(sed -n '2s|^/\* \(.*\) \*/$|\1|p' "$1")
	shift
	if "$@" -Werror=implicit-function-declaration -DMODULE \
		-c -o /dev/null "$here/probes/$name.c" 2>"$errors"; then
		echo "#define HAVE_$name 1"
	elif grep -Eq "error: .*($expected)" "$errors"; then
		echo "/* HAVE_$name: no */"
	else
		echo "probe $name fails for an unexpected reason:" >&2
		cat "$errors" >&2
		exit 1
	fi
}

echo "/* $key */" >"$output.new"
for file in "$here"/probes/*.c; do
	probe "$file" "$@" >>"$output.new"
done
mv "$output.new" "$output"
