#include "aws/fetch.h"

#include <nng/nng.h>
#include <nng/supplemental/http/http.h>

#include "base/time.h"

#define FETCH_STEP 4096

/* Everything one exchange holds; fetch_end() frees what there is. */
struct fetch {
	const char *url_text;
	const char *authorization; /* NULL = none */
	int64_t deadline_ns;	   /* CLOCK_MONOTONIC */
	nng_url *url;
	nng_http_client *client;
	nng_aio *aio;
	nng_http_conn *conn;
	nng_http_req *req;
	nng_http_res *res;
};

static void fetch_end(struct fetch *fetch)
{
	if (fetch->conn)
		nng_http_conn_close(fetch->conn);
	if (fetch->client)
		nng_http_client_free(fetch->client);
	nng_http_req_free(fetch->req);
	nng_http_res_free(fetch->res);
	nng_aio_free(fetch->aio);
	nng_url_free(fetch->url);
}

static int unreachable(const struct fetch *fetch, int code, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "could not get \"%s\": %s", fetch->url_text, nng_strerror(code));
}

/* Gives the next operation the time that is left. */
static nng_aio *timed(struct fetch *fetch)
{
	int64_t left = (fetch->deadline_ns - time_monotonic_ns()) / NS_PER_MS;

	nng_aio_set_timeout(fetch->aio, left > 1 ? (nng_duration)left : 1);
	return fetch->aio;
}

static int wait_for(struct fetch *fetch)
{
	nng_aio_wait(fetch->aio);
	return nng_aio_result(fetch->aio);
}

static int prepare(struct fetch *fetch)
{
	int code = nng_url_parse(&fetch->url, fetch->url_text);

	if (code == 0)
		code = nng_http_client_alloc(&fetch->client, fetch->url);
	if (code == 0)
		code = nng_aio_alloc(&fetch->aio, NULL, NULL);
	if (code == 0)
		code = nng_http_req_alloc(&fetch->req, fetch->url);
	if (code == 0)
		code = nng_http_res_alloc(&fetch->res);
	/* 1.0: the body comes whole and ends with the connection, so that it can be bounded while it is read. */
	if (code == 0)
		code = nng_http_req_set_version(fetch->req, "HTTP/1.0");
	if (code == 0 && fetch->authorization)
		code = nng_http_req_set_header(fetch->req, "Authorization", fetch->authorization);
	return code;
}

static int exchange(struct fetch *fetch)
{
	int code;

	nng_http_client_connect(fetch->client, timed(fetch));
	code = wait_for(fetch);
	if (code != 0)
		return code;
	fetch->conn = nng_aio_get_output(fetch->aio, 0);
	nng_http_conn_write_req(fetch->conn, fetch->req, timed(fetch));
	code = wait_for(fetch);
	if (code != 0)
		return code;
	nng_http_conn_read_res(fetch->conn, fetch->res, timed(fetch));
	return wait_for(fetch);
}

static int read_body(struct fetch *fetch, struct strbuf *out, struct err *err)
{
	const char *announced = nng_http_res_get_header(fetch->res, "Content-Length");
	size_t start = out->length, expected = announced ? strtoul(announced, NULL, 10) : SIZE_MAX;

	while (out->length - start < expected) {
		char step[FETCH_STEP];
		nng_iov iov = { step, sizeof(step) };
		int code;

		nng_aio_set_iov(fetch->aio, 1, &iov);
		nng_http_conn_read(fetch->conn, timed(fetch));
		code = wait_for(fetch);
		if ((code == NNG_ECLOSED || code == NNG_ECONNSHUT) && !announced)
			return 0;
		if (code != 0)
			return unreachable(fetch, code, err);
		strbuf_add(out, step, nng_aio_count(fetch->aio));
		if (out->length - start > FETCH_BODY_MAX)
			return err_set(err, ERR_LIMIT, "\"%s\" sends more than %u bytes", fetch->url_text,
				       FETCH_BODY_MAX);
	}
	return 0;
}

static int fetch_run(struct fetch *fetch, struct strbuf *out, struct err *err)
{
	int code = prepare(fetch);

	if (code == 0)
		code = exchange(fetch);
	if (code != 0)
		return unreachable(fetch, code, err);
	if (nng_http_res_get_status(fetch->res) != NNG_HTTP_STATUS_OK)
		return err_set(err, ERR_FAILED, "\"%s\" answers with status %d", fetch->url_text,
			       nng_http_res_get_status(fetch->res));
	return read_body(fetch, out, err);
}

int fetch_get(const char *url, const char *authorization, int64_t timeout_ns, struct strbuf *out, struct err *err)
{
	struct fetch fetch = { .url_text = url,
			       .authorization = authorization,
			       .deadline_ns = time_monotonic_ns() + timeout_ns };
	int code = fetch_run(&fetch, out, err);

	fetch_end(&fetch);
	return code;
}
