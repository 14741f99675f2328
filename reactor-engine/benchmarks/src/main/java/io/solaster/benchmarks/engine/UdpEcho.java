package io.solaster.benchmarks.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.netty.util.ReferenceCountUtil;
import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Workplace;

/**
 * UDP echo of 64 bytes: the server's CPU for a packet, of a shard beside plain Netty over epoll with recvmmsg, in turns on one
 * CPU, the client on another. From many senders, and from one that sends by GSO. Arguments: seconds a round, rounds.
 */
final class UdpEcho {
    private static final int BYTES = 64;
    private static final int SENDERS = 8;
    /** Under way of each of many: together what a socket's buffer holds. */
    private static final int AHEAD = 16;
    /** Sent as one by a single sender. */
    private static final int SEGMENTS = 64;
    private static final int RUNS_AHEAD = 3;
    private static final int GRO_BYTES = 1 << 16;
    private static final long LOST_MILLIS = 200;
    private static final double MILLION = 1e6;

    private UdpEcho() {}

    private record Server(Process process, InetSocketAddress address) {}

    private record Figure(double perSecond, double cpuNanos) {}

    static void main(String... args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 2;
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 7;
        try (Workplace workplace = Workplace.prepare(Options.parse(rounds), List.of("taskset"))) {
            workplace.pinSelf();
            Map<String, Server> servers = new LinkedHashMap<>();
            servers.put("Netty, recvmmsg", start(workplace, "netty"));
            servers.put("Netty again", start(workplace, "netty"));
            servers.put("shard, recvmmsg, GSO", start(workplace, "shard"));
            servers.put("shard, GRO, GSO", start(workplace, "shard-gro"));
            for (boolean one : new boolean[]{false, true}) {
                Map<String, List<Figure>> figures = new LinkedHashMap<>();
                for (int round = -2; round < rounds; round++) {
                    for (Map.Entry<String, Server> server : servers.entrySet()) {
                        Figure figure = measure(server.getValue(), one, seconds);
                        if (round >= 0) {
                            figures.computeIfAbsent(server.getKey(), name -> new ArrayList<>()).add(figure);
                        }
                    }
                }
                System.out.println((one ? "One sender, GSO" : SENDERS + " senders") + ":\n\n" + table(figures));
            }
        }
    }

    private static Server start(Workplace workplace, String kind) throws IOException {
        Path log = workplace.file("udp-" + kind + ".log");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(workplace.options().jvm());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), UdpHost.class.getName(), kind));
        Process process = Children.start(workplace.serverCpu(), log, command);
        String line = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))
                .readLine();
        if (line == null) {
            throw new IOException(kind + " did not start:\n" + Files.readString(log));
        }
        return new Server(process, new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(line)));
    }

    private static Figure measure(Server server, boolean one, int seconds) throws InterruptedException {
        MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            List<Sender> senders = new ArrayList<>();
            for (int i = 0; i < (one ? 1 : SENDERS); i++) {
                senders.add(new Sender(loop, server.address, one));
            }
            Thread.sleep(LOST_MILLIS);
            long cpu = ProcFs.cpuNanos(server.process.pid());
            long answered = answered(senders);
            long since = System.nanoTime();
            for (int i = 0; i < TimeUnit.SECONDS.toMillis(seconds) / LOST_MILLIS; i++) {
                Thread.sleep(LOST_MILLIS);
                senders.forEach(Sender::goOnIfLost);
            }
            double took = (System.nanoTime() - since) / 1e9;
            long packets = answered(senders) - answered;
            return new Figure(packets / took, (ProcFs.cpuNanos(server.process.pid()) - cpu) / (double) packets);
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }

    private static long answered(List<Sender> senders) {
        return senders.stream().mapToLong(sender -> sender.answered).sum();
    }

    private static String table(Map<String, List<Figure>> figures) {
        MarkdownTable table = new MarkdownTable("", "million packets a second", "CPU of the server per packet, ns",
                "of the first");
        List<Figure> first = figures.values().iterator().next();
        figures.forEach((name, all) -> {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                ratios.add(all.get(i).cpuNanos / first.get(i).cpuNanos);
            }
            table.row(name, text("%.3f", median(all.stream().map(each -> each.perSecond / MILLION).toList())),
                    text("%.0f", median(all.stream().map(Figure::cpuNanos).toList())), text("%.2f", median(ratios)));
        });
        return table.toString();
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    /** Sends as many as are answered. */
    private static final class Sender extends ChannelInboundHandlerAdapter {
        private final InetSocketAddress to;
        private final boolean asOne;
        private final Channel channel;
        private final ByteBuf payload = Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(SEGMENTS * BYTES));
        private volatile long answered;
        private long seen;
        private int credit;

        Sender(MultiThreadIoEventLoopGroup loop, InetSocketAddress to, boolean asOne) throws InterruptedException {
            this.to = to;
            this.asOne = asOne;
            this.channel = new Bootstrap().group(loop).channel(EpollDatagramChannel.class)
                    .option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, asOne ? GRO_BYTES : BYTES)
                    .option(EpollChannelOption.UDP_GRO, asOne)
                    .option(ChannelOption.RECVBUF_ALLOCATOR,
                            new FixedRecvByteBufAllocator(asOne ? GRO_BYTES : BYTES * SEGMENTS))
                    .handler(this).bind("127.0.0.1", 0).sync().channel();
            goOn();
        }

        /** Some were lost where nothing has come for a while. */
        void goOnIfLost() {
            long now = answered;
            if (now == seen) {
                goOn();
            }
            seen = now;
        }

        private void goOn() {
            channel.eventLoop().execute(() -> {
                credit += asOne ? RUNS_AHEAD * SEGMENTS : AHEAD;
                send();
            });
        }

        private void send() {
            if (asOne) {
                for (; credit >= SEGMENTS; credit -= SEGMENTS) {
                    channel.write(new SegmentedDatagramPacket(payload.retainedDuplicate(), BYTES, to),
                            channel.voidPromise());
                }
            } else {
                for (; credit > 0; credit--) {
                    channel.write(new DatagramPacket(payload.retainedSlice(0, BYTES), to), channel.voidPromise());
                }
            }
            channel.flush();
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            answered++;
            credit++;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            send();
        }
    }
}
