package io.solaster.http.exchange;

import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import io.solaster.http.wire.StatusLines;

/** Writes what stands around the parts of a body, and what stands in its place. On the owning shard. */
final class BodyFraming {
    /** The length of a body that does not say its. */
    static final long UNKNOWN = -1;
    /** The head of a chunk, and the ends of it and of the body. */
    private static final int CHUNK_ROOM = 32;

    private BodyFraming() {}

    /** The Content-Length that is set, {@link #UNKNOWN} if none is. */
    static long declaredLength(HeaderList headers) {
        CharSequence declared = headers.get(HttpHeaderNames.CONTENT_LENGTH);
        if (declared == null) {
            return UNKNOWN;
        }
        try {
            long length = Long.parseLong(declared.toString());
            if (length >= 0) {
                return length;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new IllegalArgumentException("header Content-Length: '" + declared + "' is no length");
    }

    /** Writes a part of a body, which is released. */
    static void part(Exchange exchange, ByteBuf part, boolean chunked) {
        int length = part.readableBytes();
        Carrier carrier = exchange.carrier();
        if (chunked || length <= LoopResponse.COPIED) {
            Output out = carrier.output(exchange, CHUNK_ROOM + (length <= LoopResponse.COPIED ? length : 0));
            if (chunked) {
                out.hex(length);
                out.crlf();
            }
            if (length <= LoopResponse.COPIED) {
                out.bytes(part);
                if (chunked) {
                    out.crlf();
                }
            }
            out.finish();
        }
        if (length <= LoopResponse.COPIED) {
            part.release();
        } else {
            carrier.write(exchange, part);
            if (chunked) {
                Output out = carrier.output(exchange, CHUNK_ROOM);
                out.crlf();
                out.finish();
            }
        }
    }

    /** Ends a body that is sent. */
    static void last(Exchange exchange, HeaderList headers, HttpHeaders trailers, boolean chunked) {
        if (trailers.isEmpty() || !exchange.request().acceptsTrailers()) {
            if (chunked) {
                Output out = exchange.carrier().output(exchange, CHUNK_ROOM);
                out.bytes(HttpShard.LAST_CHUNK);
                out.finish();
            }
            return;
        }
        headers.clear();
        for (Map.Entry<String, String> trailer : trailers) {
            headers.add(trailer.getKey(), trailer.getValue());
        }
        if (!chunked) {
            exchange.carrier().trailers(exchange, headers);
            return;
        }
        Output out = exchange.carrier().output(exchange, CHUNK_ROOM + headers.length());
        out.put('0');
        out.crlf();
        for (int i = 0; i < headers.count(); i++) {
            out.header(headers.name(i), headers.value(i));
        }
        out.crlf();
        out.finish();
    }

    /** Writes the head behind which another protocol is spoken. */
    static void upgrade(Exchange exchange, HeaderList headers) {
        HttpResponseStatus status = HttpResponseStatus.SWITCHING_PROTOCOLS;
        boolean named = headers.contains(HttpHeaderNames.CONNECTION);
        Output out = exchange.carrier().output(exchange, CHUNK_ROOM + HttpShard.UPGRADE.length + headers.length()
                + StatusLines.of(status).length);
        out.bytes(StatusLines.of(status));
        for (int i = 0; i < headers.count(); i++) {
            out.header(headers.name(i), headers.value(i));
        }
        if (!named) {
            out.bytes(HttpShard.UPGRADE);
        }
        out.crlf();
        out.finish();
    }
}
