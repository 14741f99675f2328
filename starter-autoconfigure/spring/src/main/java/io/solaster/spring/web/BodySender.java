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
    private final Exchange exchange;
    private final boolean whole;
    private @Nullable ResponseStream stream;

    /** @param whole whether there is one buffer at most */
    BodySender(Exchange exchange, CoreSubscriber<? super Void> written, boolean whole) {
        super(exchange.shard(), exchange, written, !whole);
        this.exchange = exchange;
        this.whole = whole;
    }

    @Override
    boolean take(DataBuffer buffer) {
        if (exchange.isAnswered()) {
            DataBufferUtils.release(buffer);
            throw new IllegalStateException("the response has been ended already");
        }
        ByteBuf part = NettyDataBufferFactory.toByteBuf(buffer);
        if (whole) {
            exchange.send(part);
            return true;
        }
        ResponseStream open = stream;
        if (open == null) {
            try {
                open = exchange.stream();
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
            exchange.end(open);
        } else if (!exchange.isAnswered()) {
            exchange.send(null);
        }
    }

    @Override
    void discard(DataBuffer buffer) {
        DataBufferUtils.release(buffer);
    }
}
