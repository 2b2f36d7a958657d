#include "agent/tracers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent/sensor/trace/ledger.h"
#include "base/log.h"
#include "base/time.h"

/*
 * Ends the wait of a tracer for its next stop. It is lost if it comes just before that wait, so it is sent until somebody has heard it:
 * after 1 ms, then ever more rarely.
 */
#define TRACER_WAKE	(SIGRTMIN + 2)
#define REPEAT_MS_FIRST 1
#define REPEAT_MS_LAST	100

#define ADOPT_LOOK_NS (50 * INT64_C(1000)) /* calls may fail until all have taken hold */

enum worker_state { WORKER_NONE, WORKER_RUNS, WORKER_OVER };

/* A tracer and its thread. */
struct worker {
	struct tracers *tracers;
	unsigned int lane; /* its place in the array, from 1 on */
	enum worker_state state;
	pthread_t thread;
	pid_t tid; /* 0 = it has not begun */
	struct tracer *tracer;
	pthread_cond_t has_news;
	struct job *first, **last; /* waiting */
	size_t waiting;
	atomic_int is_called; /* it has jobs, or is to end */
	bool is_used;	      /* its tracer has the conf of tracers */
	atomic_bool is_ending;
	struct job look;
	bool is_looking;   /* look is waiting or being done */
	int repeat_ms;	   /* until the next signal; 0 = it was not called */
	int64_t repeat_ns; /* CLOCK_MONOTONIC: when that is */
};

struct tracers {
	struct tracers_conf conf;
	pthread_mutex_t
		lock; /* guards: all below, and what is in the workers; held by whoever has the turn, never the other way round */
	struct worker workers[TRACERS_MAX];
	struct worker *by_owner[LEDGER_OWNERS]; /* NULL = none yet */
	struct tracer_conf tracer;
	bool is_used;	    /* tracer counts */
	atomic_size_t jobs; /* not done yet */
	bool has_said_shared;
};

static void on_wake(int signal UNUSED)
{
}

int tracers_open(const struct tracers_conf *conf, struct tracers **ret, struct err *err)
{
	/* No SA_RESTART: it has to end the wait for a stop. */
	const struct sigaction action = { .sa_handler = on_wake };
	struct tracers *tracers = calloc(1, sizeof(*tracers));

	if (!tracers)
		return err_set(err, ERR_MEMORY, "out of memory");
	tracers->conf = *conf;
	pthread_mutex_init(&tracers->lock, NULL);
	sigaction(TRACER_WAKE, &action, NULL);
	*ret = tracers;
	return 0;
}

/* The functions of the threads. */

/* What is to be done now, in order. */
static struct job *take_jobs(struct worker *worker)
{
	struct tracers *tracers = worker->tracers;
	struct tracer_conf conf;
	bool is_new = false;
	struct job *jobs;

	pthread_mutex_lock(&tracers->lock);
	jobs = worker->first;
	worker->first = NULL;
	worker->last = &worker->first;
	worker->waiting = 0;
	worker->is_called = worker->is_ending;
	worker->repeat_ms = 0;
	if (tracers->is_used && !worker->is_used) {
		conf = tracers->tracer;
		worker->is_used = is_new = true;
	}
	pthread_mutex_unlock(&tracers->lock);
	if (is_new) {
		conf.lane = worker->lane;
		tracer_use(worker->tracer, &conf);
	}
	return jobs;
}

static void do_jobs(struct worker *worker)
{
	for (struct job *job = take_jobs(worker), *next; job; job = next) {
		next = job->next;
		job->run(job, worker->tracer);
		worker->tracers->jobs--;
	}
}

static void look(struct job *job, struct tracer *tracer)
{
	struct worker *worker = (struct worker *)((uintptr_t)job - offsetof(struct worker, look));
	struct tracers *tracers = worker->tracers;

	if (tracer)
		tracers->conf.look(tracers->conf.context, worker->lane, false);
	pthread_mutex_lock(&tracers->lock);
	worker->is_looking = false;
	pthread_mutex_unlock(&tracers->lock);
}

/* With nothing left to trace. False: there is nothing for it any more. */
static bool wait_for_jobs(struct worker *worker)
{
	struct tracers *tracers = worker->tracers;
	bool has_pending = tracers->conf.has_pending(tracers->conf.context, worker->lane), is_late = false;
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TRACERS_LINGER_S;
	pthread_mutex_lock(&tracers->lock);
	while (!worker->is_called && !is_late)
		is_late = pthread_cond_timedwait(&worker->has_news, &tracers->lock, &until) == ETIMEDOUT;
	/* Before it is used, what it took hold of waits for that. */
	goes_on = worker->is_called || has_pending || !worker->is_used;
	if (!goes_on)
		worker->state = WORKER_OVER;
	pthread_mutex_unlock(&tracers->lock);
	return goes_on;
}

