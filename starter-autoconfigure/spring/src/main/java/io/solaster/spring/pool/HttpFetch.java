package io.solaster.spring.pool;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.http.ClientRequest;
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

    HttpFetch(Engine engine, PooledHttpClient client) {
        this.engine = engine;
        this.client = client;
    }

    /** The pool's name. */
    String pool() {
        return client.pool().name();
    }

    /** A request to the pool, whatever host the URI names. */
    static ClientRequest request(HttpMethod method, URI uri,
            Iterable<? extends java.util.Map.Entry<String, List<String>>> headers,
            byte[] body) {
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        ClientRequest request = ClientRequest.of(method.name(),
                uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery());
        ClientRequest with = request.headers(all -> headers.forEach(header -> {
            if (!isOurs(header.getKey())) {
                all.add(header.getKey(), header.getValue());
            }
        }));
        return body.length == 0 ? with : with.body(body);
    }

    /** Those that the client sets by itself. */
    private static boolean isOurs(String header) {
        return HttpHeaderNames.HOST.contentEqualsIgnoreCase(header)
                || HttpHeaderNames.CONTENT_LENGTH.contentEqualsIgnoreCase(header)
                || HttpHeaderNames.TRANSFER_ENCODING.contentEqualsIgnoreCase(header)
                || HttpHeaderNames.CONNECTION.contentEqualsIgnoreCase(header);
    }

    /** Sends it. Any thread; cancelling the answer gives the request up. */
    ShardFuture<Answer> send(ClientRequest request) {
        Shard here = Shard.current();
        int shard = here != null && engine.shards().contains(here)
                ? here.id()
                : ThreadLocalRandom.current().nextInt(engine.shards().size());
        Shard on = engine.shard(shard);
        return engine.submitStageTo(shard, CallOptions.DEFAULTS,
                () -> client.stream(request).thenCompose(response -> answer(on, request, response)));
    }

    private CompletionStage<Answer> answer(Shard on, ClientRequest request, StreamedResponse response) {
        Duration patience = client.pool().config().requests().timeout();
        Rest rest = new Rest(on, response.body(), patience);
        if (!comesAtOnce(request, response)) {
            return CompletableFuture.completedStage(new Answer(response.status(), response.headers(), NOTHING, rest));
        }
        return gather(response, rest, new ByteArrayOutputStream());
    }

    private static boolean comesAtOnce(ClientRequest request, StreamedResponse response) {
        if (response.status() == NO_CONTENT || response.status() == NOT_MODIFIED || request.method().equals("HEAD")) {
            return true;
        }
        String length = response.headers().get(HttpHeaderNames.CONTENT_LENGTH);
        return length != null && length.length() < 10 && Integer.parseInt(length) <= AT_ONCE;
    }

    private CompletionStage<Answer> gather(StreamedResponse response, Rest rest, ByteArrayOutputStream read) {
        return rest.readHere().thenCompose(piece -> {
            if (piece == null) {
                return CompletableFuture.completedStage(
                        new Answer(response.status(), response.headers(), read.toByteArray(), null));
            }
            read.writeBytes(piece);
            return read.size() <= AT_ONCE
                    ? gather(response, rest, read)
                    : CompletableFuture.completedStage(
                            new Answer(response.status(), response.headers(), read.toByteArray(), rest));
        });
    }

    /**
     * An answer.
     *
     * @param start of the body
     * @param rest of the body; null if that was all. It must be read to the end, or closed
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    record Answer(int status, HttpHeaders headers, byte[] start, @Nullable Rest rest) {}

    /** What is still to come of a body. Any thread, but one at a time. */
    final class Rest {
        private final Shard shard;
        private final ResponseBody body;
        private final Duration patience;

        Rest(Shard shard, ResponseBody body, Duration patience) {
            this.shard = shard;
            this.body = body;
            this.patience = patience;
        }

        /** The next piece; null at the end. */
        ShardFuture<byte @Nullable []> read() {
            return engine.submitStageTo(shard.id(), CallOptions.DEFAULTS, body::read);
        }

        /** As {@link #read}, for somebody who waits: no longer than a whole request may take. */
        ShardFuture<byte @Nullable []> readInTime() {
            return engine.submitStageTo(shard.id(), CallOptions.DEFAULTS, this::readHere);
        }

        private CompletionStage<byte @Nullable []> readHere() {
            ShardFuture<byte @Nullable []> piece = body.read();
            if (patience.isZero() || piece.isDone()) {
                return piece;
            }
            return Shard.timeout(piece, patience).whenComplete((read, failure) -> {
                if (failure != null) {
                    body.close();
                }
            });
        }

        void close() {
            engine.submitTo(shard.id(), () -> {
                body.close();
                return true;
            });
        }
    }
}
