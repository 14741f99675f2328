package io.solaster.http.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.util.AsciiString;
import io.solaster.http.encoding.BodyEncoder;
import io.solaster.http.encoding.Compression;
import io.solaster.http.encoding.ContentEncoding;
import io.solaster.http.wire.HeaderList;
import org.jspecify.annotations.Nullable;

/** How the body of one {@link Response} is compressed, if it is. On the owning shard, and used again with it. */
final class Packing {
    /** A body beyond this is compressed in more turns than one. */
    static final int AT_ONCE = 32 << 10;
    /** Where compression was turned off meanwhile. */
    private static final int DEFAULT_LEVEL = 6;
    private static final int END_ROOM = 64;

    private final Exchange exchange;
    private final HeaderList headers;
    /** Of a stream that is under way. */
    private @Nullable BodyEncoder encoder;

    Packing(Exchange exchange, HeaderList headers) {
        this.exchange = exchange;
        this.headers = headers;
    }

    /** What the body is to be compressed with, null for nothing; if it depends on the client, caches are told. */
    @Nullable
    ContentEncoding choose(int status, long length) {
        Compression compression = exchange.shard().compression();
        if (compression == null || !compression.concerns(status, headers, length)) {
            return null;
        }
        CharSequence vary = headers.get(HttpHeaderNames.VARY);
        if (vary == null || !AsciiString.containsIgnoreCase(vary, HttpHeaderNames.ACCEPT_ENCODING)
                && !vary.toString().contains("*")) {
            headers.add(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT_ENCODING);
        }
        String accepted = exchange.request().header(HttpHeaderNames.ACCEPT_ENCODING);
        return accepted == null || exchange.request().isHttp10() ? null : compression.choose(accepted);
    }

    /** What is compressed is another representation: not the same, byte for byte, as the one that the tag stands for. */
    void announce(ContentEncoding encoding) {
        headers.set(HttpHeaderNames.CONTENT_ENCODING, encoding.token());
        CharSequence tag = headers.get(HttpHeaderNames.ETAG);
        if (tag != null && !tag.toString().startsWith("W/")) {
            headers.set(HttpHeaderNames.ETAG, "W/" + tag);
        }
    }

    /** Ends a response with this body, compressed if anything is given to do it with. */
    void send(LoopResponse response, ByteBuf body, @Nullable ContentEncoding packs) {
        if (packs == null) {
            response.whole(body);
        } else if (exchange.request().isHead()) {
            body.release();
            announce(packs);
            response.head(Carrier.NO_BODY, 0).finish();
            response.over();
        } else if (body.readableBytes() > AT_ONCE) {
            announce(packs);
            begin(packs);
            response.state = LoopResponse.State.STREAMING;
            response.head(exchange.carrier().endless(exchange), 0).finish();
            pump(response, body);
        } else {
            ByteBuf packed = whole(body, packs);
            if (packed != null) {
                announce(packs);
            }
            response.whole(packed == null ? body : packed);
        }
    }

    /** Compresses a whole body, which is released; null if that does not make it shorter, and it is left as it is. */
    @Nullable
    ByteBuf whole(ByteBuf body, ContentEncoding encoding) {
        BodyEncoder packer = take(encoding);
        ByteBuf packed = buffer(body.readableBytes());
        packer.write(body, packed, false);
        packer.finish(packed);
        exchange.shard().giveEncoder(packer);
        if (packed.readableBytes() < body.readableBytes()) {
            body.release();
            return packed;
        }
        packed.release();
        return null;
    }

    /** A stream begins that is compressed. */
    void begin(ContentEncoding encoding) {
        encoder = take(encoding);
    }

    /** Whether the stream is compressed. */
    boolean isOn() {
        return encoder != null;
    }

    /** Compresses a part of the stream, which is released, if any is compressed. */
    ByteBuf pack(ByteBuf part) {
        BodyEncoder packer = encoder;
        if (packer == null) {
            return part;
        }
        ByteBuf packed = buffer(part.readableBytes());
        packer.write(part, packed, true);
        part.release();
        return packed;
    }

    /** What comes last of the stream; null if it is not compressed. */
    @Nullable
    ByteBuf end() {
        BodyEncoder packer = encoder;
        if (packer == null) {
            return null;
        }
        ByteBuf packed = exchange.carrier().channel().alloc().directBuffer(END_ROOM);
        packer.finish(packed);
        release();
        return packed;
    }

    /** The stream is over. */
    void release() {
        BodyEncoder used = encoder;
        if (used != null) {
            encoder = null;
            exchange.shard().giveEncoder(used);
        }
    }

    private ByteBuf buffer(int length) {
        return exchange.carrier().channel().alloc().directBuffer(length / 2 + END_ROOM);
    }

    private BodyEncoder take(ContentEncoding encoding) {
        Compression compression = exchange.shard().compression();
        return exchange.shard().takeEncoder(encoding, compression == null ? DEFAULT_LEVEL : compression.level());
    }

    /** Compresses a long body in parts, as fast as the client reads, with the shard's other work in between. */
    private static void pump(LoopResponse response, ByteBuf body) {
        // Also where the shard ends before it comes to the next part.
        response.onCut = body::release;
        response.exchange.outlives = true;
        pumpOn(response, body);
    }

    private static void pumpOn(LoopResponse response, ByteBuf body) {
        if (response.cut) {
            return;
        }
        boolean room = response.write(body.readRetainedSlice(Math.min(AT_ONCE, body.readableBytes())));
        if (response.cut) {
            return;
        }
        if (!body.isReadable()) {
            response.onCut = null;
            body.release();
            response.end();
        } else if (room) {
            response.exchange.shard().shard().execute(() -> pumpOn(response, body));
        } else {
            response.writable = () -> pumpOn(response, body);
        }
    }
}
