/* CPU time of the rule engine per event, one thread: the buckets of the rule files given, CloudTrail, and made-up rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/ruleset.h"
#include "tests/bench/clock.h"
#include "tests/bench/event.h"

#define ROUNDS	    9
#define EVENTS	    50000
#define MADE_EVENTS 4000
#define FILES_MAX   8

static size_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	allocations++;
	return __real_realloc(memory, size);
}

/* name=value; ancestors are written name[1]=value. */
struct row {
	const char *type;
	const char *fields[48];
};

static const struct row opens[] = {
#define OPEN(path, ...)                                                                                              \
	{                                                                                                            \
		"openat",                                                                                            \
		{                                                                                                    \
			"fd.name=" path, "fd.typechar=f", "fd.num=3", "evt.rawres=3", "evt.dir=<",                   \
				"container.id=host", "user.name=root", "user.uid=0", "user.loginuid=1000",           \
				"proc.pname=bash", "proc.aname[1]=bash", "proc.aname[2]=sshd",                       \
				"proc.aname[3]=systemd", "proc.tty=34816", "proc.vpid=4711", "proc.pid=4711",        \
				"evt.num=77", "container.image.repository=app", "proc.is_exe_upper_layer=false",     \
				"proc.pcmdline=bash", __VA_ARGS__                                                    \
		}                                                                                                    \
	}
#define READ  "evt.is_open_read=true", "evt.is_open_write=false"
#define WRITE "evt.is_open_read=false", "evt.is_open_write=true"
	OPEN("/usr/lib/x86_64-linux-gnu/libc.so.6", READ, "proc.name=ls", "proc.exepath=/usr/bin/ls",
	     "proc.cmdline=ls -l"),
	OPEN("/etc/ld.so.cache", READ, "proc.name=grep", "proc.exepath=/usr/bin/grep", "proc.cmdline=grep -r x ."),
	OPEN("/proc/4711/status", READ, "proc.name=ps", "proc.exepath=/usr/bin/ps", "proc.cmdline=ps ax"),
	OPEN("/srv/app/templates/index.html", READ, "proc.name=nginx", "proc.exepath=/usr/sbin/nginx",
	     "proc.cmdline=nginx: worker"),
	OPEN("/tmp/upload.8714", WRITE, "proc.name=php-fpm", "proc.exepath=/usr/sbin/php-fpm",
	     "proc.cmdline=php-fpm"),
	OPEN("/var/log/app/access.log", WRITE, "proc.name=node", "proc.exepath=/usr/bin/node",
	     "proc.cmdline=node app.js"),
	OPEN("/home/user/.cache/index", WRITE, "proc.name=git", "proc.exepath=/usr/bin/git",
	     "proc.cmdline=git status"),
	OPEN("/etc/shadow", READ, "proc.name=cat", "proc.exepath=/usr/bin/cat", "proc.cmdline=cat /etc/shadow"),
};

static const struct row execs[] = {
#define EXEC(name, line, ...)                                                                                        \
	{                                                                                                            \
		"execve",                                                                                            \
		{                                                                                                    \
			"proc.name=" name, "proc.exepath=/usr/bin/" name, "proc.cmdline=" line, "proc.args=" line,   \
				"evt.dir=<", "evt.rawres=0", "evt.num=78", "user.name=root", "user.uid=0",           \
				"user.loginuid=1000", "proc.pname=bash", "proc.pcmdline=bash", "proc.aname[1]=bash", \
				"proc.aname[2]=sshd", "proc.aname[3]=systemd", "proc.tty=34816", "proc.vpid=4711",   \
				"proc.pid=4711", "container.image.repository=app", "proc.is_exe_upper_layer=false",  \
				"proc.is_exe_from_memfd=false", "proc.sname=bash", "proc.pexepath=/usr/bin/bash",    \
				"evt.arg[flags]=EXE_WRITABLE", "proc.env=PATH=/usr/bin HOME=/root",                  \
				"evt.res=SUCCESS", __VA_ARGS__                                                       \
		}                                                                                                    \
	}
	EXEC("ls", "ls -l /srv", "container.id=host"),
	EXEC("git", "git commit -m message", "container.id=host"),
	EXEC("cc1", "cc1 -quiet -O2 main.c -o /tmp/x.s", "container.id=host"),
	EXEC("sh", "sh -c make", "container.id=4f0a1b2c3d4e"),
	EXEC("grep", "grep -r password /home", "container.id=4f0a1b2c3d4e"),
	EXEC("python3", "python3 manage.py migrate", "container.id=4f0a1b2c3d4e"),
	EXEC("curl", "curl -s http://example.com/", "container.id=4f0a1b2c3d4e"),
	EXEC("useradd", "useradd -m other", "container.id=host"),
};

