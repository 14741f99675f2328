package io.solaster.spring.web;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.solaster.engine.Shard;
import io.solaster.http.websocket.CloseCode;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.web.reactive.socket.CloseStatus;
import org.springframework.web.reactive.socket.HandshakeInfo;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.adapter.AbstractWebSocketSession;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

/**
 * A WebSocket as Spring sees it. Messages come, and go, at the pace of whoever takes them; all signals come on the owning
 * shard, and what is asked on another thread is done there.
 */
final class ShardWebSocketSession extends AbstractWebSocketSession<ShardWebSocketSession.Conversation> {
    private static final Logger log = LoggerFactory.getLogger(ShardWebSocketSession.class);
    private static final AtomicLong ids = new AtomicLong();
    /** Messages that may wait for the application before the client is not read from. */
    private static final int MOST_WAITING = 16;

    ShardWebSocketSession(HandshakeInfo info, DataBufferFactory buffers, MonoSink<ShardWebSocketSession> opened) {
        super(new Conversation(), "ws-" + ids.incrementAndGet(), info, buffers);
        getDelegate().opens = () -> opened.success(this);
    }

    WebSocketListener listener() {
        getDelegate().accepted = true;
        return getDelegate();
    }

    /** Whether the handshake came as far as to ask for the listener. */
    boolean isAccepted() {
        return getDelegate().accepted;
    }

    @Override
    public Flux<WebSocketMessage> receive() {
        return new Received(getDelegate());
    }

    @Override
    public Mono<Void> send(Publisher<WebSocketMessage> messages) {
        Conversation conversation = getDelegate();
        return new Mono<>() {
            @Override
            public void subscribe(CoreSubscriber<? super Void> written) {
                Sender sender = new Sender(conversation, written);
                messages.subscribe(sender);
                conversation.onShard(() -> conversation.began(sender));
            }
        };
    }

    @Override
    public boolean isOpen() {
        return getDelegate().socket().isOpen();
    }

    @Override
    public Mono<Void> close(CloseStatus status) {
        return Mono.fromRunnable(() -> getDelegate().close(status));
    }

    @Override
    public Mono<CloseStatus> closeStatus() {
        return getDelegate().status.asMono();
    }

    /** The application's handler has failed. */
    void failed(Throwable failure) {
        log.info("WebSocket {} ends with an error of its handler: {}", getHandshakeInfo().getUri(),
                failure.toString());
        log.debug("It was", failure);
        getDelegate().close(CloseStatus.SERVER_ERROR);
    }

    /** The socket, and what waits for the application. On the shard, but for what says otherwise. */
    static final class Conversation implements WebSocketListener.Raw {
        private final Sinks.One<CloseStatus> status = Sinks.one();
        private final Queue<WebSocketMessage> waiting = new ArrayDeque<>();
        private final Set<Sender> senders = new LinkedHashSet<>(2);
        private final AtomicBoolean taken = new AtomicBoolean();
        private @Nullable Runnable opens;
        private volatile boolean accepted;
        private volatile @Nullable WebSocket socket;
        private @Nullable CoreSubscriber<? super WebSocketMessage> receiver;
        private long demand;
        private boolean emitting;
        private boolean paused;
        private boolean over;
        private boolean told;

        /** Any thread. */
        WebSocket socket() {
            return Objects.requireNonNull(socket, "the conversation has not begun");
        }

        /** Any thread. */
        void onShard(Runnable task) {
            Shard shard = socket().shard();
            if (shard.inEventLoop()) {
                task.run();
            } else {
                shard.execute(task);
            }
        }

        /** Any thread. */
        void close(CloseStatus with) {
            int code = with.getCode();
            String reason = with.getReason();
            if (CloseCode.maySend(code)) {
                socket().close(code, reason == null ? "" : reason);
            } else {
                socket().close();
            }
        }

        @Override
        public void opened(WebSocket opened) {
            socket = opened;
            Runnable begin = opens;
            if (begin != null) {
                opens = null;
                begin.run();
            }
        }

        /** Copied, so that an application that keeps messages, and one that forgets them, are both right. */
        @Override
        public void message(WebSocket from, ByteBuf payload, boolean text) {
            add(text ? WebSocketMessage.Type.TEXT : WebSocketMessage.Type.BINARY, payload);
        }

