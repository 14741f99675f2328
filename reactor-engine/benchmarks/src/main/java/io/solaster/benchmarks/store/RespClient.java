package io.solaster.benchmarks.store;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

import io.solaster.benchmarks.rig.Requests;

/** A blocking client for what is said to a server beside the measuring. */
final class RespClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 120_000;
    /** Few enough that neither side's socket buffers fill while the other still writes. */
    private static final int BATCH = 500;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final OutputStream out;

    RespClient(int port) throws IOException {
        try {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
            out = socket.getOutputStream();
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Sends an inline command and gives what a status, number or bulk reply holds. */
    String ask(String command) throws IOException {
        out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
        String line = line();
        if (line.startsWith("-")) {
            throw new IOException("'" + command + "' was answered with " + line);
        }
        if (line.startsWith("$") && !line.equals("$-1")) {
            byte[] bulk = in.readNBytes(Integer.parseInt(line.substring(1)));
            line();
            return new String(bulk, StandardCharsets.UTF_8);
        }
        return line.substring(1);
    }

    /** Sets keys 0 to {@code keys - 1}, pipelined. */
    void preload(Requests requests, long keys) throws IOException {
        byte[] batch = new byte[BATCH * requests.setLength()];
        long next = 0;
        int unanswered = 0;
        while (next < keys || unanswered > 0) {
            int built = 0;
            while (built < BATCH && next < keys) {
                requests.set(next++, batch, built++ * requests.setLength());
            }
            out.write(batch, 0, built * requests.setLength());
            // The batch before: while its replies are read, the server has this one to work on.
            readOks(unanswered);
            unanswered = built;
        }
    }

    /** Sets some keys below {@code keys}, drawn by chance, in one pipeline. */
    void overwrite(Requests requests, RandomGenerator random, long keys, int count) throws IOException {
        byte[] batch = new byte[count * requests.setLength()];
        for (int i = 0; i < count; i++) {
            requests.set(random.nextLong(keys), batch, i * requests.setLength());
        }
        out.write(batch);
        readOks(count);
    }

    private void readOks(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            if (in.readInt() != 0x2b4f4b0d || in.readByte() != '\n') { // +OK\r\n
                throw new IOException("a SET was not answered with OK");
            }
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("the server has closed the connection");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
