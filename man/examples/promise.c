/* A library has a thread of its own, which answers when it likes. */
#include <cgw.h>
#include <pthread.h>

struct question {
    int number;
    cgw_promise *answer;
};

static void *think(void *arg)
{
    const struct question *question = arg;
    cgw_promise_set(question->answer, 2 * question->number);
    return NULL;
}

CGW_GET(twice, "/twice/{n:int}")
{
    struct question question = {(int)cgw_path_i64(req, "n"), cgw_promise_new()};
    pthread_t thread;
    if (!question.answer)
        return cgw_error(req, CGW_ENOMEM);
    if (pthread_create(&thread, NULL, think, &question) != 0)
        cgw_promise_set(question.answer, CGW_EBUSY); /* it must be set in any case */
    else
        pthread_detach(thread);
    int twice = CGW_EFAILED;
    CGW_SHIELD /* as the thread reads what lies here, nobody leaves before it has answered */
    {
        twice = cgw_promise_wait(question.answer);
    }
    cgw_promise_drop(question.answer);
    CGW_TRY(req, twice);
    return cgw_text(req, 200, "%d\n", twice);
}
