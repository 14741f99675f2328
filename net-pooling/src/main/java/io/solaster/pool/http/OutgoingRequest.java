package io.solaster.pool.http;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.solaster.pool.Outcome;
import io.solaster.pool.request.Attempt;
import io.solaster.pool.request.Request;
import org.jspecify.annotations.Nullable;

/** A request as it is sent, and how its answer is taken. */
abstract sealed class OutgoingRequest<R> implements Request<HttpClientConnection, R> {
    final ClientRequest request;
    private final @Nullable OnceSource source;

    OutgoingRequest(ClientRequest request) {
        BodySource given = request.source();
        this.source = given == null ? null : new OnceSource(given);
        this.request = source == null ? request : request.body(source, request.length());
    }

    @Override
    public void ended() {
        if (source != null) {
            source.stopUnlessAsked();
        }
    }

    /** A body over all tries of its request: stopped at most once, and not asked after that. On the shard that asked. */
    private static final class OnceSource implements BodySource {
        private final BodySource given;
        private boolean asked;
        private boolean stopped;

        OnceSource(BodySource given) {
            this.given = given;
        }

        @Override
        public CompletionStage<byte @Nullable []> next() {
            asked = true;
            return given.next();
        }

        @Override
        public void stop() {
            if (!stopped) {
                stopped = true;
                given.stop();
            }
        }

        /** What was asked for once is stopped by the try that did so. */
        void stopUnlessAsked() {
            if (!asked) {
                stop();
            }
        }
    }

    @Override
    public void send(HttpClientConnection connection, Attempt<R> attempt) {
        connection.send(request, attempt, receiver(attempt));
    }

    abstract Receiver receiver(Attempt<R> attempt);

    abstract int status(R answer);

    abstract HttpHeaders headers(R answer);

    @Override
    public void giveUp(HttpClientConnection connection, Attempt<R> attempt) {
        connection.giveUp(attempt);
    }

    @Override
    public boolean isIdempotent() {
        return request.isIdempotent();
    }

    @Override
    public long timeoutNanos() {
        return request.timeoutNanos();
    }

    @Override
    public Outcome outcome(R answer) {
        return switch (status(answer)) {
            case 500, 502, 503, 504 -> Outcome.ERROR;
            default -> Outcome.SUCCESS;
        };
    }

    @Override
    public boolean mayRetry(R answer) {
        return request.isIdempotent() && switch (status(answer)) {
            case 429, 502, 503, 504 -> true;
            default -> false;
        };
    }

    @Override
    public long retryAfterNanos(R answer, InstantSource wallClock) {
        String value = headers(answer).get(HttpHeaderNames.RETRY_AFTER);
        if (value == null) {
            return 0;
        }
        try {
            long seconds = Long.parseLong(value.trim());
            return seconds > 1_000_000 ? Long.MAX_VALUE : Math.max(0, seconds) * 1_000_000_000L;
        } catch (NumberFormatException noNumber) {
            return untilDate(value, wallClock.instant());
        }
    }

    private static long untilDate(String value, Instant now) {
        try {
            Instant date = DateTimeFormatter.RFC_1123_DATE_TIME.parse(value.trim(), Instant::from);
            long millis = Duration.between(now, date).toMillis();
            return Math.max(0, Math.min(1_000_000_000L, millis)) * 1_000_000L;
        } catch (DateTimeException neither) {
            return 0;
        }
    }

    /** Told of an answer as it comes, by the connection. */
    interface Receiver {
        /**
         * Status and headers; false if nothing further is wanted.
         *
         * @param origin where the rest comes from
         */
        boolean head(HttpResponse response, Origin origin, long now);

        /** A piece of the body; false if nothing further is wanted. */
        boolean piece(ByteBuf bytes, long now);

        /** All is there, and the connection is free. */
        void end(long now);

        /** The rest does not come. */
        void fail(Throwable cause, long now);
    }

