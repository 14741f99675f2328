package io.solaster.store.tracking;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.KeyPositions;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/** One client that is told of changes of keys: what it wants, and what it is about to read. On the client's shard only. */
public final class Tracker implements Client.Tracker {
    /**
     * What a client asks for.
     *
     * @param redirect the client that is told instead; 0 for none
     * @param broadcast told of all keys with some beginning, rather than of what was read
     * @param optIn told of what is read by a command that it has said so of
     * @param optOut told of all but that
     * @param noLoop not told of what it writes itself
     */
    public record Options(long redirect, boolean broadcast, boolean optIn, boolean optOut, boolean noLoop) {}

    /** In the place of a prefix: it was read. */
    static final byte[] BY_KEY = {};
    /** Messages to another client's shard that are under way; instead of more, all keys have changed. */
    private static final int MOST_UNDER_WAY = 64;

    private final StoreShard shard;
    private final TrackingShard home;
    private final Client client;
    private final long number;
    private final int shards;
    private Options options;
    private final List<byte[]> prefixes = new ArrayList<>();
    private boolean broken;
    /** {@code CLIENT CACHING} was the command before. */
    private boolean caching;
    private boolean cachingBefore;
    /** Whether it may have read something since it was told that all keys have changed. */
    private boolean mayHaveRead = true;
    private final @Nullable KeyList[] reads;
    private @Nullable KeyList kept;
    private final KeyPositions keys = new KeyPositions();
    // What it is to be told.
    private final List<KeyList> single = new ArrayList<>();
    private final Map<String, TreeMap<String, byte[]>> byPrefix = new LinkedHashMap<>();
    private int underWay;
    private boolean missed;

    private Tracker(Client client, StoreShard shard, Options options) {
        this.shard = shard;
        this.home = TrackingShard.of(shard);
        this.client = client;
        this.options = options;
        this.number = shard.nextWatcher();
        this.shards = shard.parts().count();
        this.reads = new @Nullable KeyList[shards];
    }

    /** Has a client be told; what all shards are to know of it follows, with {@link #begin}. */
    public static Tracker of(Client client, StoreShard shard, Options options) {
        Tracker tracker = new Tracker(client, shard, options);
        tracker.home.join(tracker);
        client.state().tracker(tracker);
        return tracker;
    }

    /** Tells all shards what is wanted; complete once they know. */
    public CompletionStage<?> begin() {
        List<byte[]> wanted = List.copyOf(prefixes);
        home.begin(number, wanted);
        List<CompletableFuture<?>> others = new ArrayList<>();
        for (int i = 0; i < shards; i++) {
            if (i != shard.shard().id()) {
                others.add(shard.parts().sharded().on(i, part -> {
                    TrackingShard.of(part).begin(number, wanted);
                    return true;
                }));
            }
        }
        return CompletableFuture.allOf(others.toArray(CompletableFuture<?>[]::new));
    }

    /** Unique over all shards. */
    long number() {
        return number;
    }

    public Options options() {
        return options;
    }

    /** Asks for something else. */
    public void options(Options asked) {
        options = asked;
        broken = false;
        caching = false;
    }

    /** Beginnings of the keys of which it is told all. */
    public List<byte[]> prefixes() {
        return prefixes;
    }

    /** Whether the client is gone which was to be told. */
    public boolean isBroken() {
        return broken;
    }

    /** Whether {@code CLIENT CACHING} is about the next command. */
    public boolean isCaching() {
        return caching;
    }

    public void caching() {
        caching = true;
    }

    // ---- what is read

    @Override
    public void runs(Command command, CommandCall call) {
        mayHaveRead = true;
        cachingBefore = caching;
        if (options.broadcast()) {
            return;
        }
        boolean wanted = isWanted();
        if (!command.name().startsWith("client|") && !command.name().equals("multi") && client.multi().queued() < 0) {
            caching = false;
        }
        if (wanted && isRead(command)) {
            command.keys().find(call, 0, keys);
            for (int i = 0; i < keys.count(); i++) {
                int at = keys.at(i);
                reads(call.address(at), call.length(at));
            }
        }
    }

    @Override
    public void again() {
        caching = cachingBefore;
    }

