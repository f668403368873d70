/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The contract of /dev/nsgate: what one write() may ask and what the read() after it answers.
 *
 * One write() carries one request, whole; struct nsgate_request.length must equal the length of the write.
 * A request is validated whole and then applied whole, or refused whole: write() then fails with an errno, and
 * the read() that follows gives a reply whose nsgate_refusal names the object, the index, the field and the reason.
 *
 * Integers are in host byte order, addresses in network byte order. Every structure is a multiple of 8 bytes and
 * starts on an 8-byte boundary of the request; every reserved byte is zero, or the request is refused.
 * The contract is one file, though of more than 400 lines: user space takes it over whole, by one copy.
 */
#ifndef _UAPI_NSGATE_H
#define _UAPI_NSGATE_H

#include <linux/types.h>

/*
 * /dev/nsgate. It is for who has CAP_NET_ADMIN in the initial user namespace and is in the initial network namespace:
 * open(), write() and read() of anybody else are EPERM, also through a descriptor that was opened by who may.
 */
#define NSGATE_DEVICE		"nsgate"
#define NSGATE_MAGIC		0x5447534eU	/* "NSGT" in memory on a little-endian host */
#define NSGATE_ABI		3		/* raised by every change that an older peer would misread */

#define NSGATE_DIGEST_SIZE	32		/* SHA-256 of a ruleset's content; computed and trusted by user space */
#define NSGATE_IFNAME_SIZE	16		/* IFNAMSIZ */
#define NSGATE_REASON_SIZE	128

/* Limits. A request over one of them is refused with E2BIG and the name of the field, where nothing else is said. */
#define NSGATE_MAX_REQUEST	(64U << 20)	/* bytes of one write() */
#define NSGATE_MAX_OBJECTS	65536U		/* objects in one commit */
#define NSGATE_MAX_RULES	16384U		/* rules in one ruleset */
#define NSGATE_MAX_ITEMS	1024U		/* items in one match */
#define NSGATE_MAX_RULESET_MEMORY (64U << 20)	/* bytes held for one ruleset, counters apart; field MEMORY */
#define NSGATE_MAX_RULESETS	65536U		/* rulesets held by the module */
#define NSGATE_MAX_SETS		4096U		/* address sets held by the module */
#define NSGATE_MAX_MEMBERS	2097152U	/* members of one address set, both families together */
#define NSGATE_MAX_LISTENERS	16U		/* processes that are to be told of events */
#define NSGATE_MAX_ENDED	1024U		/* ended bindings whose last counts are held, see nsgate_stats */
#define NSGATE_MAX_ENDED_BYTES	(2U << 20)	/* and their bytes in a reply, together */

enum nsgate_op {
	NSGATE_OP_INFO		= 1,	/* no payload -> nsgate_info; answered whatever the request's abi */
	NSGATE_OP_COMMIT	= 2,	/* objects -> nsgate_committed */
	NSGATE_OP_LIST		= 3,	/* no payload -> nsgate_listing */
	NSGATE_OP_STATS		= 4,	/* nsgate_stats_request -> nsgate_stats */
	NSGATE_OP_CLASSIFY	= 5,	/* nsgate_classify -> nsgate_classified */
	NSGATE_OP_EVENTS	= 6,	/* nsgate_events_request -> nsgate_events */
};

struct nsgate_request {
	__u32 magic;		/* NSGATE_MAGIC */
	__u16 abi;		/* NSGATE_ABI of the writer */
	__u16 op;		/* enum nsgate_op */
	__u32 length;		/* bytes of the whole request, this header included */
	__u32 reserved;
	__u64 tag;		/* any value; the reply repeats it */
};

struct nsgate_reply {
	__u32 magic;		/* NSGATE_MAGIC */
	__u16 abi;		/* NSGATE_ABI of the module */
	__u16 op;		/* the request's, 0 when it could not be read */
	__u32 length;		/* bytes of the whole reply, this header included */
	__s32 error;		/* 0, or the negative errno that write() returned: then nsgate_refusal follows */
	__u64 tag;
};

