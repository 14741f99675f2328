package io.solaster.benchmarks.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.stats.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * TLS beside plain Netty with the same provider, on one CPU, in turns, Netty twice for the noise: CPU per echo of 1 KiB and per
 * full handshake; and the p99 of plain requests while the same shard has 2,000 handshakes a second. Arguments: seconds a round,
 * rounds.
 */
final class TlsCompare {
    private static final int CONNECTIONS = 32;
    private static final int BYTES = 1024;
    private static final int PER_SECOND = 2_000;
    private static final int PLAIN_PER_SECOND = 1_000;
    private static final String SERVER_CPU = "0";
    private static final int CLIENT_CPU = 1;

    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final SslContext context;
    private final int seconds;

    private TlsCompare(int seconds) throws Exception {
        this.seconds = seconds;
        this.context = SslContextBuilder.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE)
                .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                .endpointIdentificationAlgorithm(null).build();
        loop.submit(() -> CpuAffinity.pin(CLIENT_CPU)).sync();
    }

    /** A server that runs. */
    private record Host(Process process, int tls, int plain) {
        static Host start(String kind, Path keys) throws IOException {
            Process process = Children.start(SERVER_CPU, Files.createTempFile("tls", ".log"), List.of(Workplace.java(),
                    "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xms128m",
                    "-Xmx128m",
                    "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), TlsHost.class.getName(), kind,
                    keys.toString()));
            BufferedReader said = new BufferedReader(
                    new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                if (line.matches("\\d+ \\d+")) {
                    int[] ports = Arrays.stream(line.split(" ", -1)).mapToInt(Integer::parseInt).toArray();
                    return new Host(process, ports[0], ports[1]);
                }
            }
            throw new IOException("the host '" + kind + "' did not start");
        }
    }

    /** Microseconds of the server's CPU per operation, for some seconds of them. */
    private interface Way {
        double micros(Host host) throws Exception;
    }

    static void main(String... args) throws Exception {
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        TlsCompare compare = new TlsCompare(args.length > 0 ? Integer.parseInt(args[0]) : 3);
        Path keys = Files.createTempDirectory("tls").resolve("keys.p12");
        new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                "-alias",
                "key", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=localhost", "-storetype", "PKCS12",
                "-keystore", keys.toString(),
                "-storepass", "changeit").inheritIO().start().waitFor();
        Host netty = Host.start("netty", keys);
        Host again = Host.start("netty", keys);
        Host solaster = Host.start("solaster", keys);
        try {
            System.out.println("Server and client by " + (OpenSsl.isAvailable() ? OpenSsl.versionString() : "the JDK"));
            MarkdownTable table = new MarkdownTable("CPU of the server, us", "Netty", "Netty again", "Solaster",
                    "Solaster / Netty", "noise");
            row(table, "echo of 1 KiB", rounds, compare::echo, netty, again, solaster);
            row(table, "full handshake", rounds, compare::handshakes, netty, again, solaster);
            System.out.println(table);
            compare.storm(rounds, netty, solaster);
        } finally {
            for (Host each : List.of(netty, again, solaster)) {
                Children.end(each.process);
            }
            Files.deleteIfExists(keys);
            compare.loop.shutdownGracefully();
        }
    }

    private static void row(MarkdownTable table, String name, int rounds, Way way, Host... hosts) throws Exception {
        double[][] micros = new double[hosts.length][rounds];
        for (int round = -1; round < rounds; round++) {
            for (int i = 0; i < hosts.length; i++) {
                double figure = way.micros(hosts[i]);
                if (round >= 0) {
                    micros[i][round] = figure;
                }
            }
        }
        table.row(name, number(Statistics.median(micros[0])), number(Statistics.median(micros[1])),
                number(Statistics.median(micros[2])), number(Statistics.ratio(micros[2], micros[0])),
                number(Statistics.noise(micros[1], micros[0])));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    private double echo(Host host) throws Exception {
        AtomicLong done = new AtomicLong();
        Channel[] channels = new Channel[CONNECTIONS];
        for (int i = 0; i < CONNECTIONS; i++) {
            channels[i] = connect(host.tls, context, new Asking(done, BYTES));
        }
        for (Channel each : channels) {
            each.pipeline().get(SslHandler.class).handshakeFuture().sync();
        }
        double micros = cpuPerOperation(host, done);
        for (Channel each : channels) {
            each.close().sync();
        }
        return micros;
    }

    private double cpuPerOperation(Host host, AtomicLong done) throws InterruptedException {
        long before = done.get();
        long cpu = ProcFs.cpuNanos(host.process.pid());
        TimeUnit.SECONDS.sleep(seconds);
        return (ProcFs.cpuNanos(host.process.pid()) - cpu) / 1e3 / Math.max(1, done.get() - before);
    }

    private double handshakes(Host host) throws Exception {
        AtomicLong done = new AtomicLong();
        Greeting greeting = new Greeting(host.tls, done);
        for (int i = 0; i < CONNECTIONS; i++) {
            greeting.next(true);
        }
        double micros = cpuPerOperation(host, done);
        greeting.over = true;
        return micros;
    }

    /** The p99 of plain requests, quiet and beside handshakes on the same thread. */
    private void storm(int rounds, Host... hosts) throws Exception {
        MarkdownTable table = new MarkdownTable("p99 of plain requests, us", "quiet", "2,000 handshakes a second",
                "ratio", "handshakes a second");
        String[] names = {"Netty", "Solaster"};
        for (int i = 0; i < hosts.length; i++) {
            double[] quiet = new double[rounds];
            double[] beside = new double[rounds];
            double[] rate = new double[rounds];
            for (int round = 0; round < rounds; round++) {
                quiet[round] = p99(hosts[i], null);
                AtomicLong done = new AtomicLong();
                Greeting greeting = new Greeting(hosts[i].tls, done);
                beside[round] = p99(hosts[i], greeting);
                rate[round] = done.get() / (double) seconds;
            }
            table.row(names[i], number(Statistics.median(quiet)), number(Statistics.median(beside)),
                    number(Statistics.ratio(beside, quiet)), number(Statistics.median(rate)));
        }
        System.out.println(table);
    }

    private double p99(Host host, @Nullable Greeting storm) throws Exception {
        var greets = storm == null
                ? null
                : loop.scheduleAtFixedRate(() -> storm.next(false), 0, 1_000_000 / PER_SECOND, TimeUnit.MICROSECONDS);
        Histogram nanos = new Histogram();
        Thread asks = new Thread(() -> ask(host.plain, nanos), "asks");
        asks.start();
        asks.join();
        if (greets != null) {
            greets.cancel(false);
        }
        return nanos.snapshot().percentile(99) / 1e3;
    }

    /** By a thread of its own, which goes before the one that shakes hands: else that one's turns were measured. */
    private void ask(int port, Histogram nanos) {
        CpuAffinity.pin(CLIENT_CPU);
        long interval = 1_000_000_000 / PLAIN_PER_SECOND;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            long thread = Long.parseLong(Path.of("/proc/thread-self").toRealPath().getFileName().toString());
            if (new ProcessBuilder("chrt", "-f", "-p", "1", Long.toString(thread)).start().waitFor() != 0) {
                System.out.println("The plain client has no real-time priority: its figures are too high.");
            }
            socket.setTcpNoDelay(true);
            byte[] bytes = new byte[64];
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            for (long next = System.nanoTime(); next < end; next += interval) {
                LockSupport.parkNanos(next - System.nanoTime());
                long asked = System.nanoTime();
                socket.getOutputStream().write(bytes);
                socket.getInputStream().readNBytes(bytes, 0, bytes.length);
                nanos.record(System.nanoTime() - asked);
                next = Math.max(next, System.nanoTime() - interval);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Channel connect(int port, @Nullable SslContext tls, ChannelInboundHandlerAdapter handler)
            throws InterruptedException {
        return bootstrap(tls, handler).connect("127.0.0.1", port).sync().channel();
    }

    private Bootstrap bootstrap(@Nullable SslContext tls, ChannelInboundHandlerAdapter handler) {
        return new Bootstrap().group(loop).channel(NioSocketChannel.class).handler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                if (tls != null) {
                    // Without a host's name there is no session to resume.
                    channel.pipeline().addLast(tls.newHandler(channel.alloc()));
                }
                channel.pipeline().addLast(handler);
            }
        });
    }

    /** Makes a handshake, closes, and perhaps makes the next. On the client's loop. */
    private final class Greeting {
        private final int port;
        private final AtomicLong done;
        private volatile boolean over;

        Greeting(int port, AtomicLong done) {
            this.port = port;
            this.done = done;
        }

        void next(boolean again) {
            bootstrap(context, new ChannelInboundHandlerAdapter()).connect("127.0.0.1", port).addListener(connected -> {
                if (!connected.isSuccess()) {
                    return;
                }
                Channel channel = ((ChannelFuture) connected).channel();
                channel.pipeline().get(SslHandler.class).handshakeFuture().addListener(shaken -> {
                    if (shaken.isSuccess()) {
                        done.incrementAndGet();
                    }
                    channel.close();
                    if (again && !over) {
                        next(true);
                    }
                });
            });
        }
    }

    /** Sends some bytes, takes as many as the answer, and sends the next. On the client's loop. */
    static final class Asking extends ChannelInboundHandlerAdapter {
        private final AtomicLong done;
        private final int bytes;
        private int missing;

        Asking(AtomicLong done, int bytes) {
            this.done = done;
            this.bytes = bytes;
        }

        private void ask(Channel channel) {
            missing = bytes;
            channel.writeAndFlush(channel.alloc().directBuffer(bytes).writeZero(bytes));
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            ask(context.channel());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf in = (ByteBuf) message;
            missing -= in.readableBytes();
            in.release();
            if (missing == 0) {
                done.incrementAndGet();
                ask(context.channel());
            }
        }
    }
}
