/*
 * names.h: which name an address was looked up by: what DNS answers said, for as long as they said it.
 *
 * The newest answer counts where several names have one address. Not thread-safe.
 */
#pragma once

#include "agent/sensor/net/dns.h"

#define NAMES_MAX	4096  /* addresses; where there is no room the one that ends soonest gives way */
#define NAMES_TTL_MIN_S 60    /* programs keep addresses for longer than they should */
#define NAMES_TTL_MAX_S 86400 /* and nobody knows what an address is a week later */

struct names;

struct names *names_new(void);	      /* NULL without memory */
void names_free(struct names *names); /* accepts NULL */

/* Takes the addresses of a response in. */
void names_learn(struct names *names, const struct dns_message *message, int64_t now_ns);

/* NULL if none is known; valid until the next names_learn(). */
const char *names_find(const struct names *names, const uint8_t ip[IP_SIZE], int64_t now_ns);
