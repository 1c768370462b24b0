/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * example.c - prints every program that this machine starts, until Ctrl-C.
 *
 * cc example.c $(pkg-config --cflags --libs libbegat) -o example && sudo ./example
 */
#include <begat/begat.h>
#include <begat/sink.h>
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = number;
}

static int print_exec(const struct begat_event *ev, void *ctx)
{
	char safe[256];

	(void)ctx;
	if (ev->type != BEGAT_EXEC)
		return 0;
	printf("%u %s:", ev->tgid, ev->comm.data);
	for (const char *s = ev->argv.data; s < ev->argv.data + ev->argv.bytes;
	     s += strlen(s) + 1) {
		begat_escape(safe, sizeof(safe), s, strlen(s), true);
		printf(" %s", safe);
	}
	printf("\n");
	return fflush(stdout);
}

int main(void)
{
	struct begat_options opts = { .size = sizeof(opts), .callback = print_exec };
	struct begat *b = NULL;

	sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	if (begat_open(&opts, &b) < 0)
		errx(1, "%s", begat_error(b));
	warnx("tracing, Ctrl-C ends");

	struct pollfd fd = { .fd = begat_fd(b), .events = POLLIN };

	while (!stop) {
		/* Not for ever: a signal just before poll() would be slept over. */
		if (poll(&fd, 1, 1000) > 0 && begat_poll(b, 0) < 0)
			errx(1, "%s", begat_error(b));
	}
	begat_finish(b); /* what was captured meanwhile */
	begat_close(b);
	return 0;
}
