#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/sensor/net/attempts.h"
#include "agent/sensor/net/datagrams.h"
#include "agent/sensor/net/packet.h"
#include "agent/sensor/net/queries.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/time.h"

static const uint8_t syn_v4[] = { 0x45, 0, 0, 40,   0,	  0, 0,	   0, 64, 6, 0, 0, 10, 0, 0, 1,	   10,
				  0,	0, 2, 0x12, 0x34, 1, 0xbb, 0, 0,  0, 1, 0, 0,  0, 0, 0x50, TCP_SYN };
static const uint8_t udp_v6[] = { 0x60, 0, 0, 0, 0, 12, 17,   64,   0xfe, 0x80, 0, 0, 0,   0,	0,   0,	 0, 0,
				  0,	0, 0, 0, 0, 1,	0xfe, 0x80, 0,	  0,	0, 0, 0,   0,	0,   0,	 0, 0,
				  0,	0, 0, 2, 0, 53, 0x80, 0,    0,	  12,	0, 0, 'd', 'a', 't', 'a' };

static void headers_are_read(void **state)
{
	struct packet packet;
	char text[TUPLE_TEXT_MAX];

	(void)state;
	assert_true(packet_parse(ETH_P_IP, syn_v4, sizeof(syn_v4), &packet));
	assert_string_equal(tuple_text(&packet.tuple, text), "10.0.0.1:4660->10.0.0.2:443");
	assert_int_equal(packet.tcp_flags, TCP_SYN);
	assert_null(packet.payload);
	assert_true(packet_parse(ETH_P_IPV6, udp_v6, sizeof(udp_v6), &packet));
	assert_string_equal(tuple_text(&packet.tuple, text), "fe80::1:53->fe80::2:32768");
	assert_int_equal(packet.payload_length, 4);
	assert_memory_equal(packet.payload, "data", 4);
}

static void what_is_cut_is_no_packet(void **state)
{
	struct packet packet;
	uint8_t fragment[sizeof(syn_v4)];

	(void)state;
	for (size_t length = 0; length < sizeof(syn_v4); length++)
		assert_false(packet_parse(ETH_P_IP, syn_v4, length, &packet));
	for (size_t length = 0; length < sizeof(udp_v6) - 4; length++)
		assert_false(packet_parse(ETH_P_IPV6, udp_v6, length, &packet));
	memcpy(fragment, syn_v4, sizeof(fragment));
	fragment[7] = 1;
	assert_false(packet_parse(ETH_P_IP, fragment, sizeof(fragment), &packet));
	memcpy(fragment, syn_v4, sizeof(fragment));
	fragment[0] = 0x44; /* a header shorter than a header */
	assert_false(packet_parse(ETH_P_IP, fragment, sizeof(fragment), &packet));
	assert_false(packet_parse(ETH_P_ARP, syn_v4, sizeof(syn_v4), &packet));
}

static void count_attempt(void *context, struct attempt *attempt)
{
	(void)attempt;
	++*(size_t *)context;
}

static struct packet tcp(uint16_t port, uint8_t flags, bool is_answer)
{
	struct packet packet = { .tuple = { { { 1 }, port }, { { 2 }, 80 }, true, IPPROTO_TCP }, .tcp_flags = flags };

	if (is_answer)
		packet.tuple = tuple_reversed(&packet.tuple);
	return packet;
}

static struct attempt *give(struct attempts *attempts, uint16_t port, uint8_t flags, bool is_answer, size_t *evicted)
{
	struct packet packet = tcp(port, flags, is_answer);

	/* this side is the client */
	return attempts_packet(attempts, &packet, 1, !is_answer, false, count_attempt, evicted);
}

static void an_attempt_has_one_outcome(void **state)
{
	struct attempts *attempts = attempts_new();
	size_t evicted = 0, waiting = 0;
	struct attempt *attempt;

	(void)state;
	attempt = give(attempts, 1000, TCP_SYN, false, &evicted);
	assert_true(attempt->has_local_client && !attempt->has_local_server && !attempt->has_answer);
	assert_null(give(attempts, 1000, TCP_SYN, false, &evicted)); /* sent again */
	assert_ptr_equal(give(attempts, 1000, TCP_SYN | TCP_ACK, true, &evicted), attempt);
	assert_true(attempt->has_answer && attempt->result == 0);
	assert_null(give(attempts, 1000, TCP_RST, true, &evicted)); /* the end of it, no refusal */
	attempt = give(attempts, 1001, TCP_SYN, false, &evicted);
	assert_ptr_equal(give(attempts, 1001, TCP_RST | TCP_ACK, true, &evicted), attempt);
	assert_int_equal(attempt->result, -ECONNREFUSED);
	attempt->is_told = true;
	attempts_each(attempts, count_attempt, &waiting);
	assert_int_equal(waiting, 1);
	/* over and forgotten: the port is used for a new one */
	attempts_sweep(attempts, 2);
	assert_non_null(give(attempts, 1001, TCP_SYN, false, &evicted));
	/* an answer whose question was lost is a connection all the same */
	attempt = give(attempts, 1002, TCP_SYN | TCP_ACK, true, &evicted);
	assert_true(attempt->has_local_client && attempt->has_answer);
	assert_int_equal(evicted, 0);
	attempts_free(attempts);
}

