/*
 * pace.h: how often something may be asked: by one address, and by all together.
 *
 * Each has a stock that fills up again with time. Addresses share PACE_PLACES places: two in one place share a stock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PACE_PLACES	  1024
#define PACE_ADDRESS_RATE 5 /* a second */
#define PACE_ADDRESS_MAX  50
#define PACE_ALL_RATE	  20
#define PACE_ALL_MAX	  100

struct pace;

struct pace *pace_new(void); /* NULL without memory */
void pace_free(struct pace *pace);

/*
 * Takes one from both stocks, or none when either is empty. address: as struct peer has it; an IPv6 network of /64 counts as one.
 * now_ns is monotonic. Thread-safe.
 */
bool pace_take(struct pace *pace, const char *address, int64_t now_ns);
