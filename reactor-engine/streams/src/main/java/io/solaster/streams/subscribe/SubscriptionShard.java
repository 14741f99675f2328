package io.solaster.streams.subscribe;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.TurnEnd;
import io.solaster.streams.subscribe.name.NameTable;
import io.solaster.streams.subscribe.name.TokenSyntax;
import org.jspecify.annotations.Nullable;

/**
 * One shard's part in subscriptions: its subscribers, and what the shards have of subscribers for the names that are known here. On
 * the owning shard only.
 *
 * <p>
 * What is published in a turn leaves in one message for each shard that has subscribers for it. Where a lane is full,
 * {@link #isHeldUp} says so: who publishes asks before, and waits with {@link #whenFree}, so that nothing piles up.
 *
 * <p>
 * Longer than 500 lines because it is what subscribers, publishers and other shards know of a part, and hands each on.
 */
public final class SubscriptionShard implements AutoCloseable {
    /** Bytes that a subscription takes beside its name. */
    public static final int COST = 64;
    /** Subscriptions of one that has left are ended so many at a time. */
    private static final int ENDED_AT_ONCE = 1000;
    private static final int KEPT_BATCHES = 16;

    private final Subscriptions all;
    private final Shard shard;
    private final int self;
    private final SchedulingGroup group;
    private final NameTable names;
    private final Interests interests = new Interests();
    private final SubscriberLists lists = new SubscriberLists();
    private final Patterns patterns;

    private @Nullable Subscriber[] subscribers = new Subscriber[16];
    private @Nullable Settling[] settling = new Settling[16];
    private long[] bytes = new long[16];
    private int usedSubscribers;
    private final ArrayDeque<Integer> freeSubscribers = new ArrayDeque<>();
    private final ArrayDeque<Integer> leaving = new ArrayDeque<>();
    private boolean isEnding;

    private final Changes changes;
    private final Outgoing outgoing;
    private final Deliveries deliveries;
    private final WaitingPublishes waiting;
    private final TurnEnd turnEnd;

    private final boolean[] isDead;
    private final SubscriptionStats stats;
    private boolean closed;

    /** Made by each shard for itself. */
    public SubscriptionShard(Subscriptions all, Shard shard) {
        this.all = all;
        this.shard = shard;
        this.self = shard.id();
        this.group = all.engine().groups().byDefault();
        this.stats = all.stats(shard.id());
        this.names = new NameTable(shard.memory().system("subscriptions"), shard.environment().secrets());
        this.patterns = new Patterns(shard.memory().system("subscriptions"), shard.environment().secrets());
        this.changes = new Changes(this, all, group);
        this.isDead = new boolean[all.shards()];
        this.outgoing = new Outgoing(this, all, group);
        this.deliveries = new Deliveries(this, names, lists, shard, group, all.newFormat(), stats);
        this.waiting = new WaitingPublishes(this, group);
        this.turnEnd = shard.atTurnEnd("subscriptions", group, this::send);
        all.add(this);
    }

    Shard shard() {
        return shard;
    }

    // ---- who subscribes

    /** Takes a subscriber; returns its number, for the calls below. */
    public int join(Subscriber subscriber) {
        Integer free = freeSubscribers.poll();
        int number = free == null ? usedSubscribers++ : free;
        if (number == subscribers.length) {
            int capacity = number * 2;
            subscribers = Arrays.copyOf(subscribers, capacity);
            settling = Arrays.copyOf(settling, capacity);
            bytes = Arrays.copyOf(bytes, capacity);
        }
        subscribers[number] = subscriber;
        lists.subscribers(subscribers.length);
        return number;
    }

    /** As {@link Subscriptions#subscribe}. */
    Subscription subscribe(int kind, byte[] name, @Nullable NamePattern pattern, QueueLimits limits,
            MessageHandler handler) {
        if (closed) {
            throw shard.stopped();
        }
        HandledSubscription made = new HandledSubscription(this, shard.currentGroup(), limits, handler);
        long text = Memory.allocate(Math.max(1, name.length));
        try {
            Memory.copy(name, 0, text, name.length);
            if (kind == Subscriptions.MQTT_FILTER) {
                TokenSyntax.MQTT.check(text, name.length);
            } else if (kind == Subscriptions.NATS_FILTER) {
                TokenSyntax.NATS.check(text, name.length);
            }
            made.joined(join(made));
            try {
                subscribe(made.number(), kind, text, name.length, pattern);
                settle(made.number());
            } catch (Throwable failure) {
                made.close();
                throw failure;
            }
        } finally {
            Memory.free(text);
        }
        return made;
    }

