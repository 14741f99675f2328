package io.solaster.spring.pool;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.http.ClientRequest;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.pool.http.ResponseBody;
import io.solaster.pool.http.StreamedResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;

/**
 * Sends requests of Spring's clients through a pool, from any thread: those of a shard on that shard, others on any. A
 * small body whose length is known comes with the answer, in one hop; any other piece by piece.
 */
final class HttpFetch {
    /** Bytes that are read before anybody asks for them. */
    private static final int AT_ONCE = 64 * 1024;
    private static final byte[] NOTHING = {};
    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;

    private final Engine engine;
    private final PooledHttpClient client;
    private final RequestKeys keys;
    /** Whether the pool says what the Host header is. */
    private final boolean hasHost;

    HttpFetch(Engine engine, PooledHttpClient client, List<PoolKeySource> keys) {
        this.engine = engine;
        this.client = client;
        this.keys = new RequestKeys(client.pool().name(), keys);
        this.hasHost = client.pool().protocol() instanceof HttpClientProtocol http
                && http.serverName().given() != null;
    }

    /** The pool's name. */
    String pool() {
        return client.pool().name();
    }

    /**
     * A request to the pool. The URL's host says what the Host header is, unless it is the pool's name, or the request or
     * the pool has another.
     *
     * @throws IllegalArgumentException if the URL wants encryption and the pool has none
     */
    ClientRequest request(HttpMethod method, URI uri, org.springframework.http.HttpHeaders headers,
            Map<String, Object> attributes) {
        PoolConfig config = client.pool().config();
        if ("https".equalsIgnoreCase(uri.getScheme()) && !config.ssl().isUsed()) {
            throw new IllegalArgumentException(uri + " asks for encryption, and pool '" + pool()
                    + "' would send it in clear text; set solaster.pools." + pool()
                    + ".ssl.enabled: true or an ssl.bundle, or write http://");
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        ClientRequest request = ClientRequest.of(method.name(),
                uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery());
        ClientRequest named = request.headers(all -> {
            headers.headerSet().forEach(header -> {
                if (!isOurs(header.getKey())) {
                    all.add(header.getKey(), header.getValue());
                }
            });
            String host = hasHost || all.contains(HttpHeaderNames.HOST) ? null : PoolUrl.host(uri, pool());
            if (host != null) {
                all.set(HttpHeaderNames.HOST, host);
            }
        });
        long key = keys.of(config.balancing(), method, uri, headers, attributes);
        return key == 0 ? named : named.key(key);
    }

    /** Those that the client sets by itself. */
    private static boolean isOurs(String header) {
        return HttpHeaderNames.CONTENT_LENGTH.contentEqualsIgnoreCase(header)
                || HttpHeaderNames.TRANSFER_ENCODING.contentEqualsIgnoreCase(header)
                || HttpHeaderNames.CONNECTION.contentEqualsIgnoreCase(header);
    }

    /** Sends it. Any thread; cancelling the answer gives the request up, however far it is. */
    ShardFuture<Answer> send(ClientRequest request) {
        Shard here = Shard.current();
        int shard = here != null && engine.shards().contains(here)
                ? here.id()
                : ThreadLocalRandom.current().nextInt(engine.shards().size());
        Shard on = engine.shard(shard);
        return engine.submitStageTo(shard, CallOptions.DEFAULTS, () -> new Fetch(on, request).begin());
    }

    private static boolean comesAtOnce(ClientRequest request, StreamedResponse response) {
        if (response.status() == NO_CONTENT || response.status() == NOT_MODIFIED || request.method().equals("HEAD")) {
            return true;
        }
        String length = response.headers().get(HttpHeaderNames.CONTENT_LENGTH);
        return length != null && length.length() < 10 && Integer.parseInt(length) <= AT_ONCE;
    }

    /**
     * One request, from its sending to the answer that is handed over. Whoever waits for the answer may leave at any time:
     * what there is by then is given up, also an answer that nobody has come to know of. On the shard that sends it.
     */
    private final class Fetch implements ShardFuture.Source {
        private final Shard on;
        private final ClientRequest request;
        private final ShardFuture<Answer> answer;
        private @Nullable ShardFuture<StreamedResponse> asked;
        private @Nullable Rest rest;

        Fetch(Shard on, ClientRequest request) {
            this.on = on;
            this.request = request;
            this.answer = on.newFuture(this);
        }

        ShardFuture<Answer> begin() {
            ShardFuture<StreamedResponse> sent = client.stream(request);
            asked = sent;
            sent.whenComplete((response, failure) -> {
                if (response == null) {
                    answer.completeExceptionally(failure);
                } else if (answer.isDone()) {
                    response.body().close();
                } else {
                    headed(response);
                }
            });
            return answer;
        }

        private void headed(StreamedResponse response) {
            Rest pieces = new Rest(on, response.body(), client.pool().config().requests().timeout());
            rest = pieces;
            if (comesAtOnce(request, response)) {
                gather(response, pieces, new ByteArrayOutputStream());
            } else {
                handOver(response, NOTHING, pieces);
            }
        }

        private void gather(StreamedResponse response, Rest pieces, ByteArrayOutputStream read) {
            pieces.readHere().whenComplete((piece, failure) -> {
                if (failure != null) {
                    answer.completeExceptionally(failure);
                } else if (piece == null) {
                    answer.complete(new Answer(response.status(), response.headers(), read.toByteArray(), null));
                } else {
                    read.writeBytes(piece);
                    if (read.size() <= AT_ONCE) {
                        gather(response, pieces, read);
                    } else {
                        handOver(response, read.toByteArray(), pieces);
                    }
                }
            });
        }

        private void handOver(StreamedResponse response, byte[] start, Rest pieces) {
            pieces.expectReader();
            answer.complete(new Answer(response.status(), response.headers(), start, pieces));
        }

        /** Also after the answer was there: then it has reached nobody. */
        @Override
        public void giveUp() {
            if (asked != null) {
                asked.cancel(false);
            }
            if (rest != null) {
                rest.closeHere();
            }
        }
    }

    /**
     * An answer.
     *
     * @param start of the body
     * @param rest of the body; null if that was all. It must be read to the end, or closed
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Answer(int status, HttpHeaders headers, byte[] start, @Nullable Rest rest) {

        /** Nobody reads it. */
        void discard() {
            if (rest != null) {
                rest.close();
            }
        }
    }

