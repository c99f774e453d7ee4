"""The Ethernet controller of an STM32F4 (RM0090, chapter 33): MAC, PHY, and the DMA with its rings.

What the hardware does not forgive is a violation here, which ends the run: a descriptor or a buffer
where the DMA does not reach, a frame in pieces that do not fit together, more than fits.
"""

import struct
import zlib

OWN = 1 << 31
ERROR = 1 << 15
# Receive descriptors.
FIRST, LAST = 1 << 9, 1 << 8
CHAINED_RX, END_RX = 1 << 14, 1 << 15
# Transmit descriptors.
LAST_TX, FIRST_TX, END_TX, CHAINED_TX = 1 << 29, 1 << 28, 1 << 21, 1 << 20
# Registers, from the base of the controller.
MACCR, MACFFR, MACMIIAR, MACMIIDR, MACA0HR, MACA0LR = 0x00, 0x04, 0x10, 0x14, 0x40, 0x44
DMABMR, DMATPDR, DMARPDR, DMARDLAR, DMATDLAR = 0x1000, 0x1004, 0x1008, 0x100C, 0x1010
DMASR, DMAOMR, DMAIER = 0x1014, 0x1018, 0x101C
SR_WRITE_ONE_TO_CLEAR = 0x0001_E7FF
TRANSMITTED, TX_UNAVAILABLE, RECEIVED, RX_UNAVAILABLE = 1 << 0, 1 << 2, 1 << 6, 1 << 7
ABNORMAL, NORMAL = 1 << 15, 1 << 16
STOPPED, RUNNING_RX, RUNNING_TX, SUSPENDED_RX, SUSPENDED_TX = 0, 3, 6, 4, 6
FIFO = 2048


class Violation(Exception):
    """The driver did what would go wrong on the chip."""


