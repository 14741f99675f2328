package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.ClientAuth;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.value.TlsProvider;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.tls.HandshakeStats;
import io.solaster.engine.tls.OpenSslThere;
import io.solaster.engine.tls.TestKeys;
import io.solaster.engine.tls.TlsContexts;
import io.solaster.engine.tls.TlsHandlers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** What encryption does on any transport, with OpenSSL and with the JDK; a subclass for each transport. */
@Timeout(value = 240, unit = TimeUnit.SECONDS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TlsTest {
    private static final TestKeys ONE = TestKeys.of("one.example");
    private static final TestKeys TWO = TestKeys.of("two.example");
    private static final TestKeys CLIENT = TestKeys.of("client");
    private static final int UNDER_WAY = 4;
    private static final List<Class<?>> LOGS = List.of(Tls.class, TlsContexts.class);

    /** Every test with both. */
    @ParameterizedTest
    @EnumSource(names = {"JDK", "OPENSSL"})
    @java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.RUNTIME)
    private @interface WithEach {}

    private final Transport transport;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private Engine engine;

    TlsTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeAll
    void watch() {
        logged.start();
        for (Class<?> each : LOGS) {
            Logger logger = (Logger) LoggerFactory.getLogger(each);
            logger.setLevel(Level.INFO);
            logger.setAdditive(false);
            logger.addAppender(logged);
        }
        engine = Engines.start(transport, 2);
    }

    @BeforeEach
    void forgetWhatWasLogged() {
        // As the appender does.
        synchronized (logged) {
            logged.list.clear();
        }
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        open.clear();
    }

    @AfterAll
    void stop() {
        if (engine == null) {
            return;
        }
        engine.close();
        for (Class<?> each : LOGS) {
            Logger logger = (Logger) LoggerFactory.getLogger(each);
            logger.detachAppender(logged);
            logger.setAdditive(true);
            logger.setLevel(null);
        }
    }

    private static TlsConfig config(TlsProvider provider, Object... changes) {
        TlsConfig config = Changed.with(TlsConfig.defaults(), "provider", OpenSslThere.assume(provider));
        return changes.length == 0 ? config : Changed.with(config, changes);
    }

    private TlsContexts contexts(TlsConfig config, ClientAuth clientAuth) {
        return new TlsContexts("solaster.servers.tls", config, clientAuth, () -> ApplicationProtocolConfig.DISABLED,
                "one",
                Map.of("one", ONE.material().withTrust(TestKeys.trust(CLIENT)), "two",
                        TWO.material().withTrust(TestKeys.trust(CLIENT))),
                engine.environment());
    }

    private TcpServer serve(TlsHandlers handlers, TlsConfig config) {
        TcpServer server = TcpServer.bind(engine, "tls", ServerConfig.of("echo", 0),
                Tls.over(handlers, config, engine.offload(), new Greeter()));
        open.add(server);
        return server;
    }

    private TcpServer serve(TlsConfig config) {
        return serve(contexts(config, ClientAuth.NONE), config);
    }

    /** Greets with the shard's number and with whom it sees, and sends back what it gets. */
    private static final class Greeter implements ConnectionHandler {
        @Override
        public void connected(Shard shard, Channel channel) {
            SslHandler tls = channel.pipeline().get(SslHandler.class);
            tls.handshakeFuture().addListener(done -> {
                if (done.isSuccess()) {
                    String greeting = shard.id() + " " + client(tls) + "\n";
                    channel.writeAndFlush(channel.alloc().buffer()
                            .writeBytes(greeting.getBytes(StandardCharsets.US_ASCII)));
                }
            });
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    context.writeAndFlush(message);
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                    context.close();
                }

                @Override
                public void userEventTriggered(ChannelHandlerContext context, Object event) {
                    if (event == TcpServer.DRAIN) {
                        context.close();
                    }
                }
            });
        }

        private static String client(SslHandler tls) {
            try {
                return ((X509Certificate) tls.engine().getSession().getPeerCertificates()[0])
                        .getSubjectX500Principal().getName();
            } catch (SSLPeerUnverifiedException e) {
                return "nobody";
            }
        }
    }

    private static long sum(TcpServer server, Function<HandshakeStats, Counter> of) {
        ToLongFunction<HandshakeStats> value = each -> of.apply(each).get();
        return server.tls().stats().values().stream().mapToLong(value).sum();
    }

    private static void until(String what, TcpServer server, Function<HandshakeStats, Counter> of, long count) {
        Engines.until(what, () -> sum(server, of) == count);
        assertThat(sum(server, of)).as(what).isEqualTo(count);
    }

    private static void nothingIsUnderWay(TcpServer server) {
        Engines.until("all are gone", () -> server.connections() == 0);
        until("none is under way", server, stats -> stats.inProgress, 0);
        assertThat(sum(server, stats -> stats.waiting)).isZero();
        assertThat(sum(server, stats -> stats.silent)).isZero();
    }

    private Socket plain(TcpServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
        open.add(socket);
        return socket;
    }

    /** One client of a server that says whom it asks for. */
    private final class Client implements AutoCloseable {
        private final SSLSocket socket;
        private final BufferedReader in;

        Client(TcpServer server, SSLContext context, @Nullable String name, String... protocols) throws IOException {
            socket = (SSLSocket) context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(),
                    server.port());
            open.add(this);
            socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
            if (protocols.length > 0) {
                socket.setEnabledProtocols(protocols);
            }
            if (name != null) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setServerNames(List.of(new SNIHostName(name)));
                socket.setSSLParameters(parameters);
            }
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        }

        String greeting() throws IOException {
            return in.readLine();
        }

        String echo(String text) throws IOException {
            socket.getOutputStream().write((text + "\n").getBytes(StandardCharsets.US_ASCII));
            return in.readLine();
        }

        String shown() throws IOException {
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSubjectX500Principal().getName();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static SSLContext trusting(TestKeys... good) throws Exception {
        return TestKeys.client(null, good);
    }

    /** What a client says first. */
    private static byte[] hello() throws Exception {
        SSLEngine client = trusting(ONE).createSSLEngine();
        client.setUseClientMode(true);
        ByteBuffer into = ByteBuffer.allocate(client.getSession().getPacketBufferSize());
        client.wrap(ByteBuffer.allocate(0), into);
        return Arrays.copyOf(into.array(), into.position());
    }

    @WithEach
    @Tag("smoke")
    void echoesAndCounts(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider));
        for (String protocol : new String[]{"TLSv1.3", "TLSv1.2"}) {
            try (Client client = new Client(server, trusting(ONE), null, protocol)) {
                assertThat(client.greeting()).matches("[01] nobody");
                assertThat(client.echo("hello")).isEqualTo("hello");
                // More than a record.
                assertThat(client.echo("x".repeat(100_000))).hasSize(100_000);
                assertThat(client.socket.getSession().getProtocol()).isEqualTo(protocol);
            }
        }
        until("both are counted", server, stats -> stats.succeeded, 2);
        assertThat(sum(server, stats -> stats.resumed)).isZero();
        nothingIsUnderWay(server);
        assertThat(server.tls().contexts().choice().provider()).isEqualTo(provider);
    }

    @WithEach
    void aSessionOfOneShardIsResumedOnAnother(TlsProvider provider) throws Exception {
        for (String protocol : new String[]{"TLSv1.3", "TLSv1.2"}) {
            TcpServer server = serve(config(provider));
            SSLContext context = trusting(ONE);
            int count = 0;
            // Until both shards have had one that was resumed.
            while (server.tls().stats().size() < 2
                    || server.tls().stats().values().stream().anyMatch(each -> each.resumed.get() == 0)) {
                // Those before stay, so that the shard with the fewest is now one and now the other.
                Client client = new Client(server, context, null, protocol);
                assertThat(client.greeting()).isNotNull();
                if (count++ == 0) {
                    untilTheNextMillisecond();
                }
                assertThat(count).as("connections over " + protocol).isLessThan(200);
            }
            until("all are counted", server, stats -> stats.succeeded, count);
            assertThat(sum(server, stats -> stats.resumed)).as(protocol).isEqualTo(count - 1);
        }
    }

    /** The JDK's side tells a session of before by the time when it was made, which is in milliseconds. */
    private static void untilTheNextMillisecond() {
        long made = System.currentTimeMillis();
        Engines.until("the clock goes on", () -> System.currentTimeMillis() > made);
    }

    private void greet(TcpServer server, SSLContext context, String protocol) throws IOException {
        try (Client client = new Client(server, context, null, protocol)) {
            assertThat(client.greeting()).isNotNull();
            assertThat(client.echo("x")).isEqualTo("x");
        }
    }

    @WithEach
    void sessionsOutliveAKeyOfTicketsUnlessTheyAreForgotten(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider));
        SSLContext context = trusting(ONE);
        greet(server, context, "TLSv1.3");
        until("the first", server, stats -> stats.succeeded, 1);
        untilTheNextMillisecond();
        if (provider == TlsProvider.OPENSSL) {
            server.tls().contexts().rotateTickets();
        }
        greet(server, context, "TLSv1.3");
        until("the second", server, stats -> stats.succeeded, 2);
        assertThat(sum(server, stats -> stats.resumed)).as("of a key that is kept").isEqualTo(1);
        server.tls().contexts().forgetSessions();
        greet(server, context, "TLSv1.3");
        until("the third", server, stats -> stats.succeeded, 3);
        assertThat(sum(server, stats -> stats.resumed)).as("of a key that is gone").isEqualTo(1);
    }

    @Test
    void withoutTicketsANewKeyOfTicketsForgetsNoSession() throws Exception {
        TcpServer server = serve(config(TlsProvider.OPENSSL, "tickets", false));
        SSLContext context = trusting(ONE);
        greet(server, context, "TLSv1.2");
        server.tls().contexts().rotateTickets();
        greet(server, context, "TLSv1.2");
        until("both", server, stats -> stats.succeeded, 2);
        assertThat(sum(server, stats -> stats.resumed)).isEqualTo(1);
        server.tls().contexts().forgetSessions();
        greet(server, context, "TLSv1.2");
        until("the third", server, stats -> stats.succeeded, 3);
        assertThat(sum(server, stats -> stats.resumed)).isEqualTo(1);
    }

    @WithEach
    void aClientGetsTheCertificateOfTheHostThatItAsksFor(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider, "serverNames", Map.of("two", "two.example, *.Shop.example")));
        Map<String, String> shown = Map.of("two.example", "CN=two.example", "TWO.example", "CN=two.example",
                "a.shop.example", "CN=two.example", "shop.example", "CN=one.example", "a.b.shop.example",
                "CN=one.example", "unknown.example", "CN=one.example");
        for (Map.Entry<String, String> each : shown.entrySet()) {
            // The JDK's client asks again for the name of a session that it resumes.
            try (Client client = new Client(server, trusting(ONE, TWO), each.getKey())) {
                assertThat(client.greeting()).isNotNull();
                assertThat(client.shown()).as(each.getKey()).isEqualTo(each.getValue());
            }
        }
        try (Client client = new Client(server, trusting(ONE, TWO), null)) {
            assertThat(client.greeting()).isNotNull();
            assertThat(client.shown()).isEqualTo("CN=one.example");
        }
    }

    @WithEach
    void anUnknownHostIsRefusedWhereThatIsAskedFor(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider, "serverNames", Map.of("two", "two.example"), "unknownNames",
                TlsConfig.UnknownNames.REFUSE));
        for (int i = 0; i < 3; i++) {
            try (Client client = new Client(server, trusting(ONE, TWO), "unknown.example")) {
                assertThatThrownBy(client::greeting).isInstanceOf(SSLException.class)
                        .hasMessageContaining("unrecognized_name");
            }
        }
        for (String known : new String[]{"two.example", "localhost", "one.example"}) {
            try (Client client = new Client(server, trusting(ONE, TWO), known)) {
                assertThat(client.greeting()).as(known).isNotNull();
            }
        }
        until("they are counted", server, stats -> stats.refused, 3);
        nothingIsUnderWay(server);
        // Once a minute, and a test may take longer.
        assertThat(warnings(server)).isNotEmpty()
                .allMatch(line -> line.contains("asked for a name that no certificate"));
    }

    /** What was logged of this server's connections. */
    private List<String> lines(TcpServer server, Level least) {
        // As the appender does.
        synchronized (logged) {
            return logged.list.stream().filter(each -> each.getLevel().isGreaterOrEqual(least))
                    .map(ILoggingEvent::getFormattedMessage)
                    .filter(line -> line.contains("L:/127.0.0.1:" + server.port() + " ")).toList();
        }
    }

    private List<String> warnings(TcpServer server) {
        return lines(server, Level.WARN);
    }

    @WithEach
    void aClientHasToShowWhoItIs(TlsProvider provider) throws Exception {
        TlsConfig config = config(provider);
        TcpServer server = serve(contexts(config, ClientAuth.NEED), config);
        SSLContext known = TestKeys.client(CLIENT, ONE);
        for (int i = 0; i < 2; i++) {
            for (String protocol : new String[]{"TLSv1.3", "TLSv1.2"}) {
                try (Client client = new Client(server, known, null, protocol)) {
                    assertThat(client.greeting()).as("new or resumed").endsWith("CN=client");
                    assertThat(client.echo("x")).isEqualTo("x");
                }
            }
        }
        for (SSLContext stranger : new SSLContext[]{trusting(ONE), TestKeys.client(TWO, ONE)}) {
            try (Client client = new Client(server, stranger, null)) {
                assertThatThrownBy(() -> {
                    if (client.greeting() == null) {
                        throw new SSLException("closed");
                    }
                }).isInstanceOf(IOException.class);
            }
        }
        until("they are counted", server, stats -> stats.failed, 2);
        nothingIsUnderWay(server);

        TcpServer wanting = serve(contexts(config, ClientAuth.WANT), config);
        try (Client client = new Client(wanting, trusting(ONE), null)) {
            assertThat(client.greeting()).endsWith("nobody");
        }
        try (Client client = new Client(wanting, known, null)) {
            assertThat(client.greeting()).endsWith("CN=client");
        }
    }

    @WithEach
    void whoIsNoLongerGoodDoesNotComeBackByASession(TlsProvider provider) throws Exception {
        TlsConfig config = config(provider);
        TlsContexts contexts = contexts(config, ClientAuth.NEED);
        TcpServer server = serve(contexts, config);
        SSLContext known = TestKeys.client(CLIENT, ONE);
        try (Client client = new Client(server, known, null)) {
            assertThat(client.greeting()).endsWith("CN=client");
        }
        assertThat(contexts.update("one", () -> ONE.material().withTrust(TestKeys.trust(TWO)))).isTrue();
        try (Client client = new Client(server, known, null)) {
            assertThatThrownBy(() -> {
                if (client.greeting() == null) {
                    throw new SSLException("closed");
                }
            }).isInstanceOf(IOException.class);
        }
    }

    @Tag("full")
    @WithEach
    void certificatesChangeWhileHandshakesGoOn(TlsProvider provider) throws Exception {
        TlsConfig config = config(provider);
        TlsContexts contexts = contexts(config, ClientAuth.NONE);
        TcpServer server = serve(contexts, config);
        Client before = new Client(server, trusting(ONE), null);
        assertThat(before.greeting()).isNotNull();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger updates = new AtomicInteger();
        Thread changes = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                TestKeys next = updates.getAndIncrement() % 2 == 0 ? TWO : ONE;
                contexts.update("one", next::material);
                contexts.rotateTickets();
            }
        });
        try {
            for (int i = 0; i < 10 || updates.get() < 10; i++) {
                try (Client client = new Client(server, trusting(ONE, TWO), null)) {
                    assertThat(client.greeting()).isNotNull();
                    assertThat(client.echo("x")).isEqualTo("x");
                }
            }
        } finally {
            over.set(true);
            changes.join();
        }
        contexts.update("one", TWO::material);
        assertThat(contexts.update("one", () -> {
            throw new IOException("half a file");
        })).isFalse();
        try (Client client = new Client(server, trusting(TWO), null)) {
            assertThat(client.greeting()).isNotNull();
        }
        assertThat(before.echo("still there")).isEqualTo("still there");
        assertThat(sum(server, stats -> stats.failed)).isZero();
    }

    @WithEach
    void materialThatTakesLongToReadHoldsUpNobody(TlsProvider provider) throws Exception {
        // So that almost every handshake looks what is due.
        TlsConfig config = config(provider, "ticketRotation", Duration.ofMillis(1), "sessionTimeout",
                Duration.ofSeconds(1));
        TlsContexts contexts = contexts(config, ClientAuth.NONE);
        TcpServer server = serve(contexts, config);
        CountDownLatch reads = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        CompletableFuture<Boolean> update = beside(() -> contexts.update("one", () -> {
            reads.countDown();
            go.await();
            return TWO.material();
        }));
        try {
            assertThat(reads.await(Engines.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 3; i++) {
                untilTheNextMillisecond();
                greet(server, trusting(ONE), "TLSv1.3");
                assertThat(Engines.get(beside(contexts::certificates)).getFirst().subjects())
                        .containsExactly("CN=one.example");
            }
            Engines.get(beside(() -> {
                contexts.rotateTickets();
                contexts.forgetSessions();
                return true;
            }));
            assertThat(update).isNotDone();
        } finally {
            go.countDown();
        }
        assertThat(Engines.get(update)).isTrue();
        greet(server, trusting(TWO), "TLSv1.3");
        assertThat(contexts.certificates().getFirst().updates()).isOne();
    }

    private static <T> CompletableFuture<T> beside(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, task -> Thread.ofPlatform().daemon().start(task));
    }

    @WithEach
    @Tag("smoke")
    void garbageAndPlainTextAreClosedAndCounted(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider));
        byte[] hello = hello();
        byte[] cut = hello.clone();
        // The suites would go on far behind the end.
        cut[5 + 4 + 34 + 1 + 32] = (byte) 0xff;
        byte[][] garbage = {"GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                {22, 3, 1, 0, 4, 1, 0, 0, 0}, {22, 3, 1, 0, 0, 0, 0, 0, 0}, {21, 3, 1, 0, 2, 1, 0},
                {22, 3, 1, 0, 4, 1, (byte) 0xff, (byte) 0xff, (byte) 0xff}, {22, 3, 1, 0, 4, 2, 0, 0, 0},
                new byte[4096], cut, {(byte) 0x80, 0x2e, 1, 3, 1, 0, 0, 0}};
        for (int round = 0; round < 3; round++) {
            for (byte[] each : garbage) {
                Socket socket = plain(server);
                socket.getOutputStream().write(each);
                untilTheEnd(socket);
            }
        }
        until("each is counted", server, stats -> stats.notTls, 3 * garbage.length);
        nothingIsUnderWay(server);
        assertThat(warnings(server)).isEmpty();
        // Once a minute, and a test may take longer.
        assertThat(lines(server, Level.INFO)).hasSizeBetween(1, 5);
    }

    private static void untilTheEnd(Socket socket) throws IOException {
        try {
            InputStream in = socket.getInputStream();
            while (in.read() >= 0) {
                // An alert, perhaps.
            }
        } catch (SocketException e) {
            // Reset: as good an end.
        }
    }

    @WithEach
    void aHelloInPiecesIsAHello(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider));
        byte[] hello = hello();
        Socket slow = plain(server);
        slow.setTcpNoDelay(true);
        for (byte each : hello) {
            slow.getOutputStream().write(each);
        }
        assertThat(slow.getInputStream().read()).as("the server's hello").isEqualTo(22);
        // The same over two records, of which the first has a byte.
        Socket two = plain(server);
        two.getOutputStream().write(new byte[]{22, 3, 1, 0, 1, hello[5]});
        int rest = hello.length - 6;
        two.getOutputStream().write(new byte[]{22, 3, 1, (byte) (rest >> 8), (byte) rest});
        two.getOutputStream().write(hello, 6, rest);
        assertThat(two.getInputStream().read()).isEqualTo(22);
    }

    @WithEach
    void whoStopsOnTheWayIsDisconnected(TlsProvider provider) throws Exception {
        TlsConfig config = config(provider, "handshakeTimeout", Duration.ofMillis(200));
        TcpServer server = serve(config);
        byte[] hello = hello();
        Socket silent = plain(server);
        Socket half = plain(server);
        half.getOutputStream().write(hello, 0, hello.length / 2);
        Socket greeted = plain(server);
        greeted.getOutputStream().write(hello);
        for (Socket each : new Socket[]{silent, half, greeted}) {
            untilTheEnd(each);
        }
        until("each is counted", server, stats -> stats.timedOut, 3);
        nothingIsUnderWay(server);
    }

    @WithEach
    @Tag("smoke")
    void aResetOnTheWayLeavesNothing(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider, "handshakeTimeout", Duration.ofMinutes(10)));
        byte[] hello = hello();
        int[] lengths = {0, 3, hello.length / 2, hello.length};
        for (int i = 0; i < 20; i++) {
            Socket socket = plain(server);
            socket.getOutputStream().write(hello, 0, lengths[i % lengths.length]);
            if (i % 2 == 0) {
                int expected = i + 1;
                Engines.until("it is accepted", () -> server.accepted() == expected);
            }
            socket.setSoLinger(true, 0);
            socket.close();
            int expected = i + 1;
            Engines.until("it is gone", () -> server.accepted() == expected && server.connections() == 0);
        }
        nothingIsUnderWay(server);
        assertThat(warnings(server)).isEmpty();
    }

    @WithEach
    void aClientThatEndsWithoutTheWordForItIsOver(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider));
        Socket raw = plain(server);
        SSLSocket over = (SSLSocket) trusting(ONE).getSocketFactory().createSocket(raw, "localhost", server.port(),
                false);
        assertThat(over.getInputStream().read()).isPositive();
        raw.close();
        nothingIsUnderWay(server);
        until("it was a handshake", server, stats -> stats.succeeded, 1);
        assertThat(warnings(server)).isEmpty();
    }

    @WithEach
    void noMoreAreUnderWayThanMayBe(TlsProvider provider) throws Exception {
        TlsConfig config = config(provider, "maxHandshakes", UNDER_WAY, "handshakeTimeout", Duration.ofMinutes(10));
        TcpServer server = serve(config);
        byte[] hello = hello();
        List<Socket> stopped = new ArrayList<>();
        // More than both shards take, however they are spread.
        int count = 0;
        while (server.tls().stats().size() < 2 || sum(server, stats -> stats.inProgress) < 2 * UNDER_WAY) {
            Socket socket = plain(server);
            socket.getOutputStream().write(hello);
            stopped.add(socket);
            int all = ++count;
            Engines.until("it is under way or refused",
                    () -> sum(server, stats -> stats.inProgress) + sum(server, stats -> stats.refused) == all);
        }
        Socket late = plain(server);
        late.getOutputStream().write(hello);
        untilTheEnd(late);
        until("the others are refused", server, stats -> stats.refused, count + 1L - 2 * UNDER_WAY);
        assertThat(warnings(server)).isNotEmpty().allMatch(line -> line.contains("tls.max-handshakes"));
        for (Socket each : stopped) {
            each.close();
        }
        nothingIsUnderWay(server);
        assertThat(sum(server, stats -> stats.aborted)).isEqualTo(2 * UNDER_WAY);
        try (Client client = new Client(server, trusting(ONE), null)) {
            assertThat(client.greeting()).isNotNull();
        }
    }

    @WithEach
    void aTurnBeginsNoMoreThanItMay(TlsProvider provider) throws Exception {
        TlsConfig config = config(provider, "handshakesPerTurn", 2);
        TlsContexts contexts = contexts(config, ClientAuth.NONE);
        Map<String, AtomicInteger> perTurn = new ConcurrentHashMap<>();
        TcpServer server = serve((hello, allocator, tasks) -> {
            Shard shard = Shard.current();
            perTurn.computeIfAbsent(shard.id() + " in turn " + shard.stats().turns.get(), each -> new AtomicInteger())
                    .incrementAndGet();
            return contexts.handler(hello, allocator, tasks);
        }, config);
        byte[] hello = hello();
        List<Socket> storm = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            storm.add(plain(server));
        }
        Engines.until("all are there", () -> server.connections() == 60 && sum(server, stats -> stats.silent) == 60);
        // All hellos come while the shards are at something else.
        CountDownLatch sent = new CountDownLatch(1);
        CountDownLatch held = new CountDownLatch(2);
        for (Shard shard : engine.shards()) {
            shard.execute(() -> {
                held.countDown();
                try {
                    assertThat(sent.await(Engines.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        assertThat(held.await(Engines.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        for (Socket each : storm) {
            each.getOutputStream().write(hello);
        }
        sent.countDown();
        for (Socket each : storm) {
            assertThat(each.getInputStream().read()).isEqualTo(22);
        }
        assertThat(perTurn.values().stream().mapToInt(AtomicInteger::get).sum()).isEqualTo(60);
        assertThat(perTurn.values()).allMatch(each -> each.get() <= 2);
        for (Socket each : storm) {
            each.close();
        }
        nothingIsUnderWay(server);
    }

    /** As fast as one client can, which goes away before the answer: 10,000 with {@code -Dsolaster.test.hellos=10000}. */
    @WithEach
    void aStormOfHellosHoldsUpNobodyAndLeavesNothing(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider, "maxHandshakes", 64));
        byte[] hello = hello();
        Deque<Socket> storm = new ArrayDeque<>();
        try (Client there = new Client(server, trusting(ONE), null)) {
            assertThat(there.greeting()).isNotNull();
            int hellos = Integer.getInteger("solaster.test.hellos", 300);
            for (int i = 0; i < hellos; i++) {
                Socket each = new Socket(InetAddress.getLoopbackAddress(), server.port());
                each.getOutputStream().write(hello);
                storm.add(each);
                if (storm.size() > 100) {
                    storm.remove().close();
                }
                if (i % 100 == 50) {
                    assertThat(there.echo("after " + i)).isEqualTo("after " + i);
                }
            }
        } finally {
            for (Socket each : storm) {
                each.close();
            }
        }
        nothingIsUnderWay(server);
        assertThat(sum(server, stats -> stats.succeeded)).isEqualTo(1);
        try (Client later = new Client(server, trusting(ONE), null)) {
            assertThat(later.greeting()).isNotNull();
        }
    }

    @WithEach
    @Tag("smoke")
    void aDrainWaitsForNobodyWhoHasSaidNothing(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider, "handshakeTimeout", Duration.ofMinutes(10)));
        byte[] hello = hello();
        plain(server);
        plain(server).getOutputStream().write(hello, 0, hello.length / 2);
        plain(server).getOutputStream().write(hello);
        try (Client client = new Client(server, trusting(ONE), null)) {
            assertThat(client.greeting()).isNotNull();
            until("one stops on the way", server, stats -> stats.inProgress, 1);
            Engines.until("two are silent", () -> server.connections() == 4);
            assertThat(server.drain(Engines.PATIENCE)).isZero();
        }
        nothingIsUnderWay(server);
    }

    @WithEach
    void aClientGetsOneHandshake(TlsProvider provider) throws Exception {
        TcpServer server = serve(config(provider));
        try (Client client = new Client(server, trusting(ONE), null, "TLSv1.2")) {
            assertThat(client.greeting()).isNotNull();
            assertThatThrownBy(() -> {
                client.socket.startHandshake();
                for (int i = 0; i < 3; i++) {
                    if (client.echo("x") == null) {
                        throw new SSLException("closed");
                    }
                }
            }).isInstanceOf(IOException.class);
        }
        Engines.until("it is closed", () -> server.connections() == 0);
        assertThat(sum(server, stats -> stats.succeeded)).isEqualTo(1);
    }

    @WithEach
    @Tag("smoke")
    void realClientsTalk(TlsProvider provider, @TempDir Path directory) throws Exception {
        assumeTrue(Arrays.stream(System.getenv("PATH").split(":")).anyMatch(
                each -> Files.isExecutable(Path.of(each, "openssl"))), "openssl is not installed");
        Process help = new ProcessBuilder("openssl", "s_client", "-help").redirectErrorStream(true).start();
        assumeTrue(new String(help.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).contains("-tls1_3"),
                "this openssl knows no TLS 1.3");
        Path trusted = directory.resolve("one.pem");
        Files.writeString(trusted, "-----BEGIN CERTIFICATE-----\n" + Base64.getMimeEncoder(64, new byte[]{'\n'})
                .encodeToString(ONE.certificate().getEncoded()) + "\n-----END CERTIFICATE-----\n");
        TcpServer server = serve(config(provider));
        for (String protocol : new String[]{"-tls1_3", "-tls1_2"}) {
            File errors = directory.resolve("errors").toFile();
            Process openssl = new ProcessBuilder("openssl", "s_client", "-quiet", "-connect",
                    "127.0.0.1:" + server.port(), "-servername", "one.example", "-CAfile", trusted.toString(),
                    "-verify_return_error", protocol).redirectError(errors).start();
            try {
                openssl.getOutputStream().write("ask\n".getBytes(StandardCharsets.US_ASCII));
                openssl.getOutputStream().flush();
                BufferedReader said = openssl.inputReader(StandardCharsets.US_ASCII);
                List<String> lines = new ArrayList<>();
                for (String line = said.readLine(); line != null; line = said.readLine()) {
                    lines.add(line);
                    if (line.equals("ask")) {
                        break;
                    }
                }
                assertThat(lines).as("beside %s", Files.readString(errors.toPath()))
                        .anyMatch(line -> line.matches("[01] nobody")).contains("ask");
            } finally {
                openssl.destroy();
            }
            assertThat(openssl.waitFor(Engines.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }
}
