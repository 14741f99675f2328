package io.solaster.benchmarks.store;

import java.io.ByteArrayOutputStream;
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
import java.util.Random;

import io.solaster.engine.Slots;

/**
 * Sends steps whose keys lie on both of two shards: MSET, or MULTI and EXEC. Each connection has so many under way, and sends as
 * many again once all are answered. On one thread.
 */
final class StepLoad implements AutoCloseable {
    private static final int MSET_KEYS = 10;
    private static final int EXEC_KEYS = 4;
    private static final int BATCHES = 256;
    private static final int SHARDS = 2;
    private static final String VALUE = "x".repeat(RedisBenchmark.VALUE_BYTES);

    private final Selector selector = Selector.open();
    private final List<Connection> connections = new ArrayList<>();
    private final ByteBuffer received = ByteBuffer.allocateDirect(1 << 16);
    private final List<byte[]> batches = new ArrayList<>();
    private final int atOnce;
    private final int replyBytes;
    private int next;

    private static final class Connection {
        final SocketChannel channel;
        int awaited;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }
    }

    StepLoad(int port, boolean exec, int atOnce, int keys) throws IOException {
        this.atOnce = atOnce;
        Random random = new Random(atOnce);
        String oneReply = exec
                ? "+OK\r\n" + "+QUEUED\r\n".repeat(EXEC_KEYS) + "*" + EXEC_KEYS + "\r\n" + "+OK\r\n".repeat(EXEC_KEYS)
                : "+OK\r\n";
        replyBytes = atOnce * oneReply.length();
        for (int i = 0; i < BATCHES; i++) {
            ByteArrayOutputStream batch = new ByteArrayOutputStream();
            for (int step = 0; step < atOnce; step++) {
                batch.writeBytes((exec ? exec(random, keys) : mset(random, keys)).getBytes(StandardCharsets.US_ASCII));
            }
            batches.add(batch.toByteArray());
        }
        for (int i = 0; i < RedisBenchmark.CONNECTIONS; i++) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            Connection connection = new Connection(channel);
            channel.register(selector, SelectionKey.OP_READ, connection);
            connections.add(connection);
        }
    }

    private static String mset(Random random, int keys) {
        StringBuilder text = new StringBuilder("*" + (1 + 2 * MSET_KEYS) + "\r\n" + bulk("MSET"));
        for (int i = 0; i < MSET_KEYS; i++) {
            text.append(bulk(key(random, keys, i * SHARDS / MSET_KEYS))).append(bulk(VALUE));
        }
        return text.toString();
    }

    private static String exec(Random random, int keys) {
        StringBuilder text = new StringBuilder("*1\r\n" + bulk("MULTI"));
        for (int i = 0; i < EXEC_KEYS; i++) {
            text.append("*3\r\n").append(bulk("SET")).append(bulk(key(random, keys, i * SHARDS / EXEC_KEYS)))
                    .append(bulk(VALUE));
        }
        return text.append("*1\r\n").append(bulk("EXEC")).toString();
    }

    /** A key of that one of two shards. */
    private static String key(Random random, int keys, int shard) {
        while (true) {
            String key = String.format("key:%012d", random.nextInt(keys));
            if (Slots.shardOf(Slots.of(key.getBytes(StandardCharsets.US_ASCII)), SHARDS) == shard) {
                return key;
            }
        }
    }

    private static String bulk(String text) {
        return "$" + text.length() + "\r\n" + text + "\r\n";
    }

    /** Does so many steps, or a few more; how many. */
    long run(long steps) throws IOException {
        long sent = 0;
        long done = 0;
        for (Connection connection : connections) {
            send(connection);
            sent += atOnce;
        }
        while (done < sent) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                Connection connection = (Connection) key.attachment();
                connection.awaited -= readSome(connection.channel);
                if (connection.awaited < 0) {
                    throw new IOException("more was answered than was asked for: an error?");
                }
                if (connection.awaited == 0) {
                    done += atOnce;
                    if (sent < steps) {
                        send(connection);
                        sent += atOnce;
                    }
                }
            }
            selector.selectedKeys().clear();
        }
        return done;
    }

    private void send(Connection connection) throws IOException {
        byte[] batch = batches.get(next++ % BATCHES);
        ByteBuffer bytes = ByteBuffer.wrap(batch);
        while (bytes.hasRemaining()) {
            connection.channel.write(bytes);
        }
        connection.awaited = replyBytes;
    }

    private int readSome(SocketChannel channel) throws IOException {
        received.clear();
        int read = channel.read(received);
        if (read < 0) {
            throw new IOException("the server has closed a connection");
        }
        if (read > 0 && received.get(0) == '-') {
            throw new IOException("an error was answered: "
                    + StandardCharsets.US_ASCII.decode(received.flip()).toString().strip());
        }
        return read;
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.channel.close();
        }
        selector.close();
    }
}