    @Override
    public void keeps(Command command, CommandCall call) {
        if (!options.broadcast() && isWanted() && isRead(command)) {
            KeyList list = kept == null ? new KeyList() : kept;
            kept = list;
            command.keys().find(call, 0, keys);
            for (int i = 0; i < keys.count(); i++) {
                int at = keys.at(i);
                list.add(call.address(at), call.length(at));
            }
        }
    }

    @Override
    public void runsKept() {
        KeyList list = kept;
        kept = null;
        if (list != null) {
            long at = Memory.allocate(Math.max(1, list.longest()));
            try {
                for (int i = 0; i < list.count(); i++) {
                    reads(at, list.copy(i, at));
                }
            } finally {
                Memory.free(at);
            }
        }
    }

    @Override
    public void dropsKept() {
        kept = null;
        caching = false;
    }

    private boolean isWanted() {
        return options.optIn() ? caching : !(options.optOut() && caching);
    }

    /** Whether the client keeps what a command reads; of a script, all keys that it names count as read. */
    private static boolean isRead(Command command) {
        return command.route() == Command.Route.KEYS
                && (command.has(Command.Flag.READONLY) || command.has(Command.Flag.NO_MANDATORY_KEYS));
    }

    private void reads(long key, int length) {
        int owner = Slots.shardOf(Slots.of(key, length), shards);
        if (owner == shard.shard().id()) {
            home.add(number, key, length);
            return;
        }
        KeyList list = reads[owner];
        if (list == null) {
            list = new KeyList();
            reads[owner] = list;
        }
        list.add(key, length);
    }

    @Override
    public void send() {
        for (int i = 0; i < shards; i++) {
            KeyList list = reads[i];
            if (list != null) {
                reads[i] = null;
                home.send(i, number, list);
            }
        }
    }

    @Override
    public long writer() {
        return options.noLoop() ? number : 0;
    }

    // ---- what is told

    /** A key has changed; {@link #tell} follows. */
    void changed(byte[] prefix, KeyList from, int index) {
        if (prefix.length == 0 && !options.broadcast()) {
            KeyList one = new KeyList();
            one.add(from, index);
            single.add(one);
        } else {
            byte[] key = from.key(index);
            byPrefix.computeIfAbsent(text(prefix), _ -> new TreeMap<>()).put(text(key), key);
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Tells of what has changed. */
    void tell() {
        List<KeyList> messages = new ArrayList<>();
        if (options.broadcast()) {
            byPrefix.values().forEach(names -> {
                KeyList list = new KeyList();
                names.values().forEach(list::add);
                messages.add(list);
            });
        } else {
            messages.addAll(single);
        }
        single.clear();
        byPrefix.clear();
        if (!messages.isEmpty()) {
            tell(messages);
        }
    }

    /** All keys have changed. */
    void allChanged() {
        if (mayHaveRead || options.broadcast()) {
            mayHaveRead = false;
            tell(null);
        }
    }

    private void tell(@Nullable List<KeyList> messages) {
        long other = options.redirect();
        if (other == 0) {
            if (client.state().resp3()) {
                home.push(client, messages, false);
            }
            return;
        }
        int target = (int) Math.floorMod(other, (long) shards);
        if (target == shard.shard().id()) {
            told(home.tell(other, messages), other);
        } else if (underWay >= MOST_UNDER_WAY) {
            missed = true;
        } else {
            underWay++;
            shard.parts().sharded().on(target, part -> TrackingShard.of(part).tell(other, messages))
                    .whenCompleteAsync((there, failure) -> {
                        underWay--;
                        told(failure == null && there, other);
                        if (missed) {
                            missed = false;
                            tell(null);
                        }
                    });
        }
    }

    private void told(boolean there, long other) {
        if (!there && client.state().tracker() == this && options.redirect() == other) {
            broken = true;
            if (client.state().resp3()) {
                home.pushBroken(client, other);
            }
        }
    }

    @Override
    public void leave() {
        Arrays.fill(reads, null);
        kept = null;
        home.left(this);
        home.forget(number);
        for (int i = 0; i < shards; i++) {
            if (i != shard.shard().id()) {
                shard.parts().sharded().on(i, part -> {
                    TrackingShard.of(part).forget(number);
                    return true;
                });
            }
        }
    }

    @Override
    public long redirect() {
        return options.redirect();
    }

    @Override
    public String flags() {
        return "t" + (broken ? "R" : "") + (options.broadcast() ? "B" : "");
    }
}
