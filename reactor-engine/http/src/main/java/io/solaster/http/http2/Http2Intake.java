package io.solaster.http.http2;

import java.io.IOException;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import io.solaster.http.exchange.Batch;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.HttpShard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a session reads: of the frames that Netty has read, makes requests, hands each to the handler as soon as its head is
 * there and there is room for its response, and gives its carrier what follows. On the owning shard.
 */
final class Http2Intake extends Http2FrameAdapter {
    private static final Logger log = LoggerFactory.getLogger(Http2Session.class);

    private final Http2Session session;
    private final HttpShard shard;
    private final Batch batch;
    private final Http2Backlog backlog;
    private final Http2Connection connection;
    private final Http2Connection.PropertyKey key;

    Http2Intake(Http2Session session, HttpShard shard, Batch batch, Http2Backlog backlog) {
        this.session = session;
        this.shard = shard;
        this.batch = batch;
        this.backlog = backlog;
        this.connection = session.connection();
        this.key = connection.newKey();
    }

    /** Whose stream it is; null where no request has begun on it. */
    @Nullable
    Http2Carrier carrier(Http2Stream stream) {
        return stream.getProperty(key);
    }

    // ---- frames

    @Override
    public void onHeadersRead(ChannelHandlerContext context, int id, Http2Headers headers, int padding, boolean last)
            throws Http2Exception {
        Http2Stream stream = connection.stream(id);
        Http2Carrier carrier = carrier(stream);
        if (carrier == null) {
            begin(stream, headers, last);
        } else {
            receivedTrailers(carrier, headers);
        }
    }

    @Override
    public void onHeadersRead(ChannelHandlerContext context, int id, Http2Headers headers, int dependsOn, short weight,
            boolean exclusive, int padding, boolean last) throws Http2Exception {
        onHeadersRead(context, id, headers, padding, last);
    }

    @Override
    public int onDataRead(ChannelHandlerContext context, int id, ByteBuf data, int padding, boolean last) {
        Http2Carrier carrier = carrier(connection.stream(id));
        return padding + (carrier == null ? data.readableBytes() : carrier.received(data, last));
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext context, int id, long error) {
        shard.stats().http2Resets.increment();
        Http2Carrier carrier = carrier(connection.stream(id));
        if (carrier != null) {
            carrier.cutOff(new IOException("the client has reset the stream (" + Http2Error.valueOf(error) + ")"));
        }
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext context, long data) {
        session.ending().pingAnswered(data);
    }

    // ---- requests

    /** Begins the request that the client has sent over HTTP/1.1. */
    void upgraded(Http2Upgrade upgrade) throws Http2Exception {
        Http2Stream stream = connection.stream(Http2CodecUtil.HTTP_UPGRADE_STREAM_ID);
        begin(stream.headersReceived(false), upgrade.request(), true);
    }

    private void begin(Http2Stream stream, Http2Headers headers, boolean last) throws Http2Exception {
        Exchange exchange = shard.takeStreamExchange();
        Http2Carrier carrier = new Http2Carrier(session, stream, exchange);
        exchange.begin(carrier, batch.readAt());
        exchange.waitsSince = batch.heardAt();
        Http2RequestHead head = (Http2RequestHead) exchange.request().head();
        String wrong = head.read(headers, shard.limits());
        if (wrong != null) {
            throw Http2Exception.streamError(stream.id(), Http2Error.PROTOCOL_ERROR, wrong);
        }
        stream.setProperty(key, carrier);
        shard.stats().http2Requests.increment();
        if (last) {
            carrier.receivedAll();
        }
        if (head.upgrades()) {
            exchange.body().beginConversation(last);
        } else {
            exchange.body().begin(head.contentLength(), last, head.expectsContinue());
        }
        HttpResponseStatus refusal = head.refusal();
        if (refusal != null) {
            shard.stats().refused(refusal);
            exchange.response().refuse(refusal, head.message());
        } else if (backlog.mayBegin()) {
            shard.handle(exchange);
        } else {
            backlog.hold(carrier);
        }
        handled(carrier, exchange);
    }

    /** Begins a request that had to wait for room. */
    void handle(Http2Carrier carrier) {
        Exchange exchange = carrier.exchange();
        if (exchange != null) {
            exchange.waitsSince = session.now();
            shard.handle(exchange);
            handled(carrier, exchange);
        }
    }

    private void handled(Http2Carrier carrier, Exchange exchange) {
        if (carrier.exchange() != null) {
            exchange.outlives = true;
        } else if (!exchange.outlives) {
            shard.giveExchange(exchange);
        }
    }

    private static void receivedTrailers(Http2Carrier carrier, Http2Headers headers) throws Http2Exception {
        for (Map.Entry<CharSequence, CharSequence> header : headers) {
            if (!Http2RequestHead.isValue(header.getValue())) {
                throw Http2Exception.streamError(carrier.stream().id(), Http2Error.PROTOCOL_ERROR,
                        "a trailer with a control character in it, or a blank at an end");
            }
        }
        carrier.receivedTrailers(headers);
    }

    /** What came on a stream breaks HTTP/2's rules: the stream will be reset. */
    void refused(StreamException failure) {
        int id = failure.streamId();
        log.debug("{}: stream {} is reset: {}", session.context().channel(), id, failure.getMessage());
        shard.stats().refused(failure instanceof Http2Exception.HeaderListSizeException
                ? HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                : HttpResponseStatus.BAD_REQUEST);
        // A head that cannot be read has begun its stream all the same, on which a body may be on its way.
        Http2Connection.Endpoint<?> client = connection.remote();
        if (connection.stream(id) == null && client.isValidStreamId(id) && id > client.lastStreamCreated()) {
            try {
                client.createStream(id, false);
            } catch (Http2Exception tooMany) {
                log.debug("{}: stream {} is not begun: {}", session.context().channel(), id, tooMany.getMessage());
            }
        }
    }
}
