#include <stdio.h>
#include <stdlib.h>

#include "collector/api/route.h"
#include "collector/collector.h"
#include "conf/program.h"

static const struct opt opts[] = {
	OPT(collector_conf, state, "state", 0, OPT_TEXT, "DIR", NULL,
	    "state folder (default: /var/lib/clewline for root, ~/.local/state/clewline for others)"),
	OPT(collector_conf, intake, "intake", 0, OPT_TEXT, "URL", NULL,
	    "where agents send batches: tls+tcp://ADDRESS:PORT, which leaves intake.sock in the state folder open as "
	    "well, or instead of that ipc:///PATH or tcp://127.0.0.1:PORT"),
	OPT(collector_conf, api, "api", 0, OPT_TEXT, "URL", NULL,
	    "where the API answers: unix:/PATH or tcp://ADDRESS:PORT (default: api.sock in the state folder)"),
	OPT(collector_conf, api_token_file, "api-token-file", 0, OPT_TEXT, "FILE", NULL,
	    "file with the bearer token that the API asks for over TCP; without it the API does not listen on TCP"),
	OPT(collector_conf, user, "user", 0, OPT_TEXT, "NAME", "clewline",
	    "system user to become when started as root"),
	OPT(collector_conf, archive, "archive", 0, OPT_TEXT, "DIR", NULL,
	    "folder of archived days (default: archive in the state folder); secctl db archive, secctl db restore"),
	OPT(collector_conf, certificate_life_ns, "certificate-life", 0, OPT_DURATION, "TIME", "7d",
	    "how long an agent's certificate is valid; it is renewed after two thirds"),
	OPT(collector_conf, new_authority, "new-authority", 0, OPT_FLAG, NULL, NULL,
	    "with tls+tcp://: the authority in this state folder takes the place of the one that the database knows; "
	    "agents of "
	    "that one must enrol again"),
	OPT(collector_conf, sts_address, "sts-address", 0, OPT_TEXT, "HOST:PORT", NULL,
	    "connect there to ask AWS whose a role is, whatever the endpoint: an interface endpoint of a VPC without "
	    "private DNS; the certificate must be that of AWS's name all the same"),
	OPT(collector_conf, sts_trust_file, "sts-trust-file", 0, OPT_TEXT, "FILE", NULL,
	    "roots (PEM) for that connection instead of the system's: where a proxy ends TLS, or for tests"),
	OPT(collector_conf, routes, "routes", 0, OPT_FLAG, NULL, NULL, "print the API's reference and end"),
	OPT_END,
};

static int run(const void *conf, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct collector_conf *collector = conf;

	if (collector->routes) {
		AUTO_FREE char *text = routes_document();

		if (!text || fputs(text, stdout) == EOF)
			return err_set(err, ERR_FAILED, "could not print the reference");
		return 0;
	}
	return collector_run(collector, err);
}

static const struct command commands[] = {
	{ .name = "run",
	  .summary = "take batches, store them, answer questions",
	  .details = "Starts a private PostgreSQL cluster in the state folder unless DATABASE_URL names another "
		     "server. Runs in\n"
		     "the foreground until SIGTERM; secctl up starts it in the background.",
	  .opts = opts,
	  .conf_size = sizeof(struct collector_conf),
	  .run = run },
	{ .name = NULL },
};

static const struct program program = {
	.name = "seccollector",
	.summary = "central collector: intake, store, correlation, API",
	.commands = commands,
	.single = true,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
