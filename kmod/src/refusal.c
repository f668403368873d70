// SPDX-License-Identifier: GPL-2.0
/* Why a request is refused, and where in it. */
#include "parse.h"

void nsg_refusal_clear(struct nsgate_refusal *refusal)
{
	memset(refusal, 0, sizeof(*refusal));
	refusal->object = NSGATE_NO_INDEX;
	refusal->rule = NSGATE_NO_INDEX;
	refusal->match = NSGATE_NO_INDEX;
	refusal->item = NSGATE_NO_INDEX;
}

int nsg_refuse_list(struct nsgate_refusal *refusal, int error, enum nsgate_field field, u32 offset,
		    const char *reason, va_list arguments)
{
	refusal->field = field;
	refusal->offset = offset;
	vsnprintf(refusal->reason, sizeof(refusal->reason), reason, arguments);
	return error;
}

int nsg_refuse(struct nsgate_refusal *refusal, int error, enum nsgate_field field, u32 offset,
	       const char *reason, ...)
{
	va_list arguments;

	va_start(arguments, reason);
	nsg_refuse_list(refusal, error, field, offset, reason, arguments);
	va_end(arguments);
	return error;
}

int nsg_refuse_here(struct nsgate_refusal *refusal, int error, enum nsgate_field field, const char *reason)
{
	return nsg_refuse(refusal, error, field, refusal->offset, "%s", reason);
}

int nsg_fault(struct nsg_parse *parse, const void *at, int error, enum nsgate_field field,
	      const char *reason, ...)
{
	va_list arguments;

	va_start(arguments, reason);
	nsg_refuse_list(parse->refusal, error, field, (const u8 *)at - parse->bytes, reason, arguments);
	va_end(arguments);
	return error;
}

int nsg_refuse_memory(struct nsgate_refusal *refusal, size_t bytes)
{
	return nsg_refuse(refusal, -ENOMEM, NSGATE_FIELD_MEMORY, 0, "no memory for %zu bytes", bytes);
}
