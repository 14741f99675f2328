package io.solaster.store.tracking;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.mesh.Message;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.KeyspaceListener;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * One shard's part of what clients are told of keys that they have read: who has read the keys of this shard, and which of its
 * clients are told. A key is noted before it is read, in the same lane, and forgotten with its first change; as what a client is
 * told leaves behind the replies that are under way, no change of what it has read is missed. What has no room on its way is
 * put together: the client is told that all keys have changed then. On the owning shard only.
 */
public final class TrackingShard implements KeyspaceListener, StoreShard.Tracking, AutoCloseable {
    /** Entries forgotten in one turn: some tens of microseconds. */
    private static final int STEPS = 1_000;
    /** Keys, and bytes of their names, that wait for one shard; instead of more, all keys have changed. */
    private static final int MOST_KEYS = 16 * 1024;
    private static final int MOST_BYTES = 4 << 20;
    /** A key may have so many readers, on the average of as many keys as there may be. */
    private static final long READERS = 16;
    private static final long MOST_ITEMS = 1L << 26;

    /** Changes on their way. */
    private static final class Told extends Message {
        private final StoreShard target;
        private final int from;
        private final @Nullable Changes changes;

        Told(StoreShard target, int from, @Nullable Changes changes) {
            this.target = target;
            this.from = from;
            this.changes = changes;
        }

        @Override
        public void deliver() {
            of(target).told(from, changes);
        }
    }

    /** Keys that a client is about to read, on their way. */
    private static final class Reads extends Message {
        private final StoreShard target;
        private final long tracker;
        private final KeyList keys;

        Reads(StoreShard target, long tracker, KeyList keys) {
            this.target = target;
            this.tracker = tracker;
            this.keys = keys;
        }

        @Override
        public void deliver() {
            of(target).add(tracker, keys);
        }
    }

    private final StoreShard shard;
    private final int self;
    private TrackedKeys table;
    private final List<Prefix> prefixes = new ArrayList<>();
    /** Clients of all shards that want to be told. */
    private final LongObjectMap<Boolean> known = new LongObjectHashMap<>();
    /** Those of this shard. */
    private final LongObjectMap<Tracker> trackers = new LongObjectHashMap<>();
    private final @Nullable Changes[] pending;
    /** Whether all keys have changed, for the clients of a shard. */
    private final boolean[] all;
    private final boolean[] waits;
    private boolean scheduled;
    private @Nullable Runnable end;
    private final ReplyWriter writer = new ReplyWriter();

    private TrackingShard(StoreShard shard) {
        this.shard = shard;
        this.self = shard.shard().id();
        int shards = shard.parts().count();
        this.pending = new @Nullable Changes[shards];
        this.all = new boolean[shards];
        this.waits = new boolean[shards];
        this.table = new TrackedKeys(shard.memberHash());
        shard.tracking(this);
    }

    /** That of a shard. */
    public static TrackingShard of(StoreShard shard) {
        return shard.family(TrackingShard.class, TrackingShard::new);
    }

    StoreShard shard() {
        return shard;
    }

    @Override
    public long keys() {
        return table.keys();
    }

    @Override
    public long items() {
        return table.items();
    }

    @Override
    public long prefixes() {
        return prefixes.size();
    }

    // ---- who is told

    /** A client of this shard is to be told. */
    void join(Tracker tracker) {
        trackers.put(tracker.number(), tracker);
    }

    /** It is not to be told any more. */
    void left(Tracker tracker) {
        trackers.remove(tracker.number());
    }

    /**
     * Tells a client of any shard from now on.
     *
     * @param beginnings of keys of which it is told all
     */
    void begin(long number, List<byte[]> beginnings) {
        known.put((Long) number, Boolean.TRUE);
        for (byte[] each : beginnings) {
            prefix(each).add(number);
        }
        if (end == null) {
            end = shard.keyspace().listen(this);
        }
    }

    private Prefix prefix(byte[] bytes) {
        for (Prefix each : prefixes) {
            if (Arrays.equals(each.bytes, bytes)) {
                return each;
            }
        }
        Prefix made = new Prefix(bytes);
        prefixes.add(made);
        return made;
    }

