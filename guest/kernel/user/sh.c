/* sh: a small shell. Words, pipelines with |, & for the background, a few built-in commands. */
#include "lib/user.h"

#define LINE_MAX  256
#define STAGE_MAX 8

struct stage {
    char *argv[ARG_MAX];
};

struct pipeline {
    struct stage stages[STAGE_MAX];
    int count;
    bool background;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Whether a character is a word of its own. */
static bool is_operator(char c)
{
    return c == '|' || c == '&';
}

/* Cuts the next word out of the line; an operator is returned through *operator. */
static char *next_word(char **line, char *operator)
{
    char *s = *line, *word;

    while (is_blank(*s))
        s++;
    *operator= 0;
    word = s;
    while (*s && !is_blank(*s) && !is_operator(*s))
        s++;
    if (s == word && is_operator(*s))
        *operator= * s++;
    else if (is_blank(*s))
        *s++ = 0;
    *line = s;
    return word;
}

/* The word ends where its operator begins: cut it there, after the operator was noted. */
static char end_word(char **line)
{
    char operator= is_operator(**line) ? **line : 0;

    if (operator)
        *(*line)++ = 0;
    return operator;
}

static bool apply_operator(struct pipeline *p, char operator, int * words)
{
    if (operator== '&') {
        p->background = true;
        return true;
    }
    if (*words == 0 || p->count == STAGE_MAX)
        return false;
    p->count++;
    *words = 0;
    return true;
}

static bool parse(char *line, struct pipeline *p)
{
    int words = 0;

    memset(p, 0, sizeof(*p));
    p->count = 1;
    for (;;) {
        char operator;
        char *word = next_word(&line, &operator);

        if (!operator) {
            if (!*word)
                break;
            if (words == ARG_MAX - 1)
                return false;
            p->stages[p->count - 1].argv[words++] = word;
            operator= end_word(&line);
        }
        if (operator&& !apply_operator(p, operator, & words))
            return false;
    }
    return words > 0 || p->count == 1;
}

/* Becomes one stage: input from the stage before, output to the next. */
static void become(char *const argv[], int job, int in, int out)
{
    int error;

    set_job(job ? job : getpid());
    if (in != 0) {
        dup2(in, 0);
        close(in);
    }
    if (out != 1) {
        dup2(out, 1);
        close(out);
    }
    error = exec(argv[0], argv);
    dup2(2, 1);
    printf("sh: %s: %s\n", argv[0], error_text(error));
    exit(127);
}

/* Starts all stages; the job is the first one's pid. Returns it and the last one's. */
static int start(struct pipeline *p, int pids[STAGE_MAX])
{
    int in = 0, job = 0;

    for (int i = 0; i < p->count; i++) {
        int fds[2] = {0, 1};

        if (i < p->count - 1 && pipe(fds))
            return 0;
        pids[i] = fork();
        if (pids[i] == 0) {
            if (fds[0])
                close(fds[0]);
            become(p->stages[i].argv, job, in, fds[1]);
        }
        job = job ? job : pids[i];
        if (in)
            close(in);
        if (fds[1] != 1)
            close(fds[1]);
        in = fds[0];
    }
    return job;
}

static const char *describe_end(int status)
{
    switch (status & 0xF00) {
    case STATUS_EXCEPTION:
        return "stopped by the kernel";
    case STATUS_KILLED:
        return "killed";
    case STATUS_OUT_OF_MEMORY:
        return "out of memory";
    default:
        return NULL;
    }
}

static int run_pipeline(struct pipeline *p)
{
    int pids[STAGE_MAX] = {0}, status = 0, job = start(p, pids);

    if (job <= 0) {
        printf("sh: cannot start %s\n", p->stages[0].argv[0]);
        return 1;
    }
    if (p->background) {
        printf("[%d]\n", job);
        return 0;
    }
    foreground(job);
    for (int i = 0; i < p->count; i++)
        wait(pids[i], &status);
    foreground(0);
    if (describe_end(status))
        printf("sh: %s: %s\n", p->stages[p->count - 1].argv[0], describe_end(status));
    return status & 0xFF;
}

static void help(void)
{
    printf("built in: help, exit (or poweroff), reboot, kill PID, wait\n");
    printf("programs: ls lists them; NAME ARG... runs one; A | B; A & in the background\n");
    printf("ctrl-c ends what runs, ctrl-d ends its input\n");
}

static bool run_builtin(char *const argv[])
{
    if (!strcmp(argv[0], "help"))
        help();
    else if (!strcmp(argv[0], "exit") || !strcmp(argv[0], "poweroff"))
        power(POWER_OFF_OK);
    else if (!strcmp(argv[0], "reboot"))
        power(POWER_REBOOT);
    else if (!strcmp(argv[0], "kill") && argv[1])
        printf("%s", kill((int)string_number(argv[1])) ? "sh: no such process\n" : "");
    else if (!strcmp(argv[0], "wait"))
        while (wait(WAIT_ANY, NULL) > 0)
            ;
    else
        return false;
    return true;
}

static int run_line(char *line)
{
    struct pipeline p;

    if (!parse(line, &p)) {
        printf("sh: I do not understand that\n");
        return 2;
    }
    if (!p.stages[0].argv[0] || (p.count == 1 && run_builtin(p.stages[0].argv)))
        return 0;
    return run_pipeline(&p);
}

static void reap_background(void)
{
    int pid;

    while ((pid = wait(WAIT_NOT, NULL)) > 0)
        printf("[%d] done\n", pid);
}

/* sh -c WORD...: one command from the arguments. */
static int run_arguments(int argc, char **argv)
{
    char line[LINE_MAX];
    size_t n = 0;

    line[0] = 0;
    for (int i = 2; i < argc && n < sizeof(line); i++)
        n += format(line + n, sizeof(line) - n, "%s ", argv[i]);
    return run_line(line);
}

int main(int argc, char **argv)
{
    char line[LINE_MAX];

    if (argc > 2 && !strcmp(argv[1], "-c"))
        return run_arguments(argc, argv);
    printf("Type help for help.\n");
    for (;;) {
        reap_background();
        printf("$ ");
        if (read_line(0, line, sizeof(line)) < 0)
            break;
        run_line(line);
    }
    printf("\n");
    return 0;
}
