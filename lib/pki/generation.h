/*
 * generation.h: one root certificate and the issuing certificate under it, as files of a folder. Inside lib/pki only.
 *
 * root.crt, root.key, issuing.crt, issuing.key. The root's key is needed only for a new issuing certificate: it may be
 * taken away in between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "pki/key.h"

#define AUTHORITY_DAY_NS      (INT64_C(86400) * 1000000000)
#define GENERATION_ROOT_NS    (3650 * AUTHORITY_DAY_NS)
#define GENERATION_ISSUING_NS (365 * AUTHORITY_DAY_NS)

struct x509_st;

struct generation {
	uint64_t number; /* from 1; 0 = none */
	struct x509_st *root, *issuing;
	struct key issuing_key;
	struct strbuf root_pem, issuing_pem;
};

/* Makes keys and certificates in folder/number, which may exist in part. Errors: ERR_FAILED. */
int generation_create(const char *folder, uint64_t number, int64_t now_ns, struct err *err);

/* Reads what generation_create made. With root_only the issuing key is not wanted. Errors name the file. */
int generation_load(const char *folder, uint64_t number, bool root_only, struct generation *ret, struct err *err);

/* 1 after a new issuing certificate was made because the old one is old, 0 if it is not. Errors: ERR_NOT_FOUND: no root key. */
int generation_renew(const char *folder, struct generation *generation, int64_t now_ns, struct err *err);

void generation_fini(struct generation *generation); /* accepts a zeroed one */
