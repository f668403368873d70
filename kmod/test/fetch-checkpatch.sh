#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Puts checkpatch.pl of Debian's newest kernel source package into a folder. usage: fetch-checkpatch.sh FOLDER
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
package=$(apt-cache depends linux-source | sed -n 's/^ *Depends: *\(linux-source-.*\)/\1/p' | head -n 1)
if [ -z "$package" ]; then
	echo "apt knows no package linux-source: run apt-get update, or set CHECKPATCH to a checkpatch.pl" >&2
	exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download "$package")
# Three small files out of a large archive, which need not be read to its end.
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO "./usr/src/$package.tar.xz" |
	tar -xJm -C "$folder" --strip-components=2 --occurrence=1 "$package/scripts/checkpatch.pl" \
		"$package/scripts/spelling.txt" "$package/scripts/const_structs.checkpatch" || :
test -s "$folder/checkpatch.pl" && test -s "$folder/spelling.txt"
