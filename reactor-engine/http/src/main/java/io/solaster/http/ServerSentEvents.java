package io.solaster.http;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;

/**
 * A response that is a stream of events ({@code text/event-stream}), which a browser reads with {@code EventSource}.
 * Open until somebody closes it, the client leaves, or the server drains. On the owning shard.
 *
 * <p>
 * A client that reads more slowly than there are events gets them from a queue, and what happens when that is full is
 * {@link Options#whenFull}.
 */
public final class ServerSentEvents {
    private static final ByteBuf HEARTBEAT = Unpooled.unreleasableBuffer(
            Unpooled.directBuffer(3).writeBytes(":\n\n".getBytes(StandardCharsets.US_ASCII)).asReadOnly());

    /** What becomes of an event when the queue is full. */
    public enum WhenFull {
        /** It is kept all the same: whoever sends asks {@link ServerSentEvents#isWritable}, and waits. */
        WAIT,
        /** The one that has waited longest is dropped. */
        DROP_OLDEST,
        /** It is dropped. */
        DROP_NEWEST,
        /** The client is: it comes back with the id of the last event that it has seen. */
        CLOSE
    }

    /**
     * How a stream of events is kept.
     *
     * @param heartbeat how long it may be silent, before a comment is sent so that nobody on the way takes the connection
     *        for dead; zero for never
     * @param retry how long a client waits before it comes back; null leaves that to the client
     * @param queue events that may wait for the client, 1 or more
     * @param whenFull what becomes of one that is too many
     */
    public record Options(Duration heartbeat, @Nullable Duration retry, int queue, WhenFull whenFull) {

        /** A heartbeat every 15 s; the client that does not keep up with 256 events is closed. */
        public static final Options DEFAULT = new Options(Duration.ofSeconds(15), null, 256, WhenFull.CLOSE);

        /** Such options. */
        public Options {
            if (queue < 1) {
                throw new IllegalArgumentException("queue: " + queue + "; 1 or more events must fit");
            }
            if (heartbeat.isNegative()) {
                throw new IllegalArgumentException("heartbeat: " + heartbeat + "; zero or more");
            }
        }

        /** The same with another heartbeat. */
        public Options withHeartbeat(Duration other) {
            return new Options(other, retry, queue, whenFull);
        }

        /** The same with another time to come back after. */
        public Options withRetry(@Nullable Duration other) {
            return new Options(heartbeat, other, queue, whenFull);
        }

        /** The same with another queue. */
        public Options withQueue(int events, WhenFull policy) {
            return new Options(heartbeat, retry, events, policy);
        }
    }

    private final Shard shard;
    private final ResponseStream stream;
    private final @Nullable String lastEventId;
    private final Options options;
    private final Deque<ByteBuf> waiting = new ArrayDeque<>();
    private final @Nullable Timer heartbeat;
    /** Events that virtual threads have sent, on their way to the loop, where all of them keep their order. */
    private int handed;
    private boolean silent;
    /** Events are taken. */
    private boolean open = true;
    /** None is sent any more. */
    private boolean over;
    private long dropped;
    private @Nullable ShardFuture<@Nullable Void> room;
    private @Nullable Runnable onClose;

    private ServerSentEvents(HttpRequest request, HttpResponse response, Options options) {
        this.shard = request.shard();
        this.lastEventId = request.header("Last-Event-ID");
        this.options = options;
        this.stream = response.stream();
        stream.onWritable(this::sendWaiting);
        response.onEnd(failure -> closed());
        if (options.heartbeat().isZero()) {
            heartbeat = null;
        } else {
            heartbeat = shard.timers().coarseTimer(this::beat);
            heartbeat.armWithFixedDelay(options.heartbeat(), options.heartbeat());
        }
        response.onDrain(this::close);
    }

    /** Begins a stream with {@link Options#DEFAULT}. */
    public static ServerSentEvents on(HttpRequest request, HttpResponse response) {
        return on(request, response, Options.DEFAULT);
    }

    /**
     * Sends the head, and then events.
     *
     * @throws IllegalStateException if the response has been begun
     */
    public static ServerSentEvents on(HttpRequest request, HttpResponse response, Options options) {
        response.header(HttpHeaderNames.CONTENT_TYPE, "text/event-stream");
        response.header(HttpHeaderNames.CACHE_CONTROL, "no-cache");
        response.header("X-Accel-Buffering", "no"); // or nginx keeps the events to itself
        ServerSentEvents events = new ServerSentEvents(request, response, options);
        if (request.method().equals(HttpMethod.HEAD)) {
            events.close();
        } else if (options.retry() != null) {
            events.send(Unpooled.copiedBuffer("retry: " + options.retry().toMillis() + "\n\n",
                    StandardCharsets.US_ASCII));
        } else {
            events.stream.flush();
        }
        return events;
    }

    /** The id of the last event that the client saw before it came back; null if this is its first time. */
    public @Nullable String lastEventId() {
        return lastEventId;
    }