    /** What is counted here. Any thread. */
    public SubscriptionStats stats() {
        return stats;
    }

    /** Ends a subscriber: it is told of nothing more. Its subscriptions end in later turns, if there are many. */
    public void leave(int subscriber) {
        subscribers[subscriber] = null;
        hasRoom(subscriber);
        Settling pending = settling[subscriber];
        if (pending != null) {
            pending.forget();
            settling[subscriber] = null;
        }
        leaving.add(subscriber);
        if (!isEnding && !closed) {
            isEnding = true;
            shard.execute(group, this::endSome);
        }
    }

    private void endSome() {
        isEnding = false;
        int left = ENDED_AT_ONCE;
        while (left > 0 && !leaving.isEmpty() && !closed) {
            int subscriber = leaving.element();
            int at = firstOf(subscriber);
            if (at == SubscriberLists.NONE) {
                leaving.remove();
                bytes[subscriber] = 0;
                freeSubscribers.add(subscriber);
            } else {
                end(at, subscriber);
                left--;
            }
        }
        changes.send();
        if (!leaving.isEmpty() && !closed) {
            isEnding = true;
            shard.execute(group, this::endSome);
        }
    }

    private int firstOf(int subscriber) {
        for (int kind = 0; kind < Subscriptions.KINDS; kind++) {
            int at = lists.firstOwn(subscriber, kind);
            if (at != SubscriberLists.NONE) {
                return at;
            }
        }
        return SubscriberLists.NONE;
    }

    /**
     * Subscribes to a name; {@link #settle} follows once all of a request are there.
     *
     * @param name of a kind of filters, one that its {@link TokenSyntax#check} has found right
     * @param pattern what a name of {@link Subscriptions#PATTERN} means; null for other kinds
     * @return false if that was so already, or the shard is closed
     */
    public boolean subscribe(int subscriber, int kind, long name, int length, @Nullable NamePattern pattern) {
        int id = closed ? NameTable.NONE : addName(kind, name, length);
        if (id == NameTable.NONE || lists.find(id, subscriber) != SubscriberLists.NONE) {
            return false;
        }
        changes.of(subscriber, lists.births());
        lists.add(id, kind, subscriber);
        tell(kind, pattern, id, true);
        bytes[subscriber] += COST + length + patterns.bytes(id);
        return true;
    }

    /** The pattern of that text that somebody has subscribed to, so that it is made once; null if nobody has. */
    public @Nullable NamePattern pattern(long name, int length) {
        int id = names.find(Subscriptions.PATTERN, name, length);
        return id == NameTable.NONE ? null : patterns.of(id);
    }

    /** Ends a subscription; {@link #settle} follows. False if there was none. */
    public boolean unsubscribe(int subscriber, int kind, long name, int length) {
        int id = names.find(kind, name, length);
        int at = id == NameTable.NONE ? SubscriberLists.NONE : lists.find(id, subscriber);
        if (at == SubscriberLists.NONE) {
            return false;
        }
        changes.of(subscriber, lists.births());
        end(at, subscriber);
        return true;
    }

    private void end(int at, int subscriber) {
        int id = lists.name(at);
        int kind = names.kind(id);
        bytes[subscriber] -= COST + names.length(id) + patterns.bytes(id);
        hold(at, 0);
        lists.remove(at, kind);
        tell(kind, null, id, false);
        dropIfUnused(id);
    }

    /** Names of a kind that a subscriber has. */
    public int count(int subscriber, int kind) {
        return lists.count(subscriber, kind);
    }

    /** Bytes that a subscriber's subscriptions take, about. */
    public long bytes(int subscriber) {
        return bytes[subscriber];
    }

    /** The first name of a kind that a subscriber has, by its number in {@link #names}; {@link NameTable#NONE} for none. */
    public int first(int subscriber, int kind) {
        int at = lists.firstOwn(subscriber, kind);
        return at == SubscriberLists.NONE || closed ? NameTable.NONE : lists.name(at);
    }

    /** The names that are known here. To be read only. */
    public NameTable names() {
        return names;
    }

