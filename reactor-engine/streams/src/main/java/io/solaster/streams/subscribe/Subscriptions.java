package io.solaster.streams.subscribe;

import java.util.function.Supplier;

import io.solaster.engine.Engine;

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
    /** Filters of such names by tokens, as {@link TokenSyntax#MQTT} has them. */
    public static final int MQTT_FILTER = 3;
    /** Filters of such names by tokens, as {@link TokenSyntax#NATS} has them. */
    public static final int NATS_FILTER = 4;
    static final int KINDS = 5;

    private final Engine engine;
    private final Placement placement;
    private final Supplier<? extends MessageFormat> formats;
    private final SubscriptionShard[] byShard;

    /** @param formats makes one for each shard */
    public Subscriptions(Engine engine, Placement placement, Supplier<? extends MessageFormat> formats) {
        this.engine = engine;
        this.placement = placement;
        this.formats = formats;
        this.byShard = new SubscriptionShard[engine.shards().size()];
    }

    /** Puts a part where the others find it; on its shard, before anybody asks for it. */
    void add(SubscriptionShard part) {
        byShard[part.shard().id()] = part;
    }

    /** A shard's part, for messages to it; it is touched on its shard only. */
    public SubscriptionShard part(int shard) {
        return byShard[shard];
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
