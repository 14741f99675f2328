package io.solaster.spring.web;

import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.http.HttpException;
import io.solaster.http.RequestBody;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

/**
 * A request's body: one part of it for each that is asked for, so that a client is not read from faster than the
 * application takes. Subscribed to once, by any thread; its signals come on the owning shard.
 */
final class BodyFlux extends Flux<DataBuffer> {
    private final RequestBody body;
    private final Handling handling;
    private final NettyDataBufferFactory buffers;
    private final AtomicBoolean taken = new AtomicBoolean();

    BodyFlux(RequestBody body, Handling handling, NettyDataBufferFactory buffers) {
        this.body = body;
        this.handling = handling;
        this.buffers = buffers;
    }

    @Override
    public void subscribe(CoreSubscriber<? super DataBuffer> subscriber) {
        if (!taken.compareAndSet(false, true)) {
            Operators.error(subscriber, new IllegalStateException("the body of a request can be read once"));
            return;
        }
        Reading reading = new Reading(subscriber);
        subscriber.onSubscribe(reading);
        handling.onShard(reading::begin);
    }

    /** On the shard, but for what the subscriber calls. */
    final class Reading implements Subscription, RequestBody.Reader {
        private final CoreSubscriber<? super DataBuffer> subscriber;
        private volatile boolean cancelled;
        private boolean begun;
        private boolean done;
        /** Within {@link RequestBody#request}, whose parts ask for more in their turn. */
        private boolean asking;
        private long demand;

        Reading(CoreSubscriber<? super DataBuffer> subscriber) {
            this.subscriber = subscriber;
        }

        void begin() {
            if (cancelled) {
                return;
            }
            if (handling.isAnswered()) {
                failed(new IllegalStateException("the request has been answered, and its body is gone"));
                return;
            }
            begun = true;
            handling.reads(this);
            body.read(this);
            ask();
        }

        @Override
        public void request(long parts) {
            if (Operators.validate(parts)) {
                if (handling.isOnShard()) {
                    more(parts);
                } else {
                    handling.onShard(() -> more(parts));
                }
            }
        }

        private void more(long parts) {
            demand = Operators.addCap(demand, parts);
            if (begun) {
                ask();
            }
        }

        private void ask() {
            if (asking) {
                return;
            }
            asking = true;
            while (demand > 0 && !done && !cancelled && !handling.isAnswered()) {
                long parts = demand;
                demand = 0;
                body.request(parts);
            }
            asking = false;
        }

        /** The exchange is over before the body has come whole. */
        void abort(Throwable cause) {
            if (!done) {
                failed(cause);
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void part(ByteBuf part) {
            if (cancelled) {
                part.release();
            } else {
                subscriber.onNext(buffers.wrap(part));
            }
        }

        @Override
        public void end(HttpHeaders trailers) {
            done = true;
            if (!cancelled) {
                subscriber.onComplete();
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (done) {
                return;
            }
            done = true;
            if (!cancelled) {
                subscriber.onError(cause instanceof HttpException refused
                        ? new ResponseStatusException(HttpStatusCode.valueOf(refused.status().code()),
                                refused.getMessage(), refused)
                        : cause);
            }
        }
    }
}
