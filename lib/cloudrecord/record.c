#include "cloudrecord/record.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "cloudrecord/redact.h"
#include "cloudrecord/user.h"
#include "json/json.h"
#include "text/escape.h"

#define ACCOUNT_DIGITS 12
#define MADE_ID_BYTES  16

/* Records of version 1.00 have no eventID: the same record must still get the same one each time. */
static const char *make_id(const json_t *json, struct arena *arena)
{
	AUTO_FREE char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char digits[2 * MADE_ID_BYTES + 1];

	if (!text)
		return NULL;
	SHA256((const unsigned char *)text, strlen(text), digest);
	return arena_printf(arena, "made-%s", hex_format(digest, MADE_ID_BYTES, digits));
}

static bool is_account(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
	}
	return length == ACCOUNT_DIGITS;
}

/* .../AWSLogs/[o-x/]ACCOUNT/CloudTrail/REGION/YYYY/...: the account, or the region */
static const char *from_object(const char *object, bool want_region, struct arena *arena)
{
	const char *mark = object ? strstr(object, "/CloudTrail/") : NULL, *begin, *end;

	if (!mark)
		return "";
	if (want_region) {
		begin = mark + strlen("/CloudTrail/");
		end = strchr(begin, '/');
		return end ? arena_copy(arena, begin, (size_t)(end - begin)) : "";
	}
	if (mark - object < ACCOUNT_DIGITS || !is_account(mark - ACCOUNT_DIGITS, ACCOUNT_DIGITS))
		return "";
	return arena_copy(arena, mark - ACCOUNT_DIGITS, ACCOUNT_DIGITS);
}

static const char *account_of(const json_t *json, const char *object, struct arena *arena)
{
	const char *account = json_text(json, "recipientAccountId");

	if (!account)
		account = json_text(json_object_get(json, "userIdentity"), "accountId");
	return account ? account : from_object(object, false, arena);
}

/* CloudTrail's times are UTC and end in Z; copies out of data lakes have often lost the Z. */
static int parse_time(const char *text, int64_t *ret_ns, struct err *err)
{
	char utc[TIME_TEXT_MAX + 2];

	if (time_parse(text, ret_ns, err) == 0)
		return 0;
	if (strlen(text) > TIME_TEXT_MAX)
		return err->code;
	snprintf(utc, sizeof(utc), "%sZ", text);
	return time_parse(utc, ret_ns, NULL) == 0 ? 0 : err->code;
}

int record_make(json_t *json, const char *object, struct arena *arena, struct record *ret, struct err *err)
{
	const char *time, *region, *source;

	memset(ret, 0, sizeof(*ret));
	if (!json_object_get(json, "eventTime") && json_text(json, "@timestamp"))
		json_object_set(json, "eventTime", json_object_get(json, "@timestamp"));
	time = json_text(json, "eventTime");
	if (!time)
		return err_set(err, ERR_SYNTAX, "eventTime is missing");
	if (parse_time(time, &ret->time_ns, err) < 0)
		return err_wrap(err, "eventTime");
	redact(json);
	ret->id = json_text(json, "eventID");
	if (!ret->id || !*ret->id)
		ret->id = make_id(json, arena);
	ret->name = json_text(json, "eventName");
	if (!ret->name)
		ret->name = json_text(json, "eventType") ? json_text(json, "eventType") : "";
	source = json_text(json, "eventSource");
	ret->source = source ? source : "";
	region = json_text(json, "awsRegion");
	ret->region = region ? region : from_object(object, true, arena);
	ret->account = account_of(json, object, arena);
	ret->object = object ? arena_dup(arena, object) : "";
	if (!ret->id || !ret->region || !ret->account || !ret->object)
		return err_set(err, ERR_MEMORY, "out of memory");
	ret->json = json_incref(json);
	return 0;
}

void record_fini(struct record *record)
{
	json_decref(record->json);
	memset(record, 0, sizeof(*record));
}

int record_json_line(const struct record *record, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *text = json_dumps(record->json, JSON_COMPACT);

	if (!text)
		return err_set(err, ERR_MEMORY, "out of memory");
	strbuf_adds(out, text);
	strbuf_addc(out, '\n');
	return out->failed ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}

static void add_part(struct strbuf *out, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	strbuf_adds(out, label);
	escape_adds(out, text);
}

void record_text_line(const struct record *record, struct strbuf *out)
{
	char time[TIME_TEXT_MAX];
	const char *user = user_name(record->json), *address = json_text(record->json, "sourceIPAddress");

	strbuf_adds(out, time_format_exact(record->time_ns, time));
	add_part(out, " ", *record->region ? record->region : "-");
	add_part(out, " ", *record->account ? record->account : "-");
	add_part(out, " ", record->source);
	add_part(out, " ", record->name);
	add_part(out, " user=", user);
	add_part(out, " from=", address);
	add_part(out, " error=", json_text(record->json, "errorCode"));
	strbuf_addc(out, '\n');
}

void record_key(const struct record *record, struct strbuf *out)
{
	strbuf_adds(out, record->account);
	strbuf_addc(out, '/');
	strbuf_adds(out, record->id);
}
