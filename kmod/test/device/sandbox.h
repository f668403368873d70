/* SPDX-License-Identifier: GPL-2.0 */
/* Network namespaces of the test's own, and packets in them. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A namespace that lives as long as `fd` is open. */
struct sandbox {
	int fd;
	uint32_t inode;
	uint64_t birth;		/* as the device lists it */
};

/* The namespace in which the test was started, which it is in but for the calls below. */
extern struct sandbox home;

void sandbox_home(void);

/* A new namespace with its loopback up. */
struct sandbox sandbox_new(void);

/* The same, and stays in it; without `birth`. */
struct sandbox sandbox_new_here(void);
void sandbox_delete(struct sandbox *s);

/* Returns when the kernel has taken down all that were deleted, which it does in its own time; exits after a minute. */
void sandboxes_settle(void);

/* Runs a shell command in it; exits if that fails. */
__attribute__((format(printf, 2, 3)))
void sandbox_run(const struct sandbox *s, const char *command, ...);

/* The same; whether it succeeded. Nothing is heard of why not. */
bool sandbox_try(const struct sandbox *s, const char *command);

/* Two namespaces joined by a veth pair: 10.9.0.1 and fd09::1 in `a` (as `va`), .2 and ::2 in `b` (as `vb`). */
void sandbox_join(const struct sandbox *a, const struct sandbox *b);

/* Joins `to`, as `vd`, to a router's pair `n`: 10.8.n.1 and fd08:n::1 there (as `vrn`), .2 and ::2 and its routes here. */
void sandbox_attach(const struct sandbox *router, const struct sandbox *to, int n);

/* Joins `a` to a router, and that as number 0 to `c`; all that is not theirs goes through the router. */
void sandbox_route(const struct sandbox *a, const struct sandbox *router, const struct sandbox *c);

void enter(const struct sandbox *s);
void leave(void);

/*
 * Sends `count` datagrams from `from` to `port` of an address in `to` (which may be the same) and counts those that
 * arrive. `refused`, unless NULL, tells whether the sender got an error, and which errno.
 */
int datagrams(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port, int count,
	      int *error);

/* Sends one of `size` bytes, which may take several packets; whether it arrives. */
bool large_datagram(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port, size_t size);

/* Connects by tcp; 0, or the errno, ETIMEDOUT after `milliseconds`. Somebody listens in `to`. */
int connect_to(const struct sandbox *from, const struct sandbox *to, const char *address, uint16_t port,
	       int milliseconds);

/* Pings `count` times; how many were answered. */
int pings(const struct sandbox *from, const char *address, int count);

#endif
