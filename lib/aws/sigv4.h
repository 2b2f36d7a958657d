/*
 * sigv4.h: AWS Signature Version 4: proof that whoever makes a request has a secret key, without sending it.
 *
 * Source: AWS IAM User Guide, "Create a signed AWS API request"; checked against the vectors AWS published with it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define SIGV4_DATE_MAX	    17 /* "20150830T123600Z", with the NUL */
#define SIGV4_SIGNATURE_MAX 65 /* hexadecimal SHA-256, with the NUL */

struct sigv4_header {
	const char *name;  /* lower case */
	const char *value; /* without blanks at its ends or two in a row */
};

struct sigv4_request {
	const char *method;
	const char *path;		    /* "/" and what follows, in its canonical form */
	const char *query;		    /* sorted and escaped; "" = none */
	const struct sigv4_header *headers; /* sorted by name; host and x-amz-date are among them */
	size_t header_count;
	const char *body;
	const char *date; /* what x-amz-date says */
	const char *region, *service;
};

/* Writes a time as x-amz-date says it, in whole seconds; returns out. */
char *sigv4_date(int64_t ns, char out[SIGV4_DATE_MAX]);

/* Reads one back. Errors: ERR_SYNTAX. */
int sigv4_date_parse(const char *text, int64_t *ret_ns, struct err *err);

/* Appends the names of the headers, separated by ";". */
void sigv4_signed_headers(const struct sigv4_request *request, struct strbuf *out);

/* Appends the value of the header Authorization. Errors: ERR_MEMORY, ERR_FAILED, ERR_USAGE for a date that is none. */
int sigv4_authorization(const struct sigv4_request *request, const char *access_key, const char *secret_key,
			struct strbuf *out, struct err *err);
