package io.solaster.benchmarks.rig;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import org.HdrHistogram.Histogram;

/**
 * Offers requests at a rate, whether or not the server keeps up, and measures each from the moment it was due: a server
 * that stalls is charged for every request that became due meanwhile ("coordinated omission", G. Tene).
 *
 * <p>
 * Requests become due as a Poisson process, each on a connection drawn at random, as those of many independent users do.
 * One thread, which spins: it must have a CPU of its own. The hot path allocates nothing.
 */
public final class LoadGenerator implements AutoCloseable {
    private static final Duration GIVE_UP = Duration.ofSeconds(20);
    private static final long HIGHEST = TimeUnit.SECONDS.toNanos(60);

    private final Selector selector = Selector.open();
    private final Connection[] connections;
    private final Wire wire;
    private final SplittableRandom random;
    private final Consumer<SelectionKey> onReady = this::ready;

    private Histogram latency = new Histogram(1, HIGHEST, 3);
    private Histogram lateness = new Histogram(1, HIGHEST, 3);
    private long napAbove = Long.MAX_VALUE;
    private long recordFrom;
    private long unanswered;

    /** Connects. */
    public LoadGenerator(int port, int connectionCount, Wire wire, long seed) throws IOException {
        this.wire = wire;
        this.random = new SplittableRandom(seed);
        connections = new Connection[connectionCount];
        for (int i = 0; i < connectionCount; i++) {
            SocketChannel channel = SocketChannel
                    .open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            connections[i] = new Connection(channel);
            channel.register(selector, SelectionKey.OP_READ, connections[i]);
        }
    }

    /**
     * What came of a run.
     *
     * @param latency nanoseconds from when a request was due to its reply
     * @param lateness nanoseconds from when a request was due to when it was sent: what the generator itself adds
     */
    public record Result(Histogram latency, Histogram lateness) {

        public double micros(double percentile) {
            return latency.getValueAtPercentile(percentile) / 1000.0;
        }
    }

    /**
     * Offers a rate for a time; what is due within the warm-up is sent but not recorded.
     *
     * @throws IOException if a connection breaks, a reply is an error, or replies stay away
     */
    public Result run(double perSecond, Duration warmUp, Duration length) throws IOException {
        latency = new Histogram(1, HIGHEST, 3);
        lateness = new Histogram(1, HIGHEST, 3);
        Schedule schedule = new Schedule(perSecond, random.split());
        long start = System.nanoTime();
        recordFrom = start + warmUp.toNanos();
        long end = recordFrom + length.toNanos();
        long due = start + schedule.next();
        while (due < end || unanswered > 0) {
            long now = System.nanoTime();
            while (due <= now && due < end) {
                Connection connection = connections[random.nextInt(connections.length)];
                connection.offer(due);
                unanswered++;
                connection.send();
                due = start + schedule.next();
            }
            selector.selectNow(onReady);
            if (unanswered == 0 && due - System.nanoTime() > napAbove) {
                LockSupport.parkNanos(napAbove / 2);
            }
            if (now - end > GIVE_UP.toNanos()) {
                throw new IOException(unanswered + " requests were not answered within " + GIVE_UP);
            }
        }
        return new Result(latency, lateness);
    }

    /** Sleeps while no reply is awaited and nothing is due for so long; half of this must be enough to wake up in. */
    public void napAbove(Duration gap) {
        napAbove = gap.toNanos();
    }

    private void ready(SelectionKey key) {
        try {
            ((Connection) key.attachment()).receive();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.channel.close();
        }
        selector.close();
    }

    /** When requests are due, in nanoseconds from the start: exponential gaps with a mean of one over the rate. */
    public static final class Schedule {
        private final double meanGap;
        private final SplittableRandom random;
        private double at;

        public Schedule(double perSecond, SplittableRandom random) {
            this.meanGap = 1e9 / perSecond;
            this.random = random;
        }

        public long next() {
            at -= Math.log(1 - random.nextDouble()) * meanGap;
            return (long) at;
        }
    }

    private final class Connection {
        private static final int RING = 1 << 16;
        private static final int BUFFER = 1 << 16;

        private final SocketChannel channel;
        private final byte[] built = new byte[wire.longestRequest()];
        private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER);
        private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER);
        /** When each request was due that has no reply yet; those from {@code written} on are not in the buffer. */
        private final long[] due = new long[RING];
        private long offered;
        private long written;
        private long answered;

        Connection(SocketChannel channel) {
            this.channel = channel;
            in.limit(0);
        }

        void offer(long dueAt) throws IOException {
            if (offered - answered == RING) {
                throw new IOException("the server is " + RING + " requests behind on one connection");
            }
            due[(int) offered++ & RING - 1] = dueAt;
        }

        void send() throws IOException {
            while (written < offered && out.remaining() >= built.length) {
                out.put(built, 0, wire.request(random, built));
                long dueAt = due[(int) written++ & RING - 1];
                if (dueAt >= recordFrom) {
                    lateness.recordValue(Math.min(HIGHEST, Math.max(1, System.nanoTime() - dueAt)));
                }
            }
            out.flip();
            channel.write(out);
            out.compact();
        }

        void receive() throws IOException {
            in.compact();
            if (channel.read(in) < 0) {
                throw new IOException("the server has closed a connection");
            }
            in.flip();
            long now = System.nanoTime();
            for (int length = wire.replyLength(in); length > 0; length = wire.replyLength(in)) {
                in.position(in.position() + length);
                long dueAt = due[(int) answered++ & RING - 1];
                unanswered--;
                if (dueAt >= recordFrom) {
                    latency.recordValue(Math.min(HIGHEST, Math.max(1, now - dueAt)));
                }
            }
            if (out.position() > 0 || written < offered) {
                send();
            }
        }
    }
}
