/* What lwIP asks of a compiler and a machine. */
#ifndef CC_H
#define CC_H

#include <stdint.h>

uint32_t device_random(void);

#define LWIP_RAND() device_random()
#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x)
#define LWIP_NO_UNISTD_H 1

#endif
