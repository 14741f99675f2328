package io.solaster.benchmarks.engine;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;

import io.solaster.benchmarks.rig.Workplace;
import io.solaster.engine.os.CpuAffinity;
import org.HdrHistogram.Histogram;

/** One connection with one request at a time, at a steady modest rate. */
final class EchoClient implements AutoCloseable {
    private static final long GAP_NANOS = 1_000_000;
    private static final long HIGHEST = 60_000_000_000L;

    private final Workplace workplace;
    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(EngineHost.REQUEST_BYTES);

    EchoClient(Workplace workplace, int port) throws IOException {
        this.workplace = workplace;
        channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    /**
     * Asks for a while, on a thread of the client's CPU.
     *
     * @return nanoseconds to the reply: from when the request was sent or, where the one before kept it from that, from
     *         when it was due
     */
    Histogram run(Duration length) throws IOException, InterruptedException {
        FutureTask<Histogram> asking = new FutureTask<>(() -> ask(length.toNanos()));
        new Thread(asking, "critical").start();
        try {
            return asking.get();
        } catch (ExecutionException e) {
            throw new IOException("a critical request failed: " + e.getCause(), e.getCause());
        }
    }

    private Histogram ask(long length) throws IOException {
        CpuAffinity.pin(Integer.parseInt(workplace.clientCpu()));
        Histogram latency = new Histogram(1, HIGHEST, 3);
        long end = System.nanoTime() + length;
        long due = System.nanoTime();
        while (due - end < 0) {
            long now = System.nanoTime();
            long from = due;
            if (now - due < 0) {
                do {
                    LockSupport.parkNanos(due - now);
                    now = System.nanoTime();
                } while (now - due < 0);
                // That it sleeps too long is no fault of the server.
                from = now;
            }
            exchange();
            latency.recordValue(Math.min(HIGHEST, System.nanoTime() - from));
            due += GAP_NANOS;
        }
        return latency;
    }

    private void exchange() throws IOException {
        buffer.clear();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server has closed the connection");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
