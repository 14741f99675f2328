package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StoreExpiryTest extends ClientTest {
    @Test
    void aKeyIsGoneOnceItsTimeHasCome() {
        client.call("SET", "a", "1", "EX", "100");
        client.call("SET", "b", "1", "PX", "300000");
        assertThat(client.call("TTL", "a")).isEqualTo(":100");
        store.advance(Duration.ofSeconds(60));
        assertThat(client.call("TTL", "a")).isEqualTo(":40");
        assertThat(client.call("GET", "a")).isEqualTo("$1|1");
        store.advance(Duration.ofSeconds(41));
        assertThat(client.call("GET", "a")).isEqualTo("$-1");
        assertThat(client.call("EXISTS", "a", "b")).isEqualTo(":1");
        assertThat(client.call("TTL", "a")).isEqualTo(":-2");
        assertThat(client.call("TTL", "b")).isEqualTo(":199");
    }

    @Test
    void writesTakeADueKeyAsAbsent() {
        for (String name : new String[]{"a", "b", "c", "d", "e", "f"}) {
            client.call("SET", name, "7", "EX", "10");
        }
        store.advance(Duration.ofSeconds(11));
        assertThat(client.call("INCR", "a")).isEqualTo(":1");
        assertThat(client.call("TTL", "a")).isEqualTo(":-1");
        assertThat(client.call("APPEND", "b", "x")).isEqualTo(":1");
        assertThat(client.call("SET", "c", "1", "XX")).isEqualTo("$-1");
        assertThat(client.call("SETNX", "c", "1")).isEqualTo(":1");
        assertThat(client.call("DEL", "d")).isEqualTo(":0");
        assertThat(client.call("PERSIST", "e")).isEqualTo(":0");
        assertThat(client.call("EXPIRE", "f", "10")).isEqualTo(":0");
    }

    @Test
    void keysThatNobodyAsksForAreRemovedToo() {
        for (int i = 0; i < 500; i++) {
            client.send("SET", "k" + i, "v", "EX", i < 300 ? "10" : "1000");
        }
        for (int i = 0; i < 500; i++) {
            client.reply();
        }
        client.call("CONFIG", "RESETSTAT");
        store.advance(Duration.ofSeconds(11));
        StoreFixture.await("due keys are removed", () -> client.call("DBSIZE").equals(":200"));
        assertThat(client.call("INFO", "stats")).contains("|expired_keys:300|");
        assertThat(client.call("INFO", "keyspace")).contains("keys=200,expires=200");
    }

    @Test
    void expiriesSurviveChangesOfTheValue() {
        client.call("SET", "a", "99", "EX", "100");
        client.call("INCR", "a");
        client.call("APPEND", "a", "x".repeat(1000));
        client.call("SETRANGE", "a", "0", "y");
        client.call("SET", "a", "z", "KEEPTTL");
        assertThat(client.call("TTL", "a")).isEqualTo(":100");
        client.call("SET", "a", "z");
        assertThat(client.call("TTL", "a")).isEqualTo(":-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"expireDue", "release", "defragment", "expiring"})
    void keysExpireStillWhereTheirUpkeepHasFailed(String failing) {
        Logger logger = (Logger) LoggerFactory.getLogger(StoreShard.class);
        logger.setLevel(Level.OFF);
        AtomicInteger failures = new AtomicInteger(5 * shards);
        AtomicLong ahead = new AtomicLong();
        Store frail = Store.on(store.engine(), () -> System.currentTimeMillis() + ahead.get(),
                () -> failing(Keyspace.create(new SplittableRandom(1)), failing, failures));
        try {
            for (int i = 0; i < 20; i++) {
                frail.strings().set("k" + i, new byte[1], Duration.ofSeconds(10)).join();
            }
            StoreFixture.await("the upkeep fails", () -> failures.get() <= 0);
            ahead.addAndGet(11_000);
            StoreFixture.await("due keys are removed", () -> frail.size() == 0);
        } finally {
            logger.setLevel(null);
        }
    }

    /** A keyspace that runs out of memory whenever a method is called, so many times. */
    private static Keyspace failing(Keyspace keys, String failing, AtomicInteger failures) {
        return (Keyspace) Proxy.newProxyInstance(Keyspace.class.getClassLoader(), new Class<?>[]{Keyspace.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals(failing) && failures.getAndDecrement() > 0) {
                        throw new OutOfMemoryError("for the test");
                    }
                    return method.invoke(keys, arguments);
                });
    }

    @Test
    void fieldsOfAHashThatIsRenamedExpireThoughTheirKeyWasPassed() {
        AtomicLong ahead = new AtomicLong();
        AtomicBoolean passed = new AtomicBoolean(true);
        AtomicInteger rounds = new AtomicInteger();
        Store frail = Store.on(store.engine(), () -> System.currentTimeMillis() + ahead.get(), () -> passed(
                Keyspace.create(SystemMemory.SYSTEM, new SplittableRandom(1), StoreTypes.all()), passed, rounds));
        ServerConfig config = StoreFixture.config();
        try (TcpServer tcp = TcpServer.bind(store.engine(), "passed", config, new RespProtocol(frail, config));
                RespClient direct = new RespClient(tcp.port())) {
            direct.call("HSET", "{h}", "f", "v");
            assertThat(direct.call("HEXPIRE", "{h}", "1000", "FIELDS", "1", "f")).isEqualTo("*1|:1");
            // The first one still knows of the field.
            StoreFixture.await("it is not looked for any more", () -> rounds.get() == 2);
            passed.set(false);
            assertThat(direct.call("RENAME", "{h}", "{h}2")).isEqualTo("+OK");
            ahead.addAndGet(1_001_000);
            StoreFixture.await("the field is removed, and its key", () -> frail.size() == 0);
        }
    }

    /** A keyspace whose scans lie behind all keys, as long as that is so. */
    private static Keyspace passed(Keyspace keys, AtomicBoolean passed, AtomicInteger rounds) {
        return (Keyspace) Proxy.newProxyInstance(Keyspace.class.getClassLoader(), new Class<?>[]{Keyspace.class},
                (proxy, method, arguments) -> {
                    if (passed.get() && method.getName().equals("scan")) {
                        rounds.incrementAndGet();
                        return 0L;
                    }
                    return method.invoke(keys, arguments);
                });
    }

    /** As a machine does that was suspended. */
    @Test
    void aClockThatLeapsMakesNoLongTurn() {
        AtomicLong clock = new AtomicLong(1_700_000_000_000L);
        AtomicLong most = new AtomicLong();
        AtomicLong sum = new AtomicLong();
        Store leaping = Store.on(store.engine(), clock::get,
                () -> told(Keyspace.create(new SplittableRandom(1)), "age", arguments -> {
                    most.accumulateAndGet((long) arguments[1], Math::max);
                    sum.addAndGet((long) arguments[1]);
                }));
        assertThat(leaping.size()).as("it is there").isZero();
        clock.addAndGet(Duration.ofDays(365).toMillis());
        StoreFixture.await("keys age", () -> sum.get() >= 5_000L * shards);
        assertThat(most.get()).isEqualTo(1_000);
        clock.addAndGet(-Duration.ofDays(700).toMillis());
        // Where the clock leaps back nothing is to be made up for; then it goes on.
        long before = sum.get();
        StoreFixture.await("keys age still", () -> {
            clock.addAndGet(200);
            return sum.get() > before + 10_000;
        });
        assertThat(most.get()).isEqualTo(1_000);
    }

    /** A keyspace that tells of the calls of a method. */
    private static Keyspace told(Keyspace keys, String name, Consumer<Object[]> call) {
        return (Keyspace) Proxy.newProxyInstance(Keyspace.class.getClassLoader(), new Class<?>[]{Keyspace.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals(name)) {
                        call.accept(arguments);
                    }
                    return method.invoke(keys, arguments);
                });
    }

    @Test
    void theMemoryOfFlushedKeysIsGivenBackInLaterTurns() {
        String value = "x".repeat(10_000);
        for (int i = 0; i < 3000; i++) {
            client.send("SET", "k" + i, value);
        }
        client.send("SET", "long", "x".repeat(5 << 20));
        for (int i = 0; i <= 3000; i++) {
            client.reply();
        }
        assertThat(store.store().usedMemory()).isGreaterThan(30 << 20);
        assertThat(client.call("FLUSHALL", "ASYNC")).isEqualTo("+OK");
        assertThat(client.call("FLUSHALL", "SYNC")).isEqualTo("+OK");
        assertThat(client.call("DBSIZE")).isEqualTo(":0");
        StoreFixture.await("the memory is given back", () -> store.store().usedMemory() < 1 << 20);
    }
}
