# SPDX-License-Identifier: MPL-2.0
"""Commands for gdb that show the fibers of a program, live or in a core dump. In gdb: `source mioco-gdb.py`, then `help mioco`.

All that is known of the library comes from its symbol mioco_gdb_layout (src/debug/gdb/layout.hpp) and from what a switch saves
(src/context/switch_*.S): so it works without debug information, and gdb's own tells functions and lines.
"""

import struct
import time

import gdb
import gdb.unwinder

SYMBOL = "mioco_gdb_layout"
VERSION = 1
FIELDS = (
    "version chunks chunk_count blocks_a_chunk block_bytes stack_pointer on word home parked_at waits_for id stack_base"
    " stack_size_log2 extras name claimed parked kept stamp_unit_log2_ns reasons reason_count"
).split()
MOST_FRAMES = 1000

# Where a switch leaves what the caller gets back, from the saved stack pointer on: the address it returns to comes last. Then the name of the
# stack pointer, and how far that moves.
SAVED = {
    "i386:x86-64": (
        {"r15": 0x00, "r14": 0x08, "r13": 0x10, "r12": 0x18, "rbx": 0x20, "rbp": 0x28, "rip": 0x30}, "rsp", 0x38),
    "aarch64": (
        {"x29": 0x00, **{f"x{19 + i}": 0x10 + 8 * i for i in range(10)}, "pc": 0x08}, "sp", 0xa0),
}


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def word_at(address):
    return struct.unpack("<Q", memory(address, 8))[0]


def text_at(address, most=256):
    text = b""
    while b"\0" not in text and len(text) < most:
        # Up to a multiple of 16, and so never into a page that is not there.
        text += memory(address + len(text), 16 - (address + len(text)) % 16)
    return text.split(b"\0")[0].decode(errors="replace")


class Layout:
    def __init__(self):
        try:
            address = int(gdb.parse_and_eval(f"(unsigned long)&{SYMBOL}"))
        except gdb.error as why:
            raise gdb.GdbError(
                f"There is no symbol {SYMBOL} here ({why}): gdb has no program that is linked with mioco, or the program is stripped."
                f" Give gdb its unstripped file (`file PROGRAM`, `symbol-file PROGRAM`), or link it with -rdynamic.") from why
        try:
            found = struct.unpack(f"<{len(FIELDS)}Q", memory(address, 8 * len(FIELDS)))
        except gdb.MemoryError as why:
            raise gdb.GdbError(f"{SYMBOL} cannot be read: is there a process, or a core dump of this very program?") from why
        self.__dict__.update(zip(FIELDS, found))
        if self.version != VERSION:
            raise gdb.GdbError(f"The program has version {self.version} of {SYMBOL}, and this script knows {VERSION}:"
                               " use the one that belongs to the program's mioco.")

    def reason(self, number):
        return text_at(word_at(self.reasons + 8 * number)) if number < self.reason_count else f"reason {number}"


class Fiber:
    def __init__(self, layout, block):
        def field(offset, form="<Q"):
            return struct.unpack_from(form, block, offset)[0]

        self.id = field(layout.id)
        self.home = field(layout.home)
        self.has_begun = field(layout.on) != 0
        self.stack_pointer = field(layout.stack_pointer)
        self.stack_base = field(layout.stack_base)
        self.stack_end = self.stack_base + (1 << field(layout.stack_size_log2, "B"))
        self.parked_at = field(layout.parked_at, "<I")
        flags = field(layout.word)
        self.is_parked = flags & (layout.parked | layout.claimed) == layout.parked
        self.is_kept = flags & layout.kept != 0
        self.reason = layout.reason(field(layout.waits_for, "B")) if self.is_parked else ""
        extras = field(layout.extras)
        self.name = text_at(extras + layout.name) if extras else ""
        self.thread = None  # that runs it

    def has_on_its_stack(self, address):
        return self.stack_base != 0 and self.stack_base <= address < self.stack_end


