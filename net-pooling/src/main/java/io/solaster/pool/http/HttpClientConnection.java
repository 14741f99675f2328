package io.solaster.pool.http;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.request.Attempt;
import io.solaster.pool.request.RequestConnection;

/** A connection that speaks HTTP, of the version that its {@link HttpClientProtocol} says. On the shard that owns it. */
public abstract sealed class HttpClientConnection extends RequestConnection
        permits Http1ClientConnection, Http2ClientConnection {
    final HttpClientProtocol protocol;
    private final String host;

    HttpClientConnection(Shard shard, Channel channel, Endpoint endpoint, HttpClientProtocol protocol) {
        super(shard, channel, endpoint.address());
        this.protocol = protocol;
        this.host = protocol.serverName().authority(endpoint);
    }

    /** Sends a request whose answer goes to the receiver. */
    abstract void send(ClientRequest request, Attempt<?> attempt, OutgoingRequest.Receiver receiver);

    /** Nobody waits for that try's answer any more. */
    abstract void giveUp(Attempt<?> attempt);

    /** What goes out with a request, as HTTP/1.1 has it. */
    final HttpHeaders headers(ClientRequest request) {
        HttpHeaders headers = request.headers().copy();
        if (!headers.contains(HttpHeaderNames.HOST)) {
            headers.set(HttpHeaderNames.HOST, host);
        }
        headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
        headers.remove(HttpHeaderNames.CONTENT_LENGTH);
        if (request.length() < 0) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        } else if (request.length() > 0 || request.source() != null || wantsLength(request.method())) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, request.length());
        }
        if (request.expectsContinue() && request.length() != 0) {
            headers.set(HttpHeaderNames.EXPECT, HttpHeaderValues.CONTINUE);
        }
        if (protocol.gzip() && !headers.contains(HttpHeaderNames.ACCEPT_ENCODING)) {
            headers.set(HttpHeaderNames.ACCEPT_ENCODING, HttpHeaderValues.GZIP);
        }
        return headers;
    }

    /** Methods that mean a body, of which a server wants to hear that it is empty. */
    private static boolean wantsLength(String method) {
        return method.equals("POST") || method.equals("PUT") || method.equals("PATCH");
    }
}
