package io.solaster.benchmarks.store;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** One channel with many subscribers: what a delivery costs the server. */
final class Publish implements Measure {
    private static final int SUBSCRIBERS = 1_000;
    private static final int BYTES = 128;
    private static final String CHANNEL = "news";
    private static final long WARM_UP_NANOS = 5_000_000_000L;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        report.section("PUBLISH to many (`publish`)", SUBSCRIBERS + " subscribers of one channel, messages of " + BYTES
                + " bytes; deliveries per second of the server's CPU time, in bold the ratio to Redis. The client sends so"
                + " many PUBLISH at once and waits until all subscribers have all of them.");
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(Server.redis(workplace, "Redis again"));
            servers.add(Server.store(workplace, "epoll", 1, "epoll", options.jvm()));
            servers.add(Server.store(workplace, "io_uring", 1, "io_uring", options.jvm()));
            MarkdownTable table = new MarkdownTable("at once", "Redis", "Redis again", "epoll", "io_uring");
            for (int atOnce : new int[]{1, 16}) {
                row(table, report, options, servers, atOnce);
            }
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void row(MarkdownTable table, Report report, Options options, List<Server> servers, int atOnce)
            throws IOException {
        double[][] all = new double[servers.size()][options.rounds()];
        List<Audience> audiences = new ArrayList<>();
        try {
            for (Server server : servers) {
                Audience audience = new Audience(server.port(), atOnce);
                audiences.add(audience);
                audience.publishFor(WARM_UP_NANOS);
            }
            for (int round = 0; round < options.rounds(); round++) {
                for (int i = 0; i < all.length; i++) {
                    Report.progress("publish " + atOnce + ", round " + round + ", " + servers.get(i).name());
                    long before = servers.get(i).cpuNanos();
                    long deliveries = audiences.get(i).publishFor(options.seconds() * 1_000_000_000L);
                    all[i][round] = deliveries * 1e9 / (servers.get(i).cpuNanos() - before);
                }
            }
        } finally {
            for (Audience audience : audiences) {
                audience.close();
            }
        }
        List<String> cells = new ArrayList<>(List.of(Integer.toString(atOnce)));
        double redis = Statistics.median(all[0]);
        for (int i = 0; i < all.length; i++) {
            double median = Statistics.median(all[i]);
            cells.add(Math.round(median / 1000) + " k"
                    + (i == 0 ? "" : ", **" + Statistics.digits(median / redis) + "**"));
            if (i > 1) {
                report.atLeast("deliveries per CPU-second, " + atOnce + " at once, " + servers.get(i).name(),
                        median / redis, 2, " x Redis", Statistics.noise(all[1], all[0]));
            }
        }
        table.row(cells.toArray(String[]::new));
    }

    /** The subscribers of one server, and who publishes to them, on one thread. */
    private static final class Audience implements AutoCloseable {
        private final Selector selector = Selector.open();
        private final List<SocketChannel> channels = new ArrayList<>();
        private final SocketChannel publisher;
        private final ByteBuffer requests;
        private final ByteBuffer received = ByteBuffer.allocateDirect(1 << 16);
        private final int atOnce;
        private final long bytesAtOnce;
        private final long replyBytes;

        Audience(int port, int atOnce) throws IOException {
            this.atOnce = atOnce;
            String payload = "x".repeat(BYTES);
            String message = "*3\r\n$7\r\nmessage\r\n" + bulk(CHANNEL) + bulk(payload);
            bytesAtOnce = (long) atOnce * SUBSCRIBERS * message.length();
            byte[] request = ("*3\r\n" + bulk("PUBLISH") + bulk(CHANNEL) + bulk(payload)).repeat(atOnce)
                    .getBytes(StandardCharsets.US_ASCII);
            requests = ByteBuffer.allocateDirect(request.length).put(request);
            replyBytes = (":" + SUBSCRIBERS + "\r\n").length() * (long) atOnce;
            String confirmed = "*3\r\n" + bulk("subscribe") + bulk(CHANNEL) + ":1\r\n";
            for (int i = 0; i < SUBSCRIBERS; i++) {
                SocketChannel channel = connect(port);
                channels.add(channel);
                channel.write(ByteBuffer.wrap(("*2\r\n" + bulk("SUBSCRIBE") + bulk(CHANNEL))
                        .getBytes(StandardCharsets.US_ASCII)));
                read(channel, confirmed.length());
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ);
            }
            publisher = connect(port);
        }

        private static String bulk(String text) {
            return "$" + text.length() + "\r\n" + text + "\r\n";
        }

        private SocketChannel connect(int port) throws IOException {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            return channel;
        }

        private void read(SocketChannel channel, long bytes) throws IOException {
            for (long left = bytes; left > 0;) {
                left -= readSome(channel);
            }
        }

        private int readSome(SocketChannel channel) throws IOException {
            received.clear();
            int read = channel.read(received);
            if (read < 0) {
                throw new IOException("the server has closed a connection");
            }
            return read;
        }

        /** Publishes for so long; how many messages were delivered. */
        long publishFor(long nanos) throws IOException {
            long deliveries = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < nanos) {
                requests.flip();
                while (requests.hasRemaining()) {
                    publisher.write(requests);
                }
                for (long left = bytesAtOnce; left > 0;) {
                    selector.select();
                    for (SelectionKey key : selector.selectedKeys()) {
                        left -= readSome((SocketChannel) key.channel());
                    }
                    selector.selectedKeys().clear();
                }
                read(publisher, replyBytes);
                deliveries += (long) atOnce * SUBSCRIBERS;
            }
            return deliveries;
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : channels) {
                channel.close();
            }
            publisher.close();
            selector.close();
        }
    }
}
