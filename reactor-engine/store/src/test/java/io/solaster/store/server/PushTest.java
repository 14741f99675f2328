package io.solaster.store.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespClient;
import io.solaster.store.StoreFixture;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.IntentLocks;
import io.solaster.store.shard.ServerSettings;
import io.solaster.store.watch.Pause;
import io.solaster.store.watch.ShardWatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Messages that answer no request, beside the replies of those that do. */
class PushTest {
    private final StoreFixture fixture = StoreFixture.of(2);
    private final StringBuilder received = new StringBuilder();
    private EmbeddedChannel channel;

    @BeforeEach
    void connect() {
        channel = connect(StoreFixture.config());
    }

    @AfterEach
    void close() {
        onShard(server -> channel.finishAndReleaseAll());
    }

    private EmbeddedChannel connect(ServerConfig config) {
        ServerSettings settings = new ServerSettings(StoreFixture.parts(fixture.store()), config);
        return onShard(server -> {
            EmbeddedChannel connected = new EmbeddedChannel();
            connected.pipeline()
                    .addLast(new ClientConnection(settings, new ClientLogs(), server, new RequestStats("kv", "resp")));
            connected.pipeline().fireChannelActive();
            return connected;
        });
    }

    private <R> R onShard(Function<ServerShard, R> call) {
        return fixture.servers().on(0, call).join();
    }

    private void send(EmbeddedChannel to, String... arguments) {
        to.writeInbound(to.alloc().directBuffer().writeBytes(RespClient.encode(arguments)));
    }

    private static void push(EmbeddedChannel to, String text) {
        to.pipeline().get(ClientConnection.class)
                .push(to.alloc().directBuffer().writeBytes(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private String received() {
        return onShard(server -> {
            // A reply that is not whole after its turn goes on in a task of the channel, which nobody else runs.
            channel.runPendingTasks();
            for (ByteBuf sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
                received.append(sent.toString(StandardCharsets.ISO_8859_1));
                sent.release();
            }
            return received.toString();
        });
    }

    private String keyOn(int shard) {
        return IntStream.range(0, 1000).mapToObj(i -> "p" + i).filter(key -> fixture.engine().shardOf(key) == shard)
                .findFirst().orElseThrow();
    }

    @Test
    void aPushToAnIdleClientLeavesAtOnce() {
        onShard(server -> {
            push(channel, ">1\r\n+a\r\n");
            push(channel, ">1\r\n+b\r\n");
            return true;
        });
        assertThat(received()).isEqualTo(">1\r\n+a\r\n>1\r\n+b\r\n");
    }

    @Test
    void aPushOvertakesNoReplyThatIsUnderWay() {
        String foreign = keyOn(1);
        for (String[] request : new String[][]{{"GET", foreign}, {"MGET", foreign, keyOn(0)}}) {
            received.setLength(0);
            onShard(server -> {
                send(channel, request);
                push(channel, ">1\r\n+later\r\n");
                return true;
            });
            StoreFixture.await("both are there", () -> received().contains("later"));
            assertThat(received()).endsWith(">1\r\n+later\r\n").startsWith(request.length == 2 ? "$-1" : "*2\r\n");
        }
    }

    @Test
    void aPushDoesNotLandInALongReply() {
        int count = 100_000;
        String[] request = new String[count + 1];
        Arrays.setAll(request, i -> i == 0 ? "MGET" : "none" + i);
        onShard(server -> {
            channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                private boolean pushed;

                @Override
                public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
                    context.write(message, promise);
                    if (!pushed) {
                        pushed = true;
                        // Before the reply goes on.
                        context.executor().execute(() -> push(channel, ">1\r\n+a\r\n"));
                    }
                }
            });
            send(channel, request);
            return true;
        });
        StoreFixture.await("both are there", () -> {
            onShard(server -> {
                channel.runPendingTasks();
                return true;
            });
            return received().endsWith(">1\r\n+a\r\n");
        });
        assertThat(received()).isEqualTo("*" + count + "\r\n" + "$-1\r\n".repeat(count) + ">1\r\n+a\r\n");
    }

    @Test
    void aPushDoesNotLandInAReplyThatGoesOnInLaterTurns() {
        String key = keyOn(0);
        String whole = longList(key);
        between(() -> push(channel, ">1\r\n+a\r\n"), "LRANGE", key, "0", "-1");
        assertThat(received()).isEqualTo("+PONG\r\n" + whole + ">1\r\n+a\r\n");
    }

    @Test
    void aReplyThatBeginsAnewIsWrittenOverWhatWasLeftOff() {
        String key = keyOn(0);
        longList(key);
        byte[] bytes = key.getBytes(StandardCharsets.US_ASCII);
        between(() -> {
            ByteBuf name = Unpooled.directBuffer().writeBytes(bytes);
            StoreFixture.parts(fixture.store()).part(0).keyspace().remove(Memory.address(name), bytes.length);
            name.release();
        }, "LRANGE", key, "0", "-1");
        assertThat(received()).isEqualTo("+PONG\r\n*0\r\n");
    }

