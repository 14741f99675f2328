package io.solaster.spring.pool;

import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.cookie.ClientCookieDecoder;
import io.netty.handler.codec.http.cookie.CookieHeaderNames;
import io.netty.handler.codec.http.cookie.DefaultCookie;
import io.solaster.engine.Engine;
import io.solaster.pool.http.ClientRequest;
import io.solaster.pool.http.PooledHttpClient;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpCookie;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseCookie;
import org.springframework.http.client.reactive.AbstractClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.client.reactive.ClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpResponse;
import org.springframework.http.support.Netty4HeadersAdapter;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * WebClient over a pool, whose endpoints take the place of the host in a URL. A call that is made on a shard goes out, and
 * is answered, on that shard. Bodies of requests up to 256 KiB are gathered, larger ones are sent as they come, which is
 * within the time of the request; those of answers are read as fast as they are asked for. The host of a URL is sent along
 * as the Host header.
 */
public final class PooledConnector implements ClientHttpConnector {
    private final HttpFetch fetch;

    /** Over this client. */
    public PooledConnector(Engine engine, PooledHttpClient client) {
        this(engine, client, List.of());
    }

    /**
     * Over this client.
     *
     * @param keys asked where the pool's balancing goes by keys and nothing else says what the key is
     */
    public PooledConnector(Engine engine, PooledHttpClient client, List<PoolKeySource> keys) {
        this.fetch = new HttpFetch(engine, client, keys);
    }

    /**
     * Over the client of a pool, with the application's beans that find keys. Any thread.
     *
     * @throws IllegalArgumentException if there is no such pool, or the pool does not speak HTTP
     */
    public static PooledConnector of(Pools pools, String name) {
        return new PooledConnector(pools.engine(), pools.http(name), pools.keySources());
    }

    @Override
    public Mono<ClientHttpResponse> connect(HttpMethod method, URI uri,
            Function<? super ClientHttpRequest, Mono<Void>> callback) {
        Request request = new Request(fetch, method, uri);
        return callback.apply(request)
                .then(Mono.defer(() -> Mono.fromFuture(fetch.send(request.complete()))
                        .doOnDiscard(HttpFetch.Answer.class, HttpFetch.Answer::discard)))
                .doOnCancel(request::abandon).doOnError(failure -> request.abandon())
                .map(Response::new);
    }

    @Override
    public String toString() {
        return "PooledConnector[" + fetch.pool() + "]";
    }

    private static final class Request extends AbstractClientHttpRequest {
        private final HttpFetch fetch;
        private final HttpMethod method;
        private final URI uri;
        private @Nullable UploadBody body;

        Request(HttpFetch fetch, HttpMethod method, URI uri) {
            this.fetch = fetch;
            this.method = method;
            this.uri = uri;
        }

        /** Once its body has been gathered, or is to follow. */
        ClientRequest complete() {
            ClientRequest request = fetch.request(method, uri, getHeaders(), getAttributes());
            return body == null ? request : body.in(request, getHeaders().getContentLength());
        }

        /** It will not be answered. */
        void abandon() {
            if (body != null) {
                body.stop();
            }
        }

        @Override
        public HttpMethod getMethod() {
            return method;
        }

        @Override
        public URI getURI() {
            return uri;
        }

        @Override
        public DataBufferFactory bufferFactory() {
            return DefaultDataBufferFactory.sharedInstance;
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // Spring's own signature
        public <T> T getNativeRequest() {
            return (T) this;
        }

        @Override
        public Mono<Void> writeWith(Publisher<? extends DataBuffer> parts) {
            return doCommit(() -> Mono.<Void>create(gathered -> {
                UploadBody upload = new UploadBody(gathered);
                body = upload;
                parts.subscribe(upload);
            }));
        }

        @Override
        public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> parts) {
            return writeWith(Flux.from(parts).concatMap(Function.identity()));
        }

        @Override
        public Mono<Void> setComplete() {
            return doCommit();
        }

        @Override
        protected void applyHeaders() {}

        @Override
        protected void applyCookies() {
            String cookies = getCookies().values().stream().flatMap(List::stream).map(HttpCookie::toString)
                    .collect(Collectors.joining("; "));
            if (!cookies.isEmpty()) {
                getHeaders().set(HttpHeaders.COOKIE, cookies);
            }
        }
    }

    private static final class Response implements ClientHttpResponse {
        private final HttpFetch.Answer answer;
        private final HttpHeaders headers;
        private final AtomicBoolean read = new AtomicBoolean();

        Response(HttpFetch.Answer answer) {
            this.answer = answer;
            this.headers = HttpHeaders.readOnlyHttpHeaders(new HttpHeaders(new Netty4HeadersAdapter(answer.headers())));
        }

        @Override
        public HttpStatusCode getStatusCode() {
            return HttpStatusCode.valueOf(answer.status());
        }

        @Override
        public HttpHeaders getHeaders() {
            return headers;
        }

        @Override
        public Flux<DataBuffer> getBody() {
            return Flux.defer(() -> {
                if (!read.compareAndSet(false, true)) {
                    return Flux.error(new IllegalStateException("the body of an answer can be read once"));
                }
                Flux<byte[]> start = answer.start().length == 0 ? Flux.empty() : Flux.just(answer.start());
                HttpFetch.Rest rest = answer.rest();
                // Whoever leaves may do so at the start already.
                return (rest == null ? start : start.concatWith(rest(rest)).doOnCancel(rest::close))
                        .map(DefaultDataBufferFactory.sharedInstance::wrap);
            });
        }

        /** Each piece is asked for when the one before has been taken. */
        private static Flux<byte[]> rest(HttpFetch.Rest rest) {
            return Mono.fromFuture(rest::read).expand(taken -> Mono.fromFuture(rest::read)).map(piece -> piece);
        }

        @Override
        public MultiValueMap<String, ResponseCookie> getCookies() {
            MultiValueMap<String, ResponseCookie> cookies = new LinkedMultiValueMap<>();
            for (String header : answer.headers().getAll(HttpHeaderNames.SET_COOKIE)) {
                ResponseCookie cookie = cookie(header);
                if (cookie != null) {
                    cookies.add(cookie.getName(), cookie);
                }
            }
            return cookies;
        }

        private static @Nullable ResponseCookie cookie(String header) {
            if (!(ClientCookieDecoder.LAX.decode(header) instanceof DefaultCookie cookie)) {
                return null;
            }
            CookieHeaderNames.SameSite sameSite = cookie.sameSite();
            ResponseCookie.ResponseCookieBuilder built = ResponseCookie
                    .fromClientResponse(cookie.name(), cookie.value())
                    .secure(cookie.isSecure()).httpOnly(cookie.isHttpOnly())
                    .maxAge(cookie.maxAge() == DefaultCookie.UNDEFINED_MAX_AGE ? -1 : cookie.maxAge());
            if (cookie.domain() != null) {
                built.domain(cookie.domain());
            }
            if (cookie.path() != null) {
                built.path(cookie.path());
            }
            return built.sameSite(sameSite == null ? null : sameSite.name()).build();
        }
    }
}
