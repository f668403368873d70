# Process 1 of the guest once the host's files are its root: completes /dev, /run and the network, runs the job's
# command with its standard streams on virtio-serial ports, and reports how it ended on the control port (fd 3).
# The report goes out only after all output has left, with the byte counts that let the host check it has it all.
set -u
here=/run/nsgate-vm
. $here/job

say_to_host() {
	echo "$*" >&3
}

complete_system() {
	mkdir -p /dev/pts /dev/shm /run/lock
	mount -t devpts -o mode=0620,ptmxmode=0666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t debugfs debugfs /sys/kernel/debug
	ln -s /proc/self/fd /dev/fd
	ln -s /proc/self/fd/0 /dev/stdin
	ln -s /proc/self/fd/1 /dev/stdout
	ln -s /proc/self/fd/2 /dev/stderr
	hostname nsgate-vm
	ip link set lo up
}

# Addresses that qemu's user network expects: itself (and the host's loopback) at 10.0.2.2, its resolver at 10.0.2.3.
connect_to_host() {
	/sbin/modprobe virtio_net
	ip link set eth0 up
	ip address add 10.0.2.15/24 dev eth0
	ip route add default via 10.0.2.2
	rm -f /etc/resolv.conf
	echo 'nameserver 10.0.2.3' >/etc/resolv.conf
}

# Streams pass through pipes: a virtio port can be open only once, and programs do reopen /dev/stderr.
open_streams() {
	mkfifo $here/stdin $here/stdout $here/stderr
	cat </dev/vport0p2 >$here/stdin &
	LC_ALL=C /bin/dd bs=65536 if=$here/stdout of=/dev/vport0p3 2>$here/stdout.count &
	stdout_copier=$!
	LC_ALL=C /bin/dd bs=65536 if=$here/stderr of=/dev/vport0p4 2>$here/stderr.count &
	stderr_copier=$!
}

follow_host() {
	while read -r verb argument <&3; do
		[ "$verb" = signal ] && kill -s "$argument" -- "-$command_pid"
	done
}

# Whatever the command left running would keep its output open for ever. Kernel threads ignore the signal.
kill_all_but_copiers() {
	for process in /proc/[0-9]*; do
		case ${process#/proc/} in
		1 | "$stdout_copier" | "$stderr_copier") ;;
		*) kill -9 "${process#/proc/}" ;;
		esac
	done 2>/dev/null
}

bytes_copied() {
	sed -n 's/^\([0-9]*\) bytes\{0,1\} .*/\1/p' "$1"
}

[ -z "${network-}" ] || connect_to_host
complete_system
open_streams
run_command <$here/stdin >$here/stdout 2>$here/stderr 3>&- &
command_pid=$!
follow_host &
wait $command_pid
status=$?
kill_all_but_copiers
wait $stdout_copier
wait $stderr_copier
sync
# printk delivers in order: once this line is on the console, so is every warning before it.
echo "<0>$end_mark" >/dev/kmsg
say_to_host "exited $status $(bytes_copied $here/stdout.count) $(bytes_copied $here/stderr.count)" \
	"$(cat /proc/sys/kernel/tainted)"
while :; do sleep 3600; done
