package io.solaster.pool.http;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.solaster.pool.FakeServer;

/** The server's end of one connection, frame by frame: it sees and says every one, while Netty packs the headers. */
final class Http2Peer {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;
    static final int MAX_STREAMS = 3;
    static final int INITIAL_WINDOW = 4;
    private static final int ACK = 1;
    private static final int PREFACE = 24;

    private final FakeServer.Peer peer;
    private final DefaultHttp2HeadersEncoder packer = new DefaultHttp2HeadersEncoder(
            Http2HeadersEncoder.NEVER_SENSITIVE, true);
    private final DefaultHttp2HeadersDecoder unpacker = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private boolean settled;
    /** What requests have come, by stream. */
    final Map<Integer, Http2Headers> requests = new ConcurrentHashMap<>();

    record Frame(int type, int flags, int stream, byte[] payload) {

        boolean isLast() {
            return (flags & END_STREAM) != 0;
        }

        int word() {
            return ByteBuffer.wrap(payload).getInt();
        }
    }

    /** Greets, with pairs of settings. */
    Http2Peer(FakeServer.Peer peer, int... settings) throws IOException {
        this.peer = peer;
        String preface = new String(peer.in.readNBytes(PREFACE), StandardCharsets.US_ASCII);
        if (!preface.equals("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) {
            throw new IOException("no preface: " + preface);
        }
        settings(settings);
    }

    void settings(int... settings) throws IOException {
        ByteBuffer pairs = ByteBuffer.allocate(settings.length * 3);
        for (int i = 0; i < settings.length; i += 2) {
            pairs.putShort((short) settings[i]).putInt(settings[i + 1]);
        }
        send(SETTINGS, 0, 0, pairs.array());
    }

    /** The next frame that is about a request, whatever it is; settings and pings are answered by the way. */
    Frame frame() throws IOException {
        Frame frame = read();
        while (frame.stream == 0) {
            frame = read();
        }
        return frame;
    }

    private Frame read() throws IOException {
        byte[] head = peer.in.readNBytes(9);
        if (head.length < 9) {
            throw new EOFException();
        }
        ByteBuffer read = ByteBuffer.wrap(head);
        int length = (read.get() & 0xff) << 16 | read.getShort() & 0xffff;
        Frame frame = new Frame(read.get(), read.get(), read.getInt(), peer.in.readNBytes(length));
        if (frame.type == SETTINGS && (frame.flags & ACK) == 0) {
            send(SETTINGS, ACK, 0, new byte[0]);
        } else if (frame.type == PING && (frame.flags & ACK) == 0) {
            send(PING, ACK, 0, frame.payload);
        } else if (frame.type == PING) {
            settled = true;
        } else if (frame.type == HEADERS) {
            requests.put(frame.stream, unpacked(frame));
        }
        return frame;
    }

    /** Reads until the client has answered a ping: until it has acted on all that was sent. */
    void settle() throws IOException {
        settled = false;
        send(PING, 0, 0, new byte[8]);
        while (!settled) {
            read();
        }
    }

    /** The next frame of a kind; others are left out. */
    Frame frame(int type) throws IOException {
        Frame frame = frame();
        while (frame.type != type) {
            frame = frame();
        }
        return frame;
    }

    /** The stream of the next request. */
    int request() throws IOException {
        return frame(HEADERS).stream;
    }

    private Http2Headers unpacked(Frame frame) throws IOException {
        try {
            return unpacker.decodeHeaders(frame.stream, Unpooled.wrappedBuffer(frame.payload));
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
    }

    static byte[] framed(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length).put((byte) (payload.length >> 16))
                .putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream).put(payload)
                .array();
    }

    void send(int type, int flags, int stream, byte[] payload) throws IOException {
        bytes(framed(type, flags, stream, payload));
    }

    void bytes(byte[] bytes) throws IOException {
        peer.out.write(bytes);
        peer.out.flush();
    }

    /** Names and values by turns. */
    void head(int stream, boolean last, String... pairs) throws IOException {
        Http2Headers headers = new DefaultHttp2Headers(false);
        for (int i = 0; i < pairs.length; i += 2) {
            headers.add(pairs[i], pairs[i + 1]);
        }
        ByteBuf packed = Unpooled.buffer();
        try {
            packer.encodeHeaders(stream, headers, packed);
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
        byte[] bytes = new byte[packed.readableBytes()];
        packed.readBytes(bytes);
        send(HEADERS, END_HEADERS | (last ? END_STREAM : 0), stream, bytes);
    }

    void data(int stream, byte[] bytes, boolean last) throws IOException {
        send(DATA, last ? END_STREAM : 0, stream, bytes);
    }

    void data(int stream, String text, boolean last) throws IOException {
        data(stream, text.getBytes(StandardCharsets.ISO_8859_1), last);
    }

    /** A whole answer. */
    void answer(int stream, String text) throws IOException {
        head(stream, false, ":status", "200");
        data(stream, text, true);
    }

    void reset(int stream, int error) throws IOException {
        send(RST_STREAM, 0, stream, word(error));
    }

    void goAway(int last, int error) throws IOException {
        send(GOAWAY, 0, 0, ByteBuffer.allocate(8).putInt(last).putInt(error).array());
    }

    void credit(int stream, int bytes) throws IOException {
        send(WINDOW_UPDATE, 0, stream, word(bytes));
    }

    static byte[] word(int word) {
        return ByteBuffer.allocate(4).putInt(word).array();
    }

    /** Answers whatever comes, with its path, until the other end goes away. */
    void answerAll() throws IOException {
        while (true) {
            Frame frame = frame();
            if (frame.type <= HEADERS && frame.isLast()) {
                answer(frame.stream, requests.get(frame.stream).path().toString());
            }
        }
    }
}
