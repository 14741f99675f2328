package io.solaster.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;

/** A client that knows of HTTP/2 only what a frame is, so that tests say and see every one; Netty packs the headers. */
final class Http2RawClient extends ClientSocket {
    static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;
    static final int END_STREAM = 1;
    static final int ACK = 1;
    static final int END_HEADERS = 4;
    static final int INITIAL_WINDOW = 4;

    private final DefaultHttp2HeadersEncoder packer = new DefaultHttp2HeadersEncoder(
            Http2HeadersEncoder.NEVER_SENSITIVE, true);
    private final DefaultHttp2HeadersDecoder unpacker = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private final Map<Integer, Answer> answers = new HashMap<>();
    /** Whatever came that belongs to no answer, in its order. */
    final List<Frame> others = new ArrayList<>();
    /** Gives back what was received, so that the server may send on. */
    boolean credits = true;
    private int next = 1;

    record Frame(int type, int flags, int stream, byte[] payload) {

        int word(int at) {
            return ByteBuffer.wrap(payload).getInt(at);
        }

        boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    /** What came on one stream. */
    static final class Answer {
        final Map<String, String> headers = new LinkedHashMap<>();
        final Map<String, String> trailers = new LinkedHashMap<>();
        final List<String> informed = new ArrayList<>();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        boolean begun;
        boolean ended;
        /** The error that it was reset with; -1 if it was not. */
        int reset = -1;

        int status() {
            return Integer.parseInt(headers.get(":status"));
        }

        String header(String name) {
            return headers.get(name);
        }

        String body() {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }

        byte[] bytes() {
            return bytes.toByteArray();
        }

        int length() {
            return bytes.size();
        }
    }

    Http2RawClient(int port) {
        this(port, -1);
    }

    /** @param window of each stream at first; -1 for HTTP/2's own */
    Http2RawClient(int port, int window) {
        super(port);
        bytes(PREFACE);
        settings(window);
    }

    void settings(int window) {
        frame(SETTINGS, 0, 0, window < 0
                ? new byte[0]
                : ByteBuffer.allocate(6).putShort((short) INITIAL_WINDOW).putInt(window).array());
    }

    void bytes(byte[] bytes) {
        try {
            write(bytes);
        } catch (UncheckedIOException e) {
            if (!(e.getCause() instanceof SocketException)) {
                throw e;
            }
            // The server has closed, and what it said before is read all the same.
        }
    }

