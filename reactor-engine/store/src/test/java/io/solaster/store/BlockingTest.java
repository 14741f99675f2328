package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.Lists;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that wait for keys, whose keys and clients may lie on any shard. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class BlockingTest extends ClientTest {
    private static final int GENEROUS_MILLIS = (int) Duration.ofMinutes(1).toMillis();

    private final List<RespClient> others = new ArrayList<>();

    @AfterEach
    void nobodyIsLeft() {
        others.forEach(RespClient::close);
        await("nobody waits", () -> waiting() == 0 && blocked() == 0);
    }

    private static void await(String what, java.util.function.BooleanSupplier condition) {
        StoreFixture.await(what, condition);
    }

    private RespClient other() {
        RespClient other = store.connect();
        try {
            other.socket().setSoTimeout(GENEROUS_MILLIS);
        } catch (SocketException e) {
            throw new UncheckedIOException(e);
        }
        others.add(other);
        return other;
    }

    /** A client that has sent a command and waits. */
    private RespClient blocked(String... command) {
        RespClient other = other();
        long before = blocked();
        other.send(command);
        await(String.join(" ", command) + " waits", () -> blocked() == before + 1 && isSettled());
        return other;
    }

    private long blocked() {
        String info = client.call("INFO", "clients");
        int at = info.indexOf("blocked_clients:") + "blocked_clients:".length();
        return Long.parseLong(info.substring(at, info.indexOf('|', at)));
    }

    /** How many keys are waited for on all shards. */
    private int waiting() {
        return IntStream.range(0, shards).map(shard -> on(shard, part -> part.waiting().size())).sum();
    }

    /** Nothing is on its way. */
    private boolean isSettled() {
        return waiting() > 0 && IntStream.range(0, shards).allMatch(shard -> on(shard, part -> part.locks().isFree()));
    }

    private <R> R on(int shard, java.util.function.Function<StoreShard, R> call) {
        return store.servers().on(shard, _ -> call.apply(StoreFixture.parts(store.store()).part(shard))).join();
    }

    private void push(String... command) {
        assertThat(client.call(command)).startsWith(":");
    }

    @Test
    void whatIsThereIsTakenAtOnce() {
        push("RPUSH", "l", "a", "b", "c", "d", "e");
        assertThat(client.call("BLPOP", "none", "l", "other", "0")).isEqualTo("*2|$1|l|$1|a");
        assertThat(client.call("BRPOP", "l", "0")).isEqualTo("*2|$1|l|$1|e");
        assertThat(client.call("BLMPOP", "0", "2", "none", "l", "RIGHT", "COUNT", "2"))
                .isEqualTo("*2|$1|l|*2|$1|d|$1|c");
        assertThat(client.call("BLMOVE", "l", "m", "LEFT", "LEFT", "0")).isEqualTo("$1|b");
        assertThat(client.call("BRPOPLPUSH", "m", "l", "0")).isEqualTo("$1|b");
        push("ZADD", "z", "1", "a", "2.5", "b", "3", "c");
        assertThat(client.call("BZPOPMIN", "none", "z", "0")).isEqualTo("*3|$1|z|$1|a|$1|1");
        assertThat(client.call("BZPOPMAX", "z", "0")).isEqualTo("*3|$1|z|$1|c|$1|3");
        assertThat(client.call("BZMPOP", "0", "2", "none", "z", "MIN")).isEqualTo("*2|$1|z|*1|*2|$1|b|$3|2.5");
    }

    @Test
    void whoCameFirstIsServedFirst() {
        List<RespClient> waiting = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            waiting.add(blocked("BLPOP", "l", "0"));
        }
        push("RPUSH", "l", "0", "1", "2");
        push("RPUSH", "l", "3", "4", "5", "6");
        for (int i = 0; i < 6; i++) {
            assertThat(waiting.get(i).reply()).isEqualTo("*2|$1|l|$1|" + i);
        }
        assertThat(client.call("LRANGE", "l", "0", "-1")).isEqualTo("*1|$1|6");
    }

    @Test
    void anyOfSeveralKeysServes() {
        for (int i = 0; i < 6; i++) {
            RespClient other = blocked("BRPOP", "k0", "k1", "k2", "k3", "k4", "k5", "0");
            push("RPUSH", "k" + i, "a", "b");
            assertThat(other.reply()).isEqualTo("*2|$2|k" + i + "|$1|b");
            RespClient members = blocked("BZMPOP", "0", "6", "z0", "z1", "z2", "z3", "z4", "z5", "MAX", "COUNT", "2");
            push("ZADD", "z" + i, "1", "a", "2", "b", "3", "c");
            assertThat(members.reply()).isEqualTo("*2|$2|z" + i + "|*2|*2|$1|c|$1|3|*2|$1|b|$1|2");
            client.call("FLUSHALL");
        }
    }

    @Test
    void manyWhoWaitForKeysOfAllShardsEachGetOne() {
        List<RespClient> waiting = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            waiting.add(blocked("BLPOP", "k" + i % 6, "k" + (i + 1) % 6, "k" + (i + 2) % 6, "0"));
        }
        for (int i = 0; i < 72; i++) {
            push("RPUSH", "k" + i % 6, "e" + i);
        }
        TreeSet<String> got = new TreeSet<>();
        for (RespClient each : waiting) {
            String reply = each.reply();
            got.add(reply.substring(reply.lastIndexOf('|') + 1));
        }
        assertThat(got).hasSize(12);
        int left = IntStream.range(0, 6).map(i -> Integer.parseInt(client.call("LLEN", "k" + i).substring(1))).sum();
        assertThat(left).isEqualTo(60);
    }

    @Test
    void theTimeEnds() {
        assertThat(client.call("BLPOP", "l", "0.01")).isEqualTo("*-1");
        assertThat(client.call("BLPOP", "k0", "k1", "k2", "k3", "0.001")).isEqualTo("*-1");
        assertThat(client.call("BLMOVE", "l", "m", "LEFT", "LEFT", "0.01")).isEqualTo("*-1");
        assertThat(client.call("BZPOPMIN", "l", "0.00001")).isEqualTo("*-1");
        for (int i = 0; i < 6; i++) {
            assertThat(client.call("BRPOPLPUSH", "l", "k" + i, "0.001")).isEqualTo("*-1");
        }
        assertThat(client.call("PING")).isEqualTo("+PONG");
    }

    @Test
    void aKeyOfAnotherTypeServesNobody() {
        RespClient list = blocked("BLPOP", "l", "x", "0");
        RespClient set = blocked("BZPOPMIN", "l", "0");
        client.call("SET", "l", "x");
        client.call("DEL", "l");
        push("SADD", "l", "x");
        client.call("DEL", "l");
        push("ZADD", "l", "1", "m");
        assertThat(set.reply()).isEqualTo("*3|$1|l|$1|m|$1|1");
        assertThat(blocked()).isEqualTo(1);
        push("RPUSH", "l", "a");
        assertThat(list.reply()).isEqualTo("*2|$1|l|$1|a");
    }

    @Test
    void aKeyServesHoweverItCame() {
        push("RPUSH", "from", "a", "b");
        RespClient renamed = blocked("BLPOP", "l", "0");
        assertThat(client.call("RENAME", "from", "l")).isEqualTo("+OK");
        assertThat(renamed.reply()).isEqualTo("*2|$1|l|$1|a");
        RespClient copied = blocked("BLPOP", "copy", "0");
        assertThat(client.call("COPY", "l", "copy")).isEqualTo(":1");
        assertThat(copied.reply()).isEqualTo("*2|$4|copy|$1|b");
        RespClient moved = blocked("BLPOP", "moved", "0");
        assertThat(client.call("RPOPLPUSH", "l", "moved")).isEqualTo("$1|b");
        assertThat(moved.reply()).isEqualTo("*2|$5|moved|$1|b");
        RespClient inserted = blocked("BZPOPMAX", "z", "0");
        assertThat(client.call("ZINCRBY", "z", "5", "m")).isEqualTo("$1|5");
        assertThat(inserted.reply()).isEqualTo("*3|$1|z|$1|m|$1|5");
    }

    @Test
    void whatOneGetsMayServeAnother() {
        RespClient last = blocked("BLPOP", "k3", "0");
        RespClient third = blocked("BLMOVE", "k2", "k3", "LEFT", "RIGHT", "0");
        RespClient second = blocked("BRPOPLPUSH", "k1", "k2", "0");
        RespClient first = blocked("BLMOVE", "k0", "k1", "LEFT", "RIGHT", "0");
        push("RPUSH", "k0", "a");
        assertThat(first.reply()).isEqualTo("$1|a");
        assertThat(second.reply()).isEqualTo("$1|a");
        assertThat(third.reply()).isEqualTo("$1|a");
        assertThat(last.reply()).isEqualTo("*2|$2|k3|$1|a");
    }

    @Test
    void aCircleEnds() {
        RespClient there = blocked("BRPOPLPUSH", "k1", "k2", "0");
        RespClient back = blocked("BRPOPLPUSH", "k2", "k1", "0");
        push("RPUSH", "k1", "a");
        assertThat(there.reply()).isEqualTo("$1|a");
        assertThat(back.reply()).isEqualTo("$1|a");
        assertThat(client.call("LRANGE", "k1", "0", "-1")).isEqualTo("*1|$1|a");
        RespClient self = blocked("BLMOVE", "k5", "k5", "LEFT", "RIGHT", "0");
        push("RPUSH", "k5", "x", "y");
        assertThat(self.reply()).isEqualTo("$1|x");
        assertThat(client.call("LRANGE", "k5", "0", "-1")).isEqualTo("*2|$1|y|$1|x");
    }

    @Test
    void aTargetOfAnotherTypeIsAnErrorAndNothingIsLost() {
        for (int i = 0; i < 4; i++) {
            client.call("SET", "s" + i, "x");
            RespClient waiting = blocked("BLMOVE", "l", "s" + i, "LEFT", "LEFT", "0");
            RespClient behind = blocked("BLPOP", "l", "0");
            push("RPUSH", "l", "a");
            assertThat(waiting.reply()).isEqualTo(WRONG_TYPE);
            assertThat(behind.reply()).isEqualTo("*2|$1|l|$1|a");
        }
    }

    @Test
    void aClientIsUnblockedByAnother() {
        for (String[] command : List.of(new String[]{"BLPOP", "l", "0"},
                new String[]{"BLPOP", "k0", "k1", "k2", "k3", "0"},
                new String[]{"BLMOVE", "l", "k1", "LEFT", "LEFT", "0"})) {
            RespClient other = other();
            String id = other.call("CLIENT", "ID").substring(1);
            assertThat(client.call("CLIENT", "UNBLOCK", id)).isEqualTo(":0");
            for (String reason : List.of("", "TIMEOUT", "ERROR")) {
                other.send(command);
                await("it waits", () -> blocked() == 1);
                assertThat(client.call("CLIENT", "LIST", "ID", id)).contains(" flags=b ");
                assertThat(client.call(reason.isEmpty()
                        ? new String[]{"CLIENT", "UNBLOCK", id}
                        : new String[]{"CLIENT", "UNBLOCK", id, reason})).isEqualTo(":1");
                assertThat(other.reply()).isEqualTo(reason.equals("ERROR")
                        ? "-UNBLOCKED client unblocked via CLIENT UNBLOCK"
                        : "*-1");
            }
        }
        assertThat(client.call("CLIENT", "UNBLOCK", "x")).isEqualTo("-ERR value is not an integer or out of range");
    }

    @Test
    void whoUnblocksAnotherWithinAPipelineGetsItsOwnReplies() {
        for (String keys : List.of("l", "k0 k1 k2 k3")) {
            RespClient waiting = other();
            String id = waiting.call("CLIENT", "ID").substring(1);
            waiting.send(("BLPOP " + keys + " 0").split(" "));
            await("it waits", () -> blocked() == 1 && isSettled());
            // Nobody says which shard takes a connection: one of so many is on the shard of the one that waits.
            for (int i = 0; i < 1_000; i++) {
                RespClient asking = other();
                String own = asking.call("CLIENT", "ID").substring(1);
                if (Long.parseLong(own) % shards == Long.parseLong(id) % shards) {
                    asking.send("ECHO", "before").send("CLIENT", "UNBLOCK", id).send("ECHO", "behind");
                    assertThat(asking.reply()).isEqualTo("$6|before");
                    assertThat(asking.reply()).isEqualTo(":1");
                    assertThat(asking.reply()).isEqualTo("$6|behind");
                    assertThat(waiting.reply()).isEqualTo("*-1");
                    break;
                }
            }
            await("it waits no more", () -> blocked() == 0);
        }
    }

    @Test
    void nothingIsTakenForAClientThatIsGone() {
        for (int i = 0; i < 4; i++) {
            RespClient first = blocked("BLPOP", "k" + i, "0");
            RespClient second = blocked("BLMOVE", "k" + i, "l", "LEFT", "LEFT", "0");
            RespClient third = blocked("BLPOP", "k1", "k2", "k3", "k" + i, "k0", "0");
            first.close();
            second.close();
            third.close();
            await("they are gone", () -> blocked() == 0 && waiting() == 0);
            push("RPUSH", "k" + i, "a");
            assertThat(client.call("LRANGE", "k" + i, "0", "-1")).isEqualTo("*1|$1|a");
            client.call("FLUSHALL");
        }
    }

    @Test
    void whatIsOnItsWayToAClientThatGoesComesBack() {
        RespClient waiting = other();
        int home = Math.floorMod(Long.parseLong(waiting.call("CLIENT", "ID").substring(1)), shards);
        for (String key : IntStream.range(0, 6).mapToObj(i -> "k" + i).toList()) {
            waiting = other();
            long id = Long.parseLong(waiting.call("CLIENT", "ID").substring(1));
            home = Math.floorMod(id, shards);
            int owner = Slots.shardOf(Slots.of(RespClient.latin1(key)), shards);
            waiting.send("BLMPOP", "0", "1", key, "LEFT", "COUNT", "2");
            await("it waits", () -> blocked() == 1 && waiting() == 1);
            CountDownLatch held = new CountDownLatch(1);
            CountDownLatch pushed = new CountDownLatch(1);
            int at = home;
            if (owner != home) {
                Thread holder = Thread.ofVirtual().start(() -> on(at, part -> {
                    held.countDown();
                    Client gone = part.client(id);
                    awaits(pushed);
                    gone.kill();
                    return true;
                }));
                awaits(held);
                on(owner, part -> pushOn(part, key));
                pushed.countDown();
                joins(holder);
            } else {
                // It is served, and ends before that has come to it.
                on(owner, part -> {
                    pushOn(part, key);
                    part.client(id).kill();
                    return true;
                });
            }
            await("both elements are back",
                    () -> client.call("LRANGE", key, "0", "-1").equals("*3|$1|a|$1|b|$1|c"));
        }
    }

    private static void awaits(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void joins(Thread thread) {
        try {
            assertThat(thread.join(Duration.ofMinutes(1))).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean pushOn(StoreShard part, String key) {
        try (ByteStrings words = new ByteStrings()) {
            for (String word : List.of(key, "a", "b", "c")) {
                byte[] bytes = RespClient.latin1(word);
                ByteBuf block = Unpooled.directBuffer().writeBytes(bytes);
                words.add(Memory.address(block), bytes.length);
                block.release();
            }
            words.next();
            Lists list = part.lists();
            part.keyspace().leaveWrite();
            list.open(words.address(), words.length(),
                    part.keyspace().beginWrite(words.address(), words.length(), part.now()));
            while (words.next()) {
                list.push(false, words.address(), words.length());
            }
            part.keyspace().written();
            part.serveWaiting();
        }
        return true;
    }

    @Test
    void whatCameInOnePipelineWaitsBehind() {
        RespClient waiting = other();
        for (String keys : List.of("l", "k0 k1 k2 k3")) {
            List<String> words = new ArrayList<>(List.of("BLPOP"));
            words.addAll(List.of(keys.split(" ")));
            words.add("0");
            waiting.send("SET", "before", "1").send(words.toArray(String[]::new)).send("INCR", "before").send("PING");
            assertThat(waiting.reply()).isEqualTo("+OK");
            await("it waits", () -> blocked() == 1 && waiting() > 0);
            assertThat(client.call("GET", "before")).isEqualTo("$1|1");
            String key = keys.substring(0, keys.length() == 1 ? 1 : 2);
            push("RPUSH", key, "a");
            assertThat(waiting.reply()).isEqualTo("*2|$" + key.length() + "|" + key + "|$1|a");
            assertThat(waiting.reply()).isEqualTo(":2");
            assertThat(waiting.reply()).isEqualTo("+PONG");
        }
    }

    @Test
    void aPushIsTakenBeforeWhatFollowsIt() {
        RespClient waiting = blocked("BLPOP", "l", "0");
        RespClient pushing = other();
        pushing.send("RPUSH", "l", "a").send("LPOP", "l").send("LLEN", "l");
        assertThat(pushing.reply()).isEqualTo(":1");
        assertThat(pushing.reply()).isEqualTo("$-1");
        assertThat(pushing.reply()).isEqualTo(":0");
        assertThat(waiting.reply()).isEqualTo("*2|$1|l|$1|a");
    }

    @Test
    void aTransactionIsOneStepForWhoWaits() {
        for (String key : List.of("l", "k1", "k2", "k3")) {
            RespClient waiting = blocked("BLPOP", key, "0");
            RespClient several = blocked("BLPOP", "none", "k5", key, "k4", "0");
            for (String[] command : List.of(new String[]{"RPUSH", key, "a"}, new String[]{"DEL", key},
                    new String[]{"SET", key, "x"}, new String[]{"DEL", key})) {
                assertThat(client.call("MULTI")).isEqualTo("+OK");
                client.call("SET", "other", "1");
                client.call(command);
                client.call("RPUSH", "elsewhere", "1");
                client.call("DEL", key);
                assertThat(client.call("EXEC")).startsWith("*4|");
            }
            assertThat(blocked()).isEqualTo(2);
            client.call("MULTI");
            client.call("LPUSH", key, "a");
            client.call("LPUSH", key, "b");
            client.call("LPUSH", "k0", "x");
            client.call("LPUSH", key, "c");
            assertThat(client.call("EXEC")).startsWith("*4|:1|:2|");
            assertThat(waiting.reply()).isEqualTo("*2|$" + key.length() + "|" + key + "|$1|c");
            assertThat(several.reply()).isEqualTo("*2|$" + key.length() + "|" + key + "|$1|b");
            assertThat(client.call("LRANGE", key, "0", "-1")).isEqualTo("*1|$1|a");
            client.call("FLUSHALL");
        }
    }

    @Test
    void withinATransactionNobodyWaits() {
        for (String key : List.of("l", "k1", "k2", "k3")) {
            client.call("MULTI");
            client.call("BLPOP", key, "0");
            client.call("BLPOP", "k0", "k1", "k2", key, "0");
            client.call("BLMOVE", key, "k4", "LEFT", "RIGHT", "0");
            client.call("BZMPOP", "0", "1", key, "MIN");
            client.call("PING");
            assertThat(client.call("EXEC")).isEqualTo("*5|*-1|*-1|$-1|*-1|+PONG");
        }
    }

    @Test
    void aServerThatStopsEndsThem() {
        try (StoreFixture.Server server = store.serve(StoreFixture.config())) {
            List<RespClient> waiting = new ArrayList<>();
            for (String keys : List.of("l", "k1", "k2", "k0 k1 k2 k3")) {
                RespClient each = server.connect();
                others.add(each);
                List<String> words = new ArrayList<>(List.of("BLPOP"));
                words.addAll(List.of(keys.split(" ")));
                words.add("0");
                each.send(words.toArray(String[]::new));
                waiting.add(each);
            }
            await("they wait", () -> blocked() == 4 && waiting() >= 4);
            Thread stop = Thread.ofVirtual().start(server::close);
            for (RespClient each : waiting) {
                assertThat(each.rest()).isEqualTo("-UNBLOCKED the server is stopping");
                each.close();
            }
            joins(stop);
        }
    }

    @Test
    void whatIsWaitedForHasABound() {
        String[] words = new String[1_102];
        words[0] = "BLPOP";
        for (int i = 1; i <= 1_100; i++) {
            words[i] = "k" + i;
        }
        words[1_101] = "0";
        assertThat(client.call(words)).startsWith(
                "-ERR a command that waits may have at most 1024 keys and 1 MiB of arguments; it has 1100 keys and ");
        assertThat(client.call("BLPOP", "x".repeat(2 << 20), "0")).startsWith("-ERR a command that waits");
        push("RPUSH", "k7", "a");
        assertThat(client.call(words)).isEqualTo("*2|$2|k7|$1|a");
    }

    @Test
    void manyClientsOnOneListAndThenGone() {
        List<RespClient> waiting = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            RespClient each = other();
            each.send("BLPOP", "l", "0");
            waiting.add(each);
        }
        await("all wait", () -> blocked() == 200);
        await("at their key", () -> waiters("l") == 200);
        for (int i = 0; i < 200; i += 2) {
            waiting.get(i).close();
        }
        await("half is gone", () -> blocked() == 100 && waiters("l") == 100);
        List<String> push = new ArrayList<>(List.of("RPUSH", "l"));
        IntStream.range(0, 101).forEach(i -> push.add("e" + i));
        push(push.toArray(String[]::new));
        TreeSet<String> got = new TreeSet<>();
        for (int i = 1; i < 200; i += 2) {
            got.add(waiting.get(i).reply());
        }
        assertThat(got).hasSize(100);
        assertThat(client.call("LLEN", "l")).isEqualTo(":1");
    }

    private int waiters(String key) {
        return on(Slots.shardOf(Slots.of(RespClient.latin1(key)), shards), part -> part.waiting().places());
    }
}