static void what_makes_room_is_handed_over(void **state)
{
	struct attempts *attempts = attempts_new();
	size_t evicted = 0, waiting = 0;

	(void)state;
	for (int i = 0; i < ATTEMPTS_MAX + 10; i++)
		assert_non_null(give(attempts, (uint16_t)i, TCP_SYN, false, &evicted));
	assert_int_equal(evicted, 10);
	attempts_each(attempts, count_attempt, &waiting);
	assert_int_equal(waiting, ATTEMPTS_MAX);
	assert_int_equal(attempts_waiting(attempts), ATTEMPTS_MAX);
	assert_non_null(give(attempts, 3, TCP_SYN, false, &evicted)); /* 3 was forgotten */
	assert_null(give(attempts, 50, TCP_SYN, false, &evicted));
	attempts_free(attempts);
}

static void only_the_first_datagram_of_two_ends_is_told(void **state)
{
	struct datagrams *datagrams = datagrams_new();
	struct net_tuple tuple = { { { 1 }, 5000 }, { { 2 }, 123 }, true, IPPROTO_UDP };
	struct net_tuple back = tuple_reversed(&tuple);
	const uint32_t *muted;
	size_t count;

	(void)state;
	assert_true(datagrams_packet(datagrams, &tuple, NS_PER_S));
	assert_false(datagrams_packet(datagrams, &back, NS_PER_S));
	assert_false(datagrams_packet(datagrams, &tuple, 2 * NS_PER_S));
	assert_true(datagrams_packet(datagrams, &tuple, 2 * NS_PER_S + DATAGRAM_IDLE_NS));
	assert_false(datagrams_muted(datagrams, 0, &muted, &count));
	for (int i = 0; i < DATAGRAMS_LOUD; i++)
		datagrams_packet(datagrams, &tuple, 100 * NS_PER_S);
	assert_true(datagrams_muted(datagrams, 100 * NS_PER_S, &muted, &count));
	assert_int_equal(count, 2);
	assert_int_equal(muted[0], port_pair(5000, 123));
	assert_int_equal(muted[1], port_pair(123, 5000));
	assert_false(datagrams_muted(datagrams, 101 * NS_PER_S, &muted, &count));
	assert_true(datagrams_muted(datagrams, 100 * NS_PER_S + DATAGRAM_MUTE_NS + 1, &muted, &count));
	assert_int_equal(count, 0);
	datagrams_free(datagrams);
}

static void count_query(void *context, struct query *query)
{
	(void)query;
	++*(size_t *)context;
}

static void only_answers_to_questions_are_believed(void **state)
{
	struct queries *queries = queries_new();
	struct net_tuple tuple = { { { 1 }, 5000 }, { { 2 }, 53 }, true, IPPROTO_UDP }, other = tuple;
	static struct dns_message message = {
		.id = 7, .type = 1, .name = "a.example", .answer_count = 20, .rcode = 0
	};
	size_t evicted = 0, waiting = 0;
	struct query *query;

	(void)state;
	queries_ask(queries, &tuple, &message, 1, count_query, &evicted);
	queries_ask(queries, &tuple, &message, 1, count_query, &evicted);
	queries_each(queries, count_query, &waiting);
	assert_int_equal(waiting, 1);
	other.to.ip[0] = 3;
	assert_null(queries_answer(queries, &other, &message));
	strcpy(message.name, "b.example");
	assert_null(queries_answer(queries, &tuple, &message));
	strcpy(message.name, "a.example");
	message.id = 8;
	assert_null(queries_answer(queries, &tuple, &message));
	message.id = 7;
	query = queries_answer(queries, &tuple, &message);
	assert_non_null(query);
	assert_int_equal(query->event.answer_count, NET_ANSWERS_MAX);
	query->is_used = false;
	assert_null(queries_answer(queries, &tuple, &message));
	for (int i = 0; i < QUERIES_MAX + 3; i++) {
		message.id = (uint16_t)(100 + i);
		queries_ask(queries, &tuple, &message, 1, count_query, &evicted);
	}
	assert_int_equal(evicted, 3);
	queries_free(queries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(what_is_cut_is_no_packet),
		cmocka_unit_test(an_attempt_has_one_outcome),
		cmocka_unit_test(what_makes_room_is_handed_over),
		cmocka_unit_test(only_the_first_datagram_of_two_ends_is_told),
		cmocka_unit_test(only_answers_to_questions_are_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
