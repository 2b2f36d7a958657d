/*
 * story.h: the seed's story as events, with the look-alikes and the noise that must not be linked.
 */
#pragma once

#include "fake_store.h"

#define ACCOUNT	     "845151661675"
#define CLUSTER_NAME "lugobad-stack-QASecureEventGeneratorCluster-yPudobodwok6"
#define CLUSTER_ARN  "arn:aws:ecs:us-west-1:" ACCOUNT ":cluster/" CLUSTER_NAME
#define OTHER_ARN    "arn:aws:ecs:eu-west-1:" ACCOUNT ":cluster/" CLUSTER_NAME
#define TASK_ID	     "1dddc34c0a574b74a2a3d9e2b8b5a111"
#define TASK_ARN     "arn:aws:ecs:us-west-1:" ACCOUNT ":task/" CLUSTER_NAME "/" TASK_ID
#define TRAIL_ARN    "arn:aws:cloudtrail:us-west-1:" ACCOUNT ":trail/main-trail"
#define IMAGE_ID     "sha256:1a8d645400000000000000000000000000000000000000000000000000000abc"
#define BADLUGO_ID   "AIDAQ3EGRTSEXAMPLEQ7"
#define LOOKALIKE_ID                                                                                                 \
	"AIDAQ3EGRTSEXAMPLEX9" /* user badlug, who deletes a cluster of the same name in another region */
#define BOT_ID	     "AIDAQ3EGRTSEXAMPLED1" /* deploy-bot, whose DeleteCluster is refused */
#define NEIGHBOUR_ID "AIDAQ3EGRTSEXAMPLEN1" /* acts from badlugo's address, on something else */
#define FILE_PATH    "/usr/bin/2597de70-c942-4424-b039-5e15a86fd380"

/* Fills events; returns their number. Texts are static. */
size_t story_events(struct fake_event *events, size_t max);

/* Id of the alert "Write below binary dir". */
const char *story_alert(char out[ALERT_ID_MAX]);

/* badlugo opens a shell in the story's task; starts logging of the trail again; an agent on a host sees an alert. */
struct fake_event story_shell(void);
/* The same with the session that ECS answered, and an alert of a process in that session, or in another one. */
struct fake_event story_session(void);
struct fake_event story_session_alert(void);
struct fake_event story_start_logging(void);
struct fake_event story_host_alert(void);

/* The n-th of many: badlugo stops a task of his own; the story's task has another alert; a neighbour task has one. */
struct fake_event story_stop_task(struct arena *arena, int n);
struct fake_event story_more_alert(struct arena *arena, int n);
struct fake_event story_neighbour_alert(struct arena *arena, int n);