    /**
     * What is still to come of a body. Any thread, but one at a time. It holds a connection, so that it is closed where
     * nobody begins to read it for as long as a whole request may take.
     */
    final class Rest {
        private final Shard shard;
        private final ResponseBody body;
        private final Duration patience;
        // On the shard.
        private @Nullable Timer unread;
        private boolean forgotten;

        Rest(Shard shard, ResponseBody body, Duration patience) {
            this.shard = shard;
            this.body = body;
            this.patience = patience;
        }

        /** The next piece; null at the end. Cancelling it closes the body. */
        ShardFuture<byte @Nullable []> read() {
            return engine.submitStageTo(shard.id(), CallOptions.DEFAULTS, this::piece);
        }

        /** As {@link #read}, for somebody who waits: no longer than a whole request may take. */
        ShardFuture<byte @Nullable []> readInTime() {
            return engine.submitStageTo(shard.id(), CallOptions.DEFAULTS, this::readHere);
        }

        private ShardFuture<byte @Nullable []> readHere() {
            ShardFuture<byte @Nullable []> piece = piece();
            if (patience.isZero() || piece.isDone()) {
                return piece;
            }
            ShardFuture<byte @Nullable []> inTime = Shard.timeout(piece, patience);
            inTime.whenComplete((read, failure) -> {
                if (failure != null) {
                    body.close();
                }
            });
            return inTime;
        }

        private ShardFuture<byte @Nullable []> piece() {
            if (forgotten) {
                ShardFuture<byte @Nullable []> late = shard.newFuture();
                late.completeExceptionally(new TimeoutException("nobody has begun to read the body within " + patience
                        + " (requests.timeout of pool '" + pool() + "'), so that it was closed"));
                return late;
            }
            stopExpecting();
            return body.read();
        }

        private void expectReader() {
            if (!patience.isZero()) {
                unread = shard.timers().coarseTimer(() -> {
                    forgotten = true;
                    body.close();
                });
                unread.arm(patience);
            }
        }

        private void stopExpecting() {
            if (unread != null) {
                unread.cancel();
                unread = null;
            }
        }

        private void closeHere() {
            stopExpecting();
            body.close();
        }

        /** Reads no further. */
        void close() {
            shard.executeOrElse(this::closeHere, () -> {});
        }
    }
}
