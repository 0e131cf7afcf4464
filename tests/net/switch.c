/* switch RATE DELAY_US MTU HOST...: an Ethernet switch that delays, for kernels without netem. up.sh builds and starts it.
 *
 * Each host (a network namespace) gets a device net0, whose other end is a file of this process. A frame takes its time of
 * sending on the host's link, then the delay, then its turn on the link of the one it is for; each link is busy for a
 * frame's length at the RATE ("1gbit", "100mbit", 0: no limit). Hosts are told apart by the last byte of their address. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_HOSTS = 64,
    QUEUE = 8192,        /* frames that wait for a link; more are dropped, as a switch does */
    HEADER = 14,
    WIRE = 24,           /* header's check sum, preamble and gap: bytes of time that no file sees */
    AHEAD_NS = 200000,   /* so far a link is filled ahead, as a network card's ring is */
    BURST = 32,          /* frames of one host before the others get their turn */
    ADDRESS_ID = 0x676e, /* the middle of our Ethernet addresses */
};

typedef struct frame {
    int64_t due_ns;
    int bytes;
    unsigned char *data;
} frame;

typedef struct port {
    int fd;
    int64_t in_free_ns, out_free_ns; /* the two directions of the link are busy until then */
    frame queue[QUEUE];              /* a ring of frames on their way to this host, in order of time */
    unsigned head, tail;
} port;

static port *ports;
static int n_ports, frame_bytes;
static double mbit;
static int64_t delay_ns;
static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static void need(int condition, const char *what)
{
    if (condition) return;
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* ---- devices ------------------------------------------------------------------------------------------------- */

static void set_address(int number, int mtu)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    const unsigned char mac[6] = {2, 0, ADDRESS_ID >> 8, ADDRESS_ID & 255, 0, (unsigned char)number};
    struct ifreq r = {.ifr_name = "net0", .ifr_hwaddr = {.sa_family = ARPHRD_ETHER}};
    memcpy(r.ifr_hwaddr.sa_data, mac, sizeof mac);
    need(ioctl(s, SIOCSIFHWADDR, &r) == 0, "set the address of net0");
    r.ifr_mtu = mtu;
    need(ioctl(s, SIOCSIFMTU, &r) == 0, "set the MTU of net0");
    close(s);
}

/* The file of a new device net0 in a host's namespace. */
static int open_device(const char *host, int number, int mtu)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", host);
    int home = open("/proc/self/ns/net", O_RDONLY), there = open(path, O_RDONLY);
    need(there >= 0 && setns(there, CLONE_NEWNET) == 0, path);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    struct ifreq r = {.ifr_name = "net0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    need(fd >= 0 && ioctl(fd, TUNSETIFF, &r) == 0, "make a device by /dev/net/tun");
    set_address(number, mtu);
    need(setns(home, CLONE_NEWNET) == 0, "come back to the own namespace");
    close(home), close(there);
    return fd;
}

/* ---- frames -------------------------------------------------------------------------------------------------- */

static int64_t sending_ns(int bytes)
{
    return mbit > 0 ? (int64_t)((bytes + WIRE) * 8e3 / mbit) : 0;
}

static void enqueue(port *to, const unsigned char *data, int bytes, int64_t arrives_ns)
{
    if (to->tail - to->head == QUEUE) return;
    frame *f = &to->queue[to->tail % QUEUE];
    to->out_free_ns += sending_ns(bytes);
    if (to->out_free_ns < arrives_ns) to->out_free_ns = arrives_ns;
    *f = (frame){.due_ns = to->out_free_ns, .bytes = bytes, .data = malloc((size_t)bytes)};
    need(f->data != NULL, "keep a frame");
    memcpy(f->data, data, (size_t)bytes);
    to->tail++;
}

