/*
 * ecs-metadata: serves the ECS task metadata endpoint, version 4, on loopback, for the story and for tests.
 *
 * One file holds the task document; a container's document is the member of Containers with its DockerId. Paths and shapes
 * are those of the AWS documentation ("Amazon ECS task metadata endpoint version 4 for tasks on Fargate"):
 * /v4/DOCKER-ID is the container, /v4/DOCKER-ID/task the task.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "conf/program.h"
#include "json/json.h"

#define TASK_DOCUMENT_MAX (1u << 20)
#define PATH_PREFIX	  "/v4/"
#define CONNECTION_MAX	  16

struct metadata_conf {
	const char *task;
	const char *port_file;
	int64_t port;
};

static const json_t *container_find(const json_t *task, const char *id, size_t length)
{
	const json_t *containers = json_object_get(task, "Containers");
	const json_t *container;
	size_t i;

	json_array_foreach (containers, i, container) {
		const char *docker_id = json_text(container, "DockerId");

		if (docker_id && strlen(docker_id) == length && strncmp(docker_id, id, length) == 0)
			return container;
	}
	return NULL;
}

/* The document that a path names, or NULL. */
static const json_t *document_find(const json_t *task, const char *path)
{
	const char *id = path + strlen(PATH_PREFIX), *rest;
	const json_t *container;

	if (strncmp(path, PATH_PREFIX, strlen(PATH_PREFIX)) != 0)
		return NULL;
	rest = strchrnul(id, '/');
	container = container_find(task, id, (size_t)(rest - id));
	if (!container)
		return NULL;
	if (!*rest)
		return container;
	return strcmp(rest, "/task") == 0 ? task : NULL;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request)
{
	const json_t *document = document_find(context, path);
	char *text = document ? json_dumps(document, JSON_COMPACT) : strdup("404 page not found");
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request;
	if (!text || strcmp(method, "GET") != 0) {
		free(text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, "Content-Type", document ? "application/json" : "text/plain");
	result = MHD_queue_response(connection, document ? 200 : 404, response);
	MHD_destroy_response(response);
	return result;
}

static int announce(struct MHD_Daemon *daemon, const char *port_file, struct err *err)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	char text[16];
	int length = snprintf(text, sizeof(text), "%u\n", info ? info->port : 0);

	if (port_file)
		return file_write_atomic(port_file, text, (size_t)length, 0644, err);
	fputs(text, stdout);
	return fflush(stdout) == 0 ? 0 : err_errno(err, ERR_FAILED, "could not write the port");
}

static int serve(const struct metadata_conf *conf, json_t *task, struct err *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)conf->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *daemon;
	sigset_t stop;
	int caught, code;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, task, MHD_OPTION_SOCK_ADDR,
				  (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, CONNECTION_MAX,
				  MHD_OPTION_END);
	if (!daemon)
		return err_errno(err, ERR_FAILED, "could not listen on 127.0.0.1:%d", (int)conf->port);
	code = announce(daemon, conf->port_file, err);
	if (code == 0)
		sigwait(&stop, &caught);
	MHD_stop_daemon(daemon);
	return code;
}

static int metadata_run(const void *context, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct metadata_conf *conf = context;
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_JSON task = NULL;

	(void)argc;
	(void)argv;
	(void)ret_exit;
	if (!conf->task)
		return err_set(err, ERR_USAGE, "--task is missing");
	if (file_read(conf->task, TASK_DOCUMENT_MAX, &text, err) < 0 ||
	    json_parse(conf->task, text.data, text.length, &task, err) < 0)
		return err->code;
	return serve(conf, task, err);
}

static const struct opt metadata_opts[] = {
	OPT(metadata_conf, task, "task", 0, OPT_TEXT, "FILE", NULL, "task document to serve"),
	OPT(metadata_conf, port_file, "port-file", 0, OPT_TEXT, "FILE", NULL,
	    "where to write the port once it answers; standard output without it"),
	OPT_RANGE(metadata_conf, port, "port", "PORT", 0, 65535, "0", "port on loopback; 0 chooses a free one"),
	OPT_END,
};

static const struct command metadata_commands[] = {
	{ .name = "serve",
	  .summary = "serve the ECS task metadata endpoint, version 4, on loopback",
	  .opts = metadata_opts,
	  .conf_size = sizeof(struct metadata_conf),
	  .run = metadata_run },
	{ .name = NULL },
};

static const struct program metadata_program = {
	.name = "ecs-metadata",
	.summary = "serve the ECS task metadata endpoint, version 4, on loopback",
	.commands = metadata_commands,
	.single = true,
};

int main(int argc, char **argv)
{
	return program_main(&metadata_program, argc, argv);
}