    private int addName(int kind, long name, int length) {
        int id = names.add(kind, name, length);
        interests.capacity(names.capacity());
        lists.names(names.capacity());
        patterns.names(names.capacity());
        if (kind >= Subscriptions.MQTT_FILTER) {
            try {
                patterns.addFilter(kind, id, name, length);
            } catch (Throwable failure) {
                dropIfUnused(id);
                throw failure;
            }
        }
        return id;
    }

    private void dropIfUnused(int id) {
        if (interests.sum(id) == 0) {
            patterns.remove(names.kind(id), id, names.address(id), names.length(id));
            if (lists.count(id) == 0) {
                names.remove(id);
            }
        }
    }

    // ---- what shards tell each other

    private void tell(int kind, @Nullable NamePattern pattern, int id, boolean more) {
        long name = names.address(id);
        int length = names.length(id);
        int home = all.home(kind, name, length);
        if (home == self || home == Placement.EVERYWHERE) {
            changeHere(self, id, pattern, more ? 1 : -1);
        }
        if (home == Placement.EVERYWHERE) {
            for (int target = 0; target < all.shards(); target++) {
                if (target != self) {
                    changes.to(target).add(kind, pattern, name, length, more);
                }
            }
        } else if (home != self) {
            changes.to(home).add(kind, pattern, name, length, more);
        }
    }

    private void changeHere(int of, int id, @Nullable NamePattern pattern, int by) {
        interests.change(id, of, by);
        wakeIfFree(id);
        if (pattern != null) {
            patterns.add(id, pattern);
        }
    }

    /**
     * Who publishes to the name of a subscription is to wait.
     *
     * @param millis for how long at most; 0 if there is room again
     */
    void hold(int at, int millis) {
        int subscriber = lists.subscriber(at);
        // One that is gone has no room for ever.
        boolean yes = millis > 0 && subscribers[subscriber] != null;
        if (closed || lists.isHeld(at) == yes) {
            return;
        }
        lists.held(at, yes);
        int id = lists.name(at);
        int kind = names.kind(id);
        long name = names.address(id);
        int length = names.length(id);
        int home = all.home(kind, name, length);
        for (int target = 0; target < all.shards(); target++) {
            if (home != target && home != Placement.EVERYWHERE) {
                continue;
            }
            if (target == self) {
                holdHere(self, id, yes ? 1 : -1, millis);
            } else {
                changes.to(target).hold(kind, name, length, yes ? millis : 0);
                askTurnEnd();
            }
        }
    }

    /** A subscriber that publishes wait for has room again. */
    public void hasRoom(int subscriber) {
        int left = closed ? 0 : lists.heldCount(subscriber);
        for (int kind = 0; kind < Subscriptions.KINDS; kind++) {
            for (int at = lists.firstOwn(subscriber, kind); left > 0 && at != SubscriberLists.NONE; at = lists
                    .nextOwn(at)) {
                if (lists.isHeld(at)) {
                    left--;
                    hold(at, 0);
                }
            }
        }
    }

    /** Another shard has a subscriber more or fewer that publishes to a name wait for. */
    void holdFrom(int of, int kind, long name, int length, int by, int millis) {
        int id = closed || isDead[of] ? NameTable.NONE : names.find(kind, name, length);
        if (id != NameTable.NONE) {
            holdHere(of, id, by, millis);
        }
    }

    private void holdHere(int of, int id, int by, int millis) {
        interests.hold(id, of, by, millis);
        wakeIfFree(id);
    }

    private void wakeIfFree(int id) {
        if (!interests.isHeld(id)) {
            waiting.wake(id);
        }
    }

    /** Another shard has more or fewer subscribers for a name. */
    void interest(int of, int kind, @Nullable NamePattern pattern, long name, int length, int by) {
        if (closed || isDead[of]) {
            return;
        }
        int id = addName(kind, name, length);
        changeHere(of, id, pattern, by);
        dropIfUnused(id);
    }

    /** Sends a change home, behind what was published to there before it came. */
    void answer(SubscriptionShard origin, InterestChange change) {
        outgoing.send(origin.self);
        shard.mesh().sendFree(origin.self, group, change);
    }

    /**
     * Tells the other shards what a subscriber has changed.
     *
     * @return whether they all know it already; else {@link Subscriber#settled} is called when they do, and until then no other change
     *         of this subscriber is made
     */
    public boolean settle(int subscriber) {
        Settling pending = changes.send();
        if (pending == null) {
            return true;
        }
        settling[subscriber] = pending;
        pending.begin();
        return false;
    }

