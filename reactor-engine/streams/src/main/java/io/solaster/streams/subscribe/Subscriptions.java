package io.solaster.streams.subscribe;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/**
 * Who has subscribed to which names, over all shards of an engine. A subscriber and its subscriptions are on the subscriber's
 * shard; the shard of a name ({@link Placement}) knows how many subscribers each shard has for it, and is where all messages to
 * it are published. So all who get them get them in one order, and a shard without subscribers is sent none. What all shards
 * know: patterns, and names that the placement says so of.
 *
 * <p>
 * Any thread; the parts, each on its shard.
 */
public final class Subscriptions {
    /** Names that messages are published to. */
    public static final int CHANNEL = 0;
    /** Patterns of such names. */
    public static final int PATTERN = 1;
    /** Names of a space of their own, which no pattern takes. */
    public static final int SHARD_CHANNEL = 2;
    /** Filters of such names by tokens, as {@link io.solaster.streams.subscribe.name.TokenSyntax#MQTT} has them. */
    public static final int MQTT_FILTER = 3;
    /** Filters of such names by tokens, as {@link io.solaster.streams.subscribe.name.TokenSyntax#NATS} has them. */
    public static final int NATS_FILTER = 4;
    static final int KINDS = 5;

    private final Engine engine;
    private final Placement placement;
    private final Supplier<? extends MessageFormat> formats;
    private final SubscriptionShard[] byShard;
    private final SubscriptionStats[] stats;

    /** @param formats makes one for each shard */
    public Subscriptions(Engine engine, Placement placement, Supplier<? extends MessageFormat> formats) {
        this.engine = engine;
        this.placement = placement;
        this.formats = formats;
        this.byShard = new SubscriptionShard[engine.shards().size()];
        this.stats = new SubscriptionStats[byShard.length];
        Arrays.setAll(stats, shard -> new SubscriptionStats());
    }

    /** Puts a part where the others find it; on its shard, before anybody asks for it. */
    void add(SubscriptionShard part) {
        byShard[part.shard().id()] = part;
    }

    /** A shard's part, for messages to it; it is touched on its shard only. */
    public SubscriptionShard part(int shard) {
        return byShard[shard];
    }

    /** What a shard has counted. */
    public SubscriptionStats stats(int shard) {
        return stats[shard];
    }

    /** The sum over all shards of something that is counted. */
    public long total(ToLongFunction<? super SubscriptionStats> of) {
        long sum = 0;
        for (SubscriptionStats each : stats) {
            sum += of.applyAsLong(each);
        }
        return sum;
    }

    /**
     * Subscribes code of the same process, on the shard that calls, in its scheduling group: what is published from when all shards know
     * of it on comes to the handler there.
     *
     * @param kind a channel, or filters of one of the syntaxes; patterns are {@link #subscribe(String, NamePattern, QueueLimits,
     *        MessageHandler)}'s
     * @throws IllegalStateException if the caller is not on a shard of this engine
     * @throws IllegalArgumentException if a filter is none, with what is wrong
     * @throws io.solaster.engine.ShardStoppedException if the shard stops
     */
    public Subscription subscribe(int kind, String name, QueueLimits limits, MessageHandler handler) {
        if (kind == PATTERN || kind < 0 || kind >= KINDS) {
            throw new IllegalArgumentException("kind " + kind + " of names; give a channel's or a filter's");
        }
        return here().subscribe(kind, name.getBytes(StandardCharsets.UTF_8), null, limits, handler);
    }

    /** As {@link #subscribe(int, String, QueueLimits, MessageHandler)}, of a pattern, by its text. */
    public Subscription subscribe(String text, NamePattern pattern, QueueLimits limits, MessageHandler handler) {
        return here().subscribe(PATTERN, text.getBytes(StandardCharsets.UTF_8), pattern, limits, handler);
    }

    /**
     * Publishes at the home of a name, once all who have subscribed with {@link DeliveryPolicy#WAIT} have room. Any thread; what comes of it
     * comes to the caller's shard, if it is one.
     *
     * @param kind of channels
     * @return how many get it; fails with a {@link PublishRefusedException} if there is no room within {@link QueueLimits#waitFor}, or too
     *         many messages wait; as {@link Engine#submitTo} if the home has stopped
     */
    public CompletableFuture<Integer> publish(int kind, String name, byte[] payload) {
        if (isPattern(kind) || kind < 0 || kind >= KINDS) {
            throw new IllegalArgumentException("kind " + kind + " of names; give a channel's");
        }
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        long memory = copy(text, payload);
        int to;
        try {
            to = home(kind, memory, text.length);
        } finally {
            Memory.free(memory);
        }
        Shard here = Shard.current();
        int home = to != Placement.EVERYWHERE ? to : here != null && engine.shard(here.id()) == here ? here.id() : 0;
        CompletableFuture<Integer> result = new CompletableFuture<>();
        // Not by a stage: that would keep a permit of the mesh for as long as it waits.
        engine.submitTo(home, () -> {
            long bytes = copy(text, payload);
            try {
                byShard[home].publishWhenRoom(kind, bytes, text.length, bytes + text.length, payload.length)
                        .whenComplete((receivers, failure) -> bringHome(here, result, receivers, failure));
            } finally {
                Memory.free(bytes);
            }
            return true;
        }).whenComplete((begun, failure) -> {
            if (failure != null) {
                result.completeExceptionally(ShardFuture.causeOf(failure));
            }
        });
        return result;
    }

    private static void bringHome(@Nullable Shard to, CompletableFuture<Integer> result, @Nullable Integer receivers,
            @Nullable Throwable failure) {
        if (to == null || to == Shard.current()) {
            end(result, receivers, failure);
        } else {
            to.executeOrElse(() -> end(result, receivers, failure), () -> end(result, receivers, failure));
        }
    }

    private static void end(CompletableFuture<Integer> result, @Nullable Integer receivers,
            @Nullable Throwable failure) {
        if (receivers == null) {
            result.completeExceptionally(Objects.requireNonNull(failure));
        } else {
            result.complete(receivers);
        }
    }

    private static long copy(byte[] name, byte[] payload) {
        long to = Memory.allocate(Math.max(1, (long) name.length + payload.length));
        Memory.copy(name, 0, to, name.length);
        Memory.copy(payload, 0, to + name.length, payload.length);
        return to;
    }

    private SubscriptionShard here() {
        Shard shard = Shard.current();
        if (shard == null || engine.shard(shard.id()) != shard) {
            throw new IllegalStateException("subscribe is called on no shard of engine " + engine.name()
                    + "; call it by submitTo or Sharded.on");
        }
        return byShard[shard.id()];
    }

    Engine engine() {
        return engine;
    }

    int shards() {
        return byShard.length;
    }

    MessageFormat newFormat() {
        return formats.get();
    }

    /** Whether names of a kind are patterns or filters of others. */
    static boolean isPattern(int kind) {
        return kind == PATTERN || kind >= MQTT_FILTER;
    }

    /** The shard that what is published to a name goes to first, or {@link Placement#EVERYWHERE}. */
    public int home(int kind, long name, int length) {
        return isPattern(kind) ? Placement.EVERYWHERE : placement.of(name, length);
    }
}
