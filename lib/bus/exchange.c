#include "bus/exchange.h"

#include <nng/nng.h>
#include <stdio.h>

#include "base/time.h"
#include "bus/address.h"
#include "bus/link.h"
#include "bus/monitor.h"

/* False when it did not connect in time; then reason says why. */
static bool wait_for_link(struct link *link, struct monitor *monitor, int64_t deadline_ns, char *reason)
{
	bool connected;

	monitor_lock(monitor);
	while (!link_connected(link) && time_monotonic_ns() < deadline_ns) {
		if (link_reason(link)[0])
			snprintf(reason, LINK_REASON_MAX, "%s", link_reason(link));
		monitor_wait(monitor, deadline_ns);
	}
	connected = link_connected(link);
	if (!connected && link_reason(link)[0])
		snprintf(reason, LINK_REASON_MAX, "%s", link_reason(link));
	monitor_unlock(monitor);
	return connected;
}

static int send_and_receive(nng_socket socket, const struct strbuf *frame, int64_t timeout_ns, struct strbuf *reply)
{
	nng_duration timeout_ms = (nng_duration)(timeout_ns / NS_PER_MS) + 1;
	nng_msg *message;
	int result = nng_msg_alloc(&message, 0);

	if (result)
		return result;
	nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, timeout_ms);
	nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, timeout_ms);
	result = nng_msg_append(message, frame->data, frame->length);
	if (result == 0)
		result = nng_sendmsg(socket, message, 0);
	if (result) {
		nng_msg_free(message);
		return result;
	}
	result = nng_recvmsg(socket, &message, 0);
	if (result)
		return result;
	strbuf_add(reply, nng_msg_body(message), nng_msg_len(message));
	nng_msg_free(message);
	return reply->failed ? NNG_ENOMEM : 0;
}

int exchange(const char *url, struct tls *tls, const struct strbuf *frame, int64_t timeout_ns, struct strbuf *reply,
	     struct err *err)
{
	int64_t deadline_ns = time_monotonic_ns() + timeout_ns;
	char reason[LINK_REASON_MAX] = "no answer in time";
	struct monitor monitor;
	struct link *link;
	int result = 0, code = address_check(url, err);

	if (code < 0)
		return code;
	monitor_init(&monitor);
	code = link_open(url, tls, &monitor, &link, err);
	if (code < 0) {
		monitor_fini(&monitor);
		return code;
	}
	if (!wait_for_link(link, &monitor, deadline_ns, reason))
		code = ERR_UNREACHABLE;
	else
		result = send_and_receive(link_socket(link), frame, deadline_ns - time_monotonic_ns(), reply);
	if (result) {
		code = ERR_UNREACHABLE;
		snprintf(reason, sizeof(reason), "%s", nng_strerror(result));
	}
	link_close(link);
	monitor_fini(&monitor);
	return code < 0 ? err_set(err, ERR_UNREACHABLE, "could not reach the collector at \"%s\": %s", url, reason)
			: 0;
}