    @SuppressWarnings("ReferenceEquality") // which one it is
    void settled(int subscriber, Settling which) {
        if (settling[subscriber] != which) {
            // Another change was made since, and is waited for.
            return;
        }
        settling[subscriber] = null;
        Subscriber waiting = subscribers[subscriber];
        if (waiting != null) {
            waiting.settled();
        }
    }

    /** To be called now and then: forgets the subscribers of shards that have ended, which tell nobody. */
    public void forgetDead() {
        for (int other = 0; other < isDead.length; other++) {
            if (!isDead[other] && all.engine().shard(other).isTerminated()) {
                isDead[other] = true;
                forget(other);
                Settling.without(other, settling);
            }
        }
    }

    private void forget(int deadShard) {
        for (int id = 0; id < names.capacity(); id++) {
            int count = names.exists(id) ? interests.of(id, deadShard) : 0;
            if (count > 0) {
                interests.change(id, deadShard, -count);
                wakeIfFree(id);
                dropIfUnused(id);
            }
        }
    }

    // ---- what is published

    /** Whether a lane to a shard with subscribers is full, so that who can wait does. */
    public boolean isHeldUp() {
        return !closed && outgoing.isHeldUp();
    }

    /**
     * Sends what was published in this turn for a shard: what is sent there next in the same group comes after. Else it leaves at
     * the end of the turn.
     */
    public void flushTo(int target) {
        if (target != self) {
            outgoing.send(target);
        }
    }

    /**
     * While {@link #isHeldUp}: runs something once that is over, behind those who wait already. An engine that stops abandons an
     * {@link io.solaster.engine.task.Abandonable}, and drops another one.
     */
    public void whenFree(Runnable action) {
        outgoing.whenFree(action);
    }

    /** Whether nobody has subscribed to anything that this shard knows of. */
    public boolean isEmpty() {
        return names.size() == 0;
    }

    /**
     * Publishes to a name: at its home, to all who have subscribed there by now. Elsewhere the message goes there first.
     *
     * @return how many get it, once for each subscription; elsewhere than at its home only those of this shard are counted
     */
    public int publish(int kind, long name, int nameLength, long payload, int payloadLength) {
        if (closed) {
            return 0;
        }
        int home = all.home(kind, name, nameLength);
        if (home != self && home != Placement.EVERYWHERE) {
            outgoing.add(home, kind, true, name, nameLength, payload, payloadLength);
            int id = names.find(kind, name, nameLength);
            return id == NameTable.NONE ? 0 : lists.count(id);
        }
        stats.published.increment();
        if (names.size() == 0) {
            return 0;
        }
        outgoing.beginMarking();
        int receivers = 0;
        int id = names.find(kind, name, nameLength);
        boolean here = false;
        if (id != NameTable.NONE) {
            receivers = interests.sum(id);
            here = mark(id);
        }
        if (kind == Subscriptions.CHANNEL && patterns.find(name, nameLength)) {
            for (int i = 0; i < patterns.found(); i++) {
                receivers += interests.sum(patterns.foundAt(i));
                here |= mark(patterns.foundAt(i));
            }
        } else {
            patterns.findNone();
        }
        outgoing.addMarked(kind, name, nameLength, payload, payloadLength);
        if (here) {
            deliver(self, kind, id, name, nameLength, payload, payloadLength);
        }
        return receivers;
    }

    /** Marks the shards that have subscribers; returns whether this one has. */
    private boolean mark(int id) {
        boolean here = false;
        for (int at = interests.first(id); at != SubscriberLists.NONE; at = interests.next(at)) {
            if (interests.shard(at) == self) {
                here = true;
            } else {
                outgoing.mark(interests.shard(at));
            }
        }
        return here;
    }

    /** At the end of the turn: what was published leaves, and for whom others are to wait. */
    private void send() {
        outgoing.send();
        changes.send();
    }

    /**
     * Whether somebody who has subscribed to a name has no room, and has publishes wait for it; at the name's home. Then
     * {@link #publishWhenRoom} waits, and who cannot wait refuses.
     */
    public boolean isHeld(int kind, long name, int length) {
        return holder(kind, name, length) != NameTable.NONE;
    }

    /** The name or pattern that publishes to a name wait for; {@link NameTable#NONE} if they need not. */
    int holder(int kind, long name, int length) {
        if (closed || interests.heldNames() == 0) {
            return NameTable.NONE;
        }
        int id = names.find(kind, name, length);
        if (id != NameTable.NONE && interests.isHeld(id)) {
            return id;
        }
        if (kind == Subscriptions.CHANNEL && patterns.find(name, length)) {
            for (int i = 0; i < patterns.found(); i++) {
                if (interests.isHeld(patterns.foundAt(i))) {
                    return patterns.foundAt(i);
                }
            }
        }
        return NameTable.NONE;
    }

