package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.load.LoadReport;

/**
 * The latency of one quiet connection beside another on the same shard, and in the same group, to which all is written that its
 * client takes. That client gives way to the quiet one, with which it shares the CPU.
 */
final class BesideWriter implements Measure {
    private static final double PERCENTILE = 99;
    private static final double MOST = 1.5;
    private static final int BYTES = 256 << 10;
    private static final long PATIENCE_SECONDS = 10;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        int rounds = options.rounds();
        Duration length = Duration.ofMillis(options.quick() ? 1_000 : 3_000);
        double[] quiet = new double[rounds];
        double[] again = new double[rounds];
        double[] beside = new double[rounds];
        double[] written = new double[rounds];
        try (HostProcess host = new HostProcess(workplace, workplace.serverCpu(), 1, options.transport(), "default",
                EngineHost.WRITES + "default");
                EchoClient client = new EchoClient(workplace, host.port(0))) {
            client.run(length);
            beside(workplace, host, client, length);
            for (int round = 0; round < rounds; round++) {
                Report.progress("round " + (round + 1) + " of " + rounds);
                quiet[round] = micros(client.run(length));
                Result result = beside(workplace, host, client, length);
                beside[round] = micros(result.report());
                written[round] = result.bytesPerSecond() / (1 << 20);
                again[round] = micros(client.run(length));
            }
        }
        double noise = Statistics.noise(again, quiet);
        String echo = "64-byte echo, p99, ";
        report.figure(echo + "quiet", Statistics.median(quiet), " µs", noise);
        report.figure(echo + "beside a connection that is written " + Statistics.digits(Statistics.median(written))
                + " MiB/s", Statistics.median(beside), " µs", noise);
        report.atMost("the same, of the quiet one", Statistics.ratio(beside, quiet), MOST, " x", noise);
    }

    private static double micros(LoadReport report) {
        return report.nanosAt(PERCENTILE) / 1000.0;
    }

    private record Result(LoadReport report, double bytesPerSecond) {}

    private static Result beside(Workplace workplace, HostProcess host, EchoClient client, Duration length)
            throws IOException, InterruptedException {
        try (Taker taker = new Taker(workplace, host.port(1))) {
            taker.start();
            Thread.sleep(length.dividedBy(10).toMillis());
            long before = taker.taken;
            long began = System.nanoTime();
            LoadReport report = client.run(length);
            return new Result(report, 1e9 * (taker.taken - before) / (System.nanoTime() - began));
        }
    }

    /** Reads all that comes. */
    private static final class Taker implements AutoCloseable {
        private final Workplace workplace;
        private final SocketChannel channel;
        private final ByteBuffer into = ByteBuffer.allocateDirect(BYTES);
        private final CountDownLatch known = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);
        private final FutureTask<Boolean> running = new FutureTask<>(this::take);
        private volatile int tid;
        private volatile long taken;
        private volatile boolean stopping;

        Taker(Workplace workplace, int port) throws IOException {
            this.workplace = workplace;
            channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }

        void start() throws IOException, InterruptedException {
            Thread thread = new Thread(running, "taker");
            thread.setDaemon(true);
            thread.start();
            known.await();
            workplace.giveWay(tid);
            go.countDown();
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
        private boolean take() throws IOException, InterruptedException {
            CpuAffinity.pin(Integer.parseInt(workplace.clientCpu()));
            tid = CpuAffinity.threadId();
            known.countDown();
            go.await();
            while (!stopping) {
                int read = channel.read(into.clear());
                if (read < 0) {
                    throw new IOException("the server has closed the connection that it was to write to");
                }
                taken += read;
            }
            return true;
        }

        @Override
        public void close() throws IOException {
            stopping = true;
            try {
                running.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                throw new IOException("reading all that was written failed", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                channel.close();
            }
        }
    }
}
