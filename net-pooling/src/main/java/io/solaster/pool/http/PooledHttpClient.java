package io.solaster.pool.http;

import java.util.List;

import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.request.RequestStats;
import io.solaster.pool.request.Requester;

/**
 * A client of HTTP/1.1 or HTTP/2 over a pool. Idempotent requests are tried again where the pool's configuration says so, after 429,
 * 502, 503 and 504 too, and not before Retry-After; any other one only where it surely did not arrive.
 *
 * <p>
 * An answer of any status is an answer; a result fails with {@link io.solaster.pool.PoolException} where there is none.
 */
public final class PooledHttpClient {
    private static final int MAX_BODY = 8 * 1024 * 1024;

    private final Requester<HttpClientConnection> requester;
    private final int maxBody;

    private PooledHttpClient(Requester<HttpClientConnection> requester, int maxBody) {
        this.requester = requester;
        this.maxBody = maxBody;
    }

    /** Over a pool of {@link HttpClientProtocol}; it takes bodies of up to 8 MiB whole. Not on a shard. */
    public static PooledHttpClient over(Engine engine, ConnectionPool<HttpClientConnection> pool) {
        return new PooledHttpClient(Requester.over(engine, pool), MAX_BODY);
    }

    /** This with another limit on bodies that are taken whole, in bytes; they are counted unpacked. */
    public PooledHttpClient withMaxBody(int newMaxBody) {
        return new PooledHttpClient(requester, newMaxBody);
    }

    /** What it sends through. */
    public ConnectionPool<HttpClientConnection> pool() {
        return requester.pool();
    }

    /** What each shard counts of its requests. */
    public List<RequestStats> stats() {
        return requester.stats();
    }

    /** Asks for a path. Any thread. */
    public ShardFuture<ClientResponse> get(String path) {
        return send(ClientRequest.get(path));
    }

    /**
     * Sends a request. Any thread; on a shard if its body is streamed.
     *
     * @return the answer, on the shard that asked; failed with {@link HttpClientException} if its body is too large
     */
    public ShardFuture<ClientResponse> send(ClientRequest request) {
        return requester.call(request.key(), new OutgoingRequest.Whole(request, maxBody));
    }

    /**
     * Sends a request whose answer is read piece by piece. On a shard. The request's timeout ends with the headers.
     *
     * @return status and headers; the body must be read to the end or closed
     */
    public ShardFuture<StreamedResponse> stream(ClientRequest request) {
        return requester.call(request.key(), new OutgoingRequest.Streamed(request));
    }
}
