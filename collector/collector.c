#include "collector/collector.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "bus/address.h"
#include "collector/api/listen.h"
#include "collector/api/server.h"
#include "collector/database/server.h"
#include "collector/enrol/office.h"
#include "collector/intake/doors.h"
#include "collector/intake/intake.h"
#include "collector/pidfile.h"
#include "collector/privilege.h"
#include "collector/signals.h"
#include "collector/store/halt.h"
#include "collector/store/partitions.h"
#include "collector/store/pool.h"
#include "collector/store/prepare.h"
#include "collector/store/rights.h"
#include "collector/upkeep.h"

#define API_POOL       4
#define API_WRITE_POOL 2
#define TOKEN_MAX      4096
#define TOKEN_MIN      16
#define WATCH_MS       1000
#define ARENAS	       8
#define KEPT_MAX       (8 << 20)
#define ADDRESS_MAX    (STATE_PATH_MAX + 8)
#define CONNINFO_MAX   (CLUSTER_CONNINFO_MAX + 1024)

struct collector {
	char state[STATE_PATH_MAX], authority[STATE_PATH_MAX], archive[STATE_PATH_MAX];
	int64_t lifetime_ns; /* of agents' certificates */
	struct sts_conf sts;
	bool is_new_authority;
	char local_url[ADDRESS_MAX], intake_url[ADDRESS_MAX],
		api_url[ADDRESS_MAX]; /* local_url: "" or beside intake_url */
	char conninfo[CONNINFO_MAX];
	struct strbuf token;
	int pidfile;
	struct cluster cluster;
	struct server server;
	struct intake *intake;
	struct upkeep *upkeep;
	struct halt *halt;
	struct office *office;
	struct doors *doors;
	struct partitions partitions; /* of the API's own writes */
	const char *reader, *writer;  /* roles that connections take on, or NULL */
	struct pool *api_pool, *api_write_pool;
	struct api_context api_context;
	struct api_server *api;
};

static int read_token(struct collector *collector, const char *path, struct err *err)
{
	strbuf_init(&collector->token, STRBUF_MAX_DEFAULT);
	if (!path)
		return 0;
	if (file_read(path, TOKEN_MAX, &collector->token, err) < 0)
		return err_wrap(err, "could not read the API's token");
	strbuf_truncate(&collector->token, strcspn(collector->token.data, "\r\n"));
	if (collector->token.length < TOKEN_MIN)
		return err_set(err, ERR_USAGE, "the API's token in \"%s\" is shorter than %d characters", path,
			       TOKEN_MIN);
	return 0;
}

/* Everything that can be refused is refused before anything is made or started. */
static int settle_addresses(struct collector *collector, const struct collector_conf *conf, struct err *err)
{
	if (state_folder(conf->state, collector->state, err) < 0 ||
	    state_path(collector->state, STATE_AUTHORITY, collector->authority, err) < 0)
		return err->code;
	if (conf->archive ? state_folder(conf->archive, collector->archive, err) < 0
			  : state_path(collector->state, STATE_ARCHIVE, collector->archive, err) < 0)
		return err->code;
	collector->api_context.archive = collector->archive;
	collector->lifetime_ns = conf->certificate_life_ns;
	collector->is_new_authority = conf->new_authority;
	collector->sts = (struct sts_conf){ conf->sts_address, conf->sts_trust_file };
	if (collector->lifetime_ns < NS_PER_S)
		return err_set(err, ERR_USAGE, "a certificate must be valid for a second at least");
	snprintf(collector->intake_url, ADDRESS_MAX, "ipc://%s/" STATE_INTAKE_SOCKET, collector->state);
	snprintf(collector->api_url, ADDRESS_MAX, "unix:%s/" STATE_API_SOCKET, collector->state);
	if (conf->intake)
		snprintf(collector->intake_url, ADDRESS_MAX, "%s", conf->intake);
	if (conf->api)
		snprintf(collector->api_url, ADDRESS_MAX, "%s", conf->api);
	/* Who is on this machine needs no certificate. */
	if (address_is_tls(collector->intake_url))
		snprintf(collector->local_url, ADDRESS_MAX, "ipc://%s/" STATE_INTAKE_SOCKET, collector->state);
	if (address_check(collector->intake_url, err) < 0)
		return err_wrap(err, "cannot take batches");
	return read_token(collector, conf->api_token_file, err);
}

/* Where the owner may not make roles, everything is done as the owner: it works, and is said. */
static int settle_rights(struct collector *collector, struct err *err)
{
	struct err reason = { 0 };
	int code = prepare_rights(collector->conninfo, &reason);

	if (code == ERR_UNREACHABLE)
		return err_set(err, ERR_UNREACHABLE, "%s", reason.message);
	if (code < 0) {
		log_warn("rights-missing", "connections keep the rights of the database's owner: %s", reason.message);
		return 0;
	}
	collector->reader = RIGHTS_READER;
	collector->writer = RIGHTS_WRITER;
	return 0;
}

static int start_database(struct collector *collector, struct err *err)
{
	const char *external = getenv("DATABASE_URL");
	char admin[CLUSTER_CONNINFO_MAX];
	int code;

	if (external && *external) {
		if (strlen(external) >= CONNINFO_MAX)
			return err_set(err, ERR_USAGE, "DATABASE_URL is longer than %d bytes", CONNINFO_MAX - 1);
		strcpy(collector->conninfo, external);
		collector->api_context.database = "external";
	} else {
		collector->api_context.database = "private";
		if (cluster_prepare(collector->state, &collector->cluster, err) < 0 ||
		    server_start(&collector->server, &collector->cluster, err) < 0 ||
		    prepare_database(cluster_conninfo(&collector->cluster, "postgres", admin), CLUSTER_DATABASE,
				     err) < 0)
			return err->code;
		cluster_conninfo(&collector->cluster, CLUSTER_DATABASE, collector->conninfo);
	}
	code = prepare_schema(collector->conninfo, err);
	if (code > 0)
		log_info("schema-migrated", "%d schema steps were applied", code);
	return code < 0 ? code : settle_rights(collector, err);
}

