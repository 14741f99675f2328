package io.solaster.store.rdb.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.store.rdb.Crc64;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a Redis file from the first to the last one, in a buffer of constant size; what is read may be copied on the
 * way. Keeps the check sum of all that was read.
 */
final class RdbInput implements AutoCloseable {
    private static final int BUFFER = 1 << 20;
    private static final int INT_8 = 0;
    private static final int INT_16 = 1;
    private static final int INT_32 = 2;
    private static final int COMPRESSED = 3;

    private final Path path;
    private final FileChannel file;
    private final long size;
    private final ByteBuf in = Unpooled.buffer(BUFFER, BUFFER);
    private long base; // where in the file the buffer begins
    private int summed; // bytes of the buffer that are in the sum
    private long sum;
    private @Nullable ByteBuf copy;
    private long most;
    /** Whether there was more to be copied than there may be. */
    private boolean exceeded;

    RdbInput(Path path) throws IOException {
        this.path = path;
        file = FileChannel.open(path, StandardOpenOption.READ);
        size = file.size();
    }

    /** Where in the file the next byte is. */
    long offset() {
        return base + in.readerIndex();
    }

    long size() {
        return size;
    }

    RdbException damaged(String what) {
        return new RdbException(path + ", byte " + offset() + ": " + what);
    }

    /** Has what is read from now on copied, at most so many bytes. */
    void copyTo(ByteBuf to, long mostBytes) {
        copy = to;
        most = mostBytes;
        exceeded = false;
    }

    /** Ends the copy; whether it is whole. */
    boolean endCopy() {
        copy = null;
        return !exceeded;
    }

    /** The check sum of all bytes that were read. */
    long sum() {
        addUp();
        return sum;
    }

    private void addUp() {
        sum = Crc64.of(sum, in.array(), in.arrayOffset() + summed, in.readerIndex() - summed);
        summed = in.readerIndex();
    }

    private void need(int bytes) throws IOException {
        if (in.readableBytes() >= bytes) {
            return;
        }
        addUp();
        base += in.readerIndex();
        in.discardReadBytes();
        summed = 0;
        while (in.readableBytes() < bytes) {
            ByteBuffer room = in.nioBuffer(in.writerIndex(), in.writableBytes());
            int read = file.read(room, base + in.writerIndex());
            if (read <= 0) {
                throw damaged("the file ends in the middle");
            }
            in.writerIndex(in.writerIndex() + read);
        }
    }

    private void took(int from, int bytes) {
        ByteBuf to = copy;
        if (to != null && !exceeded) {
            if (to.readableBytes() + (long) bytes > most) {
                exceeded = true;
                to.clear();
            } else {
                to.writeBytes(in, from, bytes);
            }
        }
    }

    int readByte() throws IOException {
        need(1);
        took(in.readerIndex(), 1);
        return in.readUnsignedByte();
    }

    /** A number of 4 or 8 bytes, the lowest first. */
    long readLittle(int bytes) throws IOException {
        need(bytes);
        took(in.readerIndex(), bytes);
        return bytes == 4 ? in.readUnsignedIntLE() : in.readLongLE();
    }

    /** Goes past so many bytes. */
    void skip(long bytes) throws IOException {
        if (bytes < 0 || bytes > size - offset()) {
            throw damaged(
                    "something of " + Long.toUnsignedString(bytes) + " bytes is longer than what is left of the file");
        }
        for (long left = bytes; left > 0;) {
            need(1);
            int now = (int) Math.min(left, in.readableBytes());
            took(in.readerIndex(), now);
            in.skipBytes(now);
            left -= now;
        }
    }

    /** A count or a length. */
    long readCount() throws IOException {
        int first = readByte();
        if (first >>> 6 == 3) {
            throw damaged("a string where a count belongs");
        }
        return count(first);
    }

    private long count(int first) throws IOException {
        return switch (first >>> 6) {
            case 0 -> first;
            case 1 -> (first & 0x3f) << 8 | readByte();
            default -> {
                if (first != 0x80 && first != 0x81) {
                    throw damaged("a length of no known form");
                }
                long value = 0;
                for (int i = first == 0x80 ? 4 : 8; i > 0; i--) {
                    value = value << 8 | readByte();
                }
                yield value;
            }
        };
    }

    /** Goes past a string. */
    void skipString() throws IOException {
        int first = readByte();
        if (first >>> 6 != 3) {
            skip(count(first));
            return;
        }
        switch (first & 0x3f) {
            case INT_8 -> skip(1);
            case INT_16 -> skip(2);
            case INT_32 -> skip(4);
            case COMPRESSED -> {
                long compressed = readCount();
                readCount();
                skip(compressed);
            }
            default -> throw damaged("a string of no known form");
        }
    }

    /** Reads a string, such as a key, of at most so many bytes. */
    byte[] readString(int mostBytes) throws IOException {
        int first = readByte();
        if (first >>> 6 != 3) {
            return bytes(count(first), mostBytes);
        }
        return switch (first & 0x3f) {
            case INT_8 -> digits((byte) readByte());
            case INT_16 -> digits((short) (readByte() | readByte() << 8));
            case INT_32 -> {
                int number = (int) readLittle(4);
                yield digits(number);
            }
            case COMPRESSED -> {
                long compressed = readCount();
                long length = readCount();
                byte[] from = bytes(compressed, mostBytes);
                if (length < 0 || length > mostBytes) {
                    throw damaged("a string of " + Long.toUnsignedString(length) + " bytes where at most " + mostBytes
                            + " may be");
                }
                yield decompressed(from, (int) length);
            }
            default -> throw damaged("a string of no known form");
        };
    }

    private static byte[] digits(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }

    private byte[] bytes(long length, int mostBytes) throws IOException {
        if (length < 0 || length > mostBytes || length > size - offset()) {
            throw damaged(
                    "a string of " + Long.toUnsignedString(length) + " bytes where at most " + mostBytes + " may be");
        }
        byte[] bytes = new byte[(int) length];
        for (int at = 0; at < bytes.length;) {
            need(1);
            int now = Math.min(bytes.length - at, in.readableBytes());
            took(in.readerIndex(), now);
            in.readBytes(bytes, at, now);
            at += now;
        }
        return bytes;
    }

    /** LZF: runs of bytes as they are, and references to at most 8 KiB before. */
    private byte[] decompressed(byte[] from, int length) throws RdbException {
        byte[] to = new byte[length];
        int written = 0;
        int at = 0;
        try {
            while (at < from.length) {
                int control = from[at++] & 0xff;
                if (control < 32) {
                    System.arraycopy(from, at, to, written, control + 1);
                    at += control + 1;
                    written += control + 1;
                    continue;
                }
                int run = (control >>> 5) + 2;
                if (run == 9) {
                    run += from[at++] & 0xff;
                }
                int back = ((control & 31) << 8 | from[at++] & 0xff) + 1;
                for (int i = 0; i < run; i++, written++) {
                    to[written] = to[written - back];
                }
            }
        } catch (IndexOutOfBoundsException broken) {
            throw damaged("a compressed string that is none");
        }
        if (written != length) {
            throw damaged("a compressed string of " + written + " bytes that is said to have " + length);
        }
        return to;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
