package io.solaster.store.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.RequestStats;
import io.solaster.store.RespClient;
import io.solaster.store.StoreFixture;
import io.solaster.store.shard.ServerSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What clients are read with goes from one to the next, and takes nothing along. */
class SharedIntakeTest {
    private static final String PIECE = "*2\r\n$4\r\nECHO\r\n$6\r\n";

    private final List<EmbeddedChannel> open = new ArrayList<>();

    @AfterEach
    void closeAll() {
        open.forEach(each -> onShard(server -> each.finishAndReleaseAll()));
    }

    private static <R> R onShard(Function<ServerShard, R> call) {
        return StoreFixture.of(1).servers().on(0, call).join();
    }

    private EmbeddedChannel connect(ServerConfig config) {
        ServerSettings settings = new ServerSettings(StoreFixture.parts(StoreFixture.of(1).store()), config);
        EmbeddedChannel channel = onShard(server -> {
            EmbeddedChannel made = new EmbeddedChannel();
            made.pipeline().addLast(
                    new ClientConnection(settings, new ClientLogs(), server, new RequestStats("kv", "resp")));
            made.pipeline().fireChannelActive();
            return made;
        });
        open.add(channel);
        return channel;
    }

    /** Sends something; what is answered at once. */
    private static String ask(EmbeddedChannel channel, String text) {
        return onShard(server -> {
            channel.writeInbound(
                    channel.alloc().directBuffer().writeBytes(text.getBytes(StandardCharsets.ISO_8859_1)));
            StringBuilder answer = new StringBuilder();
            for (ByteBuf sent = channel.readOutbound(); sent != null; sent = channel.readOutbound()) {
                answer.append(sent.toString(StandardCharsets.ISO_8859_1));
                sent.release();
            }
            return answer.toString();
        });
    }

    private static String request(int arguments) {
        String[] words = new String[arguments];
        words[0] = "EXISTS";
        for (int i = 1; i < arguments; i++) {
            words[i] = "{none}" + i;
        }
        return new String(RespClient.encode(words), StandardCharsets.ISO_8859_1);
    }

    @Test
    void clientsThatSendWholeRequestsShareOne() {
        int before = onShard(ServerShard::intakes);
        for (int i = 0; i < 20; i++) {
            assertThat(ask(connect(StoreFixture.config()), "PING\r\n")).isEqualTo("+PONG\r\n");
        }
        assertThat(onShard(ServerShard::intakes)).isEqualTo(Math.max(1, before));
    }

    @Test
    void piecesOfRequestsAreNotMixedUp() {
        List<EmbeddedChannel> slow = new ArrayList<>();
        EmbeddedChannel fast = connect(StoreFixture.config());
        for (int i = 0; i < 20; i++) {
            EmbeddedChannel each = connect(StoreFixture.config());
            assertThat(ask(each, PIECE + "ab")).isEmpty();
            slow.add(each);
            assertThat(ask(fast, "PING\r\n")).isEqualTo("+PONG\r\n");
        }
        int number = 10;
        for (EmbeddedChannel each : slow.reversed()) {
            assertThat(ask(each, "cd" + number + "\r\nPING\r\n")).isEqualTo("$6\r\nabcd" + number++ + "\r\n+PONG\r\n");
        }
        assertThat(onShard(ServerShard::intakes)).isLessThanOrEqualTo(16);
    }

    @Test
    void whoIsNotLoggedInMayNotAnnounceMuchBehindSomebodyWhoIs() {
        ServerConfig config = StoreFixture.config().withPassword("s3cret");
        EmbeddedChannel known = connect(config);
        EmbeddedChannel unknown = connect(config);
        assertThat(ask(known, "AUTH s3cret\r\n")).isEqualTo("+OK\r\n");
        assertThat(ask(known, request(12))).isEqualTo(":0\r\n");
        assertThat(ask(unknown, request(12))).isEqualTo("-ERR Protocol error: unauthenticated multibulk length\r\n");
        assertThat(ask(known, request(12))).isEqualTo(":0\r\n");
        assertThat(ask(connect(config), "*1\r\n")).isEmpty();
        assertThat(ask(known, request(12))).isEqualTo(":0\r\n");
    }

    @Test
    void whatIsWrongWithOneIsNotToldTheNext() {
        assertThat(ask(connect(StoreFixture.config()), "*x\r\n")).contains("invalid multibulk length");
        assertThat(ask(connect(StoreFixture.config()), "PING\r\n")).isEqualTo("+PONG\r\n");
        EmbeddedChannel gone = connect(StoreFixture.config());
        assertThat(ask(gone, PIECE)).isEmpty();
        onShard(server -> gone.close().isDone());
        assertThat(ask(connect(StoreFixture.config()), "PING\r\n")).isEqualTo("+PONG\r\n");
    }
}
