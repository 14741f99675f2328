package io.solaster.spring.web;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import javax.net.ssl.SSLSession;

import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import io.solaster.http.HttpRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpCookie;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
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
    private final Flux<DataBuffer> body;
    private final InetSocketAddress remoteAddress;
    private final InetSocketAddress localAddress;
    private final @Nullable SSLSession tls;

    ShardServerHttpRequest(HttpRequest request, Exchange exchange, NettyDataBufferFactory buffers)
            throws URISyntaxException {
        super(HttpMethod.valueOf(request.method().name()), uri(request), null,
                new HttpHeaders(HeaderTable.of(request)));
        this.request = request;
        this.remoteAddress = request.remoteAddress();
        this.localAddress = request.localAddress();
        this.tls = request.tls();
        this.body = request.body().length() == 0 ? Flux.empty() : new BodyFlux(request.body(), exchange, buffers);
    }

    private static URI uri(HttpRequest request) throws URISyntaxException {
        boolean secure = request.tls() != null;
        String host = request.header("host");
        StringBuilder uri = new StringBuilder(128).append(secure ? "https://" : "http://");
        if (host == null || host.isEmpty()) {
            appendAddress(uri, request.localAddress());
        } else {
            String port = secure ? ":443" : ":80";
            uri.append(host, 0, host.endsWith(port) ? host.length() - port.length() : host.length());
        }
        String target = request.target();
        int start = startOfPath(target);
        if (start == target.length() || target.charAt(start) != '/') {
            uri.append('/');
        }
        return new URI(uri.append(target, start, target.length()).toString());
    }

    private static void appendAddress(StringBuilder uri, InetSocketAddress address) {
        String host = address.getHostString();
        boolean v6 = host.indexOf(':') >= 0;
        uri.append(v6 ? "[" : "").append(host).append(v6 ? "]:" : ":").append(address.getPort());
    }

    /** Where the path begins in a target that may be a whole URI, as proxies are sent: {@code http://host/path}. */
    private static int startOfPath(String target) {
        if (target.startsWith("/")) {
            return 0;
        }
        int authority = target.indexOf("://");
        if (authority < 0) {
            return 0;
        }
        for (int i = authority + 3; i < target.length(); i++) {
            if (target.charAt(i) == '/' || target.charAt(i) == '?') {
                return i;
            }
        }
        return target.length();
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
