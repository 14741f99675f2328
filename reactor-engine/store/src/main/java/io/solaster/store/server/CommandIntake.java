package io.solaster.store.server;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.CommandDecoder;
import io.solaster.resp.RequestLimits;
import org.jspecify.annotations.Nullable;

/** What one client has sent and was not yet run: bytes in one piece, and how far they are decoded. On the owning shard. */
final class CommandIntake {
    private final CommandDecoder decoder;
    private @Nullable ByteBuf input;
    /** Length of a request that is decoded and could not begin; decoding it twice would undo its quotes twice. */
    private int decoded;

    // Between begin and end.
    private long base;
    private int at;
    private int end;

    CommandIntake(RequestLimits limits) {
        decoder = new CommandDecoder(limits);
    }

    /** The request that {@link #next} found last, and whether the client may announce much. */
    CommandDecoder decoder() {
        return decoder;
    }

    int bytes() {
        return input == null ? 0 : input.readableBytes();
    }

    boolean isEmpty() {
        return input == null;
    }

    /** Takes what was received. */
    void add(ByteBuf received, ByteBufAllocator allocator) {
        ByteBuf into = input;
        if (into == null) {
            input = received;
            return;
        }
        int bytes = received.readableBytes();
        if (bytes > into.writableBytes()) {
            // A long argument says how much is still to come; it is believed only up to twice what has come.
            int rest = into.readableBytes();
            long wanted = 2L * (rest + bytes);
            if (decoder.expectedBytes() >= rest + bytes) {
                wanted = Math.min(wanted, decoder.expectedBytes());
            }
            ByteBuf larger = allocator.directBuffer((int) Math.min(wanted, Integer.MAX_VALUE - 8));
            larger.writeBytes(into);
            into.release();
            input = larger;
            into = larger;
        }
        into.writeBytes(received);
        received.release();
    }

    /** Begins to go through the requests that are there; {@link #end} follows, and nothing is added before. */
    void begin(RequestLimits limits) {
        ByteBuf in = Objects.requireNonNull(input);
        base = Memory.address(in);
        at = in.readerIndex();
        end = in.writerIndex();
        decoder.limits(limits);
    }

    boolean hasMore() {
        return at < end;
    }

    /** Decodes the next request, unless that was done before. As {@link CommandDecoder#decode}. */
    int next() {
        int used = decoded;
        if (used > 0) {
            decoded = 0;
            decoder.moved(base + at);
            return used;
        }
        return decoder.decode(base + at, end - at);
    }

    /** The request that was found has begun. */
    void took(int used) {
        at += used;
    }

    /** The request that was found must be looked at again later. */
    void again(int used) {
        decoded = used;
    }

    /** Nothing of what is there will be looked at. */
    void skipAll() {
        at = end;
    }

    void end() {
        Objects.requireNonNull(input).readerIndex(at);
    }

    /** Keeps what is not yet run, in no more memory than it needs. */
    void keepRest(ByteBufAllocator allocator) {
        ByteBuf rest = input;
        if (rest == null) {
            return;
        }
        int bytes = rest.readableBytes();
        if (bytes == 0) {
            rest.release();
            input = null;
            decoder.idle();
        } else if (bytes < rest.capacity() / 4 && decoder.expectedBytes() < rest.capacity() / 4) {
            input = allocator.directBuffer((int) Math.max(bytes, decoder.expectedBytes())).writeBytes(rest);
            rest.release();
        }
    }

    void release() {
        if (input != null) {
            input.release();
            input = null;
        }
    }
}
