/*
 * fake_store.h: the questions of collector/store/query.h answered from memory, in the order in which rows came: whoever
 * depends on that order is found out.
 */
#pragma once

#include "collector/link/derive.h"
#include "collector/store/query.h"

struct fake_event {
	const struct origin *origin;
	struct event event;
	const char *scan_json;
	uint8_t event_id[EVENT_ID_SIZE];
};

#define FAKE_STREAM "ff000000000000000000000000000000" /* whose events all are */

struct store *fake_store_new(void);
void fake_store_free(struct store *store);

/* Derives and keeps; a second time changes nothing. What the event points at must outlive the store. */
void fake_store_add(struct store *store, const struct fake_event *event);

/* The one thing that was lost of FAKE_STREAM; its texts must outlive the store. */
void fake_store_lose(struct store *store, const struct loss_row *loss);