static const struct row records[] = {
#define RECORD(name, source, ...)                                                                                    \
	{                                                                                                            \
		name,                                                                                                \
		{                                                                                                    \
			"ct.name=" name, "ct.src=" source, "ct.user.identitytype=IAMUser", "ct.user=deploy",         \
				"ct.region=eu-central-1", "ct.srcip=198.51.100.7", __VA_ARGS__                       \
		}                                                                                                    \
	}
	RECORD("DescribeInstances", "ec2.amazonaws.com", "ct.readonly=true"),
	RECORD("AssumeRole", "sts.amazonaws.com", "ct.readonly=true"),
	RECORD("GetObject", "s3.amazonaws.com", "s3.bucket=data", "ct.readonly=true"),
	RECORD("PutObject", "s3.amazonaws.com", "s3.bucket=data"),
	RECORD("ConsoleLogin", "signin.amazonaws.com", "json.value[/responseElements/ConsoleLogin]=Success",
	       "json.value[/additionalEventData/MFAUsed]=Yes"),
	RECORD("RunInstances", "ec2.amazonaws.com", "ct.region=eu-west-3"),
	RECORD("Decrypt", "kms.amazonaws.com", "ct.readonly=true"),
	RECORD("DeleteTrail", "cloudtrail.amazonaws.com", "ct.error=AccessDenied"),
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "rules_bench: %s: %s\n", what, why);
	exit(1);
}

static void event_set(struct bench_event *event, const char *text)
{
	const char *equals = strchr(text, '='), *bracket = memchr(text, '[', (size_t)(equals - text));
	int field = field_find(text, (size_t)((bracket ? bracket : equals) - text));
	struct value value = value_text(equals + 1, strlen(equals + 1));

	if (field < 0)
		fail(text, "no such field");
	value.type = field_infos[field].type;
	if (value.type == VALUE_BOOL)
		value = value_bool(equals[1] == 't');
	else if (value.type != VALUE_TEXT && value.type != VALUE_BYTES)
		value = (struct value){ .type = field_infos[field].type, .number = strtoll(equals + 1, NULL, 10) };
	if (!bench_event_set(event, (enum field)field,
			     bracket ? strndup(bracket + 1, (size_t)(equals - bracket - 2)) : NULL, &value))
		fail(text, "too many");
}

static struct bench_event *events_make(const struct row *rows, size_t count)
{
	struct bench_event *events = calloc(count, sizeof(*events));

	if (!events)
		fail("events", "out of memory");
	for (size_t i = 0; i < count; i++) {
		events[i].type = rows[i].type;
		for (const char *const *text = rows[i].fields; *text; text++)
			event_set(&events[i], *text);
	}
	return events;
}

struct series {
	const char *name, *source;
	const struct row *rows;
	size_t count;
	size_t events; /* of a round */
};

static void series_run(const struct ruleset *set, const struct series *series)
{
	struct bench_event *events = events_make(series->rows, series->count);
	double times[ROUNDS], start;
	size_t matches = 0, allocated = 0;

	for (int round = -1; round < ROUNDS; round++) {
		matches = 0;
		allocated = allocations;
		start = clock_now();
		for (size_t i = 0; i < series->events; i++) {
			const struct bench_event *event = &events[i % series->count];
			struct field_reader reader = { .read = bench_event_read, .context = event };

			matches += ruleset_match(set, series->source, event->type, &reader, NULL, NULL);
		}
		if (round >= 0)
			times[round] = (clock_now() - start) / (double)series->events;
		allocated = allocations - allocated;
	}
	clock_sort(times, ROUNDS);
	printf("%-34s %8.3f us/event %11.0f /s  min %.3f max %.3f  matches/event %.2f  allocations/event %.2f\n",
	       series->name, times[ROUNDS / 2] / 1e3, 1e9 / times[ROUNDS / 2], times[0] / 1e3,
	       times[ROUNDS - 1] / 1e3, (double)matches / (double)series->events,
	       (double)allocated / (double)series->events);
	free(events);
}

static struct ruleset *files_load(char **files, int count, bool quiet)
{
	struct ruleset *set = ruleset_new();
	double start = clock_now();
	struct err err;

	for (int i = 0; set && i < count; i++) {
		if (ruleset_add_path(set, files[i], &err) < 0)
			fail(files[i], err.message);
	}
	if (!set || ruleset_compile(set, &err) < 0)
		fail("rules", set ? err.message : "out of memory");
	if (!quiet)
		printf("%-34s %8.2f ms, %zu rules\n", "load from YAML to program", (clock_now() - start) / 1e6,
		       ruleset_count(set));
	return set;
}

/* Rules of one shape over the same few fields, %1$d for what each has of its own. */
struct shape {
	const char *name, *condition;
};

