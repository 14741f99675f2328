package io.solaster.store.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.UnreadInput;
import io.solaster.resp.CommandDecoder;
import io.solaster.resp.RequestLimits;
import io.solaster.store.multi.TransactionRequest;

/**
 * What one client has sent and was not yet run: unread input, and how far it is decoded. Between requests it is the shard's, which
 * has it used by one client after the other. On the owning shard.
 */
final class CommandIntake {
    private final CommandDecoder decoder;
    private final TransactionRequest.Arguments arguments;
    private final UnreadInput input = new UnreadInput();
    /** Length of a request that is decoded and could not begin; decoding it twice would undo its quotes twice. */
    private int decoded;

    // Between begin and end.
    private long base;
    private int at;
    private int end;

    CommandIntake(RequestLimits limits) {
        decoder = new CommandDecoder(limits);
        arguments = TransactionRequest.Arguments.of(decoder);
    }

    /** The request that {@link #next} found last, and whether the client may announce much. */
    CommandDecoder decoder() {
        return decoder;
    }

    /** The arguments of that request. */
    TransactionRequest.Arguments arguments() {
        return arguments;
    }

    int bytes() {
        return input.size();
    }

    /** Takes what was received. A long argument says how much is still to come. */
    void add(ByteBuf received, ByteBufAllocator allocator) {
        input.add(received, allocator, decoder.expectedBytes());
    }

    /** Begins to go through the requests that are there; {@link #end} follows, and nothing is added before. */
    void begin(RequestLimits limits) {
        ByteBuf in = input.bytes();
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
        input.bytes().readerIndex(at);
    }

    /**
     * Keeps what is not yet run, in no more memory than it needs.
     *
     * @return whether there is something
     */
    boolean keepRest(ByteBufAllocator allocator) {
        input.keepRest(allocator, decoder.expectedBytes());
        if (input.isEmpty()) {
            decoder.idle();
            return false;
        }
        return true;
    }

    void release() {
        input.release();
    }
}