static void let_signals_in(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, TRACER_WAKE);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void end(struct worker *worker)
{
	struct tracers *tracers = worker->tracers;

	tracers->conf.look(tracers->conf.context, worker->lane, true);
	pthread_mutex_lock(&tracers->lock);
	worker->state = WORKER_OVER;
	pthread_mutex_unlock(&tracers->lock);
}

static void *serve(void *argument)
{
	struct worker *worker = argument;
	struct tracers *tracers = worker->tracers;
	bool goes_on = true;

	let_signals_in();
	pthread_mutex_lock(&tracers->lock);
	worker->tid = (pid_t)syscall(SYS_gettid);
	pthread_mutex_unlock(&tracers->lock);
	while (goes_on && !worker->is_ending) {
		do_jobs(worker);
		if (!worker->is_used || !tracer_run(worker->tracer, &worker->is_called))
			goes_on = wait_for_jobs(worker);
	}
	if (goes_on)
		end(worker);
	tracers->conf.wake(tracers->conf.context);
	return NULL;
}

/* The functions of who asks. All that are static have the lock. */

static void call(struct worker *worker)
{
	worker->is_called = 1;
	if (!worker->repeat_ms)
		worker->repeat_ms = REPEAT_MS_FIRST;
	worker->repeat_ns = time_monotonic_ns() + worker->repeat_ms * NS_PER_MS;
	pthread_cond_signal(&worker->has_news);
	pthread_kill(worker->thread, TRACER_WAKE);
}

static void add(struct worker *worker, struct job *job)
{
	job->next = NULL;
	*worker->last = job;
	worker->last = &job->next;
	worker->waiting++;
	worker->tracers->jobs++;
	call(worker);
}

static int start_thread(struct worker *worker)
{
	pthread_attr_t attributes;
	pthread_condattr_t clock;
	int code;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->has_news, &clock);
	pthread_condattr_destroy(&clock);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, TRACERS_STACK);
	code = pthread_create(&worker->thread, &attributes, serve, worker);
	pthread_attr_destroy(&attributes);
	if (code)
		pthread_cond_destroy(&worker->has_news);
	return code;
}

/* 0, or an errno. */
static int start(struct tracers *tracers, struct worker *worker)
{
	struct tracer_conf conf = tracers->tracer;
	struct err err = { 0 };
	int code;

	*worker = (struct worker){ .tracers = tracers,
				   .lane = (unsigned int)(worker - tracers->workers) + 1,
				   .state = WORKER_RUNS,
				   .look = { .run = look },
				   .is_used = tracers->is_used };
	worker->last = &worker->first;
	conf.lane = worker->lane;
	conf.ledger = tracers->conf.ledger;
	code = tracer_new(&conf, &worker->tracer, &err) < 0 ? ENOMEM : start_thread(worker);
	if (code) {
		tracer_free(TAKE(worker->tracer));
		worker->state = WORKER_NONE;
	}
	return code;
}

/* One that has less to do than the others; NULL if there is none at all. */
static struct worker *find_shared(struct tracers *tracers, int problem)
{
	struct worker *found = NULL;

	for (size_t i = 0; i < TRACERS_MAX; i++) {
		struct worker *worker = &tracers->workers[i];

		if (worker->state == WORKER_RUNS &&
		    (!found || tracer_count(worker->tracer) < tracer_count(found->tracer)))
			found = worker;
	}
	if (!tracers->has_said_shared)
		log_warn("tracer-shared",
			 "there is no thread for another tracer (%s): a container shares the one of another, and is "
			 "held up when that is",
			 problem ? strerror(problem) : "there are as many as may be");
	tracers->has_said_shared = true;
	return found;
}

static struct worker *worker_of(struct tracers *tracers, uint8_t owner)
{
	struct worker *worker = tracers->by_owner[owner];
	int problem = 0;

	if (worker && worker->state == WORKER_RUNS)
		return worker;
	worker = NULL;
	for (size_t i = 0; i < TRACERS_MAX && !worker; i++) {
		if (tracers->workers[i].state == WORKER_NONE)
			worker = &tracers->workers[i];
	}
	if (worker && (problem = start(tracers, worker)) != 0)
		worker = NULL;
	return tracers->by_owner[owner] = worker ? worker : find_shared(tracers, problem);
}

