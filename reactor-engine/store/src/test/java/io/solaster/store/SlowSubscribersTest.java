package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.config.server.SubscriberConfig.Policy;
import io.solaster.config.value.ByteSize;
import io.solaster.store.script.NeedsLua;
import io.solaster.streams.subscribe.SubscriptionStats;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One subscriber that hardly reads beside 99 that do, by each policy. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class SlowSubscribersTest {
    private static final int GOOD = 99;
    private static final long QUEUE = 64 << 10;
    private static final String TEXT = "x".repeat(2_000);
    private static final int MOST = 3_000;

    @Parameter
    int shards;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<RespClient> good = new ArrayList<>();
    private StoreFixture fixture;
    private RespClient publisher;
    private Socket slow;

    @BeforeEach
    void shared() {
        fixture = StoreFixture.of(shards);
    }

    private void start(Policy policy, Duration waitFor) throws IOException {
        SubscriberConfig limits = SubscriberConfig.defaults().withPolicy(policy, new ByteSize(QUEUE), 1_000, waitFor);
        ByteSize asItIs = new ByteSize(0);
        SocketConfig small = new SocketConfig(true, true, Duration.ZERO, Duration.ZERO, 0, Duration.ZERO, 0,
                new ByteSize(16 << 10), asItIs, asItIs, asItIs, asItIs, false);
        ServerConfig config = StoreFixture.config().withLimits(LimitsConfig.defaults().withSubscribers(limits))
                .withSocket(small);
        StoreFixture.Server server = fixture.serve(config);
        open.add(server);
        publisher = server.connect();
        open.add(publisher);
        slow = new Socket();
        open.add(slow);
        slow.setReceiveBufferSize(4 << 10);
        slow.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.tcp().port()));
        slow.getOutputStream().write(RespClient.encode("SUBSCRIBE", "much"));
        for (int i = 0; i < GOOD; i++) {
            RespClient each = server.connect();
            open.add(each);
            good.add(each);
            assertThat(each.call("SUBSCRIBE", "much")).contains("subscribe");
        }
        StoreFixture.await("all have subscribed", () -> publisher.call("PUBSUB", "NUMSUB", "much")
                .endsWith(":" + (GOOD + 1)));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        StoreFixture.await("nothing is kept for who is gone",
                () -> total(stats -> stats.queuedBytes.get() + stats.queuedMessages.get()) == 0);
    }

    private long total(ToLongFunction<SubscriptionStats> of) {
        long sum = 0;
        for (int i = 0; i < shards; i++) {
            sum += of.applyAsLong(StoreFixture.parts(fixture.store()).part(i).subscriptions().stats());
        }
        return sum;
    }

    private static String message(String text) {
        return "*3|$7|message|$4|much|$" + text.length() + "|" + text;
    }

    /** Publishes a message, which all the others get at once. */
    private void publish(String text) {
        assertThat(publisher.call("PUBLISH", "much", text)).isEqualTo(":" + (GOOD + 1));
        for (RespClient each : good) {
            assertThat(each.reply()).isEqualTo(message(text));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DROP_OLDEST", "DROP_NEWEST", "CONFLATE"})
    void messagesToItAreDroppedAndTheOthersGetAll(Policy policy) throws Exception {
        start(policy, Duration.ofSeconds(1));
        ToLongFunction<SubscriptionStats> dropped = stats -> switch (policy) {
            case DROP_OLDEST -> stats.droppedOldest.get();
            case DROP_NEWEST -> stats.droppedNewest.get();
            default -> stats.conflated.get();
        };
        long before = total(dropped);
        InputStream in = slow.getInputStream();
        StringBuilder read = new StringBuilder();
        int sent = 0;
        for (; total(dropped) - before < 50; sent++) {
            assertThat(sent).as("messages before any is dropped").isLessThan(MOST);
            publish(sent + TEXT);
            assertThat(total(stats -> stats.queuedBytes.get())).isLessThanOrEqualTo(QUEUE);
            if (sent % 10 == 0) {
                read.append((char) in.read());
            }
        }
        assertThat(total(stats -> stats.queuedMessages.get())).isLessThanOrEqualTo(
                policy == Policy.CONFLATE ? 1 : QUEUE / TEXT.length());
        long missed = total(dropped) - before;
        // It reads on: all that waits comes, and what is published then.
        String end = "|" + (policy == Policy.DROP_NEWEST ? "" : sent - 1 + TEXT + "\r\n");
        publishWhenRead(in, read, "end");
        assertThat(read.toString().replace("\r\n", "|")).contains(end.replace("\r\n", "|"));
        int got = read.toString().split("\\$7\r\nmessage\r\n", -1).length - 1;
        assertThat(got).isEqualTo(sent + 1 - missed);
    }

    /** Reads until nothing waits, then until the text that is published then. */
    private void publishWhenRead(InputStream in, StringBuilder read, String last) throws IOException {
        byte[] some = new byte[1 << 14];
        while (total(stats -> stats.queuedMessages.get()) > 0) {
            read.append(new String(some, 0, in.read(some), StandardCharsets.US_ASCII));
        }
        publish(last);
        while (read.indexOf("\r\n" + last + "\r\n") < 0) {
            read.append(new String(some, 0, in.read(some), StandardCharsets.US_ASCII));
        }
    }

    @Test
    @NeedsLua
    void whoPublishesWaitsForItAndIsRefusedByName() throws Exception {
        start(Policy.WAIT, Duration.ofMillis(50));
        String refused = "-NOROOM publish to 'much' refused: a subscriber whose policy is 'wait' has";
        int sent = 0;
        long before = total(stats -> stats.refused.get());
        while (true) {
            assertThat(sent).as("messages before one is refused").isLessThan(MOST);
            String text = sent + TEXT;
            String answer = publisher.call("PUBLISH", "much", text);
            if (answer.startsWith("-")) {
                assertThat(answer).startsWith(refused + " had no room for 50 ms; publish later");
                break;
            }
            sent++;
            good.forEach(each -> assertThat(each.reply()).isEqualTo(message(text)));
        }
        assertThat(total(stats -> stats.refused.get()) - before).isEqualTo(1);
        assertThat(total(stats -> stats.queuedBytes.get())).isBetween(QUEUE, 2 * QUEUE);
        assertThat(total(stats -> stats.waiting.get())).isZero();
        // Nobody else waits, and what cannot wait is refused.
        assertThat(publisher.call("PUBLISH", "other", "x")).isEqualTo(":0");
        publisher.call("MULTI");
        publisher.call("PUBLISH", "much", "x");
        assertThat(publisher.call("EXEC")).startsWith("*1|" + refused + " no room, and nothing waits");
        assertThat(publisher.call("EVAL", "return redis.pcall('PUBLISH', KEYS[1], 'x')", "1", "much"))
                .startsWith(refused + " no room, and nothing waits");
        // It reads on, and gets all that was not refused.
        StringBuilder read = new StringBuilder();
        publishWhenRead(slow.getInputStream(), read, "end");
        assertThat(read.toString().split("\\$7\r\nmessage\r\n", -1)).hasSize(sent + 2);
    }

    @Test
    void aPublishThatWaitsGoesOnOnceThereIsRoom() throws Exception {
        start(Policy.WAIT, Duration.ofMinutes(5));
        int sent = 0;
        while (total(stats -> stats.queuedBytes.get()) < QUEUE) {
            publish(sent++ + TEXT);
        }
        long before = total(stats -> stats.waited.get());
        publisher.send("PUBLISH", "much", "waited").send("PUBLISH", "much", "behind");
        StoreFixture.await("it waits", () -> total(stats -> stats.waiting.get()) == 1);
        InputStream in = slow.getInputStream();
        byte[] some = new byte[1 << 14];
        StringBuilder read = new StringBuilder();
        while (read.indexOf("\r\nbehind\r\n") < 0) {
            read.append(new String(some, 0, in.read(some), StandardCharsets.US_ASCII));
        }
        assertThat(publisher.reply()).isEqualTo(":" + (GOOD + 1));
        assertThat(publisher.reply()).isEqualTo(":" + (GOOD + 1));
        assertThat(read.indexOf("\r\nwaited\r\n")).isPositive().isLessThan(read.indexOf("\r\nbehind\r\n"));
        assertThat(total(stats -> stats.waited.get()) - before).isPositive();
    }

    @Test
    void whoWaitsIsLetGoWhenTheSlowOneIsGone() throws Exception {
        start(Policy.WAIT, Duration.ofMinutes(5));
        int sent = 0;
        while (total(stats -> stats.queuedBytes.get()) < QUEUE) {
            publish(sent++ + TEXT);
        }
        publisher.send("PUBLISH", "much", "waited");
        StoreFixture.await("it waits", () -> total(stats -> stats.waiting.get()) == 1);
        slow.close();
        assertThat(publisher.reply()).isIn(":" + GOOD, ":" + (GOOD + 1));
    }

    @Test
    void whatAPublisherThatIsGoneWaitedWithEndsInTime() throws Exception {
        start(Policy.WAIT, Duration.ofSeconds(5));
        int sent = 0;
        while (total(stats -> stats.queuedBytes.get()) < QUEUE) {
            publish(sent++ + TEXT);
        }
        publisher.send("PUBLISH", "much", "waited");
        StoreFixture.await("it waits", () -> total(stats -> stats.waiting.get()) == 1);
        publisher.close();
        StoreFixture.await("it waits no more", () -> total(stats -> stats.waiting.get()) == 0);
    }

    @Test
    void aStoreThatStopsAmidAllThatEndsIt() throws Exception {
        fixture = StoreFixture.alone(shards);
        start(Policy.WAIT, Duration.ofSeconds(2));
        int sent = 0;
        while (total(stats -> stats.queuedBytes.get()) < QUEUE) {
            publish(sent++ + TEXT);
        }
        publisher.send("PUBLISH", "much", "waited");
        StoreFixture.await("it waits", () -> total(stats -> stats.waiting.get()) == 1);
        slow.close();
        fixture.engine().close();
        assertThat(total(stats -> stats.waiting.get())).isZero();
        assertThat(publisher.rest()).doesNotContain("still open");
    }

    @Test
    void aStormOfSubscriptionsUnderPublishesThatWaitLosesNothing() throws Exception {
        start(Policy.WAIT, Duration.ofMinutes(5));
        int sent = 0;
        while (total(stats -> stats.queuedBytes.get()) < QUEUE) {
            publish(sent++ + TEXT);
        }
        publisher.send("PUBLISH", "much", "waited");
        StoreFixture.await("it waits", () -> total(stats -> stats.waiting.get()) == 1);
        RespClient storm = good.getFirst();
        for (int i = 0; i < 300; i++) {
            storm.send("SUBSCRIBE", "a" + i, "b" + i).send("UNSUBSCRIBE", "a" + i).send("PSUBSCRIBE", "much*")
                    .send("PUNSUBSCRIBE", "much*").send("UNSUBSCRIBE", "b" + i);
            for (int reply = 0; reply < 6; reply++) {
                assertThat(storm.reply()).contains("subscribe");
            }
        }
        slow.close();
        assertThat(publisher.reply()).isIn(":" + GOOD, ":" + (GOOD + 1));
        good.forEach(each -> assertThat(each.reply()).isEqualTo(message("waited")));
    }
}
