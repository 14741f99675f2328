package io.solaster.spring.web;

import java.nio.file.Path;
import java.util.List;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.HttpResponse;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseCookie;
import org.springframework.http.ZeroCopyHttpOutputMessage;
import org.springframework.http.server.reactive.AbstractServerHttpResponse;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A response as Spring sees it. Status, headers and cookies are kept here and put into the shard's own response when its
 * first part is there, so that whoever sets them may do so on any thread.
 */
final class ShardServerHttpResponse extends AbstractServerHttpResponse implements ZeroCopyHttpOutputMessage {
    private final Handling handling;
    private final HttpResponse response;
    private final HeaderTable table;

    ShardServerHttpResponse(Handling handling, HttpResponse response, NettyDataBufferFactory buffers) {
        this(handling, response, buffers, new HeaderTable());
    }

    private ShardServerHttpResponse(Handling handling, HttpResponse response, NettyDataBufferFactory buffers,
            HeaderTable table) {
        super(buffers, new HttpHeaders(table));
        this.handling = handling;
        this.response = response;
        this.table = table;
        handling.headBy(this::writeHead);
    }

    Handling handling() {
        return handling;
    }

    /** The shard's response, good until the exchange is over. */
    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // Spring asks so
    public <T> T getNativeResponse() {
        return (T) response;
    }

    @Override
    public HttpStatusCode getStatusCode() {
        HttpStatusCode status = super.getStatusCode();
        return status == null ? HttpStatus.OK : status;
    }

    @Override
    protected Mono<Void> writeWithInternal(Publisher<? extends DataBuffer> body) {
        return new Writing(handling, body, body instanceof Mono);
    }

    /** Not flushed after each publisher but at the end of the turn in which it came, which costs less and is as soon. */
    @Override
    protected Mono<Void> writeAndFlushWithInternal(Publisher<? extends Publisher<? extends DataBuffer>> body) {
        return new Writing(handling, Flux.concat(body), false);
    }

    /** The kernel sends it by itself, where it can. */
    @Override
    public Mono<Void> writeWith(Path file, long position, long count) {
        return doCommit(() -> Mono
                .create(written -> handling.onShard(() -> handling.sendFile(file, position, count, written))));
    }

    @Override
    protected void applyStatusCode() {
        // In writeHead.
    }

    @Override
    protected void applyHeaders() {
        // In writeHead.
    }

    @Override
    protected void applyCookies() {
        // In writeHead.
    }

    private void writeHead() {
        response.status(HttpResponseStatus.valueOf(getStatusCode().value()));
        // The server sees to those that frame the body.
        table.forEachHeader(response::addHeader);
        for (List<ResponseCookie> cookies : getCookies().values()) {
            for (ResponseCookie cookie : cookies) {
                response.addHeader(HttpHeaderNames.SET_COOKIE, cookie.toString());
            }
        }
    }

    /** Completes once the body is written, and begins when it is subscribed to. */
    private static final class Writing extends Mono<Void> {
        private final Handling handling;
        private final Publisher<? extends DataBuffer> body;
        private final boolean whole;

        Writing(Handling handling, Publisher<? extends DataBuffer> body, boolean whole) {
            this.handling = handling;
            this.body = body;
            this.whole = whole;
        }

        @Override
        public void subscribe(CoreSubscriber<? super Void> written) {
            BodySender sender = new BodySender(handling, written, whole);
            handling.sends(sender);
            body.subscribe(sender);
        }
    }
}