    /** Tells a client nothing any more, and forgets what it has read. */
    void forget(long number) {
        known.remove(number);
        for (Prefix each : prefixes) {
            each.remove(number);
        }
        prefixes.removeIf(each -> each.trackers.length == 0);
        forgetKeys(number);
        if (known.isEmpty() && end != null) {
            end.run();
            end = null;
        }
    }

    private void forgetKeys(long number) {
        if (!table.forget(number, STEPS)) {
            shard.shard().executeOrElse(() -> forgetKeys(number), () -> {
                // All of it is given back.
            });
        }
    }

    @Override
    public void sweep() {
        for (Long number : known.keySet().toArray(Long[]::new)) {
            if (shard.parts().engine().shard(home(number)).isTerminated()) {
                forget(number);
            }
        }
        trim(STEPS);
    }

    private int home(long number) {
        return (int) (number % shard.parts().count());
    }

    // ---- what is read

    /** A client is about to read a key of this shard. */
    void add(long number, long key, int length) {
        if (known.containsKey(number)) {
            table.add(number, key, length);
            trim(2);
        }
    }

    /** As {@link #add(long, long, int)}, of several keys. */
    void add(long number, KeyList keys) {
        long at = Memory.allocate(Math.max(1, keys.longest()));
        try {
            for (int i = 0; i < keys.count(); i++) {
                add(number, at, keys.copy(i, at));
            }
        } finally {
            Memory.free(at);
        }
    }

    /** A client is about to read keys of another shard. */
    void send(int target, long number, KeyList keys) {
        shard.shard().mesh().send(target, new Reads(shard.peer(target), number, keys));
    }

    /** Tells who has read some keys that they have changed, until there are not more than may be. */
    private void trim(int steps) {
        long most = shard.parts().diagnostics().trackedKeys();
        long keys = most == 0 ? Long.MAX_VALUE : Math.max(1, most / shard.parts().count());
        long items = Math.min(MOST_ITEMS, most == 0 ? MOST_ITEMS : keys * READERS);
        for (int i = 0; i < steps && (table.keys() > keys || table.items() > items); i++) {
            changed(table.any(), 0);
        }
    }

    // ---- what is changed

    @Override
    public void written(long key, int keyLength, long entry) {
        changed(key, keyLength, shard.writer());
    }

    @Override
    public void expired(long entry) {
        changed(shard.keyspace().keyAddress(entry), shard.keyspace().keyLength(entry), 0);
    }

    @Override
    public void evicted(long entry) {
        changed(shard.keyspace().keyAddress(entry), shard.keyspace().keyLength(entry), 0);
    }

    @Override
    public void cleared() {
        TrackedKeys old = table;
        table = new TrackedKeys(shard.memberHash());
        free(old);
        for (Long number : known.keySet()) {
            all[home(number)] = true;
        }
        schedule();
    }

    @Override
    public void emptied() {
        cleared();
    }

    @Override
    public void swapped(int one, int other) {
        cleared();
    }

    private void free(TrackedKeys old) {
        if (!old.free(STEPS)) {
            shard.shard().executeOrElse(() -> free(old), () -> {
                // All memory is the system's again.
            });
        }
    }

    private void changed(long key, int length, long writes) {
        int found = table.find(key, length);
        if (found >= 0) {
            changed(found, writes);
        }
        for (int i = 0; i < prefixes.size(); i++) {
            Prefix prefix = prefixes.get(i);
            if (prefix.isOf(key, length)) {
                for (long number : prefix.trackers) {
                    if (number != writes) {
                        tell(number, prefix.bytes, key, length);
                    }
                }
            }
        }
    }

    private void changed(int found, long writes) {
        long key = table.address(found);
        int length = table.length(found);
        table.forEach(found, number -> {
            if (number != writes) {
                tell(number, null, key, length);
            }
        });
        table.remove(found);
    }

