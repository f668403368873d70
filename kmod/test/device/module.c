// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading the module. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../check.h"
#include "module.h"
#include "exchange.h"

void module_load(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(file);
	if (syscall(SYS_finit_module, fd, parameters, 0) && errno != EEXIST)
		die("finit_module");
	close(fd);
	device = open("/dev/" NSGATE_DEVICE, O_RDWR | O_CLOEXEC);
	if (device < 0)
		die("/dev/" NSGATE_DEVICE);
}

void module_unload(void)
{
	close(device);
	device = -1;
	if (syscall(SYS_delete_module, "nsgate", O_NONBLOCK))
		die("delete_module");
}

int module_memory(void)
{
	FILE *areas = fopen("/proc/vmallocinfo", "r");
	char line[512];
	int count = 0;

	if (!areas)
		die("/proc/vmallocinfo");
	while (fgets(line, sizeof(line), areas))
		count += strstr(line, "nsg_") || strstr(line, "[nsgate]");
	fclose(areas);
	return count;
}