void tracers_ask(struct tracers *tracers, uint8_t owner, struct job *job)
{
	struct worker *worker;

	pthread_mutex_lock(&tracers->lock);
	worker = worker_of(tracers, owner);
	if (worker)
		add(worker, job);
	pthread_mutex_unlock(&tracers->lock);
	if (!worker)
		job->run(job, NULL);
}

bool tracers_offer(struct tracers *tracers, uint8_t owner, struct job *job)
{
	struct worker *worker;
	bool fits;

	pthread_mutex_lock(&tracers->lock);
	worker = worker_of(tracers, owner);
	fits = worker && worker->waiting < TRACERS_JOBS_MAX;
	if (fits)
		add(worker, job);
	pthread_mutex_unlock(&tracers->lock);
	return fits;
}

bool tracers_pass_on(struct tracers *tracers, uint8_t owner, pid_t tid, struct job *job)
{
	bool found = false;

	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX && tid && !found; i++) {
		struct worker *worker = &tracers->workers[i];

		found = worker->state == WORKER_RUNS && worker->tid == tid;
		if (found) {
			tracers->by_owner[owner] = worker;
			add(worker, job);
		}
	}
	pthread_mutex_unlock(&tracers->lock);
	return found;
}

void tracers_share(struct tracers *tracers, uint8_t owner, uint8_t other)
{
	pthread_mutex_lock(&tracers->lock);
	tracers->by_owner[owner] = tracers->by_owner[other];
	pthread_mutex_unlock(&tracers->lock);
}

void tracers_use(struct tracers *tracers, const struct tracer_conf *conf)
{
	pthread_mutex_lock(&tracers->lock);
	tracers->tracer = *conf;
	tracers->is_used = true;
	for (size_t i = 0; i < TRACERS_MAX; i++) {
		if (tracers->workers[i].state == WORKER_RUNS)
			call(&tracers->workers[i]);
	}
	pthread_mutex_unlock(&tracers->lock);
}

/* Calls again whoever has not heard it. Returns when to do so next, in ms from now. */
static int64_t call_again(struct tracers *tracers)
{
	int64_t now_ns = time_monotonic_ns(), next_ms = REPEAT_MS_LAST;

	for (size_t i = 0; i < TRACERS_MAX; i++) {
		struct worker *worker = &tracers->workers[i];
		int64_t left_ms;

		if (worker->state != WORKER_RUNS || !worker->is_called)
			continue;
		if (worker->repeat_ns <= now_ns) {
			worker->repeat_ms *= 2;
			worker->repeat_ms = worker->repeat_ms < REPEAT_MS_LAST ? worker->repeat_ms : REPEAT_MS_LAST;
			call(worker);
		}
		left_ms = (worker->repeat_ns - now_ns) / NS_PER_MS + 1;
		next_ms = left_ms < next_ms ? left_ms : next_ms;
	}
	return next_ms;
}

/* Without the lock: what has ended is nobody else's. */
static void take_away(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
	tracer_free(TAKE(worker->tracer));
	pthread_cond_destroy(&worker->has_news);
}

static void take_away_ended(struct tracers *tracers)
{
	for (size_t i = 0; i < TRACERS_MAX; i++) {
		struct worker *worker = &tracers->workers[i];
		bool is_over;

		pthread_mutex_lock(&tracers->lock);
		is_over = worker->state == WORKER_OVER;
		pthread_mutex_unlock(&tracers->lock);
		if (!is_over)
			continue;
		take_away(worker);
		pthread_mutex_lock(&tracers->lock);
		for (size_t owner = 0; owner < LEDGER_OWNERS; owner++) {
			if (tracers->by_owner[owner] == worker)
				tracers->by_owner[owner] = NULL;
		}
		worker->state = WORKER_NONE;
		pthread_mutex_unlock(&tracers->lock);
	}
}

int tracers_step(struct tracers *tracers)
{
	int64_t next_ms;

	take_away_ended(tracers);
	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX; i++) {
		struct worker *worker = &tracers->workers[i];

		if (worker->state != WORKER_RUNS || worker->is_looking ||
		    !tracers->conf.is_due(tracers->conf.context, worker->lane))
			continue;
		worker->is_looking = true;
		add(worker, &worker->look);
	}
	next_ms = call_again(tracers);
	pthread_mutex_unlock(&tracers->lock);
	return (int)next_ms;
}