/* What a refusal is about. */
enum nsgate_field {
	NSGATE_FIELD_NONE	= 0,
	NSGATE_FIELD_REQUEST	= 1,	/* the header, or the request's length */
	NSGATE_FIELD_OBJECT	= 2,	/* an object's type or length */
	NSGATE_FIELD_RESERVED	= 3,	/* a reserved byte that is not zero */
	NSGATE_FIELD_DIGEST	= 4,
	NSGATE_FIELD_DEFAULT	= 5,	/* nsgate_ruleset.default_verdict */
	NSGATE_FIELD_RULES	= 6,	/* nsgate_ruleset.rules, or rules that overrun their object */
	NSGATE_FIELD_RULE_ID	= 7,
	NSGATE_FIELD_RULE_LENGTH = 8,
	NSGATE_FIELD_HOOK	= 9,
	NSGATE_FIELD_ACTION	= 10,
	NSGATE_FIELD_FLAGS	= 11,
	NSGATE_FIELD_REJECT_WITH = 12,
	NSGATE_FIELD_FAMILIES	= 13,
	NSGATE_FIELD_LOG	= 14,
	NSGATE_FIELD_MATCH_KIND	= 15,
	NSGATE_FIELD_MATCH_FLAGS = 16,
	NSGATE_FIELD_MATCH_COUNT = 17,
	NSGATE_FIELD_MATCH_ITEM	= 18,	/* a value inside a match: prefix, range, name … */
	NSGATE_FIELD_INODE	= 19,
	NSGATE_FIELD_BIRTH	= 20,
	NSGATE_FIELD_SETTING	= 21,
	NSGATE_FIELD_MEMORY	= 22,	/* allocation failed, or a memory limit */
	NSGATE_FIELD_SET	= 23,	/* an address set's name */
	NSGATE_FIELD_SET_VERSION = 24,	/* nsgate_set_delta.from is not the version that is held */
	NSGATE_FIELD_MEMBERS	= 25,	/* how many members, or members that overrun their object */
	NSGATE_FIELD_MEMBER	= 26,	/* one member; nsgate_refusal.item is its index */
	NSGATE_FIELD_SIGNAL	= 27,	/* nsgate_events_request.signal */
};

#define NSGATE_NO_INDEX		0xffffffffU

struct nsgate_refusal {
	__u32 object;		/* index of the object in the commit, or NSGATE_NO_INDEX */
	__u32 rule;		/* index of the rule in its ruleset, or NSGATE_NO_INDEX */
	__u32 match;		/* index of the match in its rule, or NSGATE_NO_INDEX */
	__u32 item;		/* index of the item in its match, or NSGATE_NO_INDEX */
	__u32 field;		/* enum nsgate_field */
	__u32 offset;		/* byte in the request where the fault was seen */
	char reason[NSGATE_REASON_SIZE];	/* for a person; NUL-terminated */
};

/* ---- info ---- */

#define NSGATE_VERSION_SIZE	32

struct nsgate_info {
	__u16 abi_min;		/* the oldest and the newest NSGATE_ABI that the module answers */
	__u16 abi_max;
	__u32 hooks;		/* bit per enum nsgate_hook that rules may use */
	__u64 match_kinds;	/* bit per enum nsgate_match_kind that rules may use */
	__u32 actions;		/* bit per enum nsgate_action that rules may use */
	__u32 rule_flags;	/* NSGATE_RULE_* flags that rules may use */
	__u64 instance;		/* random, drawn when the module was loaded */
	__u64 generation;	/* raised by every commit that changed something, and by nothing else */
	__u64 memory;		/* bytes held by rulesets, address sets, counters and last counts */
	__u32 namespaces;
	__u32 bindings;
	__u32 rulesets;
	__u32 sets;
	__u32 quarantined;	/* namespaces in quarantine now */
	__u8 quarantine;	/* the settings: nsgate_setting */
	__u8 malformed;
	__u8 reserved[2];
	char version[NSGATE_VERSION_SIZE];	/* the module's version, NUL-terminated */
};

/* ---- commit ---- */

enum nsgate_hook {		/* values of enum nf_inet_hooks in linux/netfilter.h */
	NSGATE_HOOK_PREROUTING	= 0,
	NSGATE_HOOK_INPUT	= 1,
	NSGATE_HOOK_FORWARD	= 2,
	NSGATE_HOOK_OUTPUT	= 3,
	NSGATE_HOOK_POSTROUTING	= 4,
	NSGATE_HOOKS		= 5,
};

