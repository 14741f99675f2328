package io.solaster.store.multi;

import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/** The replies of a {@link CommandSequence}, in the order of its commands, and whether they are all. On the shard of the client. */
final class SequenceReplies {
    private static final int FIRST = 256;
    private static final int KEPT = 64 * 1024;

    private final StoreShard shard;
    private final ByteBuf bytes = Unpooled.directBuffer(FIRST);
    private boolean resp3;
    private long most;
    private boolean tooMuch;
    private @Nullable Throwable failure;
    private long errors;

    SequenceReplies(StoreShard shard) {
        this.shard = shard;
    }

    /** Begins anew. */
    void begin(boolean inResp3, long outputRoom) {
        resp3 = inResp3;
        most = Math.max(0, outputRoom);
        bytes.clear();
    }

    ByteBuf bytes() {
        return bytes;
    }

    boolean resp3() {
        return resp3;
    }

    /** Bytes that may be answered still. */
    long room() {
        return Math.max(0, most - bytes.readableBytes());
    }

    /** Whether no more replies are taken: there are too many, or no memory is had for them. */
    boolean isOver() {
        return failure != null || tooMuch;
    }

    /** There are more than the client may leave unread. */
    void exceeded() {
        tooMuch = true;
    }

    boolean isExceeded() {
        return tooMuch;
    }

    void fail(Throwable broken) {
        if (failure == null) {
            failure = broken;
        }
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    long errors() {
        return errors;
    }

    void addErrors(long more) {
        errors += more;
    }

    /** Adds replies, unless no more are taken; where no memory is had, that is the answer to all of it. */
    void answer(Consumer<ReplyWriter> what) {
        if (isOver()) {
            return;
        }
        ReplyWriter writer = open();
        int before = writer.position();
        long errorsBefore = writer.errors();
        try {
            what.accept(writer);
        } catch (Throwable broken) {
            writer.rewind(before);
            fail(broken);
        }
        errors += writer.errors() - errorsBefore;
        close(writer);
    }

    /** Has a command answer, which runs in any case; it may choose the protocol. */
    void answerBy(Runnable command) {
        ReplyWriter writer = open();
        int before = writer.position();
        long errorsBefore = writer.errors();
        try {
            command.run();
        } finally {
            if (isOver()) {
                writer.rewind(before);
            }
            errors += writer.errors() - errorsBefore;
            resp3 = writer.resp3();
            close(writer);
        }
    }

    private ReplyWriter open() {
        ReplyWriter writer = shard.call().reply();
        writer.to(bytes);
        writer.resp3(resp3);
        return writer;
    }

    private void close(ReplyWriter writer) {
        writer.finish();
        tooMuch |= bytes.readableBytes() > most;
    }

    void clear() {
        bytes.clear();
        if (bytes.capacity() > KEPT) {
            bytes.capacity(FIRST);
        }
        tooMuch = false;
        failure = null;
        errors = 0;
    }

    int kept() {
        return bytes.capacity();
    }

    void close() {
        bytes.release();
    }
}
