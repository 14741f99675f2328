package io.solaster.pool.frame;

import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.FakeServer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client of frames on any transport; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class FramedTest {
    private final Transport transport;
    private Clients clients;
    private ConnectionPool<FramedConnection> pool;

    FramedTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        clients = new Clients(transport, 1);
    }

    @AfterEach
    void stop() throws Exception {
        if (clients != null) {
            clients.close();
        }
    }

    private FramedClient connect(FramedProtocol protocol, FakeServer server) {
        pool = clients.pool(protocol, server.endpoint());
        return FramedClient.over(clients.engine, pool, protocol);
    }

    private static byte[] frame(FakeServer.Peer peer) throws IOException {
        byte[] frame = new byte[new DataInputStream(peer.in).readInt()];
        new DataInputStream(peer.in).readFully(frame);
        return frame;
    }

    private static void say(FakeServer.Peer peer, byte[] frame) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame);
        new DataOutputStream(peer.out).write(all.array());
        peer.out.flush();
    }

    private static byte[] number(long id) {
        return ByteBuffer.allocate(8).putLong(id).array();
    }

    @Test
    void answersComeInOrder() throws Exception {
        FramedClient client = connect(FramedProtocol.defaults(), clients.server(peer -> {
            while (true) {
                say(peer, frame(peer));
            }
        }));
        List<ShardFuture<byte[]>> all = on(clients.engine, 0, () -> {
            List<ShardFuture<byte[]>> asked = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                asked.add(client.call(number(i)));
            }
            return asked;
        });
        for (int i = 0; i < all.size(); i++) {
            assertThat(get(all.get(i))).isEqualTo(number(i));
        }
        assertThat(get(client.call(new byte[0]))).isEmpty();
        assertThat(get(client.call(new byte[1_000_000]))).hasSize(1_000_000);
    }

    @Test
    void answersWithNumbersComeInAnyOrder() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        FramedClient client = connect(FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex())),
                clients.server(peer -> {
                    while (true) {
                        byte[] first = frame(peer);
                        say(peer, frame(peer));
                        say(peer, first);
                    }
                }));
        List<ShardFuture<byte[]>> both = on(clients.engine, 0,
                () -> List.of(client.call(number(1)), client.call(number(2))));
        assertThat(get(both.get(0))).isEqualTo(number(1));
        assertThat(get(both.get(1))).isEqualTo(number(2));
    }

    @Test
    void aHedgeThatFindsNoOtherConnectionHarmsNobody() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        clients.requests(Changed.with(clients.config.requests(), "hedgeAfter", Duration.ofMillis(1)));
        CompletableFuture<Boolean> hedged = new CompletableFuture<>();
        FramedClient client = connect(FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex())),
                clients.server(peer -> {
                    byte[] frame = frame(peer);
                    hedged.join();
                    say(peer, frame);
                    peer.silence();
                }));
        ShardFuture<byte[]> answer = client.callIdempotent(number(1));
        until("it is hedged", () -> answer.isDone() || client.stats().getFirst().hedges.get() > 0);
        hedged.complete(true);
        assertThat(get(answer)).isEqualTo(number(1));
    }

    /** As often as a busy machine needs. */
    private void tryAgainSoon() {
        clients.requests(Changed.with(clients.config.requests(), "tryTimeout", Duration.ofMillis(30), "retries", 100,
                "minRetries", 1_000));
    }

    @Test
    void eachTryMayBeAnsweredOnTheSameConnection() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        tryAgainSoon();
        FramedClient client = connect(FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex())),
                clients.server(peer -> {
                    byte[] frame = frame(peer);
                    assertThat(frame(peer)).isEqualTo(frame);
                    say(peer, frame);
                    while (true) {
                        say(peer, frame);
                        frame = frame(peer);
                    }
                }));
        assertThat(get(client.callIdempotent(number(1)))).isEqualTo(number(1));
        assertThat(get(client.callIdempotent(number(2)))).isEqualTo(number(2));
        assertThat(pool.stats().getFirst().created.get()).isOne();
    }

    @Test
    void anotherRequestDoesNotGetTheSecondAnswerToOneThatWasRepeated() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        tryAgainSoon();
        CompletableFuture<Boolean> refused = new CompletableFuture<>();
        FramedClient client = connect(FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex())),
                clients.server(peer -> {
                    byte[] frame = frame(peer);
                    assertThat(frame(peer)).isEqualTo(frame);
                    say(peer, frame);
                    refused.join();
                    say(peer, frame);
                    peer.silence();
                }));
        assertThat(get(client.callIdempotent(number(1)))).isEqualTo(number(1));
        byte[] longer = Arrays.copyOf(number(1), 9);
        // What is refused has not been sent, and would be tried again.
        get(pool.reconfigure(Changed.with(clients.config, "requests",
                Changed.with(clients.config.requests(), "retries", 0))));
        assertThat(catchThrowableOfType(PoolException.class, () -> get(client.call(longer))).reason())
                .isEqualTo(Reason.REFUSED);
        refused.complete(true);
    }

    @Test
    void anotherRequestDoesNotGetTheAnswerOfOneWithItsNumber() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        clients.requests(Changed.with(clients.config.requests(), "retries", 0));
        CompletableFuture<Boolean> refused = new CompletableFuture<>();
        FramedClient client = connect(FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex())),
                clients.server(peer -> {
                    byte[] frame = frame(peer);
                    refused.join();
                    say(peer, frame);
                    peer.silence();
                }));
        byte[] longer = Arrays.copyOf(number(1), 9);
        ShardFuture<byte[]> first = client.call(number(1));
        until("it is under way", () -> pool.stats().getFirst().active.get() == 1);
        assertThat(catchThrowableOfType(PoolException.class, () -> get(client.call(longer))).reason())
                .isEqualTo(Reason.REFUSED);
        refused.complete(true);
        assertThat(get(first)).isEqualTo(number(1));
    }

    @Test
    void lengthsOfOtherSizes() throws Exception {
        FramedClient client = connect(FramedProtocol.defaults().withLength(2, true), clients.server(peer -> {
            DataInputStream in = new DataInputStream(peer.in);
            while (true) {
                int length = in.readUnsignedShort() - 2;
                byte[] frame = in.readNBytes(length);
                new DataOutputStream(peer.out).writeShort(length + 2);
                peer.out.write(frame);
                peer.out.flush();
            }
        }));
        assertThat(get(client.call(number(5)))).isEqualTo(number(5));
        assertThatIllegalArgumentException().isThrownBy(() -> client.call(new byte[65_534]))
                .withMessageContaining("65533");
        assertThatIllegalArgumentException().isThrownBy(() -> FramedProtocol.defaults().withLength(5, false));
    }

    @Test
    void aGigabyteIsRefusedBeforeItIsThere() throws Exception {
        FramedClient client = connect(FramedProtocol.defaults(), clients.server(peer -> {
            frame(peer);
            new DataOutputStream(peer.out).writeInt(1 << 30);
            peer.silence();
        }));
        PoolException failure = catchThrowableOfType(PoolException.class, () -> get(client.call(number(1))));
        assertThat(failure.reason()).isEqualTo(Reason.CONNECTION_LOST);
        until("it is closed", () -> pool.stats().getFirst().open.get() == 0);
    }

    @Test
    void whatNobodyAskedForClosesTheConnection() throws Exception {
        FramedClient client = connect(FramedProtocol.defaults(), clients.server(peer -> {
            while (true) {
                byte[] frame = frame(peer);
                say(peer, frame);
                say(peer, frame);
            }
        }));
        for (int i = 0; i < 5; i++) {
            assertThat(get(client.callIdempotent(number(i)))).isEqualTo(number(i));
            until("it is closed", () -> pool.stats().getFirst().open.get() == 0);
        }
    }

    @Test
    void anAnswerThatIsLateIsLeftOut() throws Exception {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
        FramedClient client = connect(FramedProtocol.defaults(), clients.server(peer -> {
            say(peer, frame(peer));
            byte[] first = frame(peer);
            byte[] second = frame(peer);
            say(peer, first);
            say(peer, second);
            peer.silence();
        }));
        // Over a connection that is there, what is asked is sent at once, however busy the machine is.
        assertThat(get(client.call(number(0)))).isEqualTo(number(0));
        get(pool.reconfigure(Changed.with(clients.config, "requests",
                Changed.with(clients.config.requests(), "timeout", Duration.ofMillis(100)))));
        assertThat(catchThrowableOfType(PoolException.class, () -> get(client.call(number(1)))).reason())
                .isEqualTo(Reason.TIMEOUT);
        get(pool.reconfigure(clients.config));
        assertThat(get(client.call(number(2)))).isEqualTo(number(2));
    }
}