def all_fibers(layout):
    fibers = []
    for i in range(layout.chunk_count):
        chunk = word_at(layout.chunks + 8 * i)
        if chunk == 0:
            break
        blocks = memory(chunk, layout.blocks_a_chunk * layout.block_bytes)
        for begin in range(0, len(blocks), layout.block_bytes):
            fiber = Fiber(layout, blocks[begin:begin + layout.block_bytes]) if any(blocks[begin:begin + 256]) else None
            if fiber and fiber.home and fiber.id:
                fibers.append(fiber)
    threads = stack_pointers()
    for fiber in fibers:
        fiber.thread = next((number for number, address in threads if fiber.has_on_its_stack(address)), None)
    return sorted(fibers, key=lambda fiber: fiber.id)


def stack_pointers():
    """Of each thread, with its number."""
    selected = gdb.selected_thread()
    if selected is None:
        raise gdb.GdbError("There is no process: start the program, attach to one, or open a core dump.")
    frame = gdb.selected_frame()
    found = []
    try:
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            found.append((thread.num, int(gdb.newest_frame().read_register("sp"))))
    finally:
        selected.switch()
        frame.select()
    return found


def since_when(layout, fibers):
    """A function that tells for how long a parked fiber has waited."""
    second = 1e9 / (1 << layout.stamp_unit_log2_ns)
    connection = gdb.selected_inferior().connection
    if connection is not None and connection.type == "native":
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) >> layout.stamp_unit_log2_ns
        words = "for {:.3f} s"
    else:
        # There is no clock in a core dump.
        stamps = [fiber.parked_at for fiber in fibers if fiber.is_parked]
        now = stamps[0] if stamps else 0
        for stamp in stamps:
            now = stamp if 0 < (stamp - now) % (1 << 32) < 1 << 31 else now
        words = "since {:.3f} s before the last one that waits"

    def text(fiber):
        passed = (now - fiber.parked_at) % (1 << 32)
        return words.format(0 if passed > 1 << 31 else passed / second)
    return text


def describe(fiber, since):
    if fiber.thread is not None:
        state = f"runs in thread {fiber.thread}"
    elif fiber.is_parked:
        state = f"waits for {fiber.reason}, {since(fiber)}"
    elif fiber.is_kept:
        state = "ready, kept by the scheduler"
    else:
        state = "ready" if fiber.has_begun else "ready, has not begun"
    name = f' "{fiber.name}"' if fiber.name else ""
    return f"fiber {fiber.id}{name}: {state}"


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class SwitchedAway(gdb.unwinder.Unwinder):
    """While a fiber is in view, it stands as the caller of whatever the selected thread is in. No register changes, so this works in core
    dumps too."""

    def __init__(self):
        super().__init__("mioco")
        self.fiber = None
        self.thread_sp = None

    def __call__(self, pending):
        if self.fiber is None or int(pending.read_register("sp")) != self.thread_sp:
            return None
        offsets, sp_name, size = SAVED[pending.architecture().name()]
        # Stacks of callers lie higher, by which gdb knows that all is well.
        info = pending.create_unwind_info(FrameId(gdb.Value(self.fiber.stack_pointer), pending.read_register("pc")))
        values = {name: word_at(self.fiber.stack_pointer + offset) for name, offset in offsets.items()}
        for name, value in {**values, sp_name: self.fiber.stack_pointer + size}.items():
            info.add_saved_register(name, gdb.Value(value).cast(pending.read_register(name).type))
        return info


UNWINDER = SwitchedAway()
gdb.unwinder.register_unwinder(None, UNWINDER, replace=True)


