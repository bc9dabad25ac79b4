/* Who is live, and the threads for what may take long; see ve.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ve.h"

#define STACK_BYTES ((size_t)8 << 20)
#define MOST_THREADS 65
#define STOP_S 10

/* -- Who is live ---------------------------------------------------------- */

static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ve_live *live_first;
static unsigned live_count;

bool ve_live_add(struct ve_live *live, unsigned most)
{
	bool added = false;

	pthread_mutex_lock(&live_lock);
	if (live_count < most) {
		live->next = live_first;
		live_first = live;
		live_count++;
		added = true;
	}
	pthread_mutex_unlock(&live_lock);
	return added;
}

void ve_live_open(struct ve_live *live, unsigned rate, voice_session *speaker,
                  voice_session *other)
{
	pthread_mutex_lock(&live_lock);
	live->rate = rate;
	live->speaker = speaker;
	live->other = other;
	pthread_mutex_unlock(&live_lock);
}

void ve_live_remove(struct ve_live *live)
{
	pthread_mutex_lock(&live_lock);
	for (struct ve_live **at = &live_first; *at != NULL;
	     at = &(*at)->next) {
		if (*at == live) {
			*at = live->next;
			live_count--;
			break;
		}
	}
	pthread_mutex_unlock(&live_lock);
}

unsigned ve_live_count(void)
{
	unsigned count;

	pthread_mutex_lock(&live_lock);
	count = live_count;
	pthread_mutex_unlock(&live_lock);
	return count;
}

bool ve_live_find(const char *uuid, const char *kind, struct ve_live *copy)
{
	bool found = false;

	pthread_mutex_lock(&live_lock);
	for (struct ve_live *at = live_first; at != NULL; at = at->next) {
		if (strcmp(at->uuid, uuid) == 0 &&
		    (kind == NULL || strcmp(at->kind, kind) == 0)) {
			*copy = *at;
			copy->next = NULL;
			found = true;
			break;
		}
	}
	pthread_mutex_unlock(&live_lock);
	return found;
}

void ve_live_each(void (*each)(void *context, const struct ve_live *live),
                  void *context)
{
	pthread_mutex_lock(&live_lock);
	for (struct ve_live *at = live_first; at != NULL; at = at->next)
		each(context, at);
	pthread_mutex_unlock(&live_lock);
}

/* -- Work ----------------------------------------------------------------- */

struct queue {
	pthread_cond_t woken;
	struct ve_job *first;
	struct ve_job **last;
	unsigned waiting;
};

static pthread_mutex_t work_lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue queues[2] = {
	{.woken = PTHREAD_COND_INITIALIZER, .last = &queues[0].first},
	{.woken = PTHREAD_COND_INITIALIZER, .last = &queues[1].first},
};
static pthread_t threads[MOST_THREADS];
static unsigned thread_count;
static bool stopping;

static void *work(void *context)
{
	struct queue *queue = context;
	struct ve_job *job;

	pthread_mutex_lock(&work_lock);
	for (;;) {
		while (queue->first == NULL && !stopping)
			pthread_cond_wait(&queue->woken, &work_lock);
		job = queue->first;
		if (job == NULL)
			break;
		queue->first = job->next;
		if (queue->first == NULL)
			queue->last = &queue->first;
		queue->waiting--;
		pthread_mutex_unlock(&work_lock);
		job->run(job);
		pthread_mutex_lock(&work_lock);
	}
	pthread_mutex_unlock(&work_lock);
	return NULL;
}

static bool launch(void *(*run)(void *), void *context, pthread_t *thread)
{
	pthread_attr_t attributes;
	bool launched;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	launched = pthread_create(thread, &attributes, run, context) == 0;
	pthread_attr_destroy(&attributes);
	return launched;
}

bool ve_work_start(unsigned tool_threads)
{
	if (tool_threads > MOST_THREADS - 1)
		tool_threads = MOST_THREADS - 1;
	stopping = false;
	for (thread_count = 0; thread_count <= tool_threads; thread_count++) {
		enum ve_queue queue =
			thread_count == 0 ? VE_QUEUE_ENDINGS : VE_QUEUE_TOOLS;

		if (!launch(work, &queues[queue], &threads[thread_count])) {
			ve_work_stop();
			return false;
		}
	}
	return true;
}

bool ve_work_stop(void)
{
	struct timespec until;
	bool stopped = true;

	pthread_mutex_lock(&work_lock);
	stopping = true;
	pthread_cond_broadcast(&queues[VE_QUEUE_TOOLS].woken);
	pthread_cond_broadcast(&queues[VE_QUEUE_ENDINGS].woken);
	pthread_mutex_unlock(&work_lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_S;
	while (thread_count > 0) {
		thread_count--;
		if (pthread_timedjoin_np(threads[thread_count], NULL, &until) !=
		    0)
			stopped = false;
	}
	return stopped;
}

bool ve_work_add(enum ve_queue queue, struct ve_job *job, unsigned most)
{
	struct queue *into = &queues[queue];
	bool added = false;

	pthread_mutex_lock(&work_lock);
	if (!stopping && (most == 0 || into->waiting < most)) {
		job->next = NULL;
		*into->last = job;
		into->last = &job->next;
		into->waiting++;
		pthread_cond_signal(&into->woken);
		added = true;
	}
	pthread_mutex_unlock(&work_lock);
	return added;
}

struct deep {
	void (*run)(void *context);
	void *context;
};

static void *run_deep(void *context)
{
	struct deep *deep = context;

	deep->run(deep->context);
	return NULL;
}

bool ve_work_deep(void (*run)(void *context), void *context)
{
	struct deep deep = {run, context};
	pthread_t thread;

	if (!launch(run_deep, &deep, &thread))
		return false;
	pthread_join(thread, NULL);
	return true;
}