static void pause_until(int64_t *left_ns, int64_t step_ns)
{
	nanosleep(&(struct timespec){ 0, step_ns }, NULL);
	*left_ns -= step_ns;
}

/* Jobs of one that cannot be reached any more. */
static void give_up_jobs(struct tracers *tracers, struct worker *worker)
{
	struct job *job;

	pthread_mutex_lock(&tracers->lock);
	job = worker->first;
	worker->first = NULL;
	worker->last = &worker->first;
	pthread_mutex_unlock(&tracers->lock);
	for (struct job *next; job; job = next) {
		next = job->next;
		job->run(job, NULL);
	}
}

static void leave_behind(struct tracers *tracers)
{
	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX; i++) {
		if (tracers->workers[i].state == WORKER_RUNS)
			pthread_detach(tracers->workers[i].thread);
	}
	pthread_mutex_unlock(&tracers->lock);
}

static size_t count_running(struct tracers *tracers)
{
	size_t count = 0;

	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX; i++)
		count += tracers->workers[i].state == WORKER_RUNS ? 1 : 0;
	if (count)
		call_again(tracers);
	pthread_mutex_unlock(&tracers->lock);
	return count;
}

bool tracers_close(struct tracers *tracers)
{
	int64_t left_ns = TRACERS_END_NS;
	bool is_clean;

	if (!tracers)
		return true;
	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX; i++) {
		if (tracers->workers[i].state != WORKER_RUNS)
			continue;
		tracers->workers[i].is_ending = true;
		call(&tracers->workers[i]);
	}
	pthread_mutex_unlock(&tracers->lock);
	while (count_running(tracers) && left_ns > 0)
		pause_until(&left_ns, NS_PER_MS);
	take_away_ended(tracers);
	for (size_t i = 0; i < TRACERS_MAX; i++)
		give_up_jobs(tracers, &tracers->workers[i]);
	is_clean = count_running(tracers) == 0;
	if (!is_clean) {
		leave_behind(tracers);
		return false;
	}
	pthread_mutex_destroy(&tracers->lock);
	free(tracers);
	return true;
}

struct adoption {
	struct job job;
	struct worker *worker;
};

static bool is_of_worker(const void *context, uint8_t owner)
{
	const struct worker *worker = context;

	return worker->tracers->by_owner[owner] == worker;
}

static void adopt(struct job *job, struct tracer *tracer)
{
	struct adoption *adoption = (struct adoption *)job;

	if (tracer)
		tracer_adopt(tracer, is_of_worker, adoption->worker);
	free(adoption);
}

/* Has each do it, and waits for all. */
static void adopt_all(struct tracers *tracers)
{
	int64_t left_ns = TRACERS_ADOPT_NS;

	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX; i++) {
		struct worker *worker = &tracers->workers[i];
		struct adoption *adoption = worker->state == WORKER_RUNS ? calloc(1, sizeof(*adoption)) : NULL;

		if (!adoption)
			continue;
		*adoption = (struct adoption){ { .run = adopt }, worker };
		add(worker, &adoption->job);
	}
	pthread_mutex_unlock(&tracers->lock);
	while (tracers->jobs && left_ns > 0)
		pause_until(&left_ns, ADOPT_LOOK_NS);
}

void tracers_adopt(struct tracers *tracers)
{
	struct ledger *ledger = tracers->conf.ledger;

	pthread_mutex_lock(&tracers->lock);
	for (pid_t tid = 1; tid <= ledger->highest; tid++) {
		uint8_t owner = ledger_owner(ledger, tid);

		if (owner && !tracers->by_owner[owner])
			worker_of(tracers, owner);
	}
	pthread_mutex_unlock(&tracers->lock);
	/* Those that are known already first and at once: each moment one of their calls may fail. */
	adopt_all(tracers);
	ledger_complete(ledger);
	adopt_all(tracers);
}

bool tracers_are_busy(const struct tracers *tracers)
{
	return tracers->jobs > 0;
}

static size_t sum(struct tracers *tracers, size_t (*of)(const struct tracer *tracer))
{
	size_t count = 0;

	pthread_mutex_lock(&tracers->lock);
	for (size_t i = 0; i < TRACERS_MAX; i++)
		count += tracers->workers[i].state == WORKER_RUNS ? of(tracers->workers[i].tracer) : 0;
	pthread_mutex_unlock(&tracers->lock);
	return count;
}

size_t tracers_count(struct tracers *tracers)
{
	return sum(tracers, tracer_count);
}

size_t tracers_bound(struct tracers *tracers)
{
	return sum(tracers, tracer_bound);
}
