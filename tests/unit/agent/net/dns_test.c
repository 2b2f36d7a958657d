#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/sensor/net/dns.h"
#include "agent/sensor/net/names.h"

#include <string.h>

#include "base/time.h"

#define HEADER(flags, rcode, answers) "\x12\x34" flags rcode "\0\1\0" answers "\0\0\0\0"
#define QUESTION		      "\7example\3com\0\0\1\0\1"
#define ANSWER_A		      "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\7"

#define PARSE(bytes, message) dns_parse((const uint8_t *)(bytes), sizeof(bytes) - 1, (message))

static void a_query_is_read(void **state)
{
	struct dns_message message;

	(void)state;
	assert_true(PARSE(HEADER("\1", "\0", "\0") "\7eXample\3COM\0\0\x1c\0\1", &message));
	assert_false(message.is_response);
	assert_int_equal(message.id, 0x1234);
	assert_string_equal(message.name, "example.com");
	assert_int_equal(message.type, 28);
	assert_int_equal(message.answer_count, 0);
	assert_false(message.is_cut);
}

static void addresses_of_an_answer_are_read_through_aliases(void **state)
{
	/* an alias whose target is compressed, then the addresses of the target */
	static const char bytes[] = HEADER("\x81", "\x80", "\3") QUESTION
		"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3www\xc0\x0c"
		"\xc0\x29\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\7"
		"\xc0\x29\0\x1c\0\1\0\1\0\0\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	struct dns_message message;
	char text[IP_TEXT_MAX];

	(void)state;
	assert_true(PARSE(bytes, &message));
	assert_true(message.is_response);
	assert_string_equal(message.name, "example.com");
	assert_int_equal(message.answer_count, 2);
	assert_true(message.answers[0].is_v4);
	assert_string_equal(ip_text(message.answers[0].ip, true, text), "203.0.113.7");
	assert_int_equal(message.answers[0].ttl_s, 60);
	assert_string_equal(ip_text(message.answers[1].ip, false, text), "2001:db8::1");
	assert_int_equal(message.answers[1].ttl_s, 65536);
}

static void hostile_messages_end(void **state)
{
	struct dns_message message;
	char deep[12 + 2 * 200 + 8] = HEADER("\1", "\0", "\0");

	(void)state;
	/* pointers to themselves, forwards, and into the header */
	assert_false(PARSE(HEADER("\1", "\0", "\0") "\xc0\x0c\0\1\0\1", &message));
	assert_false(PARSE(HEADER("\1", "\0", "\0") "\xc0\x10\0\1\0\1\0\0\0", &message));
	assert_false(PARSE(HEADER("\1", "\0", "\0") "\1a\xc0\x0c\0\1\0\1", &message));
	/* labels longer than the message, and of the two kinds that do not exist */
	assert_false(PARSE(HEADER("\1", "\0", "\0") "\x3f"
						    "a\0\0\1\0\1",
			   &message));
	assert_false(PARSE(HEADER("\1", "\0", "\0") "\x41"
						    "a\0\0\1\0\1",
			   &message));
	assert_false(PARSE(HEADER("\1", "\0", "\0"), &message));
	assert_false(PARSE("\0", &message));
	/* 200 labels */
	for (int i = 0; i < 200; i++)
		memcpy(deep + 12 + 2 * i, "\1a", 2);
	memcpy(deep + 12 + 400, "\0\0\1\0\1", 5);
	assert_false(dns_parse((const uint8_t *)deep, 12 + 405, &message));
	/* an answer that promises more than there is: what came before it counts, and it is said */
	assert_true(
		PARSE(HEADER("\x81", "\x80", "\2") QUESTION ANSWER_A "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\xff\1", &message));
	assert_int_equal(message.answer_count, 1);
	assert_true(message.is_cut);
}

static void bytes_that_are_no_text_are_written_out(void **state)
{
	struct dns_message message;

	(void)state;
	assert_true(PARSE(HEADER("\1", "\0", "\0") "\5a.\\\x1b\xff\0\0\1\0\1", &message));
	assert_string_equal(message.name, "a\\046\\092\\027\\255");
}

static void types_and_codes_have_names(void **state)
{
	char text[DNS_TYPE_TEXT_MAX];

	(void)state;
	assert_string_equal(dns_type_text(28, text), "AAAA");
	assert_string_equal(dns_type_text(65399, text), "TYPE65399");
	assert_string_equal(dns_rcode_text(3), "NXDOMAIN");
	assert_null(dns_rcode_text(15));
}

static void an_address_has_the_name_it_was_asked_by_until_its_time_is_over(void **state)
{
	struct names *names = names_new();
	struct dns_message message;
	uint8_t ip[IP_SIZE];

	(void)state;
	ip_map_v4((const uint8_t[4]){ 203, 0, 113, 7 }, ip);
	assert_true(PARSE(HEADER("\x81", "\x80", "\1") QUESTION ANSWER_A, &message));
	assert_null(names_find(names, ip, 0));
	names_learn(names, &message, NS_PER_S);
	assert_string_equal(names_find(names, ip, 60 * NS_PER_S), "example.com");
	assert_null(names_find(names, ip, 61 * NS_PER_S));
	strcpy(message.name, "other.example");
	names_learn(names, &message, NS_PER_S);
	assert_string_equal(names_find(names, ip, NS_PER_S), "other.example");
	/* no name is kept for ever, and many addresses take no more room */
	message.answers[0].ttl_s = UINT32_MAX;
	for (int i = 0; i < 3 * NAMES_MAX; i++) {
		memcpy(message.answers[0].ip + 12, &i, sizeof(i));
		names_learn(names, &message, NS_PER_S);
	}
	assert_string_equal(names_find(names, message.answers[0].ip, 86400 * NS_PER_S), "other.example");
	assert_null(names_find(names, message.answers[0].ip, 86401 * NS_PER_S));
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_read),
		cmocka_unit_test(addresses_of_an_answer_are_read_through_aliases),
		cmocka_unit_test(hostile_messages_end),
		cmocka_unit_test(bytes_that_are_no_text_are_written_out),
		cmocka_unit_test(types_and_codes_have_names),
		cmocka_unit_test(an_address_has_the_name_it_was_asked_by_until_its_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
