/* lwIP as an echo service over Ethernet: raw API, no threads, two connections of 2 KiB each way.
 *
 * The smaller image is IPv4, ARP and TCP with a queue for what arrives out of order. EXTENDED adds
 * what the image of this project has besides: SACK blocks, window scaling, timestamps, a backlog,
 * answers to echo requests. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#ifndef EXTENDED
#define EXTENDED 0
#endif

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_TCP 1
#define LWIP_UDP 0
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_ICMP EXTENDED
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define ARP_TABLE_SIZE 8
#define ARP_QUEUEING 0

#define TCP_QUEUE_OOSEQ 1
#define TCP_MSS 1460
#define TCP_WND 2048
#define TCP_SND_BUF 2048
#define TCP_SND_QUEUELEN 8
#define LWIP_TCP_SACK_OUT EXTENDED
#define LWIP_WND_SCALE EXTENDED
#define TCP_RCV_SCALE 0
#define LWIP_TCP_TIMESTAMPS EXTENDED
#define TCP_LISTEN_BACKLOG EXTENDED
/* The buffers are those of the other images, which is less than two segments. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

#define MEM_ALIGNMENT 4
/* Both send buffers and a header for each segment in them. */
#define MEM_SIZE 5120
#define MEMP_NUM_TCP_PCB 2
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG 16
#define MEMP_NUM_PBUF 8
/* Both receive windows, and a frame on its way in. */
#define PBUF_POOL_SIZE 4
#define PBUF_POOL_BUFSIZE 1536

#define LWIP_STATS 0
#define LWIP_NOASSERT 1
#define LWIP_NETIF_API 0
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_HAVE_LOOPIF 0

#endif
