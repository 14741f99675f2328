package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;
import io.solaster.engine.net.TcpServer;
import io.solaster.log.LogDamagedException;
import io.solaster.log.LogReader;
import io.solaster.log.Replica;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store logs, applied to another one behind a snapshot, makes the same keys there. */
final class ReplicaTest {
    private static final int DATABASES = 4;
    private static final List<String> LISTS = List.of("l1", "l2", "{l1}l", "mixed");
    private static final List<String> ZSETS = List.of("z1", "z2", "{z1}z", "mixed");
    private static final List<String> STRINGS = List.of("a", "b", "c", "{a}d", "mixed");
    private static final List<String> ALL = List.of("a", "b", "c", "{a}d", "mixed", "l1", "z2", "h1", "s1", "{s}a");

    @TempDir
    Path directory;
    private final AtomicLong ahead = new AtomicLong();
    private final LongSupplier clock = () -> 1_700_000_000_000L + ahead.get();

    /** A record, for a network that does not exist here. */
    private record Entry(long sequence, long epoch, int kind, byte[] payload) {}

    /** A store in memory that copies another one. */
    private final class Copy implements AutoCloseable {
        private final Engine engine;
        private final Store store;
        private final TcpServer server;

        Copy(int shards) {
            engine = Engine.start(EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER));
            store = Store.on(engine, StoreConfig.defaults(), clock);
            ServerConfig resp = ServerConfig.of("resp", 0);
            server = TcpServer.bind(engine, "copy", resp, new RespProtocol(store, resp));
        }

        RespClient connect() {
            return new RespClient(server.port());
        }

        Replica replica(int shard) {
            return store.replica(shard);
        }

        void install(int shard, List<byte[]> pieces, long next) {
            on(engine, shard, () -> {
                for (byte[] piece : pieces) {
                    replica(shard).install(Unpooled.wrappedBuffer(piece));
                }
                replica(shard).installed(next);
                return true;
            });
        }

        void apply(int shard, List<Entry> entries) {
            on(engine, shard, () -> {
                for (Entry each : entries) {
                    replica(shard).apply(each.sequence(), each.epoch(), each.kind(),
                            Unpooled.wrappedBuffer(each.payload()));
                }
                return true;
            });
        }

