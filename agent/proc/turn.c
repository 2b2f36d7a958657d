#include "agent/proc/turn.h"

#include <pthread.h>
#include <stdlib.h>

struct turn {
	pthread_mutex_t lock;
};

/* So that what asks a container need not be told by all its callers what it would hold up. */
static _Thread_local struct turn *held;

struct turn *turn_new(void)
{
	struct turn *turn = calloc(1, sizeof(*turn));

	if (turn)
		pthread_mutex_init(&turn->lock, NULL);
	return turn;
}

void turn_free(struct turn *turn)
{
	if (!turn)
		return;
	pthread_mutex_destroy(&turn->lock);
	free(turn);
}

void turn_take(struct turn *turn)
{
	if (!turn)
		return;
	pthread_mutex_lock(&turn->lock);
	held = turn;
}

void turn_give(struct turn *turn)
{
	if (!turn)
		return;
	held = NULL;
	pthread_mutex_unlock(&turn->lock);
}

struct turn *turn_pause(void)
{
	struct turn *turn = held;

	turn_give(turn);
	return turn;
}

void turn_resume(struct turn *turn)
{
	turn_take(turn);
}
