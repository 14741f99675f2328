package io.solaster.engine.soak;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Engines;
import io.solaster.engine.soak.Ledger.Ticket;

/** One connection after another, each with a fate of its own. A thread that is no shard. */
final class Clients {
    private static final int CHUNK = 8 << 10;
    /** More than the kernel holds for one connection that nobody reads from. */
    private static final long MOST_UNREAD = 64 << 20;
    /** For how long a socket takes nothing before it is taken to be full. */
    private static final long FULL_NANOS = 20_000_000;

    private final Ledger ledger;
    private final SplittableRandom random;
    private final InetSocketAddress server;
    private final BooleanSupplier stopping;

    /** @param stopping whether a connection may fail */
    Clients(Ledger ledger, SplittableRandom random, int port, BooleanSupplier stopping) {
        this.ledger = ledger;
        this.random = random;
        this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        this.stopping = stopping;
    }

    /** Connects until it is told to be quiet, or nobody listens any more. */
    Thread start(BooleanSupplier quiet) {
        return Thread.ofPlatform().name("soak-client").start(() -> {
            boolean listening = true;
            while (listening && !quiet.getAsBoolean()) {
                Ticket ticket = ledger.open("connections");
                try {
                    if (random.nextInt(10) == 0) {
                        neverRead();
                    } else {
                        echo();
                    }
                    ticket.begin();
                    ticket.answered();
                } catch (IOException e) {
                    listening = !stopping.getAsBoolean();
                    if (listening || e instanceof SocketTimeoutException) {
                        ledger.fault("a connection failed while the server ran: " + e);
                    }
                    ticket.end(null, new RejectedExecutionException(e));
                }
            }
        });
    }

    private void echo() throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
            socket.connect(server);
            byte seed = (byte) random.nextInt();
            int sent = 0;
            int seen = 0;
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            for (int turns = 1 + random.nextInt(8); turns > 0; turns--) {
                int length = 1 + random.nextInt(CHUNK);
                out.write(bytes(seed, sent, length));
                sent += length;
                // Not always all of it, so that several are under way.
                seen = read(in, seed, seen, random.nextInt(4) == 0 ? (sent - seen) / 2 : sent - seen);
            }
            switch (random.nextInt(4)) {
                case 0 -> socket.setSoLinger(true, 0);
                case 1 -> {
                    socket.shutdownOutput();
                    seen = read(in, seed, seen, sent - seen);
                    if (in.read() >= 0) {
                        ledger.fault("more came back than was sent");
                    }
                }
                default -> read(in, seed, seen, sent - seen);
            }
        }
    }

    private int read(InputStream in, byte seed, int from, int length) throws IOException {
        byte[] got = in.readNBytes(length);
        if (!java.util.Arrays.equals(got, bytes(seed, from, got.length))) {
            ledger.fault("other bytes came back than were sent, within " + got.length + " from " + from);
        }
        if (got.length < length) {
            throw new EOFException("closed after " + (from + got.length) + " bytes");
        }
        return from + length;
    }

    private static byte[] bytes(byte seed, int from, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            int at = from + i;
            bytes[i] = (byte) (seed + at * 31 + (at >>> 8));
        }
        return bytes;
    }

    /** Sends until nothing more is taken, which must come: what nobody reads is not kept. */
    private void neverRead() throws IOException {
        try (SocketChannel channel = SocketChannel.open(server)) {
            channel.configureBlocking(false);
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
            long sent = 0;
            long fullSince = 0;
            while (fullSince == 0 || System.nanoTime() - fullSince < FULL_NANOS) {
                int took = channel.write(chunk.clear());
                sent += took;
                if (took > 0) {
                    fullSince = 0;
                } else {
                    fullSince = fullSince == 0 ? System.nanoTime() : fullSince;
                    LockSupport.parkNanos(1_000_000);
                }
                if (sent > MOST_UNREAD) {
                    ledger.fault("a server took " + sent + " bytes from a client that reads none");
                    return;
                }
            }
            if (random.nextBoolean()) {
                channel.setOption(java.net.StandardSocketOptions.SO_LINGER, 0);
            }
        }
    }
}
