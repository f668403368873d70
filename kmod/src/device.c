// SPDX-License-Identifier: GPL-2.0
/* /dev/nsgate: one write() is one request, the read() after it gives the reply. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "access.h"
#include "device.h"
#include "reply.h"

/* The reply to a refused request, which takes no memory to make. */
struct refused {
	struct nsgate_reply head;
	struct nsgate_refusal refusal;
};

/* One open file: requests written to it, one at a time, and the reply to the last. */
struct session {
	struct mutex lock;		/* held through a write() or a read() */
	struct nsg_reply reply;		/* of the last request; no bytes if that was refused, or if there was none */
	struct refused refused;		/* in force if head.error is not zero */
};

static int device_open(struct inode *inode, struct file *file)
{
	struct session *session;

	if (!nsg_caller_may())
		return -EPERM;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	nsg_reply_free(&session->reply);
	kfree(session);
	return 0;
}

static int answer(const struct nsg_request *request, struct nsg_reply *reply, struct nsgate_refusal *refusal)
{
	switch (request->op) {
	case NSGATE_OP_INFO:
		return nsg_info(request, reply, refusal);
	case NSGATE_OP_COMMIT:
		return nsg_commit(request, reply, refusal);
	case NSGATE_OP_LIST:
		return nsg_list(request, reply, refusal);
	case NSGATE_OP_STATS:
		return nsg_stats(request, reply, refusal);
	case NSGATE_OP_CLASSIFY:
		return nsg_classify(request, reply, refusal);
	case NSGATE_OP_EVENTS:
		return nsg_events(request, reply, refusal);
	default:
		return -EOPNOTSUPP;
	}
}

static int handle(struct session *session, struct nsg_request *request, const void *bytes, size_t length)
{
	struct nsgate_refusal *refusal = &session->refused.refusal;
	int error = nsg_request_parse(request, bytes, length, refusal);

	if (error)
		return error;
	error = answer(request, &session->reply, refusal);
	nsg_request_free(request);
	if (error)
		nsg_reply_free(&session->reply);
	return error;
}

static void note_refusal(struct refused *refused, const struct nsg_request *request, int error)
{
	refused->head = (struct nsgate_reply){
		.magic = NSGATE_MAGIC,
		.abi = NSGATE_ABI,
		.op = request->op,
		.length = sizeof(*refused),
		.error = error,
		.tag = request->tag,
	};
}

#define COPIED_AT_ONCE	0x100000UL	/* bytes; then it is time to reschedule */

static bool copy_whole(u8 *to, const char __user *from, size_t length)
{
	size_t at, step;

	for (at = 0; at < length; at += step) {
		step = min_t(size_t, length - at, COPIED_AT_ONCE);
		if (copy_from_user(to + at, from + at, step))
			return false;
		cond_resched();
	}
	return true;
}

/* The request is copied in once, whole, before a byte of it is looked at. */
static int copy_in(void **bytes, const char __user *from, size_t length, struct nsgate_refusal *refusal)
{
	if (length > NSGATE_MAX_REQUEST)
		return nsg_refuse(refusal, -E2BIG, NSGATE_FIELD_REQUEST, 0, "%zu bytes are over %u", length,
				  NSGATE_MAX_REQUEST);
	*bytes = nsg_kvzalloc(max_t(size_t, length, 1));
	if (!*bytes)
		return nsg_refuse_memory(refusal, length);
	if (!copy_whole(*bytes, from, length))
		return nsg_refuse(refusal, -EFAULT, NSGATE_FIELD_REQUEST, 0, "the written memory cannot be read");
	return 0;
}

static int take_request(struct session *session, const char __user *from, size_t length)
{
	struct nsg_request request = { .op = 0 };
	void *bytes = NULL;
	int error;

	nsg_reply_free(&session->reply);
	nsg_refusal_clear(&session->refused.refusal);
	error = copy_in(&bytes, from, length, &session->refused.refusal) ?:
		handle(session, &request, bytes, length);
	nsg_kvfree(bytes);
	note_refusal(&session->refused, &request, error);
	return error;
}

static ssize_t device_write(struct file *file, const char __user *from, size_t length, loff_t *position)
{
	struct session *session = file->private_data;
	int error;

	if (!nsg_caller_may())
		return -EPERM;
	if (mutex_lock_interruptible(&session->lock))
		return -ERESTARTSYS;
	error = take_request(session, from, length);
	*position = 0;
	file->f_pos = 0;	/* the caller takes over *position only from a write that succeeds */
	mutex_unlock(&session->lock);
	return error ?: length;
}

/* As simple_read_from_buffer(), with chances for other tasks in between. */
static ssize_t copy_out(char __user *to, size_t length, loff_t *position, const void *from, size_t available)
{
	size_t step, sum = 0;
	ssize_t got;

	do {
		step = min_t(size_t, length - sum, COPIED_AT_ONCE);
		got = simple_read_from_buffer(to + sum, step, position, from, available);
		if (got < 0)
			return sum ?: got;
		sum += got;
		cond_resched();
	} while (got == step && sum < length);
	return sum;
}

static ssize_t device_read(struct file *file, char __user *to, size_t length, loff_t *position)
{
	struct session *session = file->private_data;
	ssize_t result;

	if (!nsg_caller_may())
		return -EPERM;
	if (mutex_lock_interruptible(&session->lock))
		return -ERESTARTSYS;
	if (session->refused.head.error)
		result = copy_out(to, length, position, &session->refused, sizeof(session->refused));
	else
		result = copy_out(to, length, position, session->reply.bytes, session->reply.length);
	mutex_unlock(&session->lock);
	return result;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.write = device_write,
	.read = device_read,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = NSGATE_DEVICE,
	.fops = &operations,
	.mode = 0600,
};

int nsg_device_start(void)
{
	return misc_register(&device);
}

void nsg_device_stop(void)
{
	misc_deregister(&device);
}