class in_view:
    """While it lasts the fiber's frames are those of the selected thread; gives the innermost one, and selects it."""

    def __init__(self, fiber):
        if fiber.thread is not None:
            raise gdb.GdbError(f"Fiber {fiber.id} runs: `thread apply {fiber.thread} backtrace` shows where.")
        if not fiber.has_begun:
            raise gdb.GdbError(f"Fiber {fiber.id} has not begun, and so is nowhere.")
        offsets = SAVED[gdb.newest_frame().architecture().name()][0]
        try:
            returns_to = word_at(fiber.stack_pointer + list(offsets.values())[-1])
        except gdb.MemoryError:
            returns_to = 0
        if returns_to == 0:
            raise gdb.GdbError(
                f"The stack of fiber {fiber.id} is not in this core dump. gdb's own `generate-core-file` loses stacks whose guards are made by"
                " madvise (Linux 6.13): start the program with MIOCO_GUARD=mprotect, or let the kernel write the dump.")
        self.fiber = fiber

    def __enter__(self):
        self.frame_before = gdb.selected_frame()
        UNWINDER.thread_sp = int(gdb.newest_frame().read_register("sp"))
        UNWINDER.fiber = self.fiber
        gdb.invalidate_cached_frames()
        frame = gdb.newest_frame()
        while frame is not None and int(frame.read_register("sp")) == UNWINDER.thread_sp:
            frame = frame.older()
        if frame is None or not self.fiber.has_on_its_stack(int(frame.read_register("sp"))):
            raise gdb.GdbError("gdb finds no way from its thread to the fiber.")
        frame.select()
        return frame

    def __exit__(self, *_):
        UNWINDER.fiber = None
        gdb.invalidate_cached_frames()
        if self.frame_before.is_valid():
            self.frame_before.select()


def lines_of(frame):
    for number in range(MOST_FRAMES):
        if frame is None:
            return
        place = frame.find_sal()
        library = gdb.solib_name(frame.pc())
        where = (f" at {place.symtab.filename}:{place.line}" if place.symtab else
                 f" from {library}" if library else "")
        yield f"    #{number:<3} 0x{frame.pc():016x} in {frame.name() or '??'}{where}"
        frame = frame.older()


def fiber_of(text, fibers):
    if not text.isdigit():
        raise gdb.GdbError(f'"{text}" is no fiber: give one of the numbers that `mioco fibers` shows.')
    for fiber in fibers:
        if fiber.id == int(text):
            return fiber
    raise gdb.GdbError(f"There is no fiber {text}: `mioco fibers` shows which there are.")


class Mioco(gdb.Command):
    """Fibers of mioco."""

    def __init__(self):
        super().__init__("mioco", gdb.COMMAND_STACK, gdb.COMPLETE_NONE, True)


class Fibers(gdb.Command):
    """Shows each fiber: its number, name and state, what it waits for, and for how long."""

    def __init__(self):
        super().__init__("mioco fibers", gdb.COMMAND_STACK)

    def invoke(self, _argument, _from_tty):
        layout = Layout()
        fibers = all_fibers(layout)
        since = since_when(layout, fibers)
        for fiber in fibers:
            print(describe(fiber, since))
        if not fibers:
            print("There are no fibers.")


class Backtrace(gdb.Command):
    """Shows the calls that a fiber is in, which does not run: mioco bt ID, or mioco bt all."""

    def __init__(self):
        super().__init__("mioco bt", gdb.COMMAND_STACK)

    def invoke(self, argument, _from_tty):
        layout = Layout()
        fibers = all_fibers(layout)
        since = since_when(layout, fibers)
        wants_all = argument.strip() == "all"
        for fiber in fibers if wants_all else [fiber_of(argument.strip(), fibers)]:
            print(describe(fiber, since))
            try:
                with in_view(fiber) as innermost:
                    for line in lines_of(innermost):
                        print(line)
            except gdb.GdbError:
                if not wants_all:
                    raise


class With(gdb.Command):
    """Has gdb do something as if a fiber's innermost frame were selected: mioco with ID COMMAND, such as `mioco with 17 info locals`. The
    frames above are counted from the selected thread's own, which comes first: `mioco with 17 backtrace full`."""

    def __init__(self):
        super().__init__("mioco with", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        number, _, command = argument.strip().partition(" ")
        if not command.strip():
            raise gdb.GdbError("Usage: mioco with ID COMMAND")
        with in_view(fiber_of(number, all_fibers(Layout()))):
            gdb.execute(command, from_tty)


Mioco()
Fibers()
Backtrace()
With()
