package io.solaster.store.message;

import io.netty.buffer.ByteBuf;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.streams.subscribe.NamePattern;
import io.solaster.streams.subscribe.Subscriber;
import io.solaster.streams.subscribe.SubscriptionShard;
import io.solaster.streams.subscribe.Subscriptions;
import io.solaster.streams.subscribe.name.NameTable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one client has subscribed to, within its limits. On the client's shard only. */
public final class ClientSubscriptions implements Subscriber {
    private static final Logger log = LoggerFactory.getLogger(ClientSubscriptions.class);
    private static final int[] KINDS = {Subscriptions.CHANNEL, Subscriptions.PATTERN, Subscriptions.SHARD_CHANNEL};

    private final MessageClient client;
    private final SubscriptionShard part;
    private final int number;

    /** On the client's shard. */
    public ClientSubscriptions(MessageClient client, SubscriptionShard part) {
        this.client = client;
        this.part = part;
        this.number = part.join(this);
    }

    /** Channels and patterns that it has subscribed to, as Redis counts them together. */
    public int channelsAndPatterns() {
        return count(Subscriptions.CHANNEL) + count(Subscriptions.PATTERN);
    }

    /** Names of a kind that it has subscribed to. */
    public int count(int kind) {
        return part.count(number, kind);
    }

    /** Whether it has any subscription, so that limits of subscribers are its, and in RESP2 few commands. */
    public boolean isSubscribed() {
        return count(Subscriptions.CHANNEL) + count(Subscriptions.PATTERN) + count(Subscriptions.SHARD_CHANNEL) > 0;
    }

    /** Bytes that its subscriptions take, about. */
    public long bytes() {
        return part.bytes(number);
    }

    /**
     * Why it may not subscribe to more, in words for the client; null if it may.
     *
     * @param names how many more
     * @param bytes what they and their patterns take
     */
    public @Nullable String refusal(int names, long bytes) {
        SubscriberConfig limits = client.subscriberLimits();
        long all = (long) channelsAndPatterns() + count(Subscriptions.SHARD_CHANNEL) + names;
        if (all > limits.maxSubscriptions()) {
            return "ERR a client may have at most " + limits.maxSubscriptions()
                    + " subscriptions (limits.subscribers.max-subscriptions); it would have " + all;
        }
        long taken = bytes() + (long) SubscriptionShard.COST * names + bytes;
        if (taken > limits.memory().bytes()) {
            return "ERR the subscriptions of a client may take at most " + limits.memory()
                    + " (limits.subscribers.memory); they would take " + taken + " bytes";
        }
        return null;
    }

    /** Subscribes; {@link #settle} follows once all of a command are there. */
    public void add(int kind, long name, int length, @Nullable NamePattern pattern) {
        part.subscribe(number, kind, name, length, pattern);
    }

    /** Ends a subscription, if it is there; {@link #settle} follows. */
    public void remove(int kind, long name, int length) {
        part.unsubscribe(number, kind, name, length);
    }

    /** The pattern of that text, if anybody has subscribed to it. */
    public @Nullable NamePattern known(long name, int length) {
        return part.pattern(name, length);
    }

    /** The first name of a kind, by its number in {@link #names}; {@link NameTable#NONE} for none. */
    public int first(int kind) {
        return part.first(number, kind);
    }

    /** What numbers of names mean. */
    public NameTable names() {
        return part.names();
    }

    /** Ends all subscriptions; as {@link #settle}. */
    public void removeAll(boolean waits) {
        NameTable names = part.names();
        for (int kind : KINDS) {
            for (int id = first(kind); id != NameTable.NONE; id = first(kind)) {
                part.unsubscribe(number, kind, names.address(id), names.length(id));
            }
        }
        settle(waits);
    }

    /**
     * Tells all shards what was changed.
     *
     * @param waits whether the client waits until they know; it cannot within {@code EXEC}
     */
    public void settle(boolean waits) {
        if (!isSubscribed()) {
            client.forgetMessages();
        }
        if (!part.settle(number) && waits) {
            client.hold();
        }
    }

    /** The client is gone. */
    public void leave() {
        part.leave(number);
    }

    @Override
    public int form() {
        int form = client.isResp3() ? RespMessages.RESP3 : RespMessages.RESP2;
        return client.keepsMessages() ? form + KEPT : form;
    }

    @Override
    public boolean take(ByteBuf buffer, int from, int length, long key) {
        return client.message(buffer, from, length, key);
    }

    @Override
    public int waitMillis() {
        return (int) client.subscriberLimits().waitFor().toMillis();
    }

    /** There is room again for messages that were waited with. */
    public void hasRoom() {
        part.hasRoom(number);
    }

    @Override
    public void flush() {
        client.flushMessages();
    }

    @Override
    public void failed(Throwable cause) {
        log.debug("{} is closed: it could not be given a message", client, cause);
        client.kill();
    }

    @Override
    public void settled() {
        client.resume();
    }
}