class Ethernet:
    def __init__(self, memory, send, damage):
        self.memory, self.send, self.damage = memory, send, damage
        self.registers = {}
        self.phy = {1: 0x782D, 2: 0x0007, 3: 0xC131}
        self.fifo = []
        self.rx = self.tx = self.rx_count = 0
        self.rx_suspended = False
        self.counters = dict.fromkeys(
            ["received", "sent", "wraps_rx", "wraps_tx", "suspended", "demands_rx",
             "demands_tx", "damaged", "overflow", "filtered"], 0)

    # What the processor reads and writes.

    def read(self, offset):
        value = self.registers.get(offset, 0)
        if offset == DMASR:
            running = self.registers.get(DMAOMR, 0)
            rx = (SUSPENDED_RX if self.rx_suspended else RUNNING_RX) if running & 2 else STOPPED
            tx = SUSPENDED_TX if running & 1 << 13 else STOPPED
            value |= tx << 20 | rx << 17
        return value

    def write(self, offset, value):
        if offset == DMABMR:
            value &= ~1  # The reset is done at once.
        elif offset == DMASR:
            value = self.registers.get(DMASR, 0) & ~(value & SR_WRITE_ONE_TO_CLEAR)
        elif offset == DMAOMR:
            value &= ~(1 << 20)  # Flushed at once.
        self.registers[offset] = value
        if offset == DMARDLAR:
            self.rx = value
        elif offset == DMATDLAR:
            self.tx = value
        elif offset == DMATPDR:
            self.counters["demands_tx"] += 1
            self.transmit()
        elif offset == DMARPDR:
            self.counters["demands_rx"] += 1
            self.rx_suspended = False
            self.receive()
        elif offset == MACMIIAR and value & 1:
            self.manage(value)

    def manage(self, command):
        """A transfer to or from the PHY, which is at address 0; others read as ones."""
        phy, register = command >> 11 & 31, command >> 6 & 31
        if command & 2:
            if phy == 0 and register == 0:
                self.phy[0] = self.registers.get(MACMIIDR, 0) & 0x7FFF
        else:
            self.registers[MACMIIDR] = self.phy.get(register, 0) if phy == 0 else 0xFFFF
        self.registers[MACMIIAR] = command & ~1

    # What comes over the cable, and what leaves.

    def arrive(self, frame):
        if not self.registers.get(MACCR, 0) & 1 << 2 or not self.is_for_us(frame[:6]):
            self.counters["filtered"] += 1
            return
        frame = frame.ljust(60, b"\0")
        # Frames that have a type, not a length, keep their check sequence unless CSTF is set.
        if not self.registers.get(MACCR, 0) & 1 << 25:
            frame += struct.pack("<I", zlib.crc32(frame))
        if sum(map(len, self.fifo)) + len(frame) > FIFO:
            self.counters["overflow"] += 1
            return
        self.fifo.append(frame)
        self.receive()

    def is_for_us(self, destination):
        high = self.registers.get(MACA0HR, 0) & 0xFFFF
        own = struct.pack("<IH", self.registers.get(MACA0LR, 0), high)
        group = destination[0] & 1 and self.registers.get(MACFFR, 0) & 1 << 4
        return destination in (own, b"\xff" * 6) or bool(group)

    def receive(self):
        while self.fifo and self.registers.get(DMAOMR, 0) & 2 and not self.rx_suspended:
            status, control, buffer, following = self.descriptor(self.rx)
            if not status & OWN:
                # Only a demand ends this.
                self.rx_suspended = True
                self.counters["suspended"] += 1
                self.flag(RX_UNAVAILABLE | ABNORMAL)
                return
            frame = self.fifo.pop(0)
            if len(frame) > control & 0x1FFF:
                raise Violation(f"a frame of {len(frame)} into a buffer of {control & 0x1FFF}")
            self.memory.put(buffer, frame)
            self.rx_count += 1
            status = len(frame) << 16 | FIRST | LAST
            if self.damage and self.rx_count % self.damage == 0:
                status |= ERROR | 1 << 1
                self.counters["damaged"] += 1
            self.memory.put(self.rx, struct.pack("<I", status))
            self.counters["received"] += 1
            self.rx = self.next("rx", control & END_RX, control & CHAINED_RX, following)
            self.flag(RECEIVED | NORMAL)

    def transmit(self):
        # A ring of the driver has an end: who goes round for ever has given back nothing.
        for _ in range(1024):
            if not self.registers.get(DMAOMR, 0) & 1 << 13:
                return
            status, control, buffer, following = self.descriptor(self.tx)
            if not status & OWN:
                self.flag(TX_UNAVAILABLE)
                return
            length = control & 0x1FFF
            if not status & FIRST_TX or not status & LAST_TX or not 14 <= length <= 1514:
                raise Violation(f"a frame to send of {length}, {status:08x}")
            frame = self.memory.get(buffer, length)
            self.memory.put(self.tx, struct.pack("<I", status & ~OWN))
            self.counters["sent"] += 1
            self.tx = self.next("tx", status & END_TX, status & CHAINED_TX, following)
            self.flag(TRANSMITTED | NORMAL)
            self.send(frame.ljust(60, b"\0"))
        raise Violation("a ring without end")

    # The rings.

    def descriptor(self, address):
        if address % 4:
            raise Violation(f"a descriptor at {address:08x}")
        return struct.unpack("<4I", self.memory.get(address, 16))

    def next(self, ring, end, chained, following):
        if end:
            self.counters[f"wraps_{ring}"] += 1
            return self.registers[DMARDLAR if ring == "rx" else DMATDLAR]
        if not chained:
            raise Violation("a descriptor that names no other")
        return following

    def flag(self, flags):
        self.registers[DMASR] = self.registers.get(DMASR, 0) | flags

    def interrupts(self):
        """Whether the line to the processor is raised."""
        enabled = self.registers.get(DMAIER, 0)
        return bool(self.registers.get(DMASR, 0) & enabled & (TRANSMITTED | RECEIVED)
                    and enabled & NORMAL)