    /** Sends data without a type. */
    public boolean send(String data) {
        return send(ServerSentEvent.of(data));
    }

    /**
     * Sends an event, or lets it wait for the client.
     *
     * @return whether there is room for more; false, too, once the stream is closed
     */
    public boolean send(ServerSentEvent event) {
        return open && send(event.encode());
    }

    /**
     * Sends what {@link ServerSentEvent#encode} made, for one of many receivers: hand each a
     * {@link ByteBuf#retainedDuplicate}.
     *
     * @param encoded released by the stream
     * @return as {@link #send(ServerSentEvent)}
     */
    public boolean send(ByteBuf encoded) {
        shard.assertOwner("a stream of server-sent events");
        if (!shard.inEventLoop()) {
            handed++;
            Handed event = new Handed(encoded);
            shard.executeOrElse(event, event::abandon);
            return isWritable();
        }
        if (!open) {
            encoded.release();
            return false;
        }
        if (waiting.isEmpty() && stream.isWritable()) {
            silent = false;
            stream.write(encoded);
            return isWritable();
        }
        if (waiting.size() < options.queue() || options.whenFull() == WhenFull.WAIT) {
            waiting.add(encoded);
            return isWritable();
        }
        dropped++;
        switch (options.whenFull()) {
            case DROP_OLDEST -> {
                waiting.remove().release();
                waiting.add(encoded);
            }
            case DROP_NEWEST -> encoded.release();
            default -> {
                encoded.release();
                end();
            }
        }
        return false;
    }

    /** Sends a comment of one line, which clients pass over. */
    public boolean comment(String text) {
        return open && send(ServerSentEvent.comment(text));
    }

    /** Whether an event would be sent, or wait in the queue. */
    public boolean isWritable() {
        return open && waiting.size() + handed < options.queue();
    }

    /** Done once an event would be sent or wait in the queue, or the stream is closed. */
    public ShardFuture<@Nullable Void> writable() {
        shard.assertOwner("a stream of server-sent events");
        ShardFuture<@Nullable Void> known = room;
        if (known == null) {
            known = shard.newFuture();
            if (isWritable() || !open) {
                known.resolve(null);
                return known;
            }
            room = known;
        }
        return known;
    }

    /** Whether it can be sent to. */
    public boolean isOpen() {
        return open;
    }

    /** Events that were dropped because the queue was full. */
    public long dropped() {
        return dropped;
    }

    /** Told once, on the owning shard, when the stream is closed: by {@link #close}, by the client or by the server. */
    public void onClose(Runnable listener) {
        Runnable before = onClose;
        if (over) {
            listener.run();
        } else {
            onClose = before == null ? listener : () -> {
                before.run();
                listener.run();
            };
        }
    }

    /** Ends the response once what waits has been sent. A browser comes back unless it is told not to. */
    public void close() {
        if (!shard.inEventLoop()) {
            shard.executeOrElse(this::close, () -> {
                // The end of the shard has closed the stream.
            });
        } else if (open) {
            open = false;
            sendWaiting();
        }
    }

    /** An event on its way from a virtual thread to the loop: sent there, or let go of where the shard ends before. */
    private final class Handed extends AtomicBoolean implements Runnable {
        private static final long serialVersionUID = 1;

        private final transient ByteBuf encoded;

        Handed(ByteBuf encoded) {
            this.encoded = encoded;
        }

        @Override
        public void run() {
            if (compareAndSet(false, true)) {
                handed--;
                send(encoded);
                tellOfRoom();
            }
        }

        /** On whatever thread, perhaps after it has run. */
        void abandon() {
            if (compareAndSet(false, true)) {
                encoded.release();
            }
        }
    }

    private void end() {
        if (!over) {
            closed();
            stream.end();
        }
    }

    private void sendWaiting() {
        while (!over && !waiting.isEmpty() && stream.isWritable()) {
            silent = false;
            stream.write(waiting.remove());
        }
        if (!open && waiting.isEmpty()) {
            end();
        }
        tellOfRoom();
    }

    private void tellOfRoom() {
        ShardFuture<@Nullable Void> asked = room;
        if (asked != null && (isWritable() || !open)) {
            room = null;
            asked.resolve(null);
        }
    }

    private void beat() {
        if (silent && open && waiting.isEmpty() && stream.isWritable()) {
            stream.write(HEARTBEAT.duplicate());
            stream.flush();
        }
        silent = true;
    }

    private void closed() {
        if (over) {
            return;
        }
        over = true;
        open = false;
        if (heartbeat != null) {
            heartbeat.cancel();
        }
        waiting.forEach(ByteBuf::release);
        waiting.clear();
        ShardFuture<@Nullable Void> asked = room;
        if (asked != null) {
            room = null;
            asked.resolve(null);
        }
        Runnable listener = onClose;
        if (listener != null) {
            listener.run();
        }
    }
}
