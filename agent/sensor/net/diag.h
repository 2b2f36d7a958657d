/*
 * diag.h: asks the kernel which sockets belong to tuples: sock_diag(7), many questions in one system call.
 */
#pragma once

#include "agent/sensor/net/tuple.h"
#include "base/err.h"

#define DIAG_BATCH_MAX 64

struct diag_query {
	struct net_tuple tuple; /* from: this end, to: the other one */
	bool is_found;
	bool is_listener; /* only the listening socket exists: not accepted yet, or over already */
	uint32_t uid;
	uint64_t inode; /* 0: no process has it open */
};

struct diag;

int diag_open(struct diag **ret, struct err *err);
void diag_close(struct diag *diag); /* accepts NULL */

/* Answers up to DIAG_BATCH_MAX queries. What the kernel does not answer stays not found. */
void diag_ask(struct diag *diag, struct diag_query *queries, size_t count);
