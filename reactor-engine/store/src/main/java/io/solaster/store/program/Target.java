package io.solaster.store.program;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.resp.Reply;
import io.solaster.resp.ReplyDecoder;
import io.solaster.resp.ReplyException;
import io.solaster.resp.ReplyLimits;
import io.solaster.resp.RequestWriter;
import io.solaster.store.rdb.file.RdbFile;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the server that keys are taken over into: requests leave one behind the other, and so many may be
 * unanswered. So the server says how fast it goes.
 */
final class Target implements AutoCloseable {
    /** Requests, and bytes of them, that may be unanswered. */
    private static final int MOST_PENDING = 1024;
    private static final long MOST_BYTES = 8 << 20;
    private static final int FLUSHED = 256 << 10;
    private static final int READ = 64 << 10;
    private static final int PATIENCE_MILLIS = 60_000;

    /** Is told what the server has answered. */
    @FunctionalInterface
    interface Answers {
        /**
         * The server has answered for a key.
         *
         * @param error null if the key is there now
         */
        void answered(String key, @Nullable String error) throws IOException;
    }

    /** @param key null for what is asked on the way */
    private record Pending(@Nullable String key, long bytes) {}

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final Answers answers;
    private final ReplyDecoder decoder = new ReplyDecoder(ReplyLimits.DEFAULT);
    private final ByteBuf received = Unpooled.buffer(READ);
    private final byte[] chunk = new byte[READ];
    private final ByteBuf requests = Unpooled.buffer(FLUSHED);
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    private long pendingBytes;
    private long database;

    Target(String host, int port, boolean tls, Answers answers) throws IOException {
        this.answers = answers;
        Socket plain = new Socket();
        plain.connect(new InetSocketAddress(host, port), PATIENCE_MILLIS);
        if (tls) {
            SSLSocket secured = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain,
                    host, port, true);
            var parameters = secured.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secured.setSSLParameters(parameters);
            secured.startHandshake();
            socket = secured;
        } else {
            socket = plain;
        }
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    /** Sends one request and waits for its answer: before there are others. */
    Reply ask(String... words) throws IOException {
        RequestWriter.request(requests, words);
        flush();
        return read();
    }

    /** Bytes that the server has not answered yet. */
    long unanswered() {
        return pendingBytes;
    }

    /** Sends a key; waits before that until the server has answered enough. */
    void restore(RdbFile.Key key, ByteBuf dump, boolean replace) throws IOException {
        long bytes = dump.readableBytes() + key.name.length + 128L;
        while (!pending.isEmpty() && (pending.size() >= MOST_PENDING || pendingBytes + bytes > MOST_BYTES)) {
            takeAnswer();
        }
        if (key.database != database) {
            database = key.database;
            RequestWriter.request(requests, "SELECT", Long.toString(database));
            pending.add(new Pending(null, 0));
        }
        boolean idle = key.idle >= 0;
        boolean used = !idle && key.frequency >= 0;
        RequestWriter.begin(requests, 5 + (replace ? 1 : 0) + (idle || used ? 2 : 0));
        RequestWriter.argument(requests, "RESTORE");
        RequestWriter.argument(requests, key.name);
        RequestWriter.argument(requests, key.expiry);
        argument(dump);
        RequestWriter.argument(requests, "ABSTTL");
        if (replace) {
            RequestWriter.argument(requests, "REPLACE");
        }
        if (idle || used) {
            RequestWriter.argument(requests, idle ? "IDLETIME" : "FREQ");
            RequestWriter.argument(requests, idle ? key.idle : key.frequency);
        }
        pending.add(new Pending(key.text(), bytes));
        pendingBytes += bytes;
        if (requests.readableBytes() >= FLUSHED) {
            flush();
        }
    }

    /** A large one is not copied once more. */
    private void argument(ByteBuf bytes) throws IOException {
        if (bytes.readableBytes() < FLUSHED) {
            RequestWriter.argument(requests, bytes);
            return;
        }
        requests.writeCharSequence("$" + bytes.readableBytes() + "\r\n", StandardCharsets.US_ASCII);
        flush();
        bytes.readBytes(out, bytes.readableBytes());
        requests.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    }

    /** Waits until all is answered. */
    void finish() throws IOException {
        while (!pending.isEmpty()) {
            takeAnswer();
        }
    }

    private void takeAnswer() throws IOException {
        flush();
        Reply reply = read();
        Pending first = pending.remove();
        pendingBytes -= first.bytes();
        String error = reply instanceof Reply.Failure failure ? failure.text() : null;
        if (first.key() != null) {
            answers.answered(first.key(), error);
        } else if (error != null) {
            throw new IOException("the server said: " + error);
        }
    }

    private void flush() throws IOException {
        if (requests.isReadable()) {
            requests.readBytes(out, requests.readableBytes());
            out.flush();
            requests.clear();
            if (requests.capacity() > 4 * FLUSHED) {
                requests.capacity(FLUSHED);
            }
        }
    }

    private Reply read() throws IOException {
        while (true) {
            Reply reply;
            try {
                reply = decoder.decode(received);
            } catch (ReplyException noReply) {
                throw new IOException("what answers there is no server that speaks RESP: " + noReply.getMessage(),
                        noReply);
            }
            if (reply != null) {
                return reply;
            }
            received.discardReadBytes();
            int read = in.read(chunk);
            if (read < 0) {
                throw new IOException("the server has closed the connection");
            }
            received.writeBytes(chunk, 0, read);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