static int start_intake(struct collector *collector, struct err *err)
{
	const char *const urls[] = { collector->intake_url, collector->local_url };
	struct office_conf conf = { .folder = collector->authority,
				    .conninfo = collector->conninfo,
				    .lifetime_ns = collector->lifetime_ns,
				    .sts = collector->sts,
				    .is_alone = !address_is_tls(collector->intake_url),
				    .is_new_authority = collector->is_new_authority,
				    .intake = intake_handle };

	if (intake_new(collector->conninfo, collector->writer, &collector->intake, err) < 0 ||
	    intake_prepare(collector->intake, err) < 0 ||
	    upkeep_start(collector->conninfo, collector->archive, collector->halt, &collector->upkeep, err) < 0)
		return err->code;
	conf.intake_context = collector->intake;
	if (office_open(&conf, &collector->office, err) < 0)
		return err->code;
	collector->api_context.office = collector->office;
	return doors_open(urls, collector->local_url[0] ? 2 : 1, collector->office, &collector->doors, err);
}

static int start_services(struct collector *collector, struct err *err)
{
	collector->halt = halt_new();
	if (!collector->halt)
		return err_set(err, ERR_MEMORY, "out of memory");
	collector->api_context.halt = collector->halt;
	if (start_intake(collector, err) < 0)
		return err->code;
	collector->api_pool = pool_new_as(collector->conninfo, collector->reader, API_POOL);
	collector->api_write_pool = pool_new(collector->conninfo, API_WRITE_POOL);
	if (!collector->api_pool || !collector->api_write_pool)
		return err_set(err, ERR_MEMORY, "out of memory");
	collector->api_context.pool = collector->api_pool;
	collector->api_context.write_pool = collector->api_write_pool;
	collector->api_context.intake = collector->intake;
	collector->api_context.partitions = &collector->partitions;
	collector->api_context.started_ns = time_now_ns();
	return api_server_start(collector->api_url, collector->token.length ? collector->token.data : NULL,
				&collector->api_context, &collector->api, err);
}

/* Accepts a socket that is not there; only one of ours, which the lock on the state folder proves. */
static void remove_socket(const char *url)
{
	if (strncmp(url, "ipc://", 6) == 0)
		unlink(url + 6);
}

/* In reverse order of the start: nothing new is taken while the rest still works. */
static void stop_all(struct collector *collector)
{
	/* first, for an archive may keep the intake from storing */
	if (collector->halt && !halt_all(collector->halt))
		log_warn("halt-slow", "what was begun on the database does not end, and is waited for");
	doors_close(collector->doors);
	upkeep_stop(collector->upkeep);
	api_server_stop(collector->api);
	office_close(collector->office);
	intake_free(collector->intake);
	pool_free(collector->api_pool);
	pool_free(collector->api_write_pool);
	halt_free(collector->halt);
	if (collector->pidfile >= 0)
		remove_socket(collector->intake_url);
	if (collector->pidfile >= 0)
		remove_socket(collector->local_url);
	partitions_fini(&collector->partitions);
	server_stop(&collector->server);
	pidfile_close(collector->state, collector->pidfile);
	strbuf_fini(&collector->token);
}

static int start_all(struct collector *collector, const struct collector_conf *conf, struct err *err)
{
	if (settle_addresses(collector, conf, err) < 0 || privilege_settle(collector->state, conf->user, err) < 0 ||
	    pidfile_open(collector->state, &collector->pidfile, err) < 0)
		return err->code;
	signals_block();
	/* Where it was started from may be closed to the user it runs as now, and must stay removable. */
	if (chdir(collector->state) < 0)
		return err_errno(err, ERR_FAILED, "could not enter \"%s\"", collector->state);
	if (start_database(collector, err) < 0)
		return err->code;
	return start_services(collector, err);
}

/*
 * Each batch takes some MiB and gives them back. By default the C library would return them to the kernel each time, and the kernel
 * clear the same pages for the next batch: a tenth of the collector's processor time. It keeps KEPT_MAX in each of ARENAS instead.
 */
static void keep_memory(void)
{
	mallopt(M_ARENA_MAX, ARENAS);
	mallopt(M_MMAP_THRESHOLD, KEPT_MAX);
	mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
}

int collector_run(const struct collector_conf *conf, struct err *err)
{
	AUTO_FREE struct collector *collector = calloc(1, sizeof(*collector));
	int wait_ms = WATCH_MS;

	if (!collector)
		return err_set(err, ERR_MEMORY, "out of memory");
	collector->pidfile = -1;
	partitions_init(&collector->partitions);
	log_setup("seccollector", LOG_LEVEL_INFO);
	keep_memory();
	if (start_all(collector, conf, err) < 0) {
		stop_all(collector);
		return signals_stop_wanted() ? 0 : err->code;
	}
	log_info("ready", "collector %s takes batches on %s and answers on %s", CLEWLINE_VERSION,
		 collector->intake_url, collector->api_url);
	while (!signals_stop_wanted()) {
		signals_wait(wait_ms);
		if (!signals_stop_wanted())
			wait_ms = server_watch(&collector->server, WATCH_MS);
	}
	log_info("stopping", "told to stop; what was accepted is stored");
	stop_all(collector);
	log_info("stopped", "all is stopped");
	return 0;
}
