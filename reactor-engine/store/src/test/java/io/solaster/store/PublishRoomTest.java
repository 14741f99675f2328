package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.IntStream;

import io.solaster.store.script.NeedsLua;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What publishes more in one step than the shard of a subscriber takes waits amid the step, and does not fill memory. */
class PublishRoomTest {
    private static final int MESSAGES = 200;
    private static final String MESSAGE = "x".repeat(64 << 10);
    private static StoreFixture fixture;

    private final List<RespClient> clients = new ArrayList<>();
    private final CountDownLatch busy = new CountDownLatch(1);
    private RespClient client;
    private String channel;

    @BeforeAll
    static void start() {
        fixture = StoreFixture.narrow(2);
    }

    @AfterAll
    static void stop() {
        fixture.engine().close();
    }

    @BeforeEach
    void connect() {
        channel = IntStream.range(0, 100).mapToObj(i -> "news" + i).filter(name -> fixture.engine().shardOf(name) == 0)
                .findFirst().orElseThrow();
        client = on(0);
    }

    @AfterEach
    void close() {
        busy.countDown();
        clients.forEach(RespClient::close);
    }

    /** A client of a shard, which the system chooses. */
    private RespClient on(int shard) {
        for (int i = 0; i < 500; i++) {
            RespClient made = fixture.connect();
            clients.add(made);
            if (Long.parseLong(made.call("CLIENT", "ID").substring(1)) % 2 == shard) {
                return made;
            }
        }
        throw new AssertionError("no connection of 500 came to shard " + shard);
    }

    private static <T> T ask(Function<StoreShard, T> question) {
        return fixture.servers().on(0, _ -> question.apply(StoreFixture.parts(fixture.store()).part(0))).join();
    }

    /** The shard of whoever has subscribed does nothing, until that is {@link #busy} no more. */
    private void letSubscribersWait(String command, String name) {
        on(1).call(command, name);
        fixture.engine().shard(1).execute(() -> {
            try {
                busy.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** So that whoever does not wait has had many turns. */
    private static void manyTurns() {
        StoreFixture.await("the lane is full", () -> ask(part -> part.subscriptions().isHeldUp()));
        for (int i = 0; i < 500; i++) {
            ask(_ -> true);
        }
    }

    @Test
    @NeedsLua
    void aScriptWaitsForRoom() {
        letSubscribersWait("SUBSCRIBE", channel);
        long before = ask(part -> part.subscriptions().published());
        client.send("EVAL", "for i = 1, " + MESSAGES + " do redis.call('PUBLISH', KEYS[1], ARGV[1]) end return 'all'",
                "1", channel, MESSAGE);
        manyTurns();
        assertThat(ask(part -> part.subscriptions().published()) - before).isLessThan(MESSAGES);
        busy.countDown();
        assertThat(client.reply()).isEqualTo("$3|all");
        assertThat(ask(part -> part.subscriptions().published()) - before).isEqualTo(MESSAGES);
    }

    @Test
    @NeedsLua
    void aScriptThatCannotWaitFailsByName() {
        letSubscribersWait("SUBSCRIBE", channel);
        assertThat(client.call("EVAL", "for _ in function() for i = 1, " + MESSAGES
                + " do redis.call('PUBLISH', KEYS[1], ARGV[1]) end end do end", "1", channel, MESSAGE))
                .startsWith("-ERR too many messages wait for subscribers, and 'publish' cannot wait for them here: ");
    }

    @Test
    void execWaitsForRoom() {
        letSubscribersWait("SUBSCRIBE", channel);
        long before = ask(part -> part.subscriptions().published());
        client.call("MULTI");
        for (int i = 0; i < MESSAGES; i++) {
            client.call("PUBLISH", channel, MESSAGE);
        }
        client.send("EXEC");
        manyTurns();
        assertThat(ask(part -> part.subscriptions().published()) - before).isLessThan(MESSAGES);
        busy.countDown();
        assertThat(client.reply()).isEqualTo("*" + MESSAGES + "|:1".repeat(MESSAGES));
    }

    @Test
    @NeedsLua
    void aScriptWhoseWritesAreToldWaitsForRoom() {
        client.call("CONFIG", "SET", "notify-keyspace-events", "KA");
        try {
            String key = channel + "x".repeat(1000);
            String here = fixture.engine().shardOf(key) == 0 ? key : "{" + channel + "}" + key;
            letSubscribersWait("PSUBSCRIBE", "__keyspace@*");
            client.send("EVAL", "for i = 1, 20000 do redis.call('INCR', KEYS[1]) end return 'all'", "1", here);
            StoreFixture.await("the lane is full", () -> ask(part -> part.subscriptions().isHeldUp()));
            busy.countDown();
            assertThat(client.reply()).isEqualTo("$3|all");
        } finally {
            busy.countDown();
            client.call("CONFIG", "SET", "notify-keyspace-events", "");
        }
    }
}
