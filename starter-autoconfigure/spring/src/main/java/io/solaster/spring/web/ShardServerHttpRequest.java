package io.solaster.spring.web;

import java.net.InetSocketAddress;
import java.util.List;
import javax.net.ssl.SSLSession;

import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import io.solaster.http.HttpRequest;
import io.solaster.spring.web.RequestUris.RequestUri;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpCookie;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.RequestPath;
import org.springframework.http.server.reactive.AbstractServerHttpRequest;
import org.springframework.http.server.reactive.SslInfo;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;
import reactor.core.publisher.Flux;

/**
 * A request as Spring sees it. All but the body is copied, since Spring's observations and logs look at it when the
 * exchange is over and the shard's own object serves another. Any thread; the body's signals come on the owning shard.
 */
final class ShardServerHttpRequest extends AbstractServerHttpRequest {
    private final HttpRequest request;
    private final RequestUri target;
    private final Flux<DataBuffer> body;
    private final InetSocketAddress remoteAddress;
    private final InetSocketAddress localAddress;
    private final @Nullable SSLSession tls;

    ShardServerHttpRequest(HttpRequest request, RequestUri target, Handling handling, NettyDataBufferFactory buffers) {
        super(HttpMethod.valueOf(request.method().name()), target.uri(), null,
                new HttpHeaders(HeaderTable.of(request)));
        this.request = request;
        this.target = target;
        this.remoteAddress = request.remoteAddress();
        this.localAddress = request.localAddress();
        this.tls = request.tls();
        this.body = request.body().length() == 0 ? Flux.empty() : new BodyFlux(request.body(), handling, buffers);
    }

    @Override
    public RequestPath getPath() {
        return target.path();
    }

    @Override
    protected MultiValueMap<String, HttpCookie> initCookies() {
        MultiValueMap<String, HttpCookie> cookies = new LinkedMultiValueMap<>();
        List<String> headers = getHeaders().get(HttpHeaders.COOKIE);
        if (headers != null) {
            for (String header : headers) {
                for (Cookie cookie : ServerCookieDecoder.STRICT.decodeAll(header)) {
                    cookies.add(cookie.name(), new HttpCookie(cookie.name(), cookie.value()));
                }
            }
        }
        return cookies;
    }

    @Override
    public Flux<DataBuffer> getBody() {
        return body;
    }

    @Override
    public InetSocketAddress getRemoteAddress() {
        return remoteAddress;
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return localAddress;
    }

    @Override
    protected @Nullable SslInfo initSslInfo() {
        return tls == null ? null : new ShardSslInfo(tls);
    }

    /** The shard's request, good until the exchange is over. */
    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // Spring asks so
    public <T> T getNativeRequest() {
        return (T) request;
    }
}