    /** Makes a list that is so long that nobody answers it in a turn that has no time left; returns how it is answered. */
    private String longList(String key) {
        int count = 30_000;
        String[] push = new String[count + 2];
        Arrays.setAll(push, i -> i == 0 ? "RPUSH" : i == 1 ? key : "e");
        onShard(server -> {
            send(channel, "DEL", key);
            send(channel, push);
            return true;
        });
        // So many arguments are pushed over several turns.
        StoreFixture.await("all are pushed", () -> {
            onShard(server -> {
                channel.runPendingTasks();
                return true;
            });
            return received().endsWith(":" + count + "\r\n");
        });
        received.setLength(0);
        return "*" + count + "\r\n" + "$1\r\ne\r\n".repeat(count);
    }

    /** Sends PING and a request in a turn that has no time left, and does something while that is answered in part. */
    private void between(Runnable what, String... request) {
        onShard(server -> {
            while (!Shard.needPreempt()) {
                Thread.onSpinWait();
            }
            // Behind the first part of the reply, and before the next.
            channel.eventLoop().execute(() -> {
                assertThat(channel.outboundMessages()).as("what has left").isEmpty();
                what.run();
            });
            channel.writeInbound(channel.alloc().directBuffer().writeBytes(RespClient.encode("PING"))
                    .writeBytes(RespClient.encode(request)));
            return true;
        });
    }

    @Test
    void whoIsRefusedAfterItHasWaitedGivesItsKeysBack() {
        String key = keyOn(0);
        EmbeddedChannel client = connect(StoreFixture.config().withPassword("secret"));
        try {
            StoreFixture.await("nobody uses keys", () -> onShard(server -> server.part().locks().isFree()));
            onShard(server -> {
                IntentLocks locks = server.part().locks();
                Intent use = new Intent(() -> {});
                use.begin(true);
                use.slot(Slots.of(key));
                assertThat(locks.addHere(use)).isTrue();
                send(client, "AUTH", "secret");
                send(client, "SET", key, "v");
                client.pipeline().get(ClientConnection.class).authenticated(false);
                locks.remove(use);
                assertThat(locks.isInTheWay(use)).as("the client has its key").isTrue();
                client.runPendingTasks();
                assertThat(locks.isInTheWay(use)).isFalse();
                return true;
            });
        } finally {
            onShard(server -> client.finishAndReleaseAll());
        }
    }

    @Test
    void whoIsGoneBeforeItsTransactionSubscribesIsToldNothing() {
        String foreign = keyOn(1);
        try (StoreFixture.Server server = fixture.serve(StoreFixture.config()); RespClient other = server.connect()) {
            other.call("DEL", foreign);
            onShard(own -> {
                send(channel, "HELLO", "3");
                send(channel, "MULTI");
                send(channel, "GET", foreign);
                send(channel, "SUBSCRIBE", "whoIsGone");
                send(channel, "SET", foreign, "v");
                send(channel, "EXEC");
                // Other shards have not answered by now.
                channel.close();
                return true;
            });
            StoreFixture.await("EXEC has subscribed", () -> other.call("GET", foreign).equals("$1|v"));
            StoreFixture.await("nobody has subscribed", () -> {
                other.call("PUBLISH", "whoIsGone", "m");
                return other.call("PUBSUB", "NUMSUB", "whoIsGone").endsWith(":0");
            });
            other.call("DEL", foreign);
        }
    }

    @Test
    void aPauseThatEndsWithTheServerRunsWhatWaitedOnce() {
        String foreign = keyOn(1);
        onShard(server -> {
            Pause pause = ShardWatch.of(server.part()).pause();
            pause.begin(true, 100_000);
            send(channel, "GET", foreign);
            pause.end();
            channel.pipeline().fireUserEventTriggered(TcpServer.DRAIN);
            channel.runPendingTasks();
            return true;
        });
        StoreFixture.await("it is answered and closed", () -> {
            received();
            return onShard(server -> !channel.isOpen());
        });
        assertThat(received()).isEqualTo("$-1\r\n");
    }

    @Test
    void whoReadsNoPushIsCutOff() {
        Logger logger = (Logger) LoggerFactory.getLogger(ClientConnection.class);
        logger.setLevel(Level.OFF);
        String foreign = keyOn(1);
        EmbeddedChannel slow = connect(StoreFixture.config()
                .withLimits(LimitsConfig.defaults().withOutputBuffer(new ByteSize(1000))));
        try {
            boolean open = onShard(server -> {
                // Behind a reply that is not there yet, so they pile up.
                send(slow, "GET", foreign);
                push(slow, "x".repeat(900));
                boolean still = slow.isOpen();
                push(slow, "x".repeat(900));
                return still;
            });
            assertThat(open).isTrue();
            StoreFixture.await("it is closed", () -> onShard(server -> {
                slow.runPendingTasks();
                return !slow.isOpen();
            }));
        } finally {
            onShard(server -> slow.finishAndReleaseAll());
            logger.setLevel(null);
        }
    }
}
