package io.solaster.benchmarks.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.engine.os.CpuAffinity;

/**
 * What a server's CPU spends on an echo in plain Netty, by what it receives into: a buffer of its own for each read, or one of a
 * ring that the kernel picks from (with multishot receive), whole or piece by piece; epoll beside it. On one CPU, in turns, without
 * a ring twice for the noise. Arguments: seconds a round, rounds.
 */
final class BufferRings {
    private static final String SERVER_CPU = "0";
    private static final int CLIENT_CPU = 1;
    private static final short GROUP = 1;
    private static final short BUFFERS = 256;
    private static final int BUFFER_BYTES = 16 << 10;
    private static final List<String> KINDS = List.of("none", "none again", "ring", "ring by pieces", "epoll");

    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final int seconds;

    private BufferRings(int seconds) throws InterruptedException {
        this.seconds = seconds;
        loop.submit(() -> CpuAffinity.pin(CLIENT_CPU)).sync();
    }

    static void main(String... args) throws Exception {
        if (args.length > 0 && args[0].equals("serve")) {
            serve(args[1]);
            return;
        }
        BufferRings compare = new BufferRings(args.length > 0 ? Integer.parseInt(args[0]) : 3);
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        List<Process> hosts = new ArrayList<>();
        try {
            List<Integer> ports = new ArrayList<>();
            for (String kind : KINDS) {
                Process host = start(kind);
                hosts.add(host);
                ports.add(Integer.parseInt(new BufferedReader(
                        new InputStreamReader(host.getInputStream(), StandardCharsets.US_ASCII)).readLine()));
            }
            MarkdownTable table = new MarkdownTable("CPU of the server an echo, us", "", "of none");
            for (int[] load : new int[][]{{32, 64}, {256, 64}, {32, 16 << 10}}) {
                double[][] micros = new double[KINDS.size()][rounds];
                for (int round = -1; round < rounds; round++) {
                    for (int i = 0; i < micros.length; i++) {
                        double figure = compare.echo(hosts.get(i).pid(), ports.get(i), load[0], load[1]);
                        if (round >= 0) {
                            micros[i][round] = figure;
                        }
                    }
                }
                for (int i = 0; i < micros.length; i++) {
                    table.row(load[0] + " connections, " + load[1] + " bytes, " + KINDS.get(i),
                            number(Statistics.median(micros[i])), number(Statistics.ratio(micros[i], micros[0])));
                }
            }
            System.out.println(table);
        } finally {
            hosts.forEach(Children::end);
            compare.loop.shutdownGracefully();
        }
    }

    private static Process start(String kind) throws IOException {
        return Children.start(SERVER_CPU, Files.createTempFile("rings", ".log"),
                List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
                        "-Xms128m", "-Xmx128m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
                        BufferRings.class.getName(), "serve", kind));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    /** Microseconds of the server's CPU per echo. */
    private double echo(long pid, int port, int connections, int bytes) throws InterruptedException {
        AtomicLong done = new AtomicLong();
        List<Channel> channels = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            channels.add(new Bootstrap().group(loop).channel(NioSocketChannel.class)
                    .handler(new TlsCompare.Asking(done, bytes))
                    .connect("127.0.0.1", port).sync().channel());
        }
        long before = done.get();
        long cpu = ProcFs.cpuNanos(pid);
        TimeUnit.SECONDS.sleep(seconds);
        double micros = (ProcFs.cpuNanos(pid) - cpu) / 1e3 / Math.max(1, done.get() - before);
        for (Channel each : channels) {
            each.close().sync();
        }
        return micros;
    }

    // ---- the server's process

    private static void serve(String kind) throws Exception {
        boolean ring = kind.startsWith("ring");
        IoHandlerFactory io = kind.equals("epoll")
                ? EpollIoHandler.newFactory()
                : IoUringIoHandler.newFactory(ring ? withRing(kind.endsWith("pieces")) : new IoUringIoHandlerConfig());
        Class<? extends ServerChannel> type = kind.equals("epoll")
                ? EpollServerSocketChannel.class
                : IoUringServerSocketChannel.class;
        ServerBootstrap server = new ServerBootstrap().group(new MultiThreadIoEventLoopGroup(1, io)).channel(type)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new TlsHost.Echo());
                    }
                });
        if (ring) {
            server.childOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, GROUP);
        }
        server.childOption(ChannelOption.TCP_NODELAY, true);
        Channel bound = server.bind("127.0.0.1", 0).sync().channel();
        System.out.println(((InetSocketAddress) bound.localAddress()).getPort());
        System.in.transferTo(System.err);
        System.exit(0);
    }

    private static IoUringIoHandlerConfig withRing(boolean byPieces) {
        if (!IoUring.isRegisterBufferRingSupported()) {
            throw new IllegalStateException("this kernel has no buffer rings");
        }
        return new IoUringIoHandlerConfig().setBufferRingConfig(IoUringBufferRingConfig.builder().bufferGroupId(GROUP)
                .bufferRingSize(BUFFERS).batchSize(BUFFERS).incremental(byPieces)
                .allocator(new IoUringFixedBufferRingAllocator(PooledByteBufAllocator.DEFAULT, BUFFER_BYTES)).build());
    }
}