    /** The answer whole. */
    static final class Whole extends OutgoingRequest<ClientResponse> {
        private final int maxBody;

        Whole(ClientRequest request, int maxBody) {
            super(request);
            this.maxBody = maxBody;
        }

        @Override
        public boolean isStreamed() {
            // Its source is this shard's.
            return request.source() != null;
        }

        @Override
        int status(ClientResponse answer) {
            return answer.status();
        }

        @Override
        HttpHeaders headers(ClientResponse answer) {
            return answer.headers();
        }

        @Override
        Receiver receiver(Attempt<ClientResponse> attempt) {
            return new Collecting(request, maxBody, attempt);
        }
    }

    /** The answer's body piece by piece. */
    static final class Streamed extends OutgoingRequest<StreamedResponse> {

        Streamed(ClientRequest request) {
            super(request);
        }

        @Override
        public boolean isStreamed() {
            return true;
        }

        @Override
        int status(StreamedResponse answer) {
            return answer.status();
        }

        @Override
        HttpHeaders headers(StreamedResponse answer) {
            return answer.headers();
        }

        @Override
        public void discard(StreamedResponse answer) {
            answer.body().close();
        }

        @Override
        Receiver receiver(Attempt<StreamedResponse> attempt) {
            return new Passing(attempt);
        }
    }

    private static final class Collecting implements Receiver {
        private static final byte[] NOTHING = {};
        private static final int LEAST_CAPACITY = 1024;

        private final ClientRequest request;
        private final int maxBody;
        private final Attempt<ClientResponse> attempt;
        private @Nullable HttpResponse response;
        private byte[] body = NOTHING;
        private int length;

        Collecting(ClientRequest request, int maxBody, Attempt<ClientResponse> attempt) {
            this.request = request;
            this.maxBody = maxBody;
            this.attempt = attempt;
        }

        @Override
        public boolean head(HttpResponse head, Origin origin, long now) {
            response = head;
            return true;
        }

        @Override
        public boolean piece(ByteBuf bytes, long now) {
            int more = bytes.readableBytes();
            if (more > maxBody - length) {
                attempt.fail(new HttpClientException("the answer to " + request + " has more than " + maxBody
                        + " bytes; stream it, or allow more"), now);
                return false;
            }
            if (length + more > body.length) {
                long capacity = Math.max(Math.max(length + more, LEAST_CAPACITY), length == 0 ? 0 : 2L * body.length);
                body = Arrays.copyOf(body, (int) Math.min(maxBody, capacity));
            }
            bytes.readBytes(body, length, more);
            length += more;
            return true;
        }

        @Override
        public void end(long now) {
            HttpResponse head = java.util.Objects.requireNonNull(response);
            attempt.succeed(new ClientResponse(head.status().code(), head.headers(),
                    length == body.length ? body : Arrays.copyOf(body, length)), now);
        }

        @Override
        public void fail(Throwable cause, long now) {
            attempt.fail(cause, now);
        }
    }

    private static final class Passing implements Receiver {
        private final Attempt<StreamedResponse> attempt;
        private @Nullable ResponseBody body;

        Passing(Attempt<StreamedResponse> attempt) {
            this.attempt = attempt;
        }

        @Override
        public boolean head(HttpResponse head, Origin origin, long now) {
            ResponseBody pieces = origin.newBody();
            body = pieces;
            attempt.answer(new StreamedResponse(head.status().code(), head.headers(), pieces), now);
            return true;
        }

        @Override
        public boolean piece(ByteBuf bytes, long now) {
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.readBytes(copy);
            if (body != null && copy.length > 0) {
                body.add(copy);
            }
            return true;
        }

        @Override
        public void end(long now) {
            attempt.release();
            if (body != null) {
                body.end();
            }
        }

        @Override
        public void fail(Throwable cause, long now) {
            attempt.fail(cause, now);
            if (body != null) {
                body.fail(cause);
            }
        }
    }
}
