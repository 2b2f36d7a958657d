#include "scanner/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "http/http.h"
#include "json/json.h"
#include "scanner/report/report.h"

#define WIDTH_MAX	 1000
#define UPLOAD_REPLY_MAX (1u << 20)

struct scan_conf {
	const char *output;
	const char *upload;
	const char *fail_on;
	const char *select;
	const char *platform;
};

static const struct opt image_opts[] = {
	OPT(scan_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	OPT(scan_conf, upload, "upload", 0, OPT_TEXT, "URL", NULL,
	    "send the result to this collector: unix:/PATH/api.sock or http://HOST:PORT"),
	OPT(scan_conf, fail_on, "fail-on", 0, OPT_TEXT, "SEVERITY", NULL,
	    "exit with 3 if a finding is at least this severe: low, medium, high or critical"),
	OPT(scan_conf, select, "select", 0, OPT_TEXT, "NAME", NULL,
	    "tag or digest, where the archive holds several images"),
	OPT(scan_conf, platform, "platform", 0, OPT_TEXT, "OS/ARCH", NULL,
	    "where an image is made for several; default: linux and this machine's"),
	OPT_END,
};

static size_t screen_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col < WIDTH_MAX)
		return size.ws_col;
	return 0;
}

static int upload(const char *url, const char *document, struct err *err)
{
	struct http_conf conf = { .url = url, .body_max = UPLOAD_REPLY_MAX };
	AUTO_HTTP client = NULL;
	AUTO_HTTP_REPLY reply = { 0 };

	if (http_client_open(&conf, &client, err) < 0 ||
	    http_request(client, "POST", "/v1/scans", document, &reply, err) < 0)
		return err->code;
	if (http_reply_check(&reply, err) < 0)
		return err_wrap(err, "the collector at \"%s\" did not take the scan", url);
	return 0;
}

static int report(const struct scan_conf *conf, const struct scan *scan, struct err *err)
{
	AUTO_JSON document = report_json(scan);
	AUTO_FREE char *compact = document ? json_dumps(document, JSON_COMPACT) : NULL;
	AUTO_STRBUF out = STRBUF_INIT;

	if (!compact)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (strcmp(conf->output, "json") == 0) {
		AUTO_FREE char *pretty = json_dumps(document, JSON_INDENT(2));

		strbuf_adds(&out, pretty ? pretty : "");
		strbuf_addc(&out, '\n');
	} else if (report_text(scan, screen_width(), &out, err) < 0) {
		return err->code;
	}
	if (fd_write_all(STDOUT_FILENO, out.data, out.length, err) < 0)
		return err_wrap(err, "could not write to standard output");
	return conf->upload ? upload(conf->upload, compact, err) : 0;
}

static bool gate_holds(const struct findings *findings, int severity)
{
	return severity >= 0 && findings->count && (int)findings->list[0].severity >= severity;
}

static int scan_image(const struct scan_conf *conf, const char *path, int severity, int *ret_exit, struct err *err)
{
	struct image_conf image_conf = { .path = path, .select = conf->select, .platform = conf->platform };
	AUTO_FREE struct findings *findings = calloc(1, sizeof(*findings));
	struct scan scan = { .findings = findings, .scanned_ns = time_now_ns() };
	AUTO_IMAGE image = NULL;
	int code;

	if (!findings)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (image_open(&image_conf, &image, err) < 0)
		return err->code;
	scan.image = image;
	code = checks_run(image, findings, err);
	if (code == 0)
		code = report(conf, &scan, err);
	if (code == 0 && gate_holds(findings, severity))
		*ret_exit = err_exit_code(ERR_MATCHED);
	findings_fini(findings);
	return code;
}

static int image_run(const void *conf_, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct scan_conf *conf = conf_;
	int severity = conf->fail_on ? severity_find(conf->fail_on) : -1;

	(void)argc;
	if (strcmp(conf->output, "table") != 0 && strcmp(conf->output, "json") != 0)
		return err_set(err, ERR_USAGE, "output is \"%s\", but must be table or json", conf->output);
	if (conf->fail_on && severity < 0)
		return err_set(err, ERR_USAGE, "fail-on is \"%s\", but must be low, medium, high or critical",
			       conf->fail_on);
	return scan_image(conf, argv[0], severity, ret_exit, err);
}

const struct command image_command = {
	.name = "image",
	.arguments = "REF",
	.summary = "scan an image: packages, and what is wrong with its configuration and files",
	.details = "REF is a docker-archive or an OCI layout: a tar file (also packed with gzip or zstd) or a "
		   "folder. Every digest is\n"
		   "checked. Exit codes: 0 done, 3 a finding is at least as severe as --fail-on, 5 no such file, 8 "
		   "the collector\n"
		   "cannot be reached, 1 for everything else, such as a damaged archive.\n\n"
		   "  docker save app:1.2 | gzip > app.tar.gz && secscan image --fail-on high app.tar.gz",
	.opts = image_opts,
	.conf_size = sizeof(struct scan_conf),
	.args_min = 1,
	.args_max = 1,
	.run = image_run,
};