        /** Those that answer the server's own pings are empty, and no news. */
        @Override
        public void pong(WebSocket from, ByteBuf payload) {
            if (payload.isReadable()) {
                add(WebSocketMessage.Type.PONG, payload);
            }
        }

        private void add(WebSocketMessage.Type type, ByteBuf payload) {
            waiting.add(new WebSocketMessage(type,
                    DefaultDataBufferFactory.sharedInstance.wrap(ByteBufUtil.getBytes(payload))));
            emit();
            if (waiting.size() >= MOST_WAITING && !paused) {
                paused = true;
                socket().pause();
            }
        }

        void receive(CoreSubscriber<? super WebSocketMessage> by) {
            receiver = by;
            emit();
        }

        void request(long messages) {
            demand = Operators.addCap(demand, messages);
            emit();
        }

        void cancelled() {
            receiver = null;
            told = true;
            waiting.clear();
            // Nobody takes messages any more, but pongs and the end of the conversation matter still.
            goOn();
        }

        private void emit() {
            if (emitting) {
                return;
            }
            emitting = true;
            CoreSubscriber<? super WebSocketMessage> to = receiver;
            while (to != null && demand > 0 && !waiting.isEmpty()) {
                if (demand != Long.MAX_VALUE) {
                    demand--;
                }
                to.onNext(waiting.remove());
                to = receiver;
            }
            emitting = false;
            if (told) {
                waiting.clear();
            }
            if (waiting.isEmpty()) {
                goOn();
                if (over && to != null && !told) {
                    told = true;
                    to.onComplete();
                }
            }
        }

        private void goOn() {
            if (paused) {
                paused = false;
                socket().resume();
            }
        }

        void began(Sender sender) {
            // Those that failed or were cancelled do not say so; a session may outlive thousands of them.
            senders.removeIf(Sender::isDone);
            if (over) {
                sender.stop();
            } else if (!sender.isDone()) {
                senders.add(sender);
            }
        }

        @Override
        public void writable(WebSocket there) {
            for (Sender sender : new ArrayList<>(senders)) {
                sender.roomAgain();
            }
        }

        @Override
        public void closed(WebSocket gone, int code, String reason) {
            over = true;
            status.tryEmitValue(CloseStatus.create(code, reason.isEmpty() ? null : reason));
            List<Sender> unfinished = new ArrayList<>(senders);
            senders.clear();
            unfinished.forEach(Sender::stop);
            emit();
        }
    }

    /** What the client sends; one may subscribe. */
    private static final class Received extends Flux<WebSocketMessage> {
        private final Conversation conversation;

        Received(Conversation conversation) {
            this.conversation = conversation;
        }

        @Override
        public void subscribe(CoreSubscriber<? super WebSocketMessage> subscriber) {
            if (!conversation.taken.compareAndSet(false, true)) {
                Operators.error(subscriber, new IllegalStateException("receive() has been subscribed to already"));
                return;
            }
            subscriber.onSubscribe(new Subscription() {
                @Override
                public void request(long messages) {
                    if (Operators.validate(messages)) {
                        conversation.onShard(() -> conversation.request(messages));
                    }
                }

                @Override
                public void cancel() {
                    conversation.onShard(conversation::cancelled);
                }
            });
            conversation.onShard(() -> conversation.receive(subscriber));
        }
    }

    /** Sends what the application publishes, as fast as the client reads. */
    static final class Sender extends ShardSubscriber<WebSocketMessage> {
        private final Conversation conversation;

        Sender(Conversation conversation, CoreSubscriber<? super Void> written) {
            super(conversation.socket().shard(), conversation::onShard, written, true);
            this.conversation = conversation;
        }

        @Override
        boolean take(WebSocketMessage message) {
            WebSocket socket = conversation.socket();
            ByteBuf payload = NettyDataBufferFactory.toByteBuf(message.getPayload());
            if (conversation.over) {
                payload.release();
                stop();
                return false;
            }
            return switch (message.getType()) {
                case TEXT -> socket.sendText(payload);
                case BINARY -> socket.send(payload);
                case PING -> {
                    socket.ping(payload);
                    yield true;
                }
                case PONG -> {
                    socket.pong(payload);
                    yield true;
                }
            };
        }

        @Override
        void end() {
            conversation.senders.remove(this);
        }

        @Override
        void discard(WebSocketMessage message) {
            DataBufferUtils.release(message.getPayload());
        }
    }
}
