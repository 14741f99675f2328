package io.solaster.engine.memory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

import io.netty.buffer.ByteBuf;

/**
 * Raw memory by address, so that long-lived data needs no object and received bytes are read where they lie.
 *
 * <p>
 * All of memory is one segment here: the JIT compiles each access to one instruction, and nothing checks an address.
 * Whoever calls this owns the block it points to, or has checked the bounds. Any thread may call; synchronising what
 * they touch is the callers' matter (in Solaster: a block belongs to one shard at a time).
 */
public final class Memory {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final MethodHandle MALLOC = downcall("malloc",
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle CALLOC = downcall("calloc",
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = downcall("free", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private Memory() {}

    /** What was read as a word, or is to be written as one, with the byte at its address lowest on every machine. */
    public static int littleEndian(int word) {
        return LITTLE ? word : Integer.reverseBytes(word);
    }

    /** As {@link #littleEndian(int)}. */
    public static long littleEndian(long word) {
        return LITTLE ? word : Long.reverseBytes(word);
    }

    public static byte getByte(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    public static short getShort(long address) {
        return ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address);
    }

    public static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    public static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    public static void putByte(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }

    public static void putShort(long address, short value) {
        ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, address, value);
    }

    public static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    public static void putLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    /** Copies {@code length} bytes; the ranges may overlap. */
    public static void copy(long from, long to, long length) {
        MemorySegment.copy(ALL, from, ALL, to, length);
    }

    /** Copies bytes of an array to memory. */
    public static void copy(byte[] from, int offset, long to, int length) {
        MemorySegment.copy(from, offset, ALL, ValueLayout.JAVA_BYTE, to, length);
    }

    /** Copies bytes of memory to an array. */
    public static void copy(long from, byte[] to, int offset, int length) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, from, to, offset, length);
    }

    /** Whether {@code length} bytes at both addresses are the same. */
    public static boolean equal(long a, long b, long length) {
        return MemorySegment.mismatch(ALL, a, a + length, ALL, b, b + length) < 0;
    }

    /** Fills {@code length} bytes. */
    public static void fill(long address, long length, byte value) {
        ALL.asSlice(address, length).fill(value);
    }

    /** A view for who wants buffers of the JDK's; valid for as long as the block is its caller's. */
    public static ByteBuffer view(long address, int length) {
        return ALL.asSlice(address, length).asByteBuffer();
    }

    /** Where a direct buffer's index 0 lies; valid until the buffer grows or is released. */
    public static long address(ByteBuf buffer) {
        if (buffer.hasMemoryAddress()) {
            return buffer.memoryAddress();
        }
        // Without Unsafe, Netty does not tell; a view of the whole buffer does.
        return MemorySegment.ofBuffer(buffer.internalNioBuffer(0, buffer.capacity())).address();
    }

    /** Whether so many bytes are the same in both places. */
    public static boolean equal(long a, long b, int length) {
        if (length >= 8) {
            int last = length - 8;
            for (int i = 0; i < last; i += 8) {
                if (getLong(a + i) != getLong(b + i)) {
                    return false;
                }
            }
            return getLong(a + last) == getLong(b + last);
        }
        for (int i = 0; i < length; i++) {
            if (getByte(a + i) != getByte(b + i)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Takes a block from the C allocator; its content is undefined, and pages are not touched.
     *
     * @throws OutOfMemoryError if the system has no such block to give
     */
    public static long allocate(long bytes) {
        try {
            long address = (long) MALLOC.invokeExact(bytes);
            if (address == 0) {
                throw new OutOfMemoryError("the system refused " + bytes + " bytes outside the heap");
            }
            return address;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * As {@link #allocate}, but the block is zero. Of tens of megabytes no page is touched for that: the kernel's are.
     *
     * @throws OutOfMemoryError if the system has no such block to give
     */
    public static long allocateZero(long bytes) {
        try {
            long address = (long) CALLOC.invokeExact(1L, bytes);
            if (address == 0) {
                throw new OutOfMemoryError("the system refused " + bytes + " bytes outside the heap");
            }
            return address;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Gives a block of {@link #allocate} back. */
    public static void free(long address) {
        try {
            FREE.invokeExact(address);
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Takes whole pages from the kernel, past the C allocator (which keeps what it gets back): aligned to a page, zero,
     * and resident only once touched.
     *
     * @throws OutOfMemoryError if the system has no such pages to give
     */
    public static long map(long bytes) {
        try {
            long address = (long) Pages.MMAP.invokeExact(0L, bytes, Pages.READ_WRITE, Pages.PRIVATE_ANONYMOUS, -1, 0L);
            if (address == -1) {
                throw new OutOfMemoryError("the system refused to map " + bytes + " bytes outside the heap");
            }
            return address;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * As {@link #map(long)}, at a multiple of the alignment.
     *
     * @param bytes a multiple of a page
     * @param alignment a power of two, and a multiple of a page
     * @throws OutOfMemoryError if the system has no such pages to give
     */
    public static long map(long bytes, long alignment) {
        // Kernels align what is as large as a huge page, so that this is mostly all.
        long address = map(bytes);
        if ((address & alignment - 1) == 0) {
            return address;
        }
        unmap(address, bytes);
        long mapping = map(bytes + alignment);
        long aligned = mapping + alignment - 1 & -alignment;
        // Where the kernel takes one of these ends back no more, it is address space that nobody touches.
        if (aligned != mapping) {
            unmap(mapping, aligned - mapping);
        }
        unmap(aligned + bytes, mapping + alignment - aligned);
        return aligned;
    }

    /**
     * Asks for huge pages in place of small ones, once these pages of {@link #map} are touched.
     *
     * @return false if the kernel has none
     */
    static boolean adviseHuge(long address, long bytes) {
        try {
            return (int) Pages.MADVISE.invokeExact(address, bytes, Pages.HUGE) == 0;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Gives pages of {@link #map} back, all or some of them, at once.
     *
     * @return false if the kernel refuses, as it does where the process has too many separate mappings; nothing changed
     */
    public static boolean unmap(long address, long bytes) {
        try {
            return (int) Pages.MUNMAP.invokeExact(address, bytes) == 0;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes pages of {@link #map} as if never touched: not resident, and zero when read again (on Linux). */
    public static void discard(long address, long bytes) {
        try {
            int ignored = (int) Pages.MADVISE.invokeExact(address, bytes, Pages.DONT_NEED);
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Apart, since only POSIX systems have these. */
    private static final class Pages {
        static final int READ_WRITE = 3;
        static final int PRIVATE_ANONYMOUS = System.getProperty("os.name", "").startsWith("Mac") ? 0x1002 : 0x22;
        static final int DONT_NEED = 4;
        static final int HUGE = 14;
        static final MethodHandle MMAP = downcall("mmap",
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        static final MethodHandle MUNMAP = downcall("munmap",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        static final MethodHandle MADVISE = downcall("madvise", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

        private Pages() {}
    }

    private static MethodHandle downcall(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
}