enum nsgate_action {
	NSGATE_ACCEPT		= 1,
	NSGATE_DROP		= 2,
	NSGATE_REJECT		= 3,	/* answer as nsgate_rule.reject_with says, then drop */
	NSGATE_COUNT		= 4,	/* count and go on with the next rule */
};

enum nsgate_reject_with {	/* 0 unless the action is NSGATE_REJECT */
	NSGATE_REJECT_NET_UNREACH	= 1,
	NSGATE_REJECT_HOST_UNREACH	= 2,	/* icmpv6: address unreachable */
	NSGATE_REJECT_PORT_UNREACH	= 3,
	NSGATE_REJECT_ADMIN_PROHIBITED	= 4,
	NSGATE_REJECT_TCP_RESET		= 5,	/* the rule must match protocol 6 and nothing else */
};

enum nsgate_object_type {
	NSGATE_OBJECT_RULESET_PUT	= 1,	/* struct nsgate_ruleset, its rules; a digest that is held stays */
	NSGATE_OBJECT_RULESET_DROP	= 2,	/* struct nsgate_ruleset_drop; ENOENT: not held, EBUSY: still bound */
	NSGATE_OBJECT_BIND		= 3,	/* struct nsgate_bind; replaces the namespace's binding, if any */
	NSGATE_OBJECT_UNBIND		= 4,	/* struct nsgate_unbind */
	NSGATE_OBJECT_SETTING		= 5,	/* struct nsgate_setting */
	NSGATE_OBJECT_SET_PUT		= 6,	/* struct nsgate_set, its members: makes it, or replaces all of it */
	NSGATE_OBJECT_SET_DELTA		= 7,	/* struct nsgate_set_delta; ENOENT: not held, ESTALE: changed */
	NSGATE_OBJECT_SET_DROP		= 8,	/* struct nsgate_set_drop; ENOENT: not held, EBUSY: a ruleset has it */
	NSGATE_OBJECT_RELEASE		= 9,	/* struct nsgate_release: end a quarantine without a binding */
};

/*
 * A commit's payload is a run of objects, each of `length` bytes from its head on. Their order does not matter: puts of
 * sets come first, then rulesets, bindings, drops of rulesets, drops of sets. A digest named by two puts or by two
 * drops is refused, and so is a namespace named by two of bind, unbind and release, a setting named twice, and a set
 * named by two objects.
 */
struct nsgate_object {
	__u32 type;		/* enum nsgate_object_type */
	__u32 length;		/* bytes of the object, this head included; a multiple of 8 */
};

struct nsgate_ruleset {
	struct nsgate_object head;
	__u8 digest[NSGATE_DIGEST_SIZE];
	__u32 rules;		/* how many follow, at most NSGATE_MAX_RULES: the first that matches decides */
	__u8 default_verdict[NSGATE_HOOKS];	/* NSGATE_ACCEPT or NSGATE_DROP, by enum nsgate_hook */
	__u8 reserved[3];
	__u16 default_log_rate;	/* samples a second of the packets that a default verdict drops; 0 for none */
	__u16 default_log_burst;	/* as in nsgate_rule */
};

#define NSGATE_FAMILY_IPV4	1
#define NSGATE_FAMILY_IPV6	2

#define NSGATE_RULE_SHADOW	1	/* drop, reject: counted as shadow, not applied; the next rule is tried */
#define NSGATE_RULE_LOG		2	/* sample packets into the event ring, log_rate a second */

struct nsgate_rule {
	__u64 id;		/* not 0; unique in its ruleset; counters follow it from ruleset to ruleset */
	__u32 length;		/* bytes of the rule and its matches, this structure included; a multiple of 8 */
	__u8 hook;		/* enum nsgate_hook */
	__u8 action;		/* enum nsgate_action */
	__u8 flags;		/* NSGATE_RULE_* */
	__u8 reject_with;	/* enum nsgate_reject_with */
	__u8 families;		/* NSGATE_FAMILY_*: which packets the rule may match; not 0 */
	__u8 reserved[3];
	__u16 log_rate;		/* samples a second and binding, over all CPUs; not 0 with NSGATE_RULE_LOG, else 0 */
	__u16 log_burst;	/* how many may come at once; 1 or more with NSGATE_RULE_LOG, else 0 */
};

