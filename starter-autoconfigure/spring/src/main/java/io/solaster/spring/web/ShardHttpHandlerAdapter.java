package io.solaster.spring.web;

import java.net.URISyntaxException;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Offload;
import io.solaster.engine.Shard;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.HttpHeadResponseDecorator;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.adapter.ForwardedHeaderTransformer;

/** Has Spring's handler, such as WebFlux, answer requests, on the shard that owns their connection. */
final class ShardHttpHandlerAdapter implements HttpHandler {
    private final org.springframework.http.server.reactive.HttpHandler handler;
    private final Offload offload;
    private final @Nullable ForwardedHeaderTransformer forwarded;
    /** By shard, each made and used there. */
    private final @Nullable RequestUris[] uris;
    private final NettyDataBufferFactory buffers = new NettyDataBufferFactory(ByteBufAllocator.DEFAULT);

    /**
     * @param offload opens files
     * @param shards of the engine
     * @param forwarded puts what a proxy tells of the client into requests; null to take them as they are
     */
    ShardHttpHandlerAdapter(org.springframework.http.server.reactive.HttpHandler handler, Offload offload, int shards,
            @Nullable ForwardedHeaderTransformer forwarded) {
        this.handler = handler;
        this.offload = offload;
        this.uris = new RequestUris[shards];
        this.forwarded = forwarded;
    }

    @Override
    public void handle(HttpRequest request, HttpResponse response) {
        Handling handling = new Handling(request, response, offload);
        ServerHttpRequest asked = request(request, handling);
        ServerHttpResponse answer = new ShardServerHttpResponse(handling, response, buffers);
        handler.handle(asked,
                HttpMethod.HEAD.equals(asked.getMethod()) ? new HttpHeadResponseDecorator(answer) : answer)
                .subscribe(handling);
        handling.watch();
    }

    private RequestUris uris(Shard shard) {
        RequestUris own = uris[shard.id()];
        if (own == null) {
            own = new RequestUris();
            uris[shard.id()] = own;
        }
        return own;
    }

    private ServerHttpRequest request(HttpRequest request, Handling handling) {
        ServerHttpRequest asked;
        try {
            asked = new ShardServerHttpRequest(request, uris(request.shard()).of(request), handling, buffers);
        } catch (URISyntaxException e) {
            throw new HttpException(HttpResponseStatus.BAD_REQUEST, "the request's target is no URI", e);
        }
        if (forwarded == null) {
            return asked;
        }
        try {
            return forwarded.apply(asked);
        } catch (IllegalArgumentException e) {
            throw new HttpException(HttpResponseStatus.BAD_REQUEST, "what was forwarded cannot be understood", e);
        }
    }
}