    private void tell(long number, byte @Nullable [] prefix, long key, int length) {
        int target = home(number);
        if (all[target]) {
            return;
        }
        try {
            Changes changes = pending[target];
            if (changes == null) {
                changes = new Changes();
                pending[target] = changes;
            }
            if (!changes.keys.isLast(key, length)) {
                changes.keys.add(key, length);
            }
            changes.add(number, prefix);
            if (changes.count > MOST_KEYS || changes.keys.size() > MOST_BYTES) {
                all[target] = true;
            }
        } catch (OutOfMemoryError none) {
            // The key has changed: its write goes on.
            all[target] = true;
        }
        if (all[target]) {
            pending[target] = null;
        }
        schedule();
    }

    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            shard.shard().executeOrElse(this::flush, () -> {
                // Nobody is told of anything any more.
            });
        }
    }

    private void flush() {
        scheduled = false;
        for (int target = 0; target < all.length; target++) {
            if (!waits[target] && (all[target] || pending[target] != null)) {
                flush(target);
            }
        }
    }

    private void flush(int target) {
        if (target != self && !shard.shard().mesh().isWritable(target)) {
            waits[target] = true;
            shard.shard().mesh().whenWritable(target, () -> {
                waits[target] = false;
                flush();
            });
            return;
        }
        Changes changes = all[target] ? null : pending[target];
        all[target] = false;
        pending[target] = null;
        if (target == self) {
            told(self, changes);
        } else {
            shard.shard().mesh().send(target, new Told(shard.peer(target), self, changes));
        }
    }

    // ---- telling clients of this shard

    private void told(int from, @Nullable Changes changes) {
        if (changes == null) {
            // A client that leaves too much unread is ended meanwhile.
            new ArrayList<>(trackers.values()).forEach(Tracker::allChanged);
            return;
        }
        Set<Tracker> touched = new LinkedHashSet<>();
        for (int i = 0; i < changes.count; i++) {
            long number = changes.trackers[i];
            Tracker tracker = trackers.get(number);
            if (tracker != null) {
                tracker.changed(changes.prefix[i], changes.keys, changes.key[i]);
                touched.add(tracker);
            } else if (from != self) {
                shard.parts().sharded().on(from, part -> {
                    of(part).forget(number);
                    return true;
                });
            } else {
                forget(number);
            }
        }
        touched.forEach(Tracker::tell);
    }

    /**
     * Tells a client of this shard of what another one has read.
     *
     * @param messages each the names of some keys; null for all keys
     * @return false if there is no such client any more
     */
    boolean tell(long id, @Nullable List<KeyList> messages) {
        Client client = shard.client(id);
        if (client == null) {
            return false;
        }
        if (client.state().resp3() || client.state().isSubscribed()) {
            push(client, messages, !client.state().resp3());
        }
        return true;
    }

    /** Sends names of keys to a client. */
    void push(Client client, @Nullable List<KeyList> messages, boolean asMessage) {
        ByteBuf out = client.channel().alloc().directBuffer();
        writer.to(out);
        writer.resp3(!asMessage);
        if (messages == null) {
            header(asMessage);
            writer.nullValue();
        } else {
            for (KeyList keys : messages) {
                header(asMessage);
                writer.arrayHeader(keys.count());
                for (int i = 0; i < keys.count(); i++) {
                    writer.bulk(keys.key(i));
                }
            }
        }
        writer.finish();
        client.push(out);
    }

    private void header(boolean asMessage) {
        if (asMessage) {
            writer.arrayHeader(3);
            writer.bulk("message");
            writer.bulk("__redis__:invalidate");
        } else {
            writer.pushHeader(2);
            writer.bulk("invalidate");
        }
    }

    /** Tells a client that the one which was to be told is gone. */
    void pushBroken(Client client, long redirect) {
        ByteBuf out = client.channel().alloc().directBuffer();
        writer.to(out);
        writer.resp3(true);
        writer.pushHeader(2);
        writer.bulk("tracking-redir-broken");
        writer.integer(redirect);
        writer.finish();
        client.push(out);
    }

    @Override
    public void close() {
        if (end != null) {
            end.run();
            end = null;
        }
        table.free(Integer.MAX_VALUE);
    }
}