/*
 * Every match of a rule must hold (a kind stands at most once in a rule); inside one match any item suffices.
 * SRC4 and DST4 constrain IPv4 packets, SRC6 and DST6 IPv6 packets: a rule for both families that has a source (or
 * destination) match for one family only is refused, since it would match the other family's packets from anywhere.
 * Ports are those of tcp, udp, udplite, sctp and dccp: a rule with a port match needs a PROTOCOL match of only these.
 */
enum nsgate_match_kind {
	NSGATE_MATCH_SRC4	= 1,	/* struct nsgate_prefix4 */
	NSGATE_MATCH_DST4	= 2,
	NSGATE_MATCH_SRC6	= 3,	/* struct nsgate_prefix6 */
	NSGATE_MATCH_DST6	= 4,
	NSGATE_MATCH_PROTOCOL	= 5,	/* __u8: of the IPv4 header, or after the IPv6 extension headers */
	NSGATE_MATCH_SPORT	= 6,	/* struct nsgate_port_range */
	NSGATE_MATCH_DPORT	= 7,
	NSGATE_MATCH_ICMP4	= 8,	/* struct nsgate_icmp: needs PROTOCOL 1 and family IPv4 alone */
	NSGATE_MATCH_ICMP6	= 9,	/* struct nsgate_icmp: needs PROTOCOL 58 and family IPv6 alone */
	NSGATE_MATCH_TCP_FLAGS	= 10,	/* struct nsgate_tcp_flags: needs PROTOCOL 6 alone */
	NSGATE_MATCH_IN_IF	= 11,	/* struct nsgate_ifname: PREROUTING, INPUT, FORWARD */
	NSGATE_MATCH_OUT_IF	= 12,	/* struct nsgate_ifname: FORWARD, OUTPUT, POSTROUTING */
	NSGATE_MATCH_STATE	= 13,	/* __u8: bit mask of NSGATE_STATE_*, one item */
	NSGATE_MATCH_MARK	= 14,	/* struct nsgate_mark */
	NSGATE_MATCH_SRC_SET	= 15,	/* struct nsgate_set_name: a set of the module or of this commit, else ENOENT */
	NSGATE_MATCH_DST_SET	= 16,	/* a set holds prefixes of both families; a packet's own are looked at */
	NSGATE_MATCH_KINDS	= 17,
};

#define NSGATE_MATCH_NEGATE	1	/* the match holds when no item does */

/* Followed by `count` items of the kind's size, then by zero bytes up to a multiple of 8. */
struct nsgate_match {
	__u16 kind;		/* enum nsgate_match_kind */
	__u16 flags;		/* NSGATE_MATCH_NEGATE */
	__u32 count;		/* 1 to NSGATE_MAX_ITEMS */
};

struct nsgate_prefix4 {
	__u8 address[4];	/* bits beyond the length are zero */
	__u8 length;		/* 0 to 32 */
	__u8 reserved[3];
};

struct nsgate_prefix6 {
	__u8 address[16];
	__u8 length;		/* 0 to 128 */
	__u8 reserved[7];
};

struct nsgate_port_range {
	__u16 first;		/* first <= last */
	__u16 last;
};

struct nsgate_icmp {
	__u8 type;
	__u8 code_first;	/* 0 and 255 for any code */
	__u8 code_last;
	__u8 reserved;
};

struct nsgate_tcp_flags {
	__u8 mask;		/* byte 13 of the TCP header (RFC 9293); not 0 */
	__u8 value;		/* value & ~mask is 0 */
	__u8 reserved[2];
};

struct nsgate_ifname {
	char name[NSGATE_IFNAME_SIZE];	/* NUL-padded; a last `*` makes it a prefix */
};

#define NSGATE_STATE_NEW		1
#define NSGATE_STATE_ESTABLISHED	2
#define NSGATE_STATE_RELATED		4
#define NSGATE_STATE_INVALID		8
#define NSGATE_STATE_UNTRACKED		16