    static byte[] framed(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length).put((byte) (payload.length >> 16))
                .putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream).put(payload)
                .array();
    }

    void frame(int type, int flags, int stream, byte[] payload) {
        bytes(framed(type, flags, stream, payload));
    }

    byte[] pack(int stream, String... pairs) {
        Http2Headers headers = new DefaultHttp2Headers(false);
        for (int i = 0; i < pairs.length; i += 2) {
            headers.add(pairs[i], pairs[i + 1]);
        }
        ByteBuf packed = Unpooled.buffer();
        try {
            packer.encodeHeaders(stream, headers, packed);
        } catch (Http2Exception e) {
            throw new AssertionError(e);
        }
        byte[] bytes = new byte[packed.readableBytes()];
        packed.readBytes(bytes);
        return bytes;
    }

    /** Of headers in exactly this order, none of them compressed. */
    static byte[] literal(String... pairs) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < pairs.length; i++) {
            if (i % 2 == 0) {
                out.write(0);
            }
            byte[] text = pairs[i].getBytes(StandardCharsets.ISO_8859_1);
            if (text.length >= 127) {
                throw new IllegalArgumentException(pairs[i] + " is too long");
            }
            out.write(text.length);
            out.writeBytes(text);
        }
        return out.toByteArray();
    }

    int nextStream() {
        int id = next;
        next += 2;
        return id;
    }

    /** Sends a head, with these headers behind the usual ones; its stream. */
    int head(String method, String path, boolean last, String... more) {
        int id = nextStream();
        String[] all = new String[8 + more.length];
        System.arraycopy(new String[]{":method", method, ":scheme", "http", ":path", path, ":authority", "test"}, 0,
                all,
                0, 8);
        System.arraycopy(more, 0, all, 8, more.length);
        frame(HEADERS, END_HEADERS | (last ? END_STREAM : 0), id, pack(id, all));
        return id;
    }

    Answer get(String path, String... more) {
        return answer(head("GET", path, true, more));
    }

    void data(int stream, byte[] bytes, boolean last) {
        int at = 0;
        do {
            int size = Math.min(16384, bytes.length - at);
            byte[] part = java.util.Arrays.copyOfRange(bytes, at, at + size);
            at += size;
            frame(DATA, last && at == bytes.length ? END_STREAM : 0, stream, part);
        } while (at < bytes.length);
    }

    void data(int stream, String text, boolean last) {
        data(stream, text.getBytes(StandardCharsets.ISO_8859_1), last);
    }

    void reset(int stream, int error) {
        frame(RST_STREAM, 0, stream, word(error));
    }

    void credit(int stream, int bytes) {
        frame(WINDOW_UPDATE, 0, stream, word(bytes));
    }

    static byte[] word(int word) {
        return ByteBuffer.allocate(4).putInt(word).array();
    }

    /** Reads until the server has answered a ping: until it has read all that was sent, and done what follows at once. */
    void settle() {
        frame(PING, 0, 0, new byte[]{1, 2, 3, 4, 5, 6, 7, 8});
        while (true) {
            Frame frame = read();
            if (frame == null) {
                throw new AssertionError("the connection has ended: " + others);
            }
            if (frame.type == PING && frame.has(ACK)) {
                return;
            }
        }
    }

    /** What has come on a stream so far. */
    Answer on(int stream) {
        return answers.computeIfAbsent(stream, id -> new Answer());
    }

    /** Reads on until a stream has ended. */
    Answer answer(int stream) {
        Answer answer = on(stream);
        while (!answer.ended && answer.reset < 0) {
            if (read() == null) {
                throw new AssertionError("the connection ended before stream " + stream + "; " + others);
            }
        }
        return answer;
    }

    /** Reads on until there is a frame of this type among the others; null if the connection ends before. */
    Frame until(int type) {
        for (Frame frame = read(); frame != null; frame = read()) {
            if (frame.type == type) {
                return frame;
            }
        }
        return null;
    }

    /** Reads up to the end of the connection; the error of the last GOAWAY, -1 if there was none. */
    int untilEnd() {
        while (read() != null) {
            // Until there is no more.
        }
        return others.stream().filter(frame -> frame.type == GOAWAY).reduce((a, b) -> b).map(frame -> frame.word(4))
                .orElse(-1);
    }

    /** The next frame, after it has been seen to; null at the end of the connection. */
    Frame read() {
        try {
            byte[] head = in.readNBytes(9);
            if (head.length < 9) {
                return null;
            }
            int length = (head[0] & 0xFF) << 16 | (head[1] & 0xFF) << 8 | head[2] & 0xFF;
            Frame frame = new Frame(head[3], head[4], ByteBuffer.wrap(head).getInt(5), in.readNBytes(length));
            take(frame);
            return frame;
        } catch (SocketException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void take(Frame frame) {
        switch (frame.type) {
            case DATA -> {
                Answer answer = on(frame.stream);
                answer.bytes.writeBytes(frame.payload);
                answer.ended |= frame.has(END_STREAM);
                if (credits && frame.payload.length > 0) {
                    credit(0, frame.payload.length);
                    if (!answer.ended) {
                        credit(frame.stream, frame.payload.length);
                    }
                }
            }
            case HEADERS -> {
                Answer answer = on(frame.stream);
                Map<String, String> into = new LinkedHashMap<>();
                unpack(frame).forEach(each -> into.merge(each.getKey().toString(), each.getValue().toString(),
                        (a, b) -> a + ", " + b));
                String status = into.get(":status");
                if (status != null && status.startsWith("1")) {
                    answer.informed.add(status);
                } else {
                    (answer.begun ? answer.trailers : answer.headers).putAll(into);
                    answer.begun = true;
                }
                answer.ended |= frame.has(END_STREAM);
            }
            case RST_STREAM -> on(frame.stream).reset = frame.word(0);
            case SETTINGS -> {
                if (!frame.has(ACK)) {
                    frame(SETTINGS, ACK, 0, new byte[0]);
                }
                others.add(frame);
            }
            case PING -> {
                if (!frame.has(ACK)) {
                    frame(PING, ACK, 0, frame.payload);
                }
            }
            default -> others.add(frame);
        }
    }

    private Http2Headers unpack(Frame frame) {
        try {
            return unpacker.decodeHeaders(frame.stream, Unpooled.wrappedBuffer(frame.payload));
        } catch (Http2Exception e) {
            throw new AssertionError(e);
        }
    }

    /** How many bytes the server has allowed to be sent beyond what it did at first, on a stream or on the connection. */
    int credited(int stream) {
        return others.stream().filter(frame -> frame.type == WINDOW_UPDATE && frame.stream == stream)
                .mapToInt(frame -> frame.word(0)).sum();
    }
}
