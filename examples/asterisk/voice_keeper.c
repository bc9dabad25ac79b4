/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: a thread that does what may take time and must not be waited for
 * in a channel's thread (the end of an engine takes up to 2 s), and that joins
 * the threads of the module, so that none of them is inside its code when
 * Asterisk unmaps it.
 */
#include "voice_module.h"

#include "asterisk/lock.h"

#define WIDE_STACK_BYTES (2 << 20)
#define WATCH_S 1

AST_MUTEX_DEFINE_STATIC(lock);
static ast_cond_t changed;
static pthread_t keeper = AST_PTHREADT_NULL;
static struct voice_task *first;
static struct voice_task **last = &first;
static unsigned int running; /* threads that have not handed themselves over */
static bool is_stopping;

static void hand_over(struct voice_task *task)
{
	ast_mutex_lock(&lock);
	task->next = NULL;
	*last = task;
	last = &task->next;
	ast_cond_signal(&changed);
	ast_mutex_unlock(&lock);
}

/* The next task; NULL when the keeper shall end. Watches the tools while
 * threads run. */
static struct voice_task *next_task(void)
{
	struct voice_task *task;

	ast_mutex_lock(&lock);
	while (first == NULL && !(is_stopping && running == 0)) {
		struct timespec until = {time(NULL) + WATCH_S, 0};

		if (running == 0) {
			ast_cond_wait(&changed, &lock);
			continue;
		}
		ast_cond_timedwait(&changed, &lock, &until);
		ast_mutex_unlock(&lock);
		voice_tools_expire();
		ast_mutex_lock(&lock);
	}
	task = first;
	if (task != NULL) {
		first = task->next;
		if (first == NULL)
			last = &first;
	}
	ast_mutex_unlock(&lock);
	return task;
}

static void *keep(void *data)
{
	struct voice_task *task;

	(void)data;
	while ((task = next_task()) != NULL) {
		if (task->engine != NULL) {
			voice_engine_destroy(task->engine);
		} else {
			pthread_join(task->thread, NULL);
			ast_mutex_lock(&lock);
			running--;
			ast_mutex_unlock(&lock);
		}
		if (task->done != NULL)
			task->done(task->data);
	}
	return NULL;
}

int voice_keeper_start(void)
{
	is_stopping = false;
	ast_cond_init(&changed, NULL);
	return ast_pthread_create_stack(&keeper, NULL, keep, NULL,
	                                WIDE_STACK_BYTES, __FILE__, __func__,
	                                __LINE__, "voice_keeper")
	               ? -1
	               : 0;
}

void voice_keeper_stop(void)
{
	if (keeper == AST_PTHREADT_NULL)
		return;
	ast_mutex_lock(&lock);
	is_stopping = true;
	ast_cond_signal(&changed);
	ast_mutex_unlock(&lock);
	pthread_join(keeper, NULL);
	keeper = AST_PTHREADT_NULL;
	ast_cond_destroy(&changed);
}

void voice_keeper_destroy(struct voice_task *task)
{
	hand_over(task);
}

static void *run(void *data)
{
	struct voice_task *task = data;

	task->work(task->data);
	hand_over(task);
	return NULL;
}

int voice_keeper_run(struct voice_task *task)
{
	int failed;

	/* Under the lock: the thread may be over before its id is here. */
	ast_mutex_lock(&lock);
	failed = ast_pthread_create_stack(&task->thread, NULL, run, task,
	                                  WIDE_STACK_BYTES, __FILE__, __func__,
	                                  __LINE__, "voice_task");
	if (!failed) {
		running++;
		ast_cond_signal(&changed);
	}
	ast_mutex_unlock(&lock);
	return failed ? -1 : 0;
}

int voice_run_wide(void *(*work)(void *), void *data)
{
	pthread_t thread;

	if (ast_pthread_create_stack(&thread, NULL, work, data,
	                             WIDE_STACK_BYTES, __FILE__, __func__,
	                             __LINE__, "voice_wide"))
		return -1;
	pthread_join(thread, NULL);
	return 0;
}