        void drop(int shard, int from, int to) {
            on(engine, shard, () -> {
                replica(shard).drop(from, to);
                return true;
            });
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    private static <T> T on(Engine engine, int shard, Callable<T> work) {
        return begin(engine, shard, work).join();
    }

    private static <T> CompletableFuture<T> begin(Engine engine, int shard, Callable<T> work) {
        return engine.shard(shard).fork(engine.groups().byDefault(), work).future();
    }

    private static CompletableFuture<Long> snapshot(Store store, int shard, List<byte[]> pieces) {
        return begin(store.engine(), shard,
                () -> store.replica(shard).snapshot(piece -> pieces.add(ByteBufUtil.getBytes(piece))));
    }

    /** All that is logged from there on. */
    private static List<Entry> records(Store store, int shard, long from) {
        return on(store.engine(), shard, () -> {
            List<Entry> all = new ArrayList<>();
            try (LogReader reader = Objects.requireNonNull(store.log()).local().reader(from)) {
                while (reader.read((sequence, epoch, kind, payload) -> all.add(
                        new Entry(sequence, epoch, kind, ByteBufUtil.getBytes(payload))), 1 << 20) > 0) {
                    // There may be more.
                }
            }
            return all;
        });
    }

    private static String[] words(String... words) {
        return words;
    }

    private static String[] command(Draw draw) {
        String element = "e" + draw.nextInt(60);
        return switch (draw.nextInt(24)) {
            case 0 -> words("SET", draw.of(STRINGS), "v".repeat(draw.nextInt(300)));
            case 1 -> words("APPEND", draw.of(STRINGS), "w".repeat(draw.nextInt(3_000)));
            case 2 -> words("INCR", draw.of(STRINGS));
            case 3 -> words("SETRANGE", draw.of(STRINGS), "" + draw.nextInt(500), "x");
            case 4 -> words("MSET", "a", element, "b", element, "c", element);
            case 5, 6 -> words(draw.of("RPUSH", "LPUSH"), draw.of(LISTS), element, "more", "than", "one");
            case 7 -> words(draw.of("LPOP", "RPOP"), draw.of(LISTS), "" + draw.nextInt(5));
            case 8 -> words("LMOVE", draw.of(LISTS), draw.of(LISTS), "LEFT", "RIGHT");
            case 9 -> words("LREM", draw.of(LISTS), "" + (draw.nextInt(5) - 2), "more");
            case 10, 11 -> words("ZADD", draw.of(ZSETS), "" + draw.nextInt(100), element, "1", "one");
            case 12 -> words("ZREMRANGEBYRANK", draw.of(ZSETS), "0", "" + draw.nextInt(3));
            case 13 -> words("ZUNIONSTORE", draw.of(ZSETS), "2", draw.of(ZSETS), draw.of(ZSETS));
            case 14, 15 -> CollectionChance.command(draw, 200);
            case 16, 17 -> StreamChanceTest.one(draw, 40);
            case 18 -> words("PEXPIRE", draw.of(ALL), "" + draw.nextInt(20_000));
            case 19 -> words("HPEXPIRE", "h1", "" + (1 + draw.nextInt(20_000)), "FIELDS", "1", "1");
            case 20 -> words(draw.of("RENAME", "COPY"), draw.of(ALL), draw.of(ALL));
            case 21 -> words("MOVE", draw.of(ALL), "" + draw.nextInt(DATABASES));
            case 22 -> words("SELECT", "" + draw.nextInt(DATABASES));
            default -> draw.oneIn(12)
                    ? words(draw.of("FLUSHALL", "FLUSHDB"))
                    : words("SWAPDB", "" + draw.nextInt(DATABASES), "" + draw.nextInt(DATABASES));
        };
    }

    private void run(Draw draw, RespClient client, int times) {
        draw.repeat(times, _ -> {
            boolean multi = draw.oneIn(8);
            if (multi) {
                client.call("MULTI");
                for (int i = draw.nextInt(4); i >= 0; i--) {
                    client.call(command(draw));
                }
                client.call("EXEC");
            } else {
                client.call(command(draw));
            }
            if (draw.oneIn(30)) {
                ahead.addAndGet(draw.nextInt(5_000));
            }
        });
    }

    /** All that a client can see. */
    private static String content(RespClient client) {
        StringBuilder all = new StringBuilder();
        for (int database = 0; database < DATABASES; database++) {
            client.call("SELECT", "" + database);
            String[] keys = client.call("KEYS", "*").split("\\|", -1);
            List<String> names = new ArrayList<>();
            for (int i = 2; i < keys.length; i += 2) {
                names.add(keys[i]);
            }
            names.sort(null);
            for (String key : names) {
                String type = client.call("TYPE", key);
                all.append('\n').append(database).append(' ').append(key).append(client.call("PEXPIRETIME", key))
                        .append(switch (type) {
                            case "+string" -> client.call("GET", key);
                            case "+list" -> client.call("LRANGE", key, "0", "-1");
                            case "+set" -> sorted(client, "SMEMBERS", key);
                            case "+hash" -> sorted(client, "HGETALL", key)
                                    + client.call("HPEXPIRETIME", key, "FIELDS", "1", "1");
                            case "+zset" -> client.call("ZRANGE", key, "0", "-1", "WITHSCORES");
                            default -> client.call("XINFO", "STREAM", key, "FULL", "COUNT", "0")
                                    .replaceAll("(radix-tree-\\w+\\|):\\d+", "$1");
                        });
            }
        }
        client.call("SELECT", "0");
        return all.toString();
    }

    private static String sorted(RespClient client, String... command) {
        return CollectionChance.inOrder(command, client.call(command));
    }

    @Test
    void aCopyHasTheSameKeysAtEachPoint() {
        int[] trial = {0};
        Property.check(3, 3, Duration.ofSeconds(20), draw -> {
            int shards = 1 + draw.nextInt(2);
            try (KeptStore kept = new KeptStore(shards, KeptStore.small(directory.resolve("t" + trial[0]++)), clock);
                    RespClient client = kept.connect();
                    RespClient observer = kept.connect();
                    Copy copy = new Copy(shards);
                    RespClient reader = copy.connect()) {
                run(draw, client, draw.nextInt(200));
                List<List<byte[]>> pieces = new ArrayList<>();
                List<CompletableFuture<Long>> snapshots = new ArrayList<>();
                for (int shard = 0; shard < shards; shard++) {
                    pieces.add(new ArrayList<>());
                    snapshots.add(snapshot(kept.store(), shard, pieces.get(shard)));
                }
                run(draw, client, 50);
                long[] next = new long[shards];
                for (int shard = 0; shard < shards; shard++) {
                    long from = unlessFlushed(kept.store(), shard, pieces.get(shard), snapshots.get(shard));
                    copy.install(shard, pieces.get(shard), from);
                    next[shard] = from;
                }
                for (int point = 0; point < 6; point++) {
                    run(draw, client, draw.nextInt(120));
                    for (int shard = 0; shard < shards; shard++) {
                        // Some of them a second time.
                        long from = Math.max(1, next[shard]);
                        List<Entry> entries = records(kept.store(), shard, from);
                        copy.apply(shard, entries);
                        copy.apply(shard, entries.subList(0, entries.size() / 2));
                        next[shard] = copy.replica(shard).next();
                    }
                    assertThat(content(reader)).as("point %d", point).isEqualTo(content(observer));
                }
                ahead.addAndGet(30_000);
                for (int shard = 0; shard < shards; shard++) {
                    int its = shard;
                    on(copy.engine, shard, () -> {
                        copy.replica(its).lead();
                        return true;
                    });
                }
                StoreFixture.await("what is due goes by itself", () -> !content(reader).contains(":17000"));
                assertThat(reader.call("SET", "a", "1")).isEqualTo("+OK");
            }
        });
    }

    /** FLUSHALL ends a snapshot: another one is taken. */
    private static long unlessFlushed(Store store, int shard, List<byte[]> pieces, CompletableFuture<Long> first) {
        CompletableFuture<Long> taken = first;
        while (true) {
            try {
                return taken.join();
            } catch (CompletionException flushed) {
                assertThat(flushed).hasMessageContaining("were removed while the snapshot was written");
                pieces.clear();
                taken = snapshot(store, shard, pieces);
            }
        }
    }

    /** More than one piece, of which chance could not draw enough. */
    @Test
    void largeValuesAreCopiedAndDropped() {
        try (KeptStore kept = new KeptStore(1, KeptStore.small(directory), clock);
                RespClient client = kept.connect();
                Copy copy = new Copy(1);
                RespClient reader = copy.connect()) {
            client.call("SET", "long", "x".repeat(600_000));
            for (int i = 0; i < 3_000; i++) {
                client.send("RPUSH", "list", "element" + i).send("SADD", "set", "member" + i).send("SET", "k" + i,
                        "v".repeat(300));
            }
            for (int i = 0; i < 9_000; i++) {
                client.reply();
            }
            List<byte[]> pieces = new ArrayList<>();
            CompletableFuture<Long> taken = snapshot(kept.store(), 0, pieces);
            client.call("SAVE");
            long next = taken.join();
            assertThat(pieces).hasSizeGreaterThan(3);
            copy.install(0, pieces, next);
            String content = content(client);
            assertThat(content(reader)).isEqualTo(content);
            int slot = Slots.of("list");
            copy.drop(0, slot, slot + 1);
            assertThat(reader.call("EXISTS", "list", "set", "k1")).isEqualTo(":2");
            copy.drop(0, 0, Slots.COUNT);
            assertThat(reader.call("DBSIZE")).isEqualTo(":0");
            copy.install(0, pieces, next);
            assertThat(content(reader)).isEqualTo(content);
        }
    }

    /** Nodes are moved between the pieces of a snapshot, those of the value that is being written too. */
    @Test
    void whatIsDefragmentedWhileASnapshotIsTakenIsInItOnce() {
        int count = 40;
        List<String> names = List.of("list", "set", "zset", "hash", "stream");
        try (KeptStore kept = new KeptStore(1, KeptStore.small(directory), clock);
                RespClient client = kept.connect();
                Copy copy = new Copy(1);
                RespClient reader = copy.connect()) {
            // In turns, so that the nodes of those that stay lie between those that go.
            for (int i = 0; i < 60; i++) {
                for (int key = 0; key < count; key++) {
                    List<String> list = new ArrayList<>(List.of("RPUSH", "list" + key));
                    List<String> set = new ArrayList<>(List.of("SADD", "set" + key));
                    List<String> zset = new ArrayList<>(List.of("ZADD", "zset" + key));
                    List<String> hash = new ArrayList<>(List.of("HSET", "hash" + key));
                    for (int j = i * 10; j < i * 10 + 10; j++) {
                        list.add("element" + j);
                        set.add("member" + j);
                        zset.addAll(List.of("" + j * 7 % 100, "member" + j));
                        hash.addAll(List.of("field" + j, "value" + j));
                    }
                    for (List<String> each : List.of(list, set, zset, hash)) {
                        client.send(each.toArray(String[]::new));
                    }
                    client.send("XADD", "stream" + key, i + 1 + "-1", "field", "value" + i);
                }
                for (int j = 0; j < 5 * count; j++) {
                    client.reply();
                }
            }
            Keyspace keys = kept.store().parts().part(0).keyspace();
            List<byte[]> pieces = new ArrayList<>();
            long[] moves = new long[1];
            CompletableFuture<Long> taken = begin(kept.store().engine(), 0, () -> {
                long before = keys.nodeMoves();
                long next = kept.store().replica(0).snapshot(piece -> {
                    pieces.add(ByteBufUtil.getBytes(piece));
                    while (keys.size() > 3L * count) {
                        Shard.sleep(Duration.ofMillis(1)).join();
                    }
                    keys.defragment(2_000);
                });
                moves[0] = keys.nodeMoves() - before;
                return next;
            });
            for (int key = 0; key < count; key += 2) {
                for (String name : names) {
                    client.call("DEL", name + key);
                    client.call("PEXPIRE", name + (key + 1), "1000000");
                    client.call("LTRIM", "list" + (key + 1), "1", "-2");
                }
            }
            long next = taken.join();
            assertThat(moves[0]).isPositive();
            copy.install(0, pieces, next);
            copy.apply(0, records(kept.store(), 0, next));
            assertThat(content(reader)).isEqualTo(content(client));
            assertThat(client.call("DBSIZE")).isEqualTo(":" + names.size() * count / 2);
        }
    }

    /** It is in the log: a copy of the copy would be told. */
    @Test
    void whatAnOwnerDropsIsGoneAfterARestart() {
        String key = "list";
        try (KeptStore kept = new KeptStore(1, KeptStore.small(directory), clock);
                RespClient client = kept.connect()) {
            client.call("RPUSH", key, "1");
            for (int i = 0; i < 20_000; i++) {
                client.send("SET", "{" + key + "}" + i, "1");
            }
            for (int i = 0; i < 20_000; i++) {
                client.reply();
            }
            client.call("SET", "other", "1");
            on(kept.store().engine(), 0, () -> {
                kept.store().replica(0).drop(Slots.of(key), Slots.of(key) + 1);
                return true;
            });
            assertThat(client.call("DBSIZE")).isEqualTo(":1");
        }
        try (KeptStore kept = new KeptStore(1, KeptStore.small(directory), clock);
                RespClient client = kept.connect()) {
            assertThat(client.call("DBSIZE")).isEqualTo(":1");
            on(kept.store().engine(), 0, () -> {
                kept.store().replica(0).drop(0, Slots.COUNT);
                return true;
            });
        }
        try (KeptStore kept = new KeptStore(1, KeptStore.small(directory), clock);
                RespClient client = kept.connect()) {
            assertThat(client.call("DBSIZE")).isEqualTo(":0");
        }
    }

    @Test
    void whatDoesNotFitIsRefusedByName() {
        ByteBuf piece = Unpooled.wrappedBuffer(new byte[]{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'k', 1, 'v'});
        try (KeptStore kept = new KeptStore(1, KeptStore.small(directory), clock); Copy copy = new Copy(1)) {
            Replica owner = kept.store().replica(0);
            Replica replica = copy.replica(0);
            refused(kept.store().engine(), () -> owner.install(piece), "shard 0 leads");
            refused(kept.store().engine(), () -> owner.apply(1, 0, 1, piece), "shard 0 leads");
            refused(copy.engine, () -> replica.snapshot(each -> {}), "solaster.store.persistence.directory");
            refused(copy.engine, () -> replica.drop(5, 16_385), "slots 5 to 16385");
            on(copy.engine, 0, () -> {
                replica.install(piece);
                return true;
            });
            refused(copy.engine, () -> replica.apply(8, 0, 1, piece), "before the end of the snapshot");
            refused(copy.engine, replica::lead, "was not installed to its end");
            on(copy.engine, 0, () -> {
                replica.installed(8);
                replica.apply(7, 0, 1, piece);
                assertThat(replica.next()).isEqualTo(8);
                return true;
            });
            assertThatThrownBy(() -> on(copy.engine, 0, () -> {
                replica.apply(9, 0, 1, piece);
                return true;
            })).hasCauseInstanceOf(LogDamagedException.class).hasMessageContaining("record 8");
            refused(copy.engine, () -> replica.install(piece), "behind record 7");
            refused(copy.engine, () -> replica.apply(8, 0, 99, piece), "kind 99");
            refused(copy.engine, () -> replica.apply(8, 0, 1, piece), "what came before has failed");
            refused(copy.engine, replica::lead, "what came before has failed");
            copy.drop(0, 0, Slots.COUNT);
            on(copy.engine, 0, () -> {
                replica.apply(1, 0, 1, piece);
                replica.lead();
                return true;
            });
            refused(copy.engine, () -> replica.apply(2, 0, 1, piece), "shard 0 leads");
            assertThat(copy.store.size()).isEqualTo(1);
        }
    }

    /** Something that a shard does. */
    private interface Work {
        void run() throws Exception;
    }

    private static void refused(Engine engine, Work work, String why) {
        assertThatThrownBy(() -> on(engine, 0, () -> {
            work.run();
            return true;
        })).as(why).hasCauseInstanceOf(RuntimeException.class).hasMessageContaining(why);
    }

    @Test
    void whatIsUsedAlreadyIsNoCopy() {
        try (Copy copy = new Copy(1); RespClient client = copy.connect()) {
            client.call("SET", "a", "1");
            refused(copy.engine, () -> copy.replica(0).installed(1), "has 1 keys");
            assertThat(client.call("GET", "a")).isEqualTo("$1|1");
        }
    }
}
