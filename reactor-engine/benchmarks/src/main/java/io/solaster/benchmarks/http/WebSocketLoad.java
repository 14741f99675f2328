package io.solaster.benchmarks.http;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * WebSocket connections that send binary messages of 128 bytes and count what comes back. One thread; the frames that come
 * are counted by their length, which is always the same, and not looked at.
 */
final class WebSocketLoad implements Closeable {
    private static final int PAYLOAD = 128;
    /** Two bytes, and the length in two more; a mask of four where a client sends. */
    private static final int RECEIVED = 4 + PAYLOAD;
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    private final List<SocketChannel> channels = new ArrayList<>();
    private final Selector selector = Selector.open();
    private final ByteBuffer message = message();
    private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 16);
    /** Bytes of a frame that has not come whole, for each connection. */
    private final int[] partial;

    /** Connects, one after the other. */
    WebSocketLoad(int port, String path, int connections) throws IOException {
        partial = new int[connections];
        for (int i = 0; i < connections; i++) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.socket().setTcpNoDelay(true);
            channels.add(channel);
            channel.write(ByteBuffer.wrap(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                    + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
            expectUpgrade(channel);
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ, i);
        }
    }

    private static void expectUpgrade(SocketChannel channel) throws IOException {
        StringBuilder head = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (!head.toString().endsWith("\r\n\r\n")) {
            if (channel.read(one.clear()) < 0) {
                throw new IOException("no WebSocket: " + head);
            }
            head.append((char) one.get(0));
        }
        if (!head.toString().startsWith("HTTP/1.1 101")) {
            throw new IOException("no WebSocket: " + head);
        }
    }

    /** With a mask of zeros, which leaves the payload as it is and costs the server as much as any. */
    private static ByteBuffer message() {
        return ByteBuffer.allocateDirect(8 + PAYLOAD).put((byte) 0x82).put((byte) (0x80 | 126))
                .putShort((short) PAYLOAD).putInt(0).position(0);
    }

    /** Each connection sends, and sends again when its message has come back. Gives how many came back. */
    long echo(long nanos) throws IOException {
        for (int i = 0; i < channels.size(); i++) {
            send(i);
        }
        long end = System.nanoTime() + nanos;
        long received = 0;
        while (System.nanoTime() < end) {
            received += receive(true);
        }
        // What is on its way.
        long rest = channels.size();
        long patience = System.nanoTime() + PATIENCE_NANOS;
        while (rest > 0 && System.nanoTime() < patience) {
            rest -= receive(false);
        }
        return received;
    }

    /**
     * The first few connections send one after the other, and when all connections have received all of it, again. Gives
     * how many messages were received.
     *
     * @param senders how many
     */
    long broadcast(int senders, long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        long received = 0;
        while (System.nanoTime() < end) {
            for (int i = 0; i < senders; i++) {
                send(i);
            }
            long wanted = (long) senders * channels.size();
            long patience = System.nanoTime() + PATIENCE_NANOS;
            while (wanted > 0) {
                long now = receive(false);
                wanted -= now;
                received += now;
                if (System.nanoTime() > patience) {
                    throw new IOException(wanted + " messages have not come");
                }
            }
        }
        return received;
    }

    private void send(int connection) throws IOException {
        channels.get(connection).write(message.duplicate());
    }

    private long receive(boolean again) throws IOException {
        selector.select(1);
        long frames = 0;
        for (SelectionKey key : selector.selectedKeys()) {
            int connection = (int) key.attachment();
            int read = ((SocketChannel) key.channel()).read(in.clear());
            if (read < 0) {
                throw new IOException("the server has closed a connection");
            }
            int bytes = partial[connection] + read;
            int whole = bytes / RECEIVED;
            partial[connection] = bytes % RECEIVED;
            frames += whole;
            for (int i = 0; again && i < whole; i++) {
                send(connection);
            }
        }
        selector.selectedKeys().clear();
        return frames;
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel channel : channels) {
            channel.close();
        }
        selector.close();
    }
}
