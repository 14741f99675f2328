package io.solaster.http;

import java.util.Arrays;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.ReadOnlyHttp2Headers;
import io.netty.util.AsciiString;

/** Makes the heads of HTTP/2's responses, without what only HTTP/1 has a place for. On the owning shard. */
final class Http2Head {
    /** Date, Server and Content-Length, a name and a value each. */
    private static final int OWN = 6;

    private Http2Head() {}

    /**
     * A response's head.
     *
     * @param length of the body, or how it ends: see {@link Carrier}
     */
    static Http2Headers of(Exchange exchange, HttpResponseStatus status, HeaderList headers, long length) {
        HttpShard shard = exchange.shard();
        AsciiString[] fields = new AsciiString[2 * headers.count() + OWN];
        int size = 0;
        boolean dated = false;
        boolean served = false;
        CharSequence declared = null;
        for (int i = 0; i < headers.count(); i++) {
            CharSequence name = headers.name(i);
            CharSequence value = headers.value(i);
            switch (HeaderList.own(name)) {
                case DATE -> dated = true;
                case SERVER -> served = true;
                case CONNECTION -> {
                    exchange.closes |= HeaderList.same(value, "close");
                    continue;
                }
                case CONTENT_LENGTH -> {
                    declared = value;
                    continue;
                }
                case TRANSFER_ENCODING, HOP_BY_HOP -> {
                    continue;
                }
                case NONE -> {
                    // The application's.
                }
            }
            fields[size++] = AsciiString.of(name).toLowerCase();
            fields[size++] = AsciiString.of(value);
        }
        if (!dated) {
            fields[size++] = HttpHeaderNames.DATE;
            fields[size++] = shard.dateValue();
        }
        AsciiString server = shard.serverValue();
        if (server != null && !served) {
            fields[size++] = HttpHeaderNames.SERVER;
            fields[size++] = server;
        }
        if (length >= 0) {
            fields[size++] = HttpHeaderNames.CONTENT_LENGTH;
            fields[size++] = AsciiString.of(Long.toString(length));
        } else if (length == Carrier.NO_BODY && declared != null && status.code() != 204) {
            // As long as the body would be, had it been asked for.
            fields[size++] = HttpHeaderNames.CONTENT_LENGTH;
            fields[size++] = AsciiString.of(declared);
        }
        return ReadOnlyHttp2Headers.serverHeaders(false, status.codeAsText(), Arrays.copyOf(fields, size));
    }

    /** What comes behind a body. */
    static Http2Headers trailers(HeaderList headers) {
        AsciiString[] fields = new AsciiString[2 * headers.count()];
        int size = 0;
        for (int i = 0; i < headers.count(); i++) {
            if (HeaderList.own(headers.name(i)) == HeaderList.Own.NONE) {
                fields[size++] = AsciiString.of(headers.name(i)).toLowerCase();
                fields[size++] = AsciiString.of(headers.value(i));
            }
        }
        return ReadOnlyHttp2Headers.trailers(false, Arrays.copyOf(fields, size));
    }
}
