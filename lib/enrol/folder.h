/*
 * folder.h: an agent's identity on disk: agent.pem (key and certificates, mode 0600) and trust.pem (roots).
 *
 * The key never leaves the folder. It outlives its certificate, so that who enrols again stays the same agent.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"
#include "bus/tls.h"
#include "pki/certificate.h"
#include "pki/key.h"

struct folder {
	char *path;
	struct key key; /* of the certificate */
	struct strbuf key_pem;
	struct strbuf chain, trust; /* "" before enrolment */
	bool is_enrolled;
	struct certificate certificate;
};

/* Reads what is there, or makes the folder (0700) and a key. Errors: ERR_FAILED, ERR_SYNTAX, naming the file. */
int folder_open(struct folder *folder, const char *path, struct err *err);

/* Takes over what a collector granted for key, which must fit it. Errors: ERR_SYNTAX, ERR_FAILED; nothing changes then. */
int folder_take(struct folder *folder, const struct key *key, const char *chain, const char *trust, struct err *err);

/* What to connect with; borrows from folder. */
struct credentials folder_credentials(const struct folder *folder);

void folder_fini(struct folder *folder); /* accepts a zeroed one */