static const struct shape shapes[] = {
	{ "names and beginnings",
	  "evt.type in (open, openat) and evt.is_open_read=true and proc.name in (a%1$d, b%1$d) "
	  "and fd.name startswith /srv/%1$d/ and not user.name = u%1$d" },
	{ "beginnings", "evt.type in (open, openat) and fd.name startswith /data/%1$d/ and not proc.name = u%1$d" },
	{ "endings", "evt.type in (open, openat) and fd.name endswith .x%1$d and evt.is_open_read=true" },
	{ "parts", "evt.type in (open, openat) and fd.name contains secret%1$d and proc.cmdline contains get%1$d" },
	{ "paths", "evt.type in (open, openat) and fd.name pmatch (/opt/p%1$d, /usr/local/p%1$d/bin)" },
	{ "shell patterns", "evt.type in (open, openat) and fd.name glob /home/*/vault%1$d/*" },
	{ "regular expressions", "evt.type in (open, openat) and fd.name regex '/run/user%1$d/.*[.]sock'" },
	{ "exceptions to one check",
	  "evt.type in (open, openat) and proc.name = worker and not fd.name startswith /mnt/%1$d/" },
	{ "the same, where it holds",
	  "evt.type in (open, openat) and proc.name = node and fd.num = 3 and not fd.name "
	  "startswith /var and not proc.cmdline endswith x%1$d" },
};

static struct ruleset *shape_load(const struct shape *shape, int count, double *ret_ms)
{
	struct ruleset *set = ruleset_new();
	AUTO_STRBUF text = STRBUF_INIT;
	double start;
	struct err err;

	for (int i = 0; i < count; i++) {
		strbuf_addf(&text, "- rule: made %d\n  desc: d\n  output: o\n  priority: INFO\n  condition: >\n    ",
			    i);
		strbuf_addf(&text, shape->condition, i);
		strbuf_addc(&text, '\n');
	}
	start = clock_now();
	if (!set || ruleset_add_text(set, "made", text.data, text.length, &err) < 0 || ruleset_compile(set, &err) < 0)
		fail("made rules", set ? err.message : "out of memory");
	*ret_ms = (clock_now() - start) / 1e6;
	return set;
}

/* The events of the open bucket, the first of which is like rule 7 of most shapes. */
static const struct row made_rows[] = {
	OPEN("/srv/7/index", READ, "proc.name=a7", "proc.exepath=/usr/bin/a7", "proc.cmdline=a7 get7"),
	OPEN("/data/7/secret7.x7", READ, "proc.name=ls", "proc.exepath=/usr/bin/ls", "proc.cmdline=ls get7"),
	OPEN("/usr/lib/x86_64-linux-gnu/libc.so.6", READ, "proc.name=ls", "proc.exepath=/usr/bin/ls",
	     "proc.cmdline=ls -l"),
	OPEN("/home/user/vault7/key", READ, "proc.name=git", "proc.exepath=/usr/bin/git", "proc.cmdline=git status"),
	OPEN("/usr/local/p7/bin/tool", READ, "proc.name=php-fpm", "proc.exepath=/usr/sbin/php-fpm",
	     "proc.cmdline=php-fpm"),
	OPEN("/var/log/app/access.log", WRITE, "proc.name=node", "proc.exepath=/usr/bin/node",
	     "proc.cmdline=node app.js"),
};

static void shape_run(const struct shape *shape, int count)
{
	char name[64];
	double ms;
	struct ruleset *set = shape_load(shape, count, &ms);
	struct series series = { name, "syscall", made_rows, sizeof(made_rows) / sizeof(*made_rows), MADE_EVENTS };

	snprintf(name, sizeof(name), "%s: %d", shape->name, count);
	printf("%-34s %8.2f ms, %d rules\n", "load", ms, count);
	series_run(set, &series);
	ruleset_free(set);
}

int main(int argc, char **argv)
{
	static const struct series all[] = {
		{ "open bucket", "syscall", opens, sizeof(opens) / sizeof(*opens), EVENTS },
		{ "execve bucket", "syscall", execs, sizeof(execs) / sizeof(*execs), EVENTS },
		{ "CloudTrail, extracted fields", "aws_cloudtrail", records, sizeof(records) / sizeof(*records),
		  EVENTS },
	};
	struct ruleset *set;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; argc > 1 && i < 3; i++)
		ruleset_free(files_load(argv + 1, argc - 1, false));
	set = argc > 1 ? files_load(argv + 1, argc - 1, true) : NULL;
	for (size_t i = 0; set && i < sizeof(all) / sizeof(*all); i++)
		series_run(set, &all[i]);
	ruleset_free(set);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		for (int count = 100; count <= 10000; count *= 10)
			shape_run(&shapes[i], count);
	}
	return 0;
}
