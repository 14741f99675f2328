package io.solaster.http.http1;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.exchange.Carrier;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.OwnHeaders;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import io.solaster.http.wire.StatusLines;
import org.jspecify.annotations.Nullable;

/** Writes the heads of HTTP/1's responses. On the owning shard. */
final class Http1Head {

    private Http1Head() {}

    /**
     * Writes a head, and decides whether the connection goes on after it.
     *
     * @param length of the body, or how it ends: see {@link Carrier}
     * @param room bytes that the caller writes behind it
     */
    static Output write(HttpConnection connection, Exchange exchange, HttpResponseStatus status, HeaderList headers,
            long length, int room) {
        HttpShard shard = exchange.shard();
        byte[] line = StatusLines.of(status);
        Output out = connection.output(exchange, line.length + shard.ownHeaders() + headers.length() + room);
        out.bytes(line);
        OwnHeaders own = shard.own().begin();
        for (int i = 0; i < headers.count(); i++) {
            CharSequence name = headers.name(i);
            CharSequence value = headers.value(i);
            if (own.passes(name, value, false)) {
                out.header(name, value);
            }
        }
        if (!own.isDated()) {
            out.bytes(shard.date());
        }
        byte[] server = shard.serverHeader();
        if (server != null && !own.isServed()) {
            out.bytes(server);
        }
        boolean bodyless = status.code() == 204 || status.code() == 304;
        framing(out, length, bodyless, own.declared(status, length));
        exchange.closes |= own.closes()
                || length == Carrier.UNTIL_END && !bodyless && !exchange.request().isHead();
        if (exchange.closes) {
            out.bytes(HttpShard.CLOSE);
        } else if (exchange.request().isHttp10()) {
            out.bytes(HttpShard.KEEP_ALIVE);
        }
        out.crlf();
        return out;
    }

    /** @param declared how long the body would be, had it been asked for */
    private static void framing(Output out, long length, boolean bodyless, @Nullable CharSequence declared) {
        if (length >= 0) {
            out.bytes(HttpShard.CONTENT_LENGTH);
            out.number(length);
            out.crlf();
        } else if (length == Carrier.CHUNKED && !bodyless) {
            out.bytes(HttpShard.CHUNKED);
        } else if (declared != null) {
            out.bytes(HttpShard.CONTENT_LENGTH);
            out.latin1(declared);
            out.crlf();
        }
    }

}
