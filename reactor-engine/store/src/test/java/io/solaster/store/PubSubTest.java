package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.store.server.ClientConnection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Channels, patterns, and who gets what is published. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class PubSubTest {
    @Parameter
    int shards;

    private StoreFixture store() {
        return StoreFixture.of(shards);
    }

    private RespClient connect() {
        return store().connect();
    }

    @BeforeEach
    void nobodyHasSubscribed() {
        try (RespClient client = connect()) {
            StoreFixture.await("those who have left are forgotten",
                    () -> client.call("PUBSUB", "CHANNELS").equals("*0")
                            && client.call("PUBSUB", "SHARDCHANNELS").equals("*0")
                            && client.call("PUBSUB", "NUMPAT").equals(":0"));
        }
    }

    private static String message(String channel, String text) {
        return "*3|$7|message|$" + channel.length() + "|" + channel + "|$" + text.length() + "|" + text;
    }

    private static void subscribe(RespClient client, String... names) {
        String[] command = new String[names.length + 1];
        command[0] = "SUBSCRIBE";
        System.arraycopy(names, 0, command, 1, names.length);
        client.send(command);
        for (String ignored : names) {
            assertThat(client.reply()).contains("subscribe");
        }
    }

    @Test
    void everySubscriberOfAChannelGetsWhatIsPublished() {
        List<RespClient> subscribers = new ArrayList<>();
        try (RespClient publisher = connect()) {
            for (int i = 0; i < 20; i++) {
                RespClient subscriber = connect();
                subscribers.add(subscriber);
                subscribe(subscriber, "news", "other" + i);
            }
            for (int i = 0; i < 50; i++) {
                assertThat(publisher.call("PUBLISH", "news", "m" + i)).isEqualTo(":20");
            }
            assertThat(publisher.call("PUBLISH", "other7", "x")).isEqualTo(":1");
            for (RespClient subscriber : subscribers) {
                for (int i = 0; i < 50; i++) {
                    assertThat(subscriber.reply()).isEqualTo(message("news", "m" + i));
                }
            }
            assertThat(subscribers.get(7).reply()).isEqualTo(message("other7", "x"));
            assertThat(subscribers.get(3).call("PING", "still")).isEqualTo("*2|$4|pong|$5|still");
        } finally {
            subscribers.forEach(RespClient::close);
        }
    }

    @Test
    void messagesOfAllSizesComeWholeAndInOrderToWhoGetsSomeOrAllOfThem() {
        Random random = new Random(shards);
        try (RespClient publisher = connect();
                RespClient one = connect();
                RespClient both = connect();
                RespClient resp3 = connect();
                RespClient pattern = connect()) {
            resp3.call("HELLO", "3");
            resp3.send("SUBSCRIBE", "{n}b").reply();
            subscribe(one, "{n}a");
            subscribe(both, "{n}a", "{n}b");
            pattern.call("PSUBSCRIBE", "{n}*");
            int[] sizes = {0, 1, 128, 690, 700, 710, 1_020, 1_030, 5_000, 16_384, 20_000};
            for (int round = 0; round < 40; round++) {
                List<String> channels = new ArrayList<>();
                List<String> texts = new ArrayList<>();
                java.io.ByteArrayOutputStream batch = new java.io.ByteArrayOutputStream();
                for (int i = 0; i < 50; i++) {
                    String channel = random.nextInt(3) == 0 ? "{n}b" : "{n}a";
                    int size = random.nextInt(4) == 0 ? sizes[random.nextInt(sizes.length)] : random.nextInt(200);
                    String text = Character.toString('a' + i % 26).repeat(size);
                    channels.add(channel);
                    texts.add(text);
                    batch.writeBytes(RespClient.encode("PUBLISH", channel, text));
                }
                publisher.send(batch.toByteArray());
                for (int i = 0; i < channels.size(); i++) {
                    String channel = channels.get(i);
                    String message = message(channel, texts.get(i));
                    assertThat(both.reply()).isEqualTo(message);
                    assertThat(pattern.reply())
                            .isEqualTo("*4|$8|pmessage|$4|{n}*|" + message.substring(message.indexOf("$4|")));
                    assertThat((channel.equals("{n}a") ? one : resp3).reply().substring(1))
                            .isEqualTo(message.substring(1));
                    assertThat(publisher.reply()).isEqualTo(":3");
                }
            }
        }
    }

    @Test
    void patternsAndShardChannelsHaveMessagesOfTheirOwn() {
        try (RespClient subscriber = connect(); RespClient publisher = connect()) {
            assertThat(subscriber.call("PSUBSCRIBE", "n[a-e]ws.*")).isEqualTo("*3|$10|psubscribe|$10|n[a-e]ws.*|:1");
            assertThat(subscriber.call("SSUBSCRIBE", "news.a")).isEqualTo("*3|$10|ssubscribe|$6|news.a|:1");
            assertThat(subscriber.call("SUBSCRIBE", "news.a")).isEqualTo("*3|$9|subscribe|$6|news.a|:2");
            assertThat(publisher.call("PUBLISH", "news.a", "x")).isEqualTo(":2");
            assertThat(publisher.call("SPUBLISH", "news.a", "y")).isEqualTo(":1");
            assertThat(publisher.call("PUBLISH", "news.b", "")).isEqualTo(":1");
            assertThat(List.of(subscriber.reply(), subscriber.reply())).containsExactly(message("news.a", "x"),
                    "*4|$8|pmessage|$10|n[a-e]ws.*|$6|news.a|$1|x");
            assertThat(subscriber.reply()).isEqualTo("*3|$8|smessage|$6|news.a|$1|y");
            assertThat(subscriber.reply()).isEqualTo("*4|$8|pmessage|$10|n[a-e]ws.*|$6|news.b|$0|");
            assertThat(publisher.call("PUBSUB", "NUMSUB", "news.a", "news.b"))
                    .isEqualTo("*4|$6|news.a|:1|$6|news.b|:0");
            assertThat(publisher.call("PUBSUB", "SHARDNUMSUB", "news.a", "b")).isEqualTo("*4|$6|news.a|:1|$1|b|:0");
            assertThat(publisher.call("PUBSUB", "CHANNELS", "news*")).isEqualTo("*1|$6|news.a");
            assertThat(publisher.call("PUBSUB", "CHANNELS", "x*")).isEqualTo("*0");
            assertThat(publisher.call("PUBSUB", "SHARDCHANNELS")).isEqualTo("*1|$6|news.a");
            assertThat(publisher.call("PUBSUB", "NUMPAT")).isEqualTo(":1");
            assertThat(publisher.call("CLIENT", "LIST")).contains(" flags=P db=0 sub=1 psub=1 ssub=1 ");
            assertThat(subscriber.call("PUNSUBSCRIBE")).isEqualTo("*3|$12|punsubscribe|$10|n[a-e]ws.*|:1");
            assertThat(subscriber.call("UNSUBSCRIBE")).isEqualTo("*3|$11|unsubscribe|$6|news.a|:0");
            assertThat(publisher.call("PUBLISH", "news.a", "z")).isEqualTo(":0");
            assertThat(subscriber.call("RESET")).isEqualTo("+RESET");
            assertThat(publisher.call("SPUBLISH", "news.a", "z")).isEqualTo(":0");
            assertThat(subscriber.call("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void aPipelineOfSubscriptionsAndMessagesKeepsItsOrder() {
        try (RespClient client = connect()) {
            client.call("HELLO", "3");
            client.send("PUBLISH", "a", "before");
            client.send("SUBSCRIBE", "a", "b", "c");
            for (int i = 0; i < 30; i++) {
                client.send("PUBLISH", "abc".substring(i % 3, i % 3 + 1), "m" + i);
            }
            client.send("UNSUBSCRIBE", "a", "b", "c");
            client.send("PUBLISH", "a", "after");
            client.send("ECHO", "end");
            List<String> replies = new ArrayList<>();
            List<String> pushes = new ArrayList<>();
            while (!replies.contains("$3|end") || pushes.size() < 36) {
                String next = client.reply();
                (next.startsWith(">") ? pushes : replies).add(next);
            }
            assertThat(replies).hasSize(33).startsWith(":0", ":1").endsWith(":0", "$3|end");
            assertThat(pushes.subList(0, 3)).allMatch(each -> each.contains("|subscribe|"));
            for (int i = 0; i < 30; i++) {
                String channel = "abc".substring(i % 3, i % 3 + 1);
                int number = i;
                assertThat(pushes.stream().filter(each -> each.endsWith("m" + number)))
                        .containsExactly(message(channel, "m" + i).replace('*', '>'));
            }
            // Those of one channel are in order, and none is before the subscription or behind its end.
            assertThat(pushes.stream().filter(each -> each.contains("message|$1|a|")).toList())
                    .isEqualTo(pushes.stream().filter(each -> each.contains("message|$1|a|"))
                            .sorted(java.util.Comparator.comparingInt(PubSubTest::number)).toList());
            assertThat(pushes).noneMatch(each -> each.contains("before") || each.contains("after"));
        }
    }

    private static int number(String message) {
        return Integer.parseInt(message.substring(message.lastIndexOf('m') + 1));
    }

    @Test
    void whatIsPublishedInATransactionIsCountedAndSent() {
        try (RespClient subscriber = connect(); RespClient publisher = connect()) {
            subscribe(subscriber, "a", "b", "c", "d");
            publisher.call("HELLO", "3");
            publisher.call("MULTI");
            for (String channel : List.of("a", "b", "c", "d")) {
                assertThat(publisher.call("PUBLISH", channel, "x")).isEqualTo("+QUEUED");
            }
            publisher.call("SUBSCRIBE", "e");
            assertThat(publisher.call("EXEC")).isEqualTo("*5|:1|:1|:1|:1|>3|$9|subscribe|$1|e|:1");
            List<String> got = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                got.add(subscriber.reply());
            }
            assertThat(got).containsExactlyInAnyOrder(message("a", "x"), message("b", "x"), message("c", "x"),
                    message("d", "x"));
            assertThat(publisher.call("UNSUBSCRIBE", "e")).endsWith("|unsubscribe|$1|e|:0");
            assertThat(publisher.call("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void aSubscriberOfResp2MayRunFewCommands() {
        try (RespClient client = connect()) {
            subscribe(client, "a");
            assertThat(client.call("GET", "x")).isEqualTo("-ERR Can't execute 'get': only (P|S)SUBSCRIBE /"
                    + " (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
            assertThat(client.call("PUBLISH", "a", "x")).startsWith("-ERR Can't execute 'publish'");
            assertThat(client.call("PING")).isEqualTo("*2|$4|pong|$0|");
            assertThat(client.call("UNSUBSCRIBE", "a")).isEqualTo("*3|$11|unsubscribe|$1|a|:0");
            assertThat(client.call("GET", "none" + shards)).isEqualTo("$-1");
            subscribe(client, "a");
            assertThat(client.call("QUIT")).isEqualTo("+OK");
            assertThat(client.rest()).isEmpty();
        }
    }

    @Test
    void whoSubscribesToTooMuchIsRefused() {
        SubscriberConfig few = SubscriberConfig.defaults().withSubscriptions(3, new ByteSize(4096));
        try (StoreFixture.Server server = store()
                .serve(StoreFixture.config().withLimits(LimitsConfig.defaults().withSubscribers(few)));
                RespClient client = server.connect()) {
            subscribe(client, "a", "b");
            assertThat(client.call("SUBSCRIBE", "c", "d")).isEqualTo("-ERR a client may have at most 3 subscriptions"
                    + " (limits.subscribers.max-subscriptions); it would have 4");
            assertThat(client.call("SUBSCRIBE", "x".repeat(5000)))
                    .startsWith("-ERR the subscriptions of a client may take at"
                            + " most 4KB (limits.subscribers.memory)");
            assertThat(client.call("PSUBSCRIBE", "x".repeat(1025)))
                    .isEqualTo("-ERR a pattern may have at most 1024 bytes");
            subscribe(client, "c");
            assertThat(client.call("PUBSUB", "NUMSUB")).startsWith("-ERR Can't execute 'pubsub|numsub'");
        }
    }

    @Test
    void aSubscriberThatNeverReadsIsCutOffAndHoldsUpNobody() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(ClientConnection.class);
        Level before = logger.getLevel();
        logger.setLevel(Level.OFF);
        SubscriberConfig small = SubscriberConfig.defaults().withOutput(new ByteSize(1 << 20), new ByteSize(0),
                java.time.Duration.ZERO);
        List<RespClient> good = new ArrayList<>();
        try (StoreFixture.Server server = store()
                .serve(StoreFixture.config().withLimits(LimitsConfig.defaults().withSubscribers(small)));
                RespClient publisher = server.connect();
                RespClient deaf = server.connect()) {
            subscribe(deaf, "much");
            for (int i = 0; i < 10; i++) {
                RespClient subscriber = server.connect();
                good.add(subscriber);
                subscribe(subscriber, "much");
            }
            String text = "x".repeat(100_000);
            int sent = 0;
            // Sockets hold some megabytes before anything waits in this process.
            for (String count = ":11"; !count.equals(":10"); sent++) {
                assertThat(sent).as("messages before the deaf one is cut off").isLessThan(2000);
                count = publisher.call("PUBLISH", "much", text);
                assertThat(count).isIn(":11", ":10");
                for (RespClient subscriber : good) {
                    assertThat(subscriber.reply()).hasSize(message("much", text).length());
                }
            }
            deaf.close();
            publisher.close();
            good.forEach(RespClient::close);
        } finally {
            logger.setLevel(before);
            good.forEach(RespClient::close);
        }
    }

    @Test
    void subscribersThatAreKilledAreForgotten() {
        List<RespClient> subscribers = new ArrayList<>();
        try (RespClient other = connect()) {
            for (int i = 0; i < 10; i++) {
                RespClient subscriber = connect();
                subscribers.add(subscriber);
                subscriber.call("CLIENT", "SETNAME", "killed");
                subscribe(subscriber, "all", "c" + i);
                subscriber.send("PSUBSCRIBE", "p" + i + "*");
                subscriber.reply();
            }
            for (String line : other.call("CLIENT", "LIST").split("\n", -1)) {
                if (line.contains(" name=killed ")) {
                    String id = line.replaceFirst("(?s).*\\bid=(\\d+) .*", "$1");
                    assertThat(other.call("CLIENT", "KILL", "ID", id)).isEqualTo(":1");
                }
            }
            subscribers.forEach(each -> assertThat(each.rest()).doesNotContain("(still open)"));
            StoreFixture.await("nobody gets it", () -> other.call("PUBLISH", "all", "x").equals(":0"));
            StoreFixture.await("no pattern is left", () -> other.call("PUBSUB", "NUMPAT").equals(":0"));
        } finally {
            subscribers.forEach(RespClient::close);
        }
    }

    @Test
    void subscribersAreClosedWhenTheServerIs() throws Exception {
        Thread closing;
        StoreFixture.Server server = store().serve(StoreFixture.config());
        try (RespClient subscriber = server.connect()) {
            subscribe(subscriber, "a");
            // It waits for clients, for a while, to close their ends too.
            closing = Thread.ofVirtual().start(server::close);
            assertThat(subscriber.rest()).doesNotContain("(still open)");
        }
        closing.join();
        assertThatThrownBy(server::connect).isInstanceOf(java.io.UncheckedIOException.class);
    }

    @Test
    void lettuceListens() throws Exception {
        RedisClient client = RedisClient
                .create(RedisURI.builder().withHost("127.0.0.1").withPort(store().port()).build());
        BlockingQueue<String> got = new LinkedBlockingQueue<>();
        try (StatefulRedisPubSubConnection<String, String> listener = client.connectPubSub();
                StatefulRedisPubSubConnection<String, String> publisher = client.connectPubSub()) {
            listener.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    got.add(channel + "=" + message);
                }

                @Override
                public void message(String pattern, String channel, String message) {
                    got.add(pattern + "/" + channel + "=" + message);
                }
            });
            listener.sync().subscribe("x");
            listener.sync().psubscribe("y*");
            assertThat(publisher.sync().publish("x", "1")).isEqualTo(1);
            assertThat(publisher.sync().publish("y1", "2")).isEqualTo(1);
            assertThat(got.poll(1, TimeUnit.MINUTES)).isEqualTo("x=1");
            assertThat(got.poll(1, TimeUnit.MINUTES)).isEqualTo("y*/y1=2");
        } finally {
            client.shutdown(0, 10, TimeUnit.SECONDS);
        }
    }
}
