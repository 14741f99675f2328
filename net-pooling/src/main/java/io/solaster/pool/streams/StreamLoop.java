package io.solaster.pool.streams;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.PoolException;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.pool.resp.RespConnection;
import io.solaster.pool.resp.RespException;
import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/**
 * What asks a server again and again, one command at a time, on a connection of its own that is made again when it is lost. It ends
 * when it is closed, or with its shard or its pool. On one shard.
 */
abstract class StreamLoop {
    private static final long LEAST_WAIT = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    final Engine engine;
    final Shard shard;
    final RespClient client;
    final StreamHandler handler;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private @Nullable Timer pause;
    private @Nullable RespConnection connection;
    /** The shard that the connection is of: another one's is lent where the pool may make no more. */
    private int connectionAt;
    private @Nullable CompletableFuture<@Nullable Void> session;
    private boolean asking;
    private boolean closed;
    private long wait = LEAST_WAIT;

    StreamLoop(Engine engine, Shard shard, RespClient client, StreamHandler handler) {
        this.engine = engine;
        this.shard = shard;
        this.client = client;
        this.handler = handler;
    }

    /** Begins; where the shard stops, {@link #ended} says so. */
    void start() {
        shard.terminationFuture().addListener(done -> end(stopped()));
        shard.executeOrElse(this::begin, () -> end(stopped()));
    }

    private static PoolException stopped() {
        return new PoolException(PoolException.Reason.CLOSED, "the shard that reads the stream has stopped", null);
    }

    CompletableFuture<@Nullable Void> ended() {
        return ended;
    }

    boolean isClosed() {
        return closed;
    }

    private void begin() {
        pause = shard.timers().timer(this::connect);
        prepare();
        connect();
    }

    /** Before all else, on the shard. */
    void prepare() {}

    private void connect() {
        if (closed) {
            return;
        }
        ShardFuture<@Nullable Void> used;
        try {
            used = client.alone(PATIENCE, own -> {
                CompletableFuture<@Nullable Void> begun = new CompletableFuture<>();
                // Another shard's, where that has lent one of its own: this is called there then.
                int at = Objects.requireNonNull(Shard.current()).id();
                shard.hereOrElse(() -> use(own, at, begun), () -> begun.completeExceptionally(stopped()));
                return begun;
            });
        } catch (RuntimeException failure) {
            end(failure);
            return;
        }
        used.whenComplete((_, failure) -> lost(failure == null ? null : ShardFuture.causeOf(failure)));
    }

    private void use(RespConnection own, int at, CompletableFuture<@Nullable Void> begun) {
        if (closed) {
            begun.completeExceptionally(closedByOwner());
            return;
        }
        connection = own;
        connectionAt = at;
        session = begun;
        asking = false;
        connected();
    }

    private static PoolException closedByOwner() {
        return new PoolException(PoolException.Reason.CLOSED, "who reads the stream is closed", null);
    }

    private void lost(@Nullable Throwable cause) {
        connection = null;
        session = null;
        asking = false;
        if (closed || !shard.inEventLoop()) {
            return;
        }
        if (cause instanceof ShardStoppedException
                || cause instanceof PoolException refused && refused.reason() == PoolException.Reason.CLOSED) {
            end(cause);
            return;
        }
        Objects.requireNonNull(pause).arm(wait);
        wait = Math.min(LONGEST_WAIT, 2 * wait);
        handler.lost(cause);
    }

    /** A connection is there: asks for something. */
    abstract void connected();

    /** Whether it may ask for something now: one command is under way at a time. */
    boolean mayAsk() {
        return !closed && !asking && connection != null;
    }

    @SuppressWarnings("ReferenceEquality") // whether the session is the one that asked
    private boolean isSession(CompletableFuture<@Nullable Void> asked) {
        return session == asked;
    }

    /** Sends a command; if it fails, or what is done with its reply, another connection is tried. */
    void ask(RespCommand<Reply> command, Consumer<Reply> then) {
        ask(command, then, "");
    }

    /**
     * As {@link #ask(RespCommand, Consumer)}.
     *
     * @param allowed the code of an error that is as good as a reply
     */
    void ask(RespCommand<Reply> command, Consumer<Reply> then, String allowed) {
        RespConnection own = connection;
        CompletableFuture<@Nullable Void> mine = session;
        if (own == null || mine == null) {
            return;
        }
        asking = true;
        ShardFuture<Reply> answer = connectionAt == shard.id()
                ? own.call(command)
                : engine.submitStageTo(connectionAt, CallOptions.DEFAULTS, () -> own.call(command));
        answer.whenComplete((reply, failure) -> {
            if (!isSession(mine)) {
                return;
            }
            asking = false;
            Throwable cause = failure == null ? null : ShardFuture.causeOf(failure);
            boolean isAllowed = cause instanceof RespException error && error.code().equals(allowed);
            if (cause != null && !isAllowed) {
                mine.completeExceptionally(cause);
                return;
            }
            try {
                then.accept(isAllowed ? new Reply.Nothing() : reply);
                wait = LEAST_WAIT;
            } catch (RuntimeException wrong) {
                mine.completeExceptionally(wrong);
            }
        });
    }

    /** Asks no more, and gives its connection up. */
    void stop() {
        if (!closed) {
            closed = true;
            Objects.requireNonNull(pause).cancel();
            CompletableFuture<@Nullable Void> mine = session;
            session = null;
            connection = null;
            if (mine != null) {
                mine.completeExceptionally(closedByOwner());
            }
        }
    }

    /** It has ended. */
    void end(@Nullable Throwable cause) {
        closed = true;
        if (cause == null) {
            ended.complete(null);
        } else {
            ended.completeExceptionally(cause);
        }
    }
}
