package io.solaster.engine.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The numbers of io_uring, as linux/io_uring.h has them, and its calls. Errors are negative numbers. */
final class Uring {
    static final int PARAMS = 120;
    static final int ENTRY = 64;
    static final int COMPLETION = 16;

    static final long OFFSET_RINGS = 0;
    static final long OFFSET_ENTRIES = 0x10000000L;

    static final int SETUP_CLAMP = 1 << 4;
    static final int SETUP_COOP_TASKRUN = 1 << 8;
    static final int SETUP_TASKRUN_FLAG = 1 << 9;
    static final int SETUP_SINGLE_ISSUER = 1 << 12;
    static final int SETUP_DEFER_TASKRUN = 1 << 13;

    static final int FEATURE_SINGLE_MMAP = 1;
    static final int FEATURE_NODROP = 1 << 1;

    static final int ENTER_GETEVENTS = 1;
    /** The kernel has ends for us that it brings when it is entered, or that found no room. */
    static final int SQ_MUST_ENTER = 1 << 1 | 1 << 2;

    static final int REGISTER_EVENTFD = 4;
    static final int REGISTER_PROBE = 8;
    static final int REGISTER_IOWQ_AFF = 17;
    static final int REGISTER_IOWQ_MAX_WORKERS = 19;

    private static final int PROBE_OPS = 64;
    private static final int PROBE_HEADER = 16;
    private static final int PROBE_OP = 8;

    private Uring() {}

    /** Whether the kernel knows all operations. */
    static boolean knows(int ring, byte... opcodes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment probe = arena.allocate(PROBE_HEADER + (long) PROBE_OPS * PROBE_OP, Long.BYTES);
            if (Libc.uringRegister(ring, REGISTER_PROBE, probe.address(), PROBE_OPS) < 0) {
                return false;
            }
            for (byte opcode : opcodes) {
                // Each has its number, a reserved byte, and flags of which the first says that it is there.
                if ((probe.get(ValueLayout.JAVA_SHORT, PROBE_HEADER + (long) opcode * PROBE_OP + 2) & 1) == 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