/* To the host that it is for, or to all others. */
static void forward(int from, const unsigned char *data, int bytes, int64_t arrives_ns)
{
    const int to = data[5] - 1, ours = data[2] == ADDRESS_ID >> 8 && data[3] == (ADDRESS_ID & 255);
    for (int i = 0; i < n_ports; i++)
        if (i != from && (data[0] & 1 || (ours && i == to))) enqueue(&ports[i], data, bytes, arrives_ns);
}

static void receive(int from)
{
    static unsigned char data[65536];
    port *p = &ports[from];
    for (int i = 0; i < BURST && p->in_free_ns <= now_ns() + AHEAD_NS; i++) {
        int bytes = (int)read(p->fd, data, (size_t)frame_bytes);
        if (bytes <= HEADER) return;
        int64_t now = now_ns();
        p->in_free_ns = (p->in_free_ns > now ? p->in_free_ns : now) + sending_ns(bytes);
        forward(from, data, bytes, p->in_free_ns + delay_ns);
    }
}

/* Hands over what is due; returns when the next frame will be, or *next_ns if that is earlier. */
static int64_t deliver(port *p, int64_t now, int64_t next_ns)
{
    for (; p->head != p->tail; p->head++) {
        frame *f = &p->queue[p->head % QUEUE];
        if (f->due_ns > now) return f->due_ns < next_ns ? f->due_ns : next_ns;
        while (write(p->fd, f->data, (size_t)f->bytes) < 0 && errno == EINTR) continue;
        free(f->data);
    }
    return next_ns;
}

/* ---- the loop ------------------------------------------------------------------------------------------------- */

/* Sleeps until a frame is due, a host may send again, or one has sent. */
static void turn(struct pollfd *polls)
{
    int64_t now = now_ns(), next = now + 1000000000;
    for (int i = 0; i < n_ports; i++) next = deliver(&ports[i], now, next);
    for (int i = 0; i < n_ports; i++) {
        const int64_t open_ns = ports[i].in_free_ns - AHEAD_NS;
        polls[i] = (struct pollfd){.fd = ports[i].fd, .events = open_ns <= now ? POLLIN : 0};
        if (open_ns > now && open_ns < next) next = open_ns;
    }
    int64_t wait = next - now_ns();
    struct timespec t = {.tv_sec = wait > 0 ? wait / 1000000000 : 0, .tv_nsec = wait > 0 ? wait % 1000000000 : 0};
    if (ppoll(polls, (nfds_t)n_ports, &t, NULL) <= 0) return;
    for (int i = 0; i < n_ports; i++)
        if (polls[i].revents & POLLIN) receive(i);
}

static double rate_of(const char *text)
{
    char *unit;
    double rate = strtod(text, &unit);
    if (strcmp(unit, "gbit") == 0) return 1e3 * rate;
    if (strcmp(unit, "mbit") == 0 || rate == 0) return rate;
    fprintf(stderr, "switch: \"%s\" is no rate; write 1gbit, 100mbit or 0\n", text);
    exit(2);
}

int main(int argc, char **argv)
{
    struct pollfd polls[MAX_HOSTS];
    n_ports = argc - 4;
    if (n_ports < 1 || n_ports > MAX_HOSTS) return fprintf(stderr, "switch RATE DELAY_US MTU HOST...\n"), 2;
    mbit = rate_of(argv[1]);
    delay_ns = (int64_t)(1e3 * atof(argv[2]));
    frame_bytes = atoi(argv[3]) + HEADER;
    need((ports = calloc((size_t)n_ports, sizeof *ports)) != NULL, "have room for the queues");
    for (int i = 0; i < n_ports; i++) ports[i].fd = open_device(argv[4 + i], i + 1, atoi(argv[3]));
    signal(SIGTERM, end);
    signal(SIGINT, end);
    /* Timers to the microsecond, and before the programs that are tested; without the right to it times are rougher. */
    prctl(PR_SET_TIMERSLACK, 1);
    sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 5});
    puts("ready");
    fflush(stdout);
    while (!ended) turn(polls);
    return 0;
}
