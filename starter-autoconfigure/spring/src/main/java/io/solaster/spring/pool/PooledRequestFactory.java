package io.solaster.spring.pool;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.PoolException;
import io.solaster.pool.http.ClientRequest;
import io.solaster.pool.http.PooledHttpClient;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.AbstractClientHttpRequest;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.support.Netty4HeadersAdapter;

/**
 * RestClient and RestTemplate over a pool, whose endpoints take the place of the host in a URL; that is sent along as the Host header. Whoever calls waits: on any
 * thread, and on a shard's virtual thread, which parks; on a shard's loop it throws.
 */
public final class PooledRequestFactory implements ClientHttpRequestFactory {
    private final HttpFetch fetch;

    /** Over this client. */
    public PooledRequestFactory(Engine engine, PooledHttpClient client) {
        this(engine, client, List.of());
    }

    /**
     * Over this client.
     *
     * @param keys asked where the pool's balancing goes by keys and nothing else says what the key is
     */
    public PooledRequestFactory(Engine engine, PooledHttpClient client, List<PoolKeySource> keys) {
        this.fetch = new HttpFetch(engine, client, keys);
    }

    /**
     * Over the client of a pool, with the application's beans that find keys. Any thread.
     *
     * @throws IllegalArgumentException if there is no such pool, or the pool does not speak HTTP
     */
    public static PooledRequestFactory of(Pools pools, String name) {
        return new PooledRequestFactory(pools.engine(), pools.http(name), pools.keySources());
    }

    @Override
    public ClientHttpRequest createRequest(URI uri, HttpMethod method) {
        return new Request(fetch, uri, method);
    }

    @Override
    public String toString() {
        return "PooledRequestFactory[" + fetch.pool() + "]";
    }

    private static final class Request extends AbstractClientHttpRequest {
        private final HttpFetch fetch;
        private final URI uri;
        private final HttpMethod method;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();

        Request(HttpFetch fetch, URI uri, HttpMethod method) {
            this.fetch = fetch;
            this.uri = uri;
            this.method = method;
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
        protected OutputStream getBodyInternal(HttpHeaders headers) {
            return body;
        }

        @Override
        protected ClientHttpResponse executeInternal(HttpHeaders headers) throws IOException {
            // Before it is sent: what the caller hears of as failed must not be done all the same.
            Shard.refuseToBlock("waiting for " + method + " " + uri, "use WebClient, or wait in Shard.fork");
            ClientRequest bare = fetch.request(method, uri, headers, getAttributes());
            ClientRequest request = body.size() == 0 ? bare : bare.body(body.toByteArray());
            ShardFuture<HttpFetch.Answer> answer = fetch.send(request);
            try {
                return new Response(await(answer));
            } catch (InterruptedIOException e) {
                // It may have come while this thread was interrupted.
                answer.thenAccept(HttpFetch.Answer::discard);
                throw e;
            }
        }
    }

    private static <T extends @Nullable Object> T await(ShardFuture<T> future) throws IOException {
        try {
            return future.get();
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted = new InterruptedIOException("interrupted while waiting for the answer");
            interrupted.initCause(e);
            throw interrupted;
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw asIo(cause);
        }
    }

    /** As the JDK's own clients would throw it. */
    private static IOException asIo(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        IOException io = switch (cause) {
            case PoolException failed -> switch (failed.reason()) {
                case TIMEOUT, ACQUIRE_TIMEOUT -> new SocketTimeoutException(message);
                case CONNECT_FAILED, NO_ENDPOINT -> new ConnectException(message);
                default -> new IOException(message);
            };
            case TimeoutException late -> new SocketTimeoutException("the body did not come: " + message);
            default -> new IOException(message);
        };
        io.initCause(cause);
        return io;
    }

    private static final class Response implements ClientHttpResponse {
        private final HttpFetch.Answer answer;
        private final HttpHeaders headers;
        private final InputStream body;

        Response(HttpFetch.Answer answer) {
            this.answer = answer;
            this.headers = HttpHeaders.readOnlyHttpHeaders(new HttpHeaders(new Netty4HeadersAdapter(answer.headers())));
            InputStream start = new ByteArrayInputStream(answer.start());
            this.body = answer.rest() == null ? start : new SequenceInputStream(start, new Pieces(answer.rest()));
        }

        @Override
        public HttpStatusCode getStatusCode() {
            return HttpStatusCode.valueOf(answer.status());
        }

        @Override
        public String getStatusText() {
            HttpStatus known = HttpStatus.resolve(answer.status());
            return known == null ? "" : known.getReasonPhrase();
        }

        @Override
        public HttpHeaders getHeaders() {
            return headers;
        }

        @Override
        public InputStream getBody() {
            return body;
        }

        @Override
        public void close() {
            HttpFetch.Rest rest = answer.rest();
            if (rest != null) {
                rest.close();
            }
        }
    }

    /** A body that comes piece by piece. */
    private static final class Pieces extends InputStream {
        private final HttpFetch.Rest rest;
        private byte[] piece = {};
        private int at;
        private boolean ended;

        Pieces(HttpFetch.Rest rest) {
            this.rest = rest;
        }

        private boolean hasNext() throws IOException {
            while (!ended && at == piece.length) {
                byte[] next = await(rest.readInTime());
                ended = next == null;
                piece = next == null ? new byte[0] : next;
                at = 0;
            }
            return at < piece.length;
        }

        @Override
        public int read() throws IOException {
            return hasNext() ? piece[at++] & 0xff : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, into.length);
            if (length == 0) {
                return 0;
            }
            if (!hasNext()) {
                return -1;
            }
            int count = Math.min(length, piece.length - at);
            System.arraycopy(piece, at, into, offset, count);
            at += count;
            return count;
        }

        @Override
        public int available() {
            return piece.length - at;
        }

        @Override
        public void close() {
            if (!ended) {
                ended = true;
                piece = new byte[0];
                at = 0;
                rest.close();
            }
        }
    }
}
