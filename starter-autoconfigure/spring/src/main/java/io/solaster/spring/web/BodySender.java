package io.solaster.spring.web;

import io.netty.buffer.ByteBuf;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.CoreSubscriber;

/**
 * Writes the application's buffers into a response: a single one as the whole body, others as a stream, which takes more
 * when the client has read.
 */
final class BodySender extends ShardSubscriber<DataBuffer> {
    private final Handling handling;
    private final boolean whole;
    private @Nullable ResponseStream stream;

    /** @param whole whether there is one buffer at most */
    BodySender(Handling handling, CoreSubscriber<? super Void> written, boolean whole) {
        super(handling.shard(), handling, written, !whole);
        this.handling = handling;
        this.whole = whole;
    }

    @Override
    boolean take(DataBuffer buffer) {
        if (handling.isAnswered()) {
            DataBufferUtils.release(buffer);
            throw new IllegalStateException("the response has been ended already");
        }
        ByteBuf part = NettyDataBufferFactory.toByteBuf(buffer);
        if (whole) {
            handling.send(part);
            return true;
        }
        ResponseStream open = stream;
        if (open == null) {
            try {
                open = handling.stream();
            } catch (RuntimeException refused) {
                part.release();
                throw refused;
            }
            stream = open;
            open.onWritable(this::roomAgain);
        }
        return open.write(part);
    }

    @Override
    void end() {
        ResponseStream open = stream;
        if (open != null) {
            handling.end(open);
        } else if (!handling.isAnswered()) {
            handling.send(null);
        }
    }

    @Override
    void discard(DataBuffer buffer) {
        DataBufferUtils.release(buffer);
    }
}
