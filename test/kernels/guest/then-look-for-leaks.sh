#!/bin/sh
# usage: then-look-for-leaks.sh COMMAND… : runs the command, then has kmemleak look for memory that nothing points to.
# kmemleak takes nothing for leaked before it is 5 seconds old, and asks for a second look before it is believed
# (Documentation/dev-tools/kmemleak.rst).
set -u
report=/sys/kernel/debug/kmemleak
echo clear >$report || exit 1
"$@"
status=$?
for look in 1 2; do
	sleep 6
	echo scan >$report
done
if [ -s $report ]; then
	cat $report
	echo "not ok - kmemleak found no memory that is lost"
	exit 1
fi
echo "ok - kmemleak found no memory that is lost"
exit $status
