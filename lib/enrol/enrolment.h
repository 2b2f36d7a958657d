/*
 * enrolment.h: an agent's certificate over its life: asked for with a token or a role of AWS, kept in a folder, renewed in time.
 *
 * A thread does it: a collector that cannot be reached, or refuses, keeps nobody from starting. Until there is a certificate
 * nothing is sent, and batches wait in their spool.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/batch.h"
#include "model/enrolment.h"

struct arena;
struct enrolment;
struct tls;

enum enrolment_news {
	ENROLMENT_GRANTED, /* a first certificate, or a new one after the old had ended */
	ENROLMENT_RENEWED,
	ENROLMENT_FAILED, /* it will be tried again */
};

struct enrolment_conf {
	const char *url;	/* tls+tcp:// */
	const char *folder;	/* made if it is missing (folder.h) */
	const char *token;	/* text; NULL where a certificate is there, or: */
	const char *invitation; /* text; the agent proves its role of AWS (proof.h). Not with a token */
	const char *name;	/* what people may call the agent; NULL = nothing */
	/* From the enrolment's thread, with a sentence for the log; not the same failure twice in a row. Or NULL. */
	void (*tell)(void *context, enum enrolment_news news, const char *sentence);
	void *context;
};

/* All texts are copied. Errors: ERR_USAGE for a token or invitation that is none, ERR_FAILED for a folder that cannot be used. */
int enrolment_open(const struct enrolment_conf *conf, struct enrolment **ret, struct err *err);

/* What senders connect with; always the newest certificate. Borrowed until enrolment_close(). */
struct tls *enrolment_tls(struct enrolment *enrolment);

/* A sender's heard; context is the enrolment: the collector's clock, and whether it trusts other roots by now. */
void enrolment_heard(void *context, const struct reply *reply);

/* Senders that use its TLS are closed before. Accepts NULL. */
void enrolment_close(struct enrolment *enrolment);
