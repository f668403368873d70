/* SPDX-License-Identifier: GPL-2.0 */
/* Loading and unloading the module. */
#ifndef MODULE_H
#define MODULE_H

/* Loads the module if it is not there, and opens the device. */
void module_load(const char *file, const char *parameters);

/* Closes the device and unloads. */
void module_unload(void);

/* How many mapped areas the kernel says were allocated by the module (or by one that is gone). */
int module_memory(void);

#endif