struct nsgate_mark {
	__u32 value;		/* value & ~mask is 0 */
	__u32 mask;		/* not 0 */
};

#define NSGATE_SET_NAME_SIZE	64

/* An address set's name: 1 to 63 bytes without NUL, NUL-padded. */
struct nsgate_set_name {
	char name[NSGATE_SET_NAME_SIZE];
};

struct nsgate_ruleset_drop {
	struct nsgate_object head;
	__u8 digest[NSGATE_DIGEST_SIZE];
};

#define NSGATE_BIND_INITIAL	1	/* the host's initial namespace is meant; without it such a bind is EPERM */

struct nsgate_bind {
	struct nsgate_object head;
	__u32 inode;		/* of the namespace's nsfs file; ENOENT if there is no such namespace */
	__u32 flags;		/* NSGATE_BIND_* */
	__u64 birth;		/* the birth id that the writer expects, 0 for any; ESTALE if it is another */
	__u8 digest[NSGATE_DIGEST_SIZE];	/* a ruleset held or put by this commit; ENOENT if neither */
};

struct nsgate_unbind {
	struct nsgate_object head;
	__u32 inode;		/* ENOENT if there is no such namespace, or no binding */
	__u32 reserved;
	__u64 birth;		/* as in nsgate_bind */
};

/* Ends the quarantine of a namespace that is to stay unbound. One that is not in quarantine: nothing changes. */
struct nsgate_release {
	struct nsgate_object head;
	__u32 inode;		/* ENOENT if there is no such namespace */
	__u32 reserved;
	__u64 birth;		/* as in nsgate_bind */
};

enum nsgate_setting_name {
	/*
	 * 1: a namespace born from now on drops every IP packet, at all hooks, until it is bound or released. 0 (at
	 * load, unless the module parameter `quarantine` says otherwise): it does not. Those in quarantine stay there
	 * either way.
	 */
	NSGATE_SETTING_QUARANTINE	= 1,
	/*
	 * What becomes of a packet with short or contradictory headers in a bound namespace: NSGATE_DROP,
	 * NSGATE_ACCEPT, or 0 (at load): the rules decide on what could be read. It counts as malformed in any case.
	 */
	NSGATE_SETTING_MALFORMED	= 2,
};

struct nsgate_setting {
	struct nsgate_object head;
	__u32 setting;		/* enum nsgate_setting_name */
	__u32 reserved;
	__u64 value;
};

/*
 * Followed by members4 struct nsgate_prefix4, then members6 struct nsgate_prefix6. A prefix stands at most once in one
 * list; prefixes may nest, and each is a member of its own.
 */
struct nsgate_set {
	struct nsgate_object head;
	struct nsgate_set_name name;
	__u64 version;		/* user space's number for this content; a set held with it already stays untouched */
	__u32 members4;		/* together at most NSGATE_MAX_MEMBERS */
	__u32 members6;
};

/*
 * Followed by add4 struct nsgate_prefix4, remove4 of the same, add6 struct nsgate_prefix6, remove6 of the same. Adding
 * a member and removing what is none changes nothing; a prefix that stands in both lists is refused.
 */
struct nsgate_set_delta {
	struct nsgate_object head;
	struct nsgate_set_name name;
	__u64 from;		/* the version that is held now; ESTALE if it is another */
	__u64 version;		/* the version after; not `from` */
	__u32 add4;
	__u32 remove4;
	__u32 add6;
	__u32 remove6;
};

struct nsgate_set_drop {
	struct nsgate_object head;
	struct nsgate_set_name name;
};

struct nsgate_committed {
	__u64 generation;	/* after the commit; unchanged if the commit changed nothing */
};

/* ---- list ---- */

#define NSGATE_NS_INITIAL	1	/* the host's initial namespace */
#define NSGATE_NS_BOUND		2
#define NSGATE_NS_QUARANTINED	4

struct nsgate_totals {
	__u64 seen;		/* packets: the sum of the next three */
	__u64 accepted;
	__u64 dropped;
	__u64 rejected;
	__u64 malformed;	/* seen with short or inconsistent headers; counted in one of the above too */
	__u64 shadow;		/* packets that at least one shadow rule would have stopped */
	__u64 defaulted;	/* packets that no rule decided, but the default verdict; accepted or dropped too */
};

