package io.solaster.benchmarks.engine;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

import io.solaster.benchmarks.rig.Workplace;
import io.solaster.engine.os.CpuAffinity;

/**
 * Connections that send all they can to an echo server, each a few requests ahead. Its thread gives way to the client
 * whose latency is measured, which shares the CPU with it.
 */
final class Flood implements AutoCloseable {
    private static final int CONNECTIONS = 200;
    private static final int PIPELINE = 16;
    private static final int BATCH_BYTES = PIPELINE * EngineHost.REQUEST_BYTES;
    private static final long PATIENCE_SECONDS = 10;

    private final Workplace workplace;
    private final Selector selector = Selector.open();
    private final List<Connection> connections = new ArrayList<>();
    private final Consumer<SelectionKey> onReady = this::ready;
    private volatile boolean stopping;
    private volatile long batches;
    private volatile int tid;
    private int underWay;
    private long started;
    private long batchesAtStart;
    private FutureTask<Boolean> running = new FutureTask<>(() -> true);

    Flood(Workplace workplace, int port) throws IOException {
        this.workplace = workplace;
        for (int i = 0; i < CONNECTIONS; i++) {
            SocketChannel channel = SocketChannel
                    .open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            Connection connection = new Connection(channel);
            connections.add(connection);
            channel.register(selector, SelectionKey.OP_READ, connection);
        }
    }

    void start() throws IOException, InterruptedException {
        CountDownLatch known = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        stopping = false;
        running = new FutureTask<>(() -> {
            CpuAffinity.pin(Integer.parseInt(workplace.clientCpu()));
            tid = CpuAffinity.threadId();
            known.countDown();
            go.await();
            flood();
            return true;
        });
        Thread thread = new Thread(running, "flood");
        thread.setDaemon(true);
        thread.start();
        known.await();
        workplace.giveWay(tid);
        started = System.nanoTime();
        batchesAtStart = batches;
        go.countDown();
    }

    private void flood() throws IOException {
        for (Connection connection : connections) {
            connection.send();
        }
        while (underWay > 0) {
            selector.select(onReady);
        }
    }

    private void ready(SelectionKey key) {
        ((Connection) key.attachment()).receive();
    }

    /** Requests answered per second since the start. */
    double perSecond() {
        return 1e9 * PIPELINE * (batches - batchesAtStart) / (System.nanoTime() - started);
    }

    /** Sends no more, and waits for the replies. */
    void stop() throws IOException, InterruptedException {
        stopping = true;
        try {
            running.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException("the flood failed: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("requests of the flood were not answered within " + PATIENCE_SECONDS + " s", e);
        }
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.channel.close();
        }
        selector.close();
    }

    private final class Connection {
        private final SocketChannel channel;
        private final ByteBuffer out = ByteBuffer.allocateDirect(BATCH_BYTES);
        private final ByteBuffer in = ByteBuffer.allocateDirect(BATCH_BYTES);

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        private void send() throws IOException {
            out.clear();
            in.clear();
            underWay++;
            // So few bytes always fit: nothing else is under way here.
            if (channel.write(out) < BATCH_BYTES) {
                throw new IOException("the socket's buffer is smaller than " + BATCH_BYTES + " bytes");
            }
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
        private void receive() {
            try {
                if (channel.read(in) < 0) {
                    throw new EOFException("the server has closed a connection");
                }
                if (!in.hasRemaining()) {
                    underWay--;
                    batches++;
                    if (!stopping) {
                        send();
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