    /** How long a publish waits at most for a name or pattern, in milliseconds. */
    int waitMillis(int holder) {
        return interests.waitMillis(holder);
    }

    /**
     * Publishes as {@link #publish} at the name's home, once all who have publishes wait for them have room. Name and payload are copied
     * if that is later. Who waits no more cancels what is returned, on this shard.
     *
     * @return how many get it; fails with a {@link PublishRefusedException} if there is no room within the time that the subscriber allows,
     *         or too many wait
     */
    public CompletableFuture<Integer> publishWhenRoom(int kind, long name, int nameLength, long payload,
            int payloadLength) {
        if (closed) {
            return CompletableFuture.failedFuture(shard.stopped());
        }
        int holder = holder(kind, name, nameLength);
        return holder == NameTable.NONE
                ? CompletableFuture.completedFuture(publish(kind, name, nameLength, payload, payloadLength))
                : waiting.add(holder, kind, name, nameLength, payload, payloadLength);
    }

    void askTurnEnd() {
        turnEnd.ask();
    }

    /** Another shard has published something to a name that has subscribers here. */
    void deliver(int from, int kind, long name, int nameLength, long payload, int payloadLength) {
        if (closed) {
            // Messages come until the shard ends.
            return;
        }
        int id = names.find(kind, name, nameLength);
        if (kind != Subscriptions.CHANNEL || !patterns.find(name, nameLength)) {
            patterns.findNone();
        }
        deliver(from, kind, id, name, nameLength, payload, payloadLength);
    }

    /** To those who have the name, and those who have the patterns that were found last. */
    private void deliver(int from, int kind, int id, long name, int nameLength, long payload, int payloadLength) {
        if (id != NameTable.NONE) {
            deliveries.deliver(from, kind, id, Deliveries.NO_PATTERN, name, nameLength, payload, payloadLength);
        }
        for (int i = 0; i < patterns.found(); i++) {
            int pattern = patterns.foundAt(i);
            deliveries.deliver(from, kind, pattern, pattern, name, nameLength, payload, payloadLength);
        }
    }

    void giveBatch(PublishBatch batch) {
        if (closed) {
            batch.close();
        } else {
            outgoing.give(batch, KEPT_BATCHES);
        }
    }

    @Nullable
    Subscriber subscriber(int number) {
        return subscribers[number];
    }

    @Nullable
    Settling settling(int number) {
        return settling[number];
    }

    // ---- what is told of it

    /** Subscribers on all shards that a name has, as its home knows; 0 elsewhere. */
    public int subscribers(int kind, long name, int length) {
        int id = names.find(kind, name, length);
        return id == NameTable.NONE ? 0 : interests.sum(id);
    }

    /** Whether a name has subscribers, and this shard is the one that tells of it. */
    public boolean isToldHere(int id) {
        if (!names.exists(id) || interests.sum(id) == 0) {
            return false;
        }
        int home = all.home(names.kind(id), names.address(id), names.length(id));
        return home == self || home == Placement.EVERYWHERE && self == 0;
    }

    /** Names of a kind with subscribers that this shard is the one to tell of. */
    public int told(int kind) {
        int count = 0;
        for (int id = 0; id < names.capacity(); id++) {
            if (isToldHere(id) && names.kind(id) == kind) {
                count++;
            }
        }
        return count;
    }

    /** Patterns with subscribers, on all shards; without filters. */
    public int patterns() {
        return patterns.size();
    }

    /** Filters by tokens with subscribers, on all shards. */
    public int filters() {
        return patterns.filters();
    }

    /** Subscriptions of this shard's subscribers. */
    public int subscriptions() {
        return lists.size();
    }

    /** What was published at its home here, so far. */
    public long published() {
        return stats.published.get();
    }

    /** What subscribers of this shard have got so far. */
    public long delivered() {
        return stats.delivered.get();
    }

    @Override
    public void close() {
        closed = true;
        for (Subscriber each : subscribers) {
            if (each != null) {
                each.ended();
            }
        }
        turnEnd.close();
        waiting.close();
        outgoing.close();
        deliveries.close();
        patterns.close();
        names.close();
    }
}