struct nsgate_namespace {
	__u64 birth;		/* never given twice while the machine is up */
	__u64 cookie;		/* the kernel's net cookie, 0 where it has none */
	__u64 epoch;		/* of the binding's counters: they rise from 0 within one epoch; 0 if not bound */
	__u32 inode;
	__u32 flags;		/* NSGATE_NS_* */
	__u8 digest[NSGATE_DIGEST_SIZE];	/* of the bound ruleset; zeros if not bound */
	struct nsgate_totals totals;	/* all hooks of this binding */
	__u64 quarantine_dropped;	/* packets that quarantine dropped since the namespace was born */
};

struct nsgate_ruleset_info {
	__u8 digest[NSGATE_DIGEST_SIZE];
	__u64 memory;		/* bytes */
	__u32 rules;
	__u32 bindings;
};

struct nsgate_set_info {
	struct nsgate_set_name name;
	__u64 version;
	__u64 memory;		/* bytes */
	__u32 members4;
	__u32 members6;
	__u32 rulesets;		/* how many of those held name it */
	__u32 reserved;
};

/* Followed by the namespaces, in order of birth, then by the rulesets, then by the sets, in order of name. */
struct nsgate_listing {
	__u64 generation;
	__u32 namespaces;
	__u32 rulesets;
	__u32 sets;
	__u32 reserved;
};

/* ---- stats ---- */

struct nsgate_stats_request {
	/*
	 * The last reply's: only what changed since comes back. 0 brings everything, and so does a cursor that was not
	 * given since the module was loaded.
	 */
	__u64 cursor;
};

struct nsgate_rule_counters {
	__u64 id;
	__u64 packets;
	__u64 bytes;		/* of the packet from its network header on */
	__u64 shadow_packets;	/* those of `packets` that a shadow rule counted without acting */
	__u64 last_hit;		/* CLOCK_BOOTTIME in milliseconds, 0 for never; a tick's precision */
};

#define NSGATE_STATS_ENDED	1	/* unbound, or its namespace died: these are its last counts */

/*
 * Followed by `rules` struct nsgate_rule_counters: those that changed since the cursor, in no order. A rule that left
 * the binding's ruleset is told as it stood, too, as long as it is remembered.
 */
struct nsgate_binding_stats {
	__u64 birth;
	__u64 epoch;
	__u32 inode;		/* of an ended binding: maybe another namespace's by now */
	__u32 rules;
	__u32 flags;		/* NSGATE_STATS_* */
	__u32 reserved;
	struct nsgate_totals hooks[NSGATE_HOOKS];
};

/*
 * Followed by the bindings in which anything changed since the cursor, those that ended after the others.
 *
 * What a binding counted is not lost with it. When it ends, its hooks' totals, and the counters that changed since the
 * highest cursor that any request came with, are held until a request comes with a cursor of a reply that told them: so
 * its reader says that it has them. Cursor 0 brings all that are held, and acknowledges nothing. One that ends with no
 * such change is not told. Replacing a binding's ruleset does not end it. Beyond NSGATE_MAX_ENDED bindings or
 * NSGATE_MAX_ENDED_BYTES the oldest are let go, and so is one for which there is no memory.
 */
struct nsgate_stats {
	__u64 cursor;		/* for the next request */
	__u32 bindings;
	__u32 lost;		/* ended bindings that were let go unread, since the module was loaded */
};

/* ---- events ---- */

/*
 * Events are numbered from 1 by the module, without gaps, and held in a ring of NSGATE_EVENT_RING; the oldest makes
 * room. Whoever reads them asks by the number that it has got to, and learns exactly how many it missed.
 */
#define NSGATE_EVENT_RING	8192U		/* events */
#define NSGATE_MAX_EVENTS	1024U		/* events in one reply: ask again while it is full */

