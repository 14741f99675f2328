package io.solaster.engine.net.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.server.UdpLimitsConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.WrongShardException;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.udp.UdpStats.Drop;
import io.solaster.engine.sync.Hold;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server of datagrams does on any transport; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class UdpServerTest {
    private static final int SOL_SOCKET = 1;
    /** Linux cuts up nothing for a socket that has no checksums. */
    private static final IntegerUnixChannelOption SO_NO_CHECK = new IntegerUnixChannelOption("SO_NO_CHECK", SOL_SOCKET,
            11);
    private static final DatagramHandler ECHO = (endpoint, bytes, from) -> endpoint.send(bytes.retain(), from);

    private final Transport transport;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Engine engine;

    UdpServerTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        engine = Engines.start(transport, 2);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        if (engine != null) {
            engine.close();
        }
    }

    private UdpServer bind(UdpConfig config, DatagramHandler handler) {
        UdpServer server = UdpServer.bind(engine, "test", config, handler);
        open.add(server);
        return server;
    }

    private UdpServer bind(DatagramHandler handler) {
        return bind(UdpConfig.of("test", 0), handler);
    }

    private Client connect(UdpServer server) throws IOException {
        Client client = new Client(server);
        open.add(client);
        return client;
    }

    private static long received(UdpServer server) {
        return server.stats().stream().mapToLong(stats -> stats.received.get()).sum();
    }

    private static long sent(UdpServer server) {
        return server.stats().stream().mapToLong(stats -> stats.sent.get()).sum();
    }

    private static long dropped(UdpServer server, Drop reason) {
        return server.stats().stream().mapToLong(stats -> stats.dropped(reason)).sum();
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    /** Holds both shards up until the latch is counted down. */
    private CountDownLatch holdUp() throws InterruptedException {
        CountDownLatch held = new CountDownLatch(2);
        CountDownLatch go = new CountDownLatch(1);
        for (int shard = 0; shard < 2; shard++) {
            engine.shard(shard).execute(() -> {
                held.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        held.await();
        return go;
    }

    /** A client that sends as fast as it can until the latch is counted down. */
    private Thread flood(UdpServer server, CountDownLatch over) throws IOException {
        Client client = connect(server);
        return Thread.ofPlatform().start(() -> {
            try {
                while (over.getCount() > 0) {
                    client.send("flood");
                }
            } catch (IOException closed) {
                throw new IllegalStateException(closed);
            }
        });
    }

    @Test
    @Tag("smoke")
    void eachShardAnswersItsOwnClients() throws Exception {
        UdpServer server = bind((endpoint, bytes, from) -> endpoint.send(
                text("shard " + endpoint.shard().id() + ": " + bytes.toString(StandardCharsets.US_ASCII)), from));
        assertThat(server.port()).isPositive();
        assertThat(server.isListening()).isTrue();
        assertThat(server.sockets()).isEqualTo(2);
        Set<String> shards = new HashSet<>();
        for (int i = 0; i < 64; i++) {
            Client client = connect(server);
            String answer = client.ask("hello " + i);
            assertThat(answer).endsWith(": hello " + i);
            assertThat(client.ask("again")).isEqualTo(answer.substring(0, 7) + ": again");
            shards.add(answer.substring(0, 7));
        }
        assertThat(shards).containsExactlyInAnyOrder("shard 0", "shard 1");
        Engines.until("all are counted", () -> received(server) == 128 && sent(server) == 128);
        assertThat(server.stats().stream().mapToLong(stats -> stats.batches.snapshot().count()).sum())
                .isBetween(1L, 128L);
        assertThat(server.stats().stream().mapToLong(UdpStats::dropped).sum()).isZero();
    }

    @Test
    void emptyDatagramsComeAndGo() throws Exception {
        UdpServer server = bind(ECHO);
        Client client = connect(server);
        for (int round = 0; round < 3; round++) {
            CountDownLatch go = holdUp();
            for (String each : List.of("a", "", "", "b", "")) {
                client.send(each);
            }
            go.countDown();
            List<String> answers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                answers.add(client.text());
            }
            assertThat(answers).containsExactly("a", "", "", "b", "");
            assertThat(client.ask("end")).isEqualTo("end");
        }
        Engines.until("all are counted", () -> sent(server) == 18);
    }

    @Test
    @Tag("smoke")
    void whatIsTooLongIsDroppedAndNeverHandedOverInPart() throws Exception {
        List<Integer> sizes = new ArrayList<>();
        UdpServer server = bind(UdpConfig.of("test", 0).withMaxDatagram(new ByteSize(100)), (endpoint, bytes, from) -> {
            synchronized (sizes) {
                sizes.add(bytes.readableBytes());
            }
            endpoint.send(bytes.retain(), from);
        });
        Client client = connect(server);
        for (int size : new int[]{100, 101, 102, 5_000, 99, 65_507, 1}) {
            client.send(new byte[size]);
        }
        assertThat(client.receive()).hasSize(100);
        assertThat(client.receive()).hasSize(99);
        assertThat(client.receive()).hasSize(1);
        Engines.until("all are counted", () -> dropped(server, Drop.OVERSIZE) == 4 && received(server) == 3);
        synchronized (sizes) {
            assertThat(sizes).containsExactly(100, 99, 1);
        }
    }

    @Test
    void theLongestThereIsGoesThere() throws Exception {
        UdpServer server = bind(UdpConfig.of("test", 0).withMaxDatagram(new ByteSize(65_527)), ECHO);
        Client client = connect(server);
        byte[] longest = new byte[65_507];
        longest[65_506] = 7;
        client.send(longest);
        assertThat(client.receive()).isEqualTo(longest);
    }

    @Test
    void aSourceThatSendsTooManyIsHeldToItsPart() throws Exception {
        UdpLimitsConfig limits = UdpLimitsConfig.defaults().withPacketsPerSecond(1, 5);
        UdpServer server = bind(UdpConfig.of("test", 0).withLimits(limits), ECHO);
        Client client = connect(server);
        for (int i = 0; i < 100; i++) {
            client.send("x");
        }
        Engines.until("all are counted", () -> received(server) + dropped(server, Drop.SOURCE_LIMIT) == 100);
        assertThat(received(server)).isBetween(5L, 95L);
        // Another one has its own part, and the limit may be lifted while the server runs.
        Client other = new Client(InetAddress.getByName("127.0.0.2"), server.address());
        open.add(other);
        assertThat(other.ask("y")).isEqualTo("y");
        Engines.get(server.reconfigure(UdpConfig.of("test", server.port())));
        for (int i = 0; i < 20; i++) {
            assertThat(other.ask("z" + i)).isEqualTo("z" + i);
        }
    }

    @Test
    void madeUpSourcesFillTheTableAndNothingElse() throws Exception {
        UdpLimitsConfig limits = UdpLimitsConfig.defaults().withPacketsPerSecond(1, 1).withSources(8);
        UdpServer server = bind(UdpConfig.of("test", 0).withLimits(limits), ECHO);
        for (int i = 1; i <= 200; i++) {
            try (Client client = new Client(InetAddress.getByAddress(new byte[]{127, 0, 1, (byte) i}),
                    server.address())) {
                client.send("x");
            }
        }
        Engines.until("all are counted", () -> received(server) + dropped(server, Drop.SOURCES_FULL)
                + dropped(server, Drop.SOURCE_LIMIT) == 200);
        assertThat(received(server)).isGreaterThanOrEqualTo(9);
        assertThat(dropped(server, Drop.SOURCE_LIMIT)).isZero();
    }

    @Test
    void aTurnTakesNoMoreThanItMay() throws Exception {
        ConcurrentLinkedQueue<Integer> batches = new ConcurrentLinkedQueue<>();
        AtomicInteger handled = new AtomicInteger();
        int[] batch = new int[2];
        UdpServer server = bind(
                UdpConfig.of("test", 0).withBatch(4).withLimits(UdpLimitsConfig.defaults().withPacketsPerTurn(8)),
                new DatagramHandler() {
                    @Override
                    public void received(UdpEndpoint endpoint, ByteBuf bytes, InetSocketAddress from) {
                        batch[endpoint.shard().id()]++;
                        handled.incrementAndGet();
                    }

                    @Override
                    public void receivedAll(UdpEndpoint endpoint) {
                        batches.add(batch[endpoint.shard().id()]);
                        batch[endpoint.shard().id()] = 0;
                    }
                });
        Client client = connect(server);
        CountDownLatch go = holdUp();
        for (int i = 0; i < 100; i++) {
            client.send("flood");
        }
        go.countDown();
        Engines.until("all are handled", () -> handled.get() == 100);
        // A pass that is under way ends.
        assertThat(batches).allSatisfy(count -> assertThat(count).isLessThanOrEqualTo(8 + 3));
    }

    @Test
    @Tag("smoke")
    void aFloodLeavesOthersTheirTurn() throws Exception {
        AtomicInteger handled = new AtomicInteger();
        UdpServer server = bind((endpoint, bytes, from) -> handled.incrementAndGet());
        CountDownLatch over = new CountDownLatch(1);
        List<Thread> flood = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            flood.add(flood(server, over));
        }
        for (int i = 0; i < 50; i++) {
            int before = handled.get();
            Engines.until("the flood goes on", () -> handled.get() > before);
            Engines.get(engine.submitTo(0, () -> true));
            Engines.get(engine.submitTo(1, () -> true));
        }
        over.countDown();
        for (Thread thread : flood) {
            thread.join();
        }
    }

    /** What one request to the kernel sends, another hands over: each is what it was. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Tag("smoke")
    void whatIsSentTogetherComesOneByOne(boolean gro) throws Exception {
        ConcurrentLinkedQueue<byte[]> came = new ConcurrentLinkedQueue<>();
        UdpServer receiver = bind(UdpConfig.of("test", 0).withOffload(gro, true),
                (endpoint, bytes, from) -> came.add(ByteBufUtil.getBytes(bytes)));
        UdpServer sender = UdpServer.bind(engine, "sender", UdpConfig.of("test", 0), ECHO);
        open.add(sender);
        byte[] content = new byte[50 * 700 + 123];
        new java.util.Random(1).nextBytes(content);
        UdpEndpoint from = sender.endpoints().getFirst();
        for (int round = 1; round <= 10; round++) {
            int expected = 51 * round;
            assertThat(Engines.get(engine.submitTo(0,
                    () -> from.sendEach(Unpooled.wrappedBuffer(content), 700, receiver.address())))).isEqualTo(51);
            Engines.until("all have come", () -> came.size() == expected);
        }
        List<byte[]> parts = List.copyOf(came);
        for (int i = 0; i < parts.size(); i++) {
            int at = i % 51 * 700;
            assertThat(parts.get(i)).isEqualTo(
                    java.util.Arrays.copyOfRange(content, at, Math.min(content.length, at + 700)));
        }
        Engines.until("all are counted", () -> sent(sender) == 510 && received(receiver) == 510);
    }

    @Test
    void partsThatAreTooLongAreDroppedOneByOne() throws Exception {
        AtomicInteger handled = new AtomicInteger();
        UdpServer receiver = bind(
                UdpConfig.of("test", 0).withMaxDatagram(new ByteSize(500)).withOffload(true, true),
                (endpoint, bytes, from) -> handled.incrementAndGet());
        UdpServer sender = UdpServer.bind(engine, "sender", UdpConfig.of("test", 0), ECHO);
        open.add(sender);
        UdpEndpoint from = sender.endpoints().getFirst();
        Engines.get(engine.submitTo(0,
                () -> from.sendEach(Unpooled.wrappedBuffer(new byte[20 * 501 + 500]), 501, receiver.address())));
        Engines.until("all are counted", () -> dropped(receiver, Drop.OVERSIZE) == 20 && received(receiver) == 1);
        assertThat(handled).hasValue(1);
    }

    @Test
    void aBurstToOneClientKeepsItsOrderAndItsSizes() throws Exception {
        UdpServer server = bind((endpoint, bytes, from) -> {
            for (int i = 0; i < 150; i++) {
                endpoint.send(text(String.format("%03d", i)), from);
            }
            endpoint.send(text("4"), from);
            endpoint.send(text("longer"), from);
            endpoint.send(text("as it was"), new InetSocketAddress(from.getAddress(), from.getPort()));
        });
        Client client = connect(server);
        client.send("go");
        for (int i = 0; i < 150; i++) {
            assertThat(client.text()).isEqualTo(String.format("%03d", i));
        }
        assertThat(client.text()).isEqualTo("4");
        assertThat(client.text()).isEqualTo("longer");
        assertThat(client.text()).isEqualTo("as it was");
        Engines.until("all are counted", () -> sent(server) == 153);
    }

    @Test
    void whatTheKernelDoesNotCutUpIsSentOneByOne() throws Exception {
        UdpServer server = bind((endpoint, bytes, from) -> {
            for (int i = 0; i < 20; i++) {
                endpoint.send(text(String.format("%03d", i)), from);
            }
        });
        assumeTrue(server.means().contains("with GSO"), server.means());
        for (UdpEndpoint endpoint : server.endpoints()) {
            endpoint.channel().config().setOption(SO_NO_CHECK, 1);
        }
        Client client = connect(server);
        // More often than a refusal is taken to be for once.
        for (int round = 0; round < 12; round++) {
            client.send("go");
            for (int i = 0; i < 20; i++) {
                assertThat(client.text()).isEqualTo(String.format("%03d", i));
            }
        }
        Engines.until("all are counted", () -> sent(server) == 240);
        assertThat(dropped(server, Drop.SEND_FAILED)).isZero();
    }

    @Test
    void offloadsMayBeLeftOut() throws Exception {
        UdpServer server = bind(UdpConfig.of("test", 0).withOffload(false, false).withBatch(1),
                (endpoint, bytes, from) -> {
                    assertThat(endpoint.sendEach(text("aabbc"), 2, from)).isEqualTo(3);
                    endpoint.send(bytes.retain(), from);
                });
        assertThat(server.means()).contains("without G").doesNotContain("with G");
        Client client = connect(server);
        assertThat(client.ask("go")).isEqualTo("aa");
        assertThat(List.of(client.text(), client.text(), client.text())).containsExactly("bb", "c", "go");
    }

    @Test
    void whatDoesNotFitTheQueueIsDroppedAndCounted() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        UdpLimitsConfig limits = UdpLimitsConfig.defaults().withSendQueue(new ByteSize(16 << 10));
        UdpServer server = bind(UdpConfig.of("test", 0).withLimits(limits), (endpoint, bytes, from) -> {
            for (int i = 0; i < 1_000; i++) {
                if (!endpoint.send(Unpooled.wrappedBuffer(new byte[1_000 + i % 2]), from)) {
                    refused.incrementAndGet();
                }
            }
        });
        connect(server).send("go");
        Engines.until("all are counted", () -> sent(server) + dropped(server, Drop.SEND_QUEUE) == 1_000);
        assertThat(dropped(server, Drop.SEND_QUEUE)).isEqualTo(refused.get());
    }

    @Test
    void whatCannotBeSentIsDroppedAndTheRestGoes() throws Exception {
        List<Boolean> sent = new ArrayList<>();
        UdpServer server = bind((endpoint, bytes, from) -> {
            sent.add(endpoint.send(Unpooled.wrappedBuffer(new byte[65_508]), from));
            sent.add(endpoint.send(text("x"), new InetSocketAddress(from.getAddress(), 0)));
            sent.add(endpoint.send(text("x"), InetSocketAddress.createUnresolved("nobody.invalid", 1)));
            assertThatIllegalArgumentException().isThrownBy(() -> endpoint.sendEach(text("x"), 0, from));
            assertThatIllegalArgumentException().isThrownBy(() -> endpoint.sendEach(text("x"), 65_508, from));
            // Nobody listens there.
            sent.add(endpoint.send(text("x"), new InetSocketAddress(from.getAddress(), 9)));
            sent.add(endpoint.send(text("done"), from));
        });
        assertThat(connect(server).ask("go")).isEqualTo("done");
        assertThat(sent).containsExactly(false, false, false, true, true);
        assertThat(dropped(server, Drop.UNSENDABLE)).isEqualTo(3);
        Engines.until("the rest is counted", () -> sent(server) + dropped(server, Drop.SEND_FAILED) == 2);
    }

    @Test
    void anErrorOfTheKernelIsToldAndTheSocketGoesOn() throws Exception {
        ConcurrentLinkedQueue<IOException> told = new ConcurrentLinkedQueue<>();
        UdpServer server = bind(new DatagramHandler() {
            @Override
            public void received(UdpEndpoint endpoint, ByteBuf bytes, InetSocketAddress from) {
                endpoint.send(bytes.retain(), from);
            }

            @Override
            public void failed(UdpEndpoint endpoint, IOException why) {
                told.add(why);
                throw new IllegalStateException("a test's");
            }
        });
        for (UdpEndpoint endpoint : server.endpoints()) {
            endpoint.channel().pipeline().fireExceptionCaught(new PortUnreachableException("a test's"));
        }
        for (int i = 0; i < 8; i++) {
            assertThat(connect(server).ask("x" + i)).isEqualTo("x" + i);
        }
        assertThat(told).hasSize(2).hasOnlyElementsOfType(PortUnreachableException.class);
        assertThat(server.stats()).allSatisfy(stats -> {
            assertThat(stats.errors.get()).isOne();
            assertThat(stats.handlerFailures.get()).isOne();
        });
    }

    @Test
    void aHandlerThatThrowsEndsNothing() throws Exception {
        UdpServer server = bind((endpoint, bytes, from) -> {
            endpoint.send(bytes.retainedDuplicate(), from);
            throw new IllegalStateException("a test's");
        });
        Client client = connect(server);
        for (int i = 0; i < 20; i++) {
            assertThat(client.ask("x" + i)).isEqualTo("x" + i);
        }
        Engines.until("all are counted",
                () -> server.stats().stream().mapToLong(stats -> stats.handlerFailures.get()).sum() == 20);
    }

    @Test
    @Tag("smoke")
    void whatTheKernelHoldsIsAnsweredBeforeTheServerCloses() throws Exception {
        UdpServer server = bind(ECHO);
        Client client = connect(server);
        assertThat(client.ask("before")).isEqualTo("before");
        CountDownLatch go = holdUp();
        for (int i = 0; i < 100; i++) {
            client.send("x" + i);
        }
        AtomicInteger cut = new AtomicInteger(-1);
        Thread drain = Thread.ofPlatform().start(() -> cut.set(server.drain(Duration.ofSeconds(60))));
        go.countDown();
        for (int i = 0; i < 100; i++) {
            assertThat(client.text()).isEqualTo("x" + i);
        }
        drain.join();
        assertThat(cut).hasValue(0);
        assertThat(server.isListening()).isFalse();
        assertThat(server.drain(Duration.ofSeconds(60))).isZero();
        Engines.until("the port is free", () -> isFree(server.address()));
    }

    @Test
    void aDrainEndsUnderAFlood() throws Exception {
        UdpServer server = bind(ECHO);
        CountDownLatch over = new CountDownLatch(1);
        Thread flood = flood(server, over);
        Engines.until("the flood comes", () -> received(server) > 1_000);
        assertThat(server.drain(Duration.ofSeconds(60))).isZero();
        over.countDown();
        flood.join();
    }

    @Test
    void aDrainWaitsForWhatIsStillToBeSent() throws Exception {
        AtomicReference<Hold> held = new AtomicReference<>();
        AtomicReference<Runnable> later = new AtomicReference<>();
        CountDownLatch draining = new CountDownLatch(2);
        DatagramHandler handler = new DatagramHandler() {
            @Override
            public void received(UdpEndpoint endpoint, ByteBuf bytes, InetSocketAddress from) {
                Hold hold = endpoint.hold();
                held.set(hold);
                later.set(() -> endpoint.shard().execute(() -> {
                    endpoint.send(text("late"), from);
                    hold.close();
                }));
            }

            @Override
            public void draining(UdpEndpoint endpoint) {
                assertThat(endpoint.isDraining()).isTrue();
                draining.countDown();
            }
        };
        UdpServer server = bind(handler);
        Client client = connect(server);
        client.send("go");
        Engines.until("it has come", () -> later.get() != null);
        Thread drain = Thread.ofPlatform().start(() -> server.drain(Duration.ofSeconds(60)));
        draining.await();
        later.get().run();
        assertThat(client.text()).isEqualTo("late");
        drain.join();
        UdpServer stubborn = bind(handler);
        later.set(null);
        connect(stubborn).send("go");
        Engines.until("it has come", () -> later.get() != null);
        assertThat(stubborn.drain(Duration.ofMillis(20))).isPositive();
        assertThat(stubborn.isListening()).isFalse();
        // What comes after the end is dropped.
        later.get().run();
        Engines.until("it is counted", () -> dropped(stubborn, Drop.CLOSED) == 1);
    }

    @Test
    void whatIsSentOnAnotherThreadIsReleased() {
        try (Engine strict = Engines.start(
                Changed.with(EngineConfig.defaults().withTransport(transport), "checks", OwnerChecks.FULL), 1);
                UdpServer server = UdpServer.bind(strict, "strict", UdpConfig.of("test", 0), ECHO)) {
            UdpEndpoint endpoint = server.endpoints().getFirst();
            ByteBuf bytes = text("abc");
            ByteBuf more = text("abc");
            assertThatExceptionOfType(WrongShardException.class)
                    .isThrownBy(() -> endpoint.send(bytes, server.address()));
            assertThatExceptionOfType(WrongShardException.class)
                    .isThrownBy(() -> endpoint.sendEach(more, 2, server.address()));
            assertThat(bytes.refCnt()).isZero();
            assertThat(more.refCnt()).isZero();
        }
    }

    @Test
    void limitsThatChangeWithinABatchHoldForTheRestOfIt() throws Exception {
        UdpConfig limited = UdpConfig.of("test", 0)
                .withLimits(UdpLimitsConfig.defaults().withPacketsPerSecond(1_000, 100));
        UdpServer server = bind((endpoint, bytes, from) -> {
            if (bytes.toString(StandardCharsets.US_ASCII).equals("x0")) {
                endpoint.reconfigured(limited);
            }
            endpoint.send(bytes.retain(), from);
        });
        Client client = connect(server);
        CountDownLatch go = holdUp();
        for (int i = 0; i < 20; i++) {
            client.send("x" + i);
        }
        go.countDown();
        for (int i = 0; i < 20; i++) {
            assertThat(client.text()).isEqualTo("x" + i);
        }
        assertThat(dropped(server, Drop.SOURCES_FULL)).isZero();
    }

    @Test
    void nothingIsUsedAfterItsEnd() throws Exception {
        AtomicInteger ends = new AtomicInteger();
        UdpServer server = bind(new DatagramHandler() {
            @Override
            public void received(UdpEndpoint endpoint, ByteBuf bytes, InetSocketAddress from) {
                endpoint.send(bytes.retain(), from);
            }

            @Override
            public void closed(UdpEndpoint endpoint) {
                ends.incrementAndGet();
                assertThat(endpoint.send(text("last"), endpoint.address())).isFalse();
            }
        });
        assertThat(connect(server).ask("x")).isEqualTo("x");
        server.close();
        assertThat(ends).hasValue(2);
        UdpEndpoint endpoint = server.endpoints().getFirst();
        ByteBuf bytes = text("abc");
        assertThat(Engines.get(engine.submitTo(0, () -> endpoint.send(bytes.retain(), server.address())))).isFalse();
        assertThat(Engines.get(engine.submitTo(0, () -> endpoint.sendEach(bytes.retain(), 2, server.address()))))
                .isZero();
        assertThat(bytes.refCnt()).isOne();
        assertThat(Engines.get(engine.submitTo(0, endpoint::isWritable))).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> Engines.get(engine.submitTo(0, endpoint::hold)));
        Engines.get(server.reconfigure(UdpConfig.of("test", 0)));
        server.close();
        assertThat(ends).hasValue(2);
    }

    @Test
    void anEngineThatStopsTakesItsSocketsAlong() throws Exception {
        UdpServer server = bind(ECHO);
        CountDownLatch over = new CountDownLatch(1);
        Thread flood = flood(server, over);
        Engines.until("the flood comes", () -> received(server) > 100);
        engine.close();
        over.countDown();
        flood.join();
        assertThat(server.isListening()).isFalse();
        Engines.until("the port is free", () -> isFree(server.address()));
        assertThat(server.drain(Duration.ofSeconds(60))).isZero();
        assertThatIllegalStateException()
                .isThrownBy(() -> UdpServer.bind(engine, "late", UdpConfig.of("test", 0), ECHO))
                .withMessageContaining("is stopping");
    }

    @Test
    void aPortIsFreeOnceItsServerIsClosed() throws Exception {
        UdpServer server = bind(ECHO);
        int port = server.port();
        for (int round = 0; round < 20; round++) {
            assertThat(connect(server).ask("x")).isEqualTo("x");
            server.close();
            server = bindAgain(port);
            assertThat(server.port()).isEqualTo(port);
        }
    }

    /** The kernel may let go of a port late, and somebody else may have been given it for a while. */
    private UdpServer bindAgain(int port) {
        AtomicReference<UdpServer> bound = new AtomicReference<>();
        Engines.until("port " + port + " is free", () -> {
            try {
                bound.set(bind(UdpConfig.of("test", port), ECHO));
                return true;
            } catch (BindException taken) {
                return false;
            }
        });
        return bound.get();
    }

    private static boolean isFree(InetSocketAddress address) {
        try (DatagramSocket socket = new DatagramSocket(address)) {
            return socket.isBound();
        } catch (IOException taken) {
            return false;
        }
    }

    @Test
    void aPortBelongsToOneServer() throws Exception {
        UdpServer server = bind(ECHO);
        for (Transport other : Transport.values()) {
            try (Engine second = Engines.start(other, 2)) {
                assertThatExceptionOfType(BindException.class)
                        .isThrownBy(() -> UdpServer.bind(second, "second", UdpConfig.of("test", server.port()), ECHO))
                        .withMessageContainingAll("UDP server 'second' cannot listen on 127.0.0.1:" + server.port(),
                                "in use", "solaster.udp.second.port", "ss -lunp");
            } catch (org.opentest4j.TestAbortedException absent) {
                continue;
            }
        }
        assertThatExceptionOfType(java.net.BindException.class)
                .isThrownBy(() -> new DatagramSocket(server.address()).close());
        try (DatagramSocket other = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            assertThatExceptionOfType(BindException.class)
                    .isThrownBy(() -> bind(UdpConfig.of("test", other.getLocalPort()), ECHO));
        }
        assertThat(connect(server).ask("x")).isEqualTo("x");
    }

    @Test
    void saysWhatIsWrongWithAName() {
        try {
            InetAddress found = InetAddress.getByName("no-such-host.invalid");
            assumeTrue(false, "every name is resolved here, this one to " + found);
        } catch (UnknownHostException expected) {
            // As it should be.
        }
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> bind(UdpConfig.of("test", 0).withHost("no-such-host.invalid"), ECHO))
                .withMessageContainingAll("no such host", "solaster.udp.test.host");
    }

    @Test
    void saysWhatIsWrongWithAnAddress() {
        assumeTrue(!isFree(new InetSocketAddress("192.0.2.1", 0)), "any address may be bound here");
        // An address for documentation (RFC 5737), which no machine has.
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> bind(UdpConfig.of("test", 0).withHost("192.0.2.1"), ECHO))
                .withMessageContainingAll("not one of this machine", "solaster.udp.test.host");
    }

    @Test
    void allAddressesAndIpv6AreServed() throws Exception {
        UdpServer all = bind(UdpConfig.of("test", 0).withHost("0.0.0.0"), ECHO);
        assertThat(connect(all).ask("x")).isEqualTo("x");
        InetAddress loopback = InetAddress.getByName("::1");
        try {
            new DatagramSocket(new InetSocketAddress(loopback, 0)).close();
        } catch (IOException none) {
            assumeTrue(false, "no IPv6 here: " + none);
        }
        UdpServer six = bind(UdpConfig.of("test", 0).withHost("::1"), ECHO);
        for (int i = 0; i < 8; i++) {
            try (Client client = new Client(loopback, six.address())) {
                assertThat(client.ask("six")).isEqualTo("six");
                assertThat(client.ask("")).isEmpty();
            }
        }
    }

    @Test
    void oneThatIsLongerThanTheQueueGoesAlone() throws Exception {
        UdpLimitsConfig limits = UdpLimitsConfig.defaults().withSendQueue(new ByteSize(1_024));
        UdpServer server = bind(UdpConfig.of("test", 0).withLimits(limits), (endpoint, bytes, from) -> endpoint
                .send(Unpooled.wrappedBuffer(new byte[10_000]), from));
        Client client = connect(server);
        for (int i = 0; i < 5; i++) {
            client.send("go");
            assertThat(client.receive()).hasSize(10_000);
        }
    }

    @Test
    void manyClientsInTurnsGetEachTheirOwn() throws Exception {
        UdpServer server = bind(ECHO);
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            clients.add(connect(server));
        }
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < clients.size(); i++) {
                for (int each = 0; each < 4; each++) {
                    clients.get(i).send(i + " " + round + " " + each);
                }
            }
            for (int i = 0; i < clients.size(); i++) {
                for (int each = 0; each < 4; each++) {
                    assertThat(clients.get(i).text()).isEqualTo(i + " " + round + " " + each);
                }
            }
        }
        assertThat(IntStream.range(0, 2).mapToLong(i -> server.stats().get(i).dropped()).sum()).isZero();
    }
}
