package io.solaster.http.http2;

import java.util.Arrays;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.ReadOnlyHttp2Headers;
import io.netty.util.AsciiString;
import io.solaster.http.exchange.Carrier;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.OwnHeaders;
import io.solaster.http.wire.HeaderList;

/** Makes the heads of HTTP/2's responses, without what only HTTP/1 has a place for. On the owning shard. */
final class Http2Head {
    /** Tells a client to send the body that it holds back. */
    static final Http2Headers CONTINUE = ReadOnlyHttp2Headers.serverHeaders(false,
            HttpResponseStatus.CONTINUE.codeAsText());
    /** Date and Content-Length, a name and a value each; and Server. */
    private static final int OWN = 4;
    private static final int SERVER = 2;

    private Http2Head() {}

    /**
     * A response's head.
     *
     * @param length of the body, or how it ends: see {@link Carrier}
     */
    static Http2Headers of(Exchange exchange, HttpResponseStatus status, HeaderList headers, long length) {
        HttpShard shard = exchange.shard();
        AsciiString server = shard.serverValue();
        AsciiString[] fields = new AsciiString[2 * headers.count() + OWN + (server == null ? 0 : SERVER)];
        int size = 0;
        OwnHeaders own = shard.own().begin();
        for (int i = 0; i < headers.count(); i++) {
            CharSequence name = headers.name(i);
            CharSequence value = headers.value(i);
            if (own.passes(name, value, true)) {
                fields[size++] = AsciiString.of(name).toLowerCase();
                fields[size++] = AsciiString.of(value);
            }
        }
        exchange.closes |= own.closes();
        if (!own.isDated()) {
            fields[size++] = HttpHeaderNames.DATE;
            fields[size++] = shard.dateValue();
        }
        if (server != null && !own.isServed()) {
            fields[size++] = HttpHeaderNames.SERVER;
            fields[size++] = server;
        }
        CharSequence declared = length >= 0 ? Long.toString(length) : own.declared(status, length);
        if (declared != null) {
            fields[size++] = HttpHeaderNames.CONTENT_LENGTH;
            fields[size++] = AsciiString.of(declared);
        }
        return ReadOnlyHttp2Headers.serverHeaders(false, status.codeAsText(), filled(fields, size));
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
        return ReadOnlyHttp2Headers.trailers(false, filled(fields, size));
    }

    private static AsciiString[] filled(AsciiString[] fields, int size) {
        return size == fields.length ? fields : Arrays.copyOf(fields, size);
    }
}
