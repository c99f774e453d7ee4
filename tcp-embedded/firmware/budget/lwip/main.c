/* lwIP as an echo service over Ethernet, on the device of firmware/minimal: measured, not run.
 *
 * The loop, the device and the service are those of the images in Rust: octet by octet out of and
 * into the mailbox, port 7, two connections, what comes is sent back as far as there is room. As
 * there, nothing clears memory at start. */

#include <stddef.h>
#include <stdint.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#define PACKET 1516

struct registers {
    uint64_t micros;
    uint8_t secret[16];
    uint8_t address[4];
    uint32_t received;
    uint32_t group;
    uint32_t sending;
    uint64_t wake;
    uint32_t report;
    uint32_t choice;
    uint8_t incoming[PACKET];
    uint8_t outgoing[PACKET];
};

extern volatile struct registers MAILBOX;

uint32_t device_random(void)
{
    return MAILBOX.choice;
}

u32_t sys_now(void)
{
    return (u32_t)(MAILBOX.micros / 1000);
}

/* One connection: what came and was not sent back yet. */
struct echo {
    struct tcp_pcb *pcb;
    struct pbuf *waiting;
    uint8_t finished;
};

static struct echo echoes[MEMP_NUM_TCP_PCB];

static void forget(struct echo *echo)
{
    if (echo->waiting != NULL)
        pbuf_free(echo->waiting);
    echo->waiting = NULL;
    echo->pcb = NULL;
}

static void send_back(struct echo *echo)
{
    struct tcp_pcb *pcb = echo->pcb;

    while (echo->waiting != NULL) {
        struct pbuf *first = echo->waiting;
        u16_t count = LWIP_MIN(first->len, tcp_sndbuf(pcb));

        if (count > 0 && tcp_write(pcb, first->payload, count, TCP_WRITE_FLAG_COPY) != ERR_OK)
            count = 0;
        if (count == 0 && first->len > 0)
            return;
        tcp_recved(pcb, count);
        echo->waiting = pbuf_free_header(first, count);
    }
    if (echo->finished && tcp_close(pcb) == ERR_OK) {
        tcp_arg(pcb, NULL);
        echo->pcb = NULL;
    }
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct echo *echo = arg;

    LWIP_UNUSED_ARG(err);
    if (echo == NULL) {
        if (p != NULL) {
            tcp_recved(pcb, p->tot_len);
            pbuf_free(p);
        }
        return ERR_OK;
    }
    if (p == NULL)
        echo->finished = 1;
    else if (echo->waiting == NULL)
        echo->waiting = p;
    else
        pbuf_cat(echo->waiting, p);
    send_back(echo);
    return ERR_OK;
}

static err_t on_room(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    LWIP_UNUSED_ARG(pcb);
    LWIP_UNUSED_ARG(len);
    if (arg != NULL)
        send_back(arg);
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    LWIP_UNUSED_ARG(err);
    if (arg != NULL)
        forget(arg);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    LWIP_UNUSED_ARG(arg);
    if (err != ERR_OK || pcb == NULL)
        return ERR_VAL;
    for (size_t i = 0; i < MEMP_NUM_TCP_PCB; i++) {
        struct echo *echo = &echoes[i];

        if (echo->pcb != NULL)
            continue;
        echo->pcb = pcb;
        echo->waiting = NULL;
        echo->finished = 0;
        tcp_arg(pcb, echo);
        tcp_recv(pcb, on_received);
        tcp_sent(pcb, on_room);
        tcp_err(pcb, on_error);
        return ERR_OK;
    }
    return ERR_MEM;
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    size_t at = 0;

    LWIP_UNUSED_ARG(netif);
    if (MAILBOX.sending != 0)
        return ERR_WOULDBLOCK;
    for (struct pbuf *part = p; part != NULL; part = part->next)
        for (size_t i = 0; i < part->len && at < PACKET; i++)
            MAILBOX.outgoing[at++] = ((uint8_t *)part->payload)[i];
    MAILBOX.sending = p->tot_len;
    return ERR_OK;
}

static void take_frame(struct netif *netif)
{
    uint32_t len = LWIP_MIN(MAILBOX.received, PACKET);
    struct pbuf *p;
    size_t at = 0;

    if (len == 0)
        return;
    p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    for (struct pbuf *part = p; part != NULL; part = part->next)
        for (size_t i = 0; i < part->len; i++)
            ((uint8_t *)part->payload)[i] = MAILBOX.incoming[at++];
    MAILBOX.received = 0;
    if (p != NULL && netif->input(p, netif) != ERR_OK)
        pbuf_free(p);
}

static err_t start_device(struct netif *netif)
{
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->hwaddr[0] = 2;
    for (size_t i = 1; i < ETH_HWADDR_LEN; i++)
        netif->hwaddr[i] = MAILBOX.secret[i];
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    return ERR_OK;
}

static struct netif netif;

void reset(void)
{
    ip4_addr_t address, mask, gateway;
    struct tcp_pcb *listener;

    lwip_init();
    IP4_ADDR(&address, MAILBOX.address[0], MAILBOX.address[1], MAILBOX.address[2],
             MAILBOX.address[3]);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    gateway.addr = MAILBOX.choice;
    netif_add(&netif, &address, &mask, &gateway, NULL, start_device, ethernet_input);
    netif_set_default(&netif);
    netif_set_up(&netif);
    netif_set_link_up(&netif);
    listener = tcp_new();
    if (listener != NULL && tcp_bind(listener, IP_ADDR_ANY, 7) == ERR_OK) {
        listener = tcp_listen_with_backlog(listener, 2);
        if (listener != NULL)
            tcp_accept(listener, on_accept);
    }
    for (;;) {
        take_frame(&netif);
        sys_check_timeouts();
        MAILBOX.wake = sys_timeouts_sleeptime();
    }
}

__attribute__((used, section(".vectors"))) static void (*const vector)(void) = reset;

/* Sizes for the host, as in the image of this project. */
struct row {
    char name[28];
    uint32_t octets;
};

__attribute__((used, section(".footprint"))) static const struct row footprint[] = {
    { "connection", sizeof(struct tcp_pcb) },
    { "listener", sizeof(struct tcp_pcb_listen) },
    { "in-flight record", sizeof(struct tcp_seg) + sizeof(struct pbuf) },
    { "interface", sizeof(struct netif) },
};