struct nsgate_events_request {
	__u64 cursor;		/* the last reply's; 0 for the oldest event that is held; EINVAL if beyond the newest */
	__u64 instance;		/* nsgate_info.instance of the cursor, 0 with cursor 0; ESTALE if it is another */
	/*
	 * Not 0: when there is an event beyond those of this reply (or at once, if there is one already), send this
	 * signal to the calling process; once, until it asks again. 1 to 31 but SIGKILL and SIGSTOP. SIGURG harms no
	 * process that does not expect it. ENOSPC when NSGATE_MAX_LISTENERS other processes wait. No file is held open
	 * for it, so the module can be unloaded; whoever waits notices that by asking for info.
	 */
	__u32 signal;
	__u32 reserved;
};

enum nsgate_event_type {
	NSGATE_EVENT_BORN	= 1,	/* a namespace: struct nsgate_event, of which nothing but the head is set */
	NSGATE_EVENT_DIED	= 2,	/* as NSGATE_EVENT_BORN */
	NSGATE_EVENT_PACKET	= 3,
};

#define NSGATE_PACKET_SHADOW	1	/* a shadow rule matched: `verdict` was not applied by it */
#define NSGATE_PACKET_MALFORMED	2
#define NSGATE_PACKET_FRAGMENT	4	/* not the first of its packet */

struct nsgate_event {
	__u64 number;		/* of the event */
	__u64 time;		/* CLOCK_BOOTTIME in nanoseconds */
	__u64 birth;		/* of the namespace */
	__u32 inode;
	__u32 type;		/* enum nsgate_event_type */

	__u64 epoch;		/* of the binding; from here on for NSGATE_EVENT_PACKET only, else zeros */
	__u64 rule_id;		/* the rule that sampled it, 0 for the default verdict */
	__u64 suppressed;	/* matched by the same rule since its last sample and not sampled, for its rate */
	__u8 source[16];	/* IPv4 in the first four bytes, the rest zero */
	__u8 destination[16];
	__u32 length;		/* bytes from the network header on */
	__u32 mark;
	__u16 source_port;	/* host byte order; 0 where there is none */
	__u16 destination_port;
	__u8 hook;		/* enum nsgate_hook */
	__u8 family;		/* NSGATE_FAMILY_IPV4 or NSGATE_FAMILY_IPV6 */
	__u8 protocol;
	__u8 verdict;		/* enum nsgate_action of the rule, NSGATE_COUNT too; or of the default */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags;
	__u8 state;		/* one NSGATE_STATE_*; 0 if no rule of the ruleset asks */
	__u8 flags;		/* NSGATE_PACKET_* */
	__u8 reserved[3];
	char in_if[NSGATE_IFNAME_SIZE];
	char out_if[NSGATE_IFNAME_SIZE];
};

/* Followed by the events, oldest first. */
struct nsgate_events {
	__u64 cursor;		/* for the next request */
	__u64 instance;		/* for the next request */
	__u64 lost;		/* between the request's cursor and the first of these: the ring no longer held them */
	__u32 events;
	__u32 reserved;
};

/* ---- classify ---- */

/* A described packet: what the namespace's ruleset would do with it. Counts nothing. */
struct nsgate_classify {
	__u64 birth;		/* as in nsgate_bind */
	__u32 inode;
	__u32 mark;
	__u8 source[16];	/* IPv4 in the first four bytes, the rest zero */
	__u8 destination[16];
	__u16 source_port;	/* host byte order; ignored where the protocol has none, as are type, code and flags */
	__u16 destination_port;
	__u8 hook;		/* enum nsgate_hook */
	__u8 family;		/* NSGATE_FAMILY_IPV4 or NSGATE_FAMILY_IPV6 */
	__u8 protocol;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags;
	__u8 state;		/* one NSGATE_STATE_*, or 0 for untracked */
	__u8 reserved[5];
	char in_if[NSGATE_IFNAME_SIZE];
	char out_if[NSGATE_IFNAME_SIZE];
};

struct nsgate_classified {
	__u64 rule_id;		/* the rule that decides, 0 for the default verdict */
	__u64 epoch;
	__u32 rule;		/* its index in the ruleset, NSGATE_NO_INDEX for the default */
	__u8 verdict;		/* NSGATE_ACCEPT, NSGATE_DROP or NSGATE_REJECT */
	__u8 reserved[3];
	__u8 digest[NSGATE_DIGEST_SIZE];	/* zeros if not bound: the verdict is accept, in quarantine drop */
};

#endif /* _UAPI_NSGATE_H */
