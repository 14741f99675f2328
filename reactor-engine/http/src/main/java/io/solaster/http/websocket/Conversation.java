package io.solaster.http.websocket;

import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection for straight-line code: {@link #receive} waits for the next text, {@link #send} until there is room. On the
 * virtual thread that the code runs on, which is its shard's. Made by {@link WebSockets#conversation}.
 */
public final class Conversation {
    private static final Logger log = LoggerFactory.getLogger(Conversation.class);
    /** Messages that may wait to be received; the client is not read from while they do. */
    private static final int MOST_WAITING = 16;

    private final WebSocket socket;
    private final ArrayDeque<String> received = new ArrayDeque<>();
    private @Nullable ShardFuture<@Nullable Void> waiting;
    private boolean ended;

    private Conversation(WebSocket socket) {
        this.socket = socket;
    }

    /** What is said. */
    @FunctionalInterface
    public interface Script {

        /**
         * Talks with a client. When it returns, the conversation ends with {@link CloseCode#NORMAL}; if it throws, that is
         * logged and it ends with {@link CloseCode#INTERNAL_ERROR}.
         */
        void run(Conversation conversation) throws Exception;
    }

    /** The connection, for all else that can be done with it. */
    public WebSocket socket() {
        return socket;
    }

    /** The next text; null once the conversation is over and all was received. */
    public @Nullable String receive() throws InterruptedException {
        while (received.isEmpty() && !ended) {
            ShardFuture<@Nullable Void> more = socket.shard().newFuture();
            waiting = more;
            await(more);
        }
        String next = received.poll();
        if (received.size() == MOST_WAITING / 2) {
            socket.resume();
        }
        return next;
    }

    /**
     * Sends a text, once there is room for it.
     *
     * @return false if the conversation is over
     */
    public boolean send(CharSequence text) throws InterruptedException {
        if (!socket.isWritable()) {
            await(socket.whenWritable());
        }
        socket.send(text);
        return socket.isOpen();
    }

    private static void await(ShardFuture<@Nullable Void> future) throws InterruptedException {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the shard has stopped", e.getCause());
        }
    }

    private void wake() {
        ShardFuture<@Nullable Void> waits = waiting;
        waiting = null;
        if (waits != null) {
            waits.resolve(null);
        }
    }

    private void run(Script script) {
        try {
            script.run(this);
            socket.close();
        } catch (InterruptedException stopping) {
            socket.close(CloseCode.GOING_AWAY, "the server is going away");
            Thread.currentThread().interrupt();
        } catch (Throwable failure) {
            if (socket.isOpen()) {
                log.error("{}: {} failed", socket, script.getClass().getName(), failure);
                socket.close(CloseCode.INTERNAL_ERROR, "the server failed");
            }
        }
    }

    /** Feeds the conversation of one connection. */
    static final class Feed implements WebSocketListener {
        private final Script script;
        private @Nullable Conversation conversation;

        Feed(Script script) {
            this.script = script;
        }

        @Override
        public void opened(WebSocket socket) {
            Conversation begun = new Conversation(socket);
            conversation = begun;
            Shard shard = socket.shard();
            shard.fork(() -> begun.run(script));
        }

        @Override
        public void text(WebSocket socket, String text) {
            Conversation talk = conversation;
            if (talk != null) {
                talk.received.add(text);
                if (talk.received.size() >= MOST_WAITING) {
                    socket.pause();
                }
                talk.wake();
            }
        }

        @Override
        public void closed(WebSocket socket, int code, String reason) {
            Conversation talk = conversation;
            if (talk != null) {
                talk.ended = true;
                talk.wake();
            }
        }
    }
}
