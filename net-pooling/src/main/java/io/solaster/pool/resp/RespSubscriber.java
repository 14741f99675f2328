package io.solaster.pool.resp;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.PoolException;
import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/**
 * Subscriptions to channels, on a connection of their own. When it is lost another one is made, and told what is
 * subscribed to; what was published meanwhile is lost, as Redis has it. Any thread; the listener is called on one shard.
 */
public final class RespSubscriber implements AutoCloseable {
    private static final long LEAST_WAIT = TimeUnit.MILLISECONDS.toNanos(25);
    private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Engine engine;
    private final int shard;
    private final ConnectionPool<RespConnection> pool;
    private final Listener listener;

    // On the shard.
    private final Set<String> channels = new LinkedHashSet<>();
    private final Set<String> patterns = new LinkedHashSet<>();
    private @Nullable RespConnection connection;
    private @Nullable Timer pause;
    private boolean connecting;
    private boolean closed;
    private long wait = LEAST_WAIT;

    RespSubscriber(Engine engine, int shard, ConnectionPool<RespConnection> pool, Listener listener) {
        this.engine = engine;
        this.shard = shard;
        this.pool = pool;
        this.listener = listener;
    }

    /** Told on one shard of what is published, and of how the connection fares. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A message.
         *
         * @param pattern that the channel has matched; null where it was subscribed to by name
         */
        void message(String channel, byte[] message, @Nullable String pattern);

        /** The server has confirmed a subscription; after each loss of the connection again. */
        default void subscribed(String channelOrPattern) {}

        /** The connection is lost, or none could be made; another one is tried. */
        default void lost(Throwable cause) {}
    }

    /** Subscribes to channels. */
    public ShardFuture<?> subscribe(String... names) {
        return change(channels, true, "SUBSCRIBE", names);
    }

    /** Subscribes to channels by patterns, such as {@code news.*}. */
    public ShardFuture<?> psubscribe(String... names) {
        return change(patterns, true, "PSUBSCRIBE", names);
    }

    /** Ends subscriptions to channels. */
    public ShardFuture<?> unsubscribe(String... names) {
        return change(channels, false, "UNSUBSCRIBE", names);
    }

    /** Ends subscriptions by patterns. */
    public ShardFuture<?> punsubscribe(String... names) {
        return change(patterns, false, "PUNSUBSCRIBE", names);
    }

    private ShardFuture<?> change(Set<String> subscribed, boolean more, String command, String... names) {
        if (names.length == 0) {
            throw new IllegalArgumentException(command + " names no channel");
        }
        return engine.submitTo(shard, () -> {
            if (closed) {
                throw new IllegalStateException("the subscriber is closed");
            }
            if (more) {
                subscribed.addAll(List.of(names));
            } else {
                List.of(names).forEach(subscribed::remove);
            }
            if (connection != null) {
                connection.tell(command(command, List.of(names)));
            } else if (more) {
                connect();
            }
            return true;
        });
    }

    private static RespCommand<Reply> command(String name, Iterable<String> names) {
        List<String> words = new java.util.ArrayList<>();
        words.add(name);
        names.forEach(words::add);
        return RespCommand.of(words.toArray(String[]::new));
    }

    private void connect() {
        if (connecting || closed || pause != null) {
            return;
        }
        connecting = true;
        pool.local().take(0, null, PATIENCE).whenComplete((taken, failure) -> {
            connecting = false;
            if (taken == null) {
                lost(failure == null ? null : ShardFuture.causeOf(failure));
            } else if (closed) {
                pool.local().give(taken);
            } else {
                connected(taken);
            }
        });
    }

    private void connected(RespConnection taken) {
        connection = taken;
        wait = LEAST_WAIT;
        taken.subscribing(this::received, () -> {
            if (connection == taken) {
                connection = null;
                pool.local().discard(taken, "lost while subscribed");
                lost(null);
            }
        });
        if (!channels.isEmpty()) {
            taken.tell(command("SUBSCRIBE", channels));
        }
        if (!patterns.isEmpty()) {
            taken.tell(command("PSUBSCRIBE", patterns));
        }
    }

    private void lost(@Nullable Throwable cause) {
        if (closed) {
            return;
        }
        pause = Shard.current() == null ? null : engine.shard(shard).timers().timer(() -> {
            pause = null;
            connect();
        });
        if (pause != null) {
            pause.arm(wait);
            wait = Math.min(LONGEST_WAIT, 2 * wait);
        }
        listener.lost(cause == null
                ? new PoolException(PoolException.Reason.CONNECTION_LOST, "pool '" + pool.name()
                        + "': the connection that subscribes was lost", null)
                : cause);
    }

    private void received(Reply.Aggregate push) {
        List<Reply> parts = push.elements();
        String kind = parts.isEmpty() ? null : Replies.text(parts.getFirst());
        if ("message".equals(kind) && parts.size() == 3) {
            tell(parts.get(1), parts.get(2), null);
        } else if ("pmessage".equals(kind) && parts.size() == 4) {
            tell(parts.get(2), parts.get(3), Replies.text(parts.get(1)));
        } else if (("subscribe".equals(kind) || "psubscribe".equals(kind)) && parts.size() == 3) {
            String name = Replies.text(parts.get(1));
            if (name != null) {
                listener.subscribed(name);
            }
        }
    }

    private void tell(Reply channel, Reply message, @Nullable String pattern) {
        String name = Replies.text(channel);
        byte[] bytes = Replies.bytes(message);
        if (name != null && bytes != null) {
            listener.message(name, bytes, pattern);
        }
    }

    /** Ends all subscriptions; the listener is told nothing more. */
    @Override
    public void close() {
        engine.submitTo(shard, () -> {
            closed = true;
            if (pause != null) {
                pause.cancel();
            }
            RespConnection used = connection;
            if (used != null) {
                connection = null;
                pool.local().discard(used, "its subscriber is closed");
            }
            return true;
        });
    }
}
