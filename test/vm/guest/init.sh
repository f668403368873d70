#!/bin/busybox sh
# First process of the guest, run from the initramfs: loads what reaching the host's files takes, puts a writable
# layer over the host's root, mounts the checkout, and hands over to session.sh in the new root.
# Ports of the virtio-serial device: 1 control, 2 stdin, 3 stdout, 4 stderr (qemu.ts creates them in that order).
set -eu
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# The line by which the host knows that this kernel runs here at all.
echo 'nsgate-vm: init' >/dev/console
while read -r module; do
	insmod "/modules/$module"
done </modules/order

exec 3<>/dev/vport0p1
# A port is at its end until the kernel has heard that the host is there, which it may not have yet.
until read -r length <&3; do
	sleep 0.1
done
head -c "$length" <&3 >/job
. /job

nine_p='trans=virtio,version=9p2000.L,cache=loose,msize=512000'
mkdir -p /lower /upper /new
mount -t 9p -o "ro,$nine_p" root /lower
mount -t tmpfs -o mode=0755 upper /upper
mkdir /upper/data /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work root /new

mount --move /proc /new/proc
mount --move /sys /new/sys
mount --move /dev /new/dev
mount -t tmpfs -o mode=1777,nosuid,nodev tmp /new/tmp
mount -t tmpfs -o mode=0755,nosuid,nodev run /new/run
mkdir -p "/new/lib/modules/$(uname -r)" "/new$checkout"
mount -t 9p -o "ro,$nine_p" modules "/new/lib/modules/$(uname -r)"
mount -t 9p -o "rw,$nine_p" checkout "/new$checkout"

mkdir /new/run/nsgate-vm
cp /bin/busybox /session.sh /job /new/run/nsgate-vm/
exec switch_root /new /run/nsgate-vm/busybox sh /run/nsgate-vm/session.sh
