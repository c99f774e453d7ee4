"""Runs an image for STM32F4 with Ethernet, exactly as it would be flashed, in unicorn.

    stm32f4.py IMAGE TAP [--damage N]

Frames go to and from the TAP device of that name. Time is the time of the machine. On SIGTERM, or
at a fault, it prints one line: how it ended, and counters, as JSON. With --damage the Ethernet
controller says of each N-th received frame that its check sequence was wrong.
"""

import argparse
import fcntl
import json
import os
import select
import signal
import struct
import time

from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB, Uc, UcError
from unicorn.arm_const import UC_ARM_REG_MSP, UC_ARM_REG_PC, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M4

from ethernet import Ethernet, Violation

FLASH, FLASH_SIZE = 0x0800_0000, 2 << 20
RAM, RAM_SIZE = 0x2000_0000, 192 << 10
SYSTEM, SYSTEM_SIZE = 0x1FFF_0000, 0x1_0000
PERIPHERALS, PERIPHERALS_SIZE = 0x4000_0000, 0x1000_0000
CORE, CORE_SIZE = 0xE000_0000, 0x10_0000
PWR_CSR, RCC_CR, RCC_CFGR, RCC_CSR = 0x7004, 0x2_3800, 0x2_3808, 0x2_3874
TIM2, TIM2_END, COUNTER = 0x0000, 0x0400, 0x24
RNG, RNG_STATUS, RNG_DATA = 0x1006_0800, 0x1006_0804, 0x1006_0808
ETH, ETH_END = 0x2_8000, 0x2_A000
WFI = b"\x30\xbf"
# Instructions between two looks at the cable.
SLICE = 20_000
# Frames that may come in that time: as many long ones as 100 Mbit/s carry.
BURST = 10


class Ram:
    """What the DMA reaches."""

    def __init__(self, machine):
        self.machine = machine

    def check(self, address, length):
        if not RAM <= address <= address + length <= RAM + RAM_SIZE:
            raise Violation(f"the DMA does not reach {address:08x}")

    def get(self, address, length):
        self.check(address, length)
        return bytes(self.machine.mem_read(address, length))

    def put(self, address, octets):
        self.check(address, len(octets))
        self.machine.mem_write(address, octets)


class Board:
    def __init__(self, image, tap, damage):
        self.tap = tap
        self.registers = {}
        self.fault = None
        self.start = time.monotonic()
        machine = self.machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        machine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        for start, size in [(FLASH, FLASH_SIZE), (RAM, RAM_SIZE), (SYSTEM, SYSTEM_SIZE),
                            (CORE, CORE_SIZE)]:
            machine.mem_map(start, size)
        machine.mmio_map(PERIPHERALS, PERIPHERALS_SIZE + 0x1000_0000, self.read, None,
                         self.write, None)
        self.ethernet = Ethernet(Ram(machine), lambda frame: os.write(tap, frame), damage)
        for address, octets in segments(image):
            machine.mem_write(address, octets)
        stack, self.pc = struct.unpack("<2I", machine.mem_read(FLASH, 8))
        machine.reg_write(UC_ARM_REG_SP, stack)

    def read(self, _machine, offset, size, _data):
        word = offset & ~3
        return self.register(word) >> (offset & 3) * 8 & (1 << size * 8) - 1

    def register(self, offset):
        value = self.registers.get(offset, 0)
        if ETH <= offset < ETH_END:
            return self.ethernet.read(offset - ETH)
        if offset == RCC_CR:
            # Every oscillator and PLL that is on is ready.
            return value | (value & 0x1501_0001) << 1
        if offset == RCC_CFGR:
            return value & ~0xC | (value & 3) << 2
        if offset == RCC_CSR:
            return value | (value & 1) << 1
        if offset == PWR_CSR:
            return value | 0x3_4000
        if offset == TIM2 + COUNTER:
            return int((time.monotonic() - self.start) * 1e6) & 0xFFFF_FFFF
        if offset == RNG_STATUS:
            return 1
        if offset == RNG_DATA:
            return int.from_bytes(os.urandom(4), "little")
        return value

    def write(self, _machine, offset, size, value, _data):
        word, shift = offset & ~3, (offset & 3) * 8
        mask = ((1 << size * 8) - 1) << shift
        try:
            if ETH <= word < ETH_END:
                self.ethernet.write(word - ETH, value)
            else:
                old = self.registers.get(word, 0)
                self.registers[word] = old & ~mask | value << shift & mask
        except Violation as violation:
            self.fault = str(violation)
            self.machine.emu_stop()

    def run(self):
        """Until there is a fault."""
        while self.fault is None:
            asleep = bytes(self.machine.mem_read(self.pc & ~1, 2)) == WFI
            if asleep:
                self.pc += 2
            patience = 0.001 if asleep else 0
            try:
                for _ in range(BURST):
                    if not select.select([self.tap], [], [], patience)[0]:
                        break
                    self.ethernet.arrive(os.read(self.tap, 2048))
                    patience = 0
                self.machine.emu_start(self.pc | 1, 0, count=SLICE)
            except UcError as error:
                self.fault = f"{error} at {self.machine.reg_read(UC_ARM_REG_PC):08x}"
            except Violation as violation:
                self.fault = str(violation)
            self.pc = self.machine.reg_read(UC_ARM_REG_PC)


def segments(path):
    """What an ELF file has flashed."""
    with open(path, "rb") as file:
        octets = file.read()
    (start,) = struct.unpack_from("<I", octets, 28)
    size, count = struct.unpack_from("<2H", octets, 42)
    for index in range(count):
        kind, offset, _, address, length = struct.unpack_from("<5I", octets, start + index * size)
        if kind == 1 and length:
            yield address, octets[offset:offset + length]


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    tap_without_header = 0x1002
    fcntl.ioctl(tap, 0x4004_54CA, struct.pack("16sH22x", name.encode(), tap_without_header))
    return tap


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("image")
    parser.add_argument("tap")
    parser.add_argument("--damage", type=int, default=0)
    arguments = parser.parse_args()
    board = Board(arguments.image, open_tap(arguments.tap), arguments.damage)

    def stop(*_):
        board.fault = "stopped"
        board.machine.emu_stop()

    signal.signal(signal.SIGTERM, stop)
    print("runs", flush=True)
    board.run()
    print(json.dumps({"end": board.fault, **board.ethernet.counters}), flush=True)


main()
