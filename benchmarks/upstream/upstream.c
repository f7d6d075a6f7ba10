/* A model server that costs next to nothing: answers every POST with bytes made beforehand.
 *
 *   upstream PLAIN STREAM PAUSE_MS EMBEDDINGS MESSAGES   listens on a free port of 127.0.0.1 and prints it
 *
 * PLAIN, EMBEDDINGS and MESSAGES are whole HTTP responses, each for its path. STREAM is a response in pieces, each ended by a NUL byte; every piece is
 * a write of its own, and pieces of concurrent streams take turns, as tokens do. A request whose body
 * says "stream":true gets the stream. With a pause every running stream gets a piece once in so many milliseconds. One thread, epoll, keep-alive, no timeouts, trusted clients only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FD = 4096, MAX_REQUEST = 1 << 20, MAX_PIECES = 1024 };

struct bytes { char *at; size_t length; };
struct connection {
    char *request;   /* what has been read and not yet answered */
    size_t length, room;
    int piece;       /* next piece of a running stream, or -1 */
};

static struct connection connections[MAX_FD];
static struct bytes plain, embeddings, messages, pieces[MAX_PIECES];
static int piece_count, streaming[MAX_FD], streaming_count;

static long pause_ms;

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void die(const char *what) { perror(what); exit(1); }

static struct bytes load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    fseek(file, 0, SEEK_END);
    struct bytes all = {NULL, (size_t)ftell(file)};
    rewind(file);
    all.at = malloc(all.length + 1);
    if (!all.at || fread(all.at, 1, all.length, file) != all.length) die(path);
    fclose(file);
    return all;
}

static void load_pieces(const char *path) {
    struct bytes all = load(path);
    for (char *at = all.at, *end = all.at + all.length; at < end;) {
        char *stop = memchr(at, 0, (size_t)(end - at));
        if (!stop || piece_count == MAX_PIECES) { errno = EINVAL; die(path); }
        pieces[piece_count++] = (struct bytes){at, (size_t)(stop - at)};
        at = stop + 1;
    }
}

static void hang_up(int fd) {
    struct connection *c = &connections[fd];
    for (int i = 0; i < streaming_count; i++)
        if (streaming[i] == fd) { streaming[i--] = streaming[--streaming_count]; }
    free(c->request);
    *c = (struct connection){NULL, 0, 0, -1};
    close(fd);
}

/* Answers are smaller than a socket buffer, so a short write is an error here. */
static int put(int fd, struct bytes b) {
    return send(fd, b.at, b.length, MSG_NOSIGNAL) == (ssize_t)b.length;
}

static int has(const char *at, size_t length, const char *word) {
    return memmem(at, length, word, strlen(word)) != NULL;
}

/* Length of the first whole request, 0 if more must be read, -1 if it can't be answered. */
static long whole_request(struct connection *c, char **body, size_t *body_length) {
    char *end = memmem(c->request, c->length, "\r\n\r\n", 4);
    if (!end) return 0;
    end[0] = 0; /* the header ends here for strcasestr */
    char *field = strcasestr(c->request, "\ncontent-length:");
    int chunked = strcasestr(c->request, "\ntransfer-encoding:") != NULL;
    end[0] = '\r';
    if (chunked) return -1;
    *body = end + 4;
    *body_length = field ? strtoul(field + 16, NULL, 10) : 0;
    size_t total = (size_t)(*body - c->request) + *body_length;
    return c->length < total ? 0 : (long)total;
}

static struct bytes pick(const char *request) {
    if (!strncmp(request, "POST /v1/embeddings", 19)) return embeddings;
    return strncmp(request, "POST /v1/messages", 17) ? plain : messages;
}

static int answer_what_is_whole(int fd) {
    struct connection *c = &connections[fd];
    char *body;
    size_t body_length;
    while (c->length && c->piece < 0) {
        long total = whole_request(c, &body, &body_length);
        if (total < 0) return 0;
        if (total == 0) return 1;
        if (has(body, body_length, "\"stream\":true") || has(body, body_length, "\"stream\": true")) {
            c->piece = 0;
            streaming[streaming_count++] = fd;
        } else if (!put(fd, pick(c->request))) return 0;
        c->length -= (size_t)total;
        memmove(c->request, c->request + total, c->length);
    }
    return 1;
}

static int read_more(int fd) {
    struct connection *c = &connections[fd];
    if (c->room - c->length < 4096) {
        c->room = c->room ? c->room * 2 : 8192;
        if (c->room > MAX_REQUEST || !(c->request = realloc(c->request, c->room))) return 0;
    }
    ssize_t got = recv(fd, c->request + c->length, c->room - c->length - 1, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    c->length += (size_t)got;
    c->request[c->length] = 0;
    return answer_what_is_whole(fd);
}

static void advance_streams(void) {
    for (int i = 0; i < streaming_count;) {
        int fd = streaming[i];
        struct connection *c = &connections[fd];
        if (!put(fd, pieces[c->piece])) { hang_up(fd); continue; }
        if (++c->piece < piece_count) { i++; continue; }
        c->piece = -1;
        streaming[i] = streaming[--streaming_count];
        if (!answer_what_is_whole(fd)) hang_up(fd);
    }
}

static int listen_on_loopback(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1024)) die("listen");
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void welcome(int poll, int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FD) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[fd] = (struct connection){NULL, 0, 0, -1};
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int count, char **arguments) {
    if (count != 6) { fprintf(stderr, "usage: upstream PLAIN STREAM PAUSE_MS EMBEDDINGS MESSAGES\n"); return 2; }
    pause_ms = strtol(arguments[3], NULL, 10);
    embeddings = load(arguments[4]);
    messages = load(arguments[5]);
    long due = 0;
    plain = load(arguments[1]);
    load_pieces(arguments[2]);
    int poll = epoll_create1(0), listener = listen_on_loopback();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        long left = due - now_ms();
        int n = epoll_wait(poll, ready, 256, streaming_count ? (left > 0 ? (int)left : 0) : -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener) welcome(poll, listener);
            else if (!read_more(ready[i].data.fd)) hang_up(ready[i].data.fd);
        }
        if (!pause_ms || now_ms() >= due) {
            advance_streams();
            due = now_ms() + pause_ms;
        }
    }
}
