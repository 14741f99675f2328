package io.solaster.store.server;

import java.net.SocketAddress;
import java.util.Locale;

import io.solaster.engine.Shard;
import io.solaster.engine.net.PeerAddress;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import io.solaster.store.shard.Client;
import io.solaster.store.shard.Command;
import org.jspecify.annotations.Nullable;

/** What is counted, timed and traced of one client's requests: those read together are one. On the owning shard. */
final class RequestAccount implements TracedRequest {
    private final Shard shard;
    private final Client client;
    private final RequestStats requests;
    /** Requests read since {@link #readAt} whose answers have not left, and how many of those are errors. */
    private int unanswered;
    private long errors;
    private long readAt;

    /** Asked about the first of the requests that are gone through now; null for none. */
    private @Nullable Tracing tracing;
    /** Told of the requests read since then; null where they are not traced, as most are not. */
    private @Nullable RequestTrace trace;
    /** The command of the first of them, and whether others are of another. */
    private @Nullable Command traced;
    private boolean mixed;
    /** When requests came that could not be looked at; 0 if none did, or if nobody asks. */
    private long waitsSince;
    private long waited;

    RequestAccount(Shard shard, Client client, RequestStats requests) {
        this.shard = shard;
        this.client = client;
        this.requests = requests;
    }

    private long now() {
        return shard.environment().clock().nanoTime();
    }

    @Override
    public RequestStats server() {
        return requests;
    }

    @Override
    public SocketAddress peer() {
        return PeerAddress.remote(client.channel());
    }

    @Override
    public long queueWaitNanos() {
        return waited;
    }

    /** Told of the requests that are under way; null where they are not traced. */
    @Nullable
    RequestTrace trace() {
        return trace;
    }

    /** Bytes came that can be looked at. */
    void read() {
        if (unanswered == 0) {
            readAt = now();
        }
    }

    /** Requests are gone through. */
    void begin() {
        tracing = trace == null && unanswered == 0 ? shard.tracing() : null;
        waited = waitsSince == 0 ? 0 : now() - waitsSince;
        waitsSince = 0;
    }

    /** A request was decoded. */
    void decoded() {
        if (tracing != null) {
            trace = tracing.request(shard, this);
            tracing = null;
        }
    }

    /** The request that was decoded is one for a command. */
    void found(Command command) {
        if (trace != null) {
            mixed |= traced != null && traced.index() != command.index();
            traced = command;
        }
    }

    /** A request has begun. */
    void begun() {
        unanswered++;
    }

    void errors(long count) {
        errors += count;
    }

    /** Some requests cannot be looked at now. */
    void waits() {
        if (waitsSince == 0 && shard.tracing() != null) {
            waitsSince = now();
        }
    }

    /** The answers of all requests that have begun leave. */
    void answered() {
        if (unanswered == 0) {
            return;
        }
        long now = now();
        requests.answered(now - readAt, unanswered, errors);
        if (trace != null) {
            endTrace(trace);
        }
        unanswered = 0;
        errors = 0;
        readAt = now;
    }

    /** Named as OpenTelemetry names what Redis clients do. */
    private void endTrace(RequestTrace ended) {
        String name = traced == null ? "unknown" : traced.name().replace('|', ' ').toUpperCase(Locale.ROOT);
        ended.operation(unanswered == 1 ? name : mixed ? "PIPELINE" : "PIPELINE " + name);
        ended.detail("requests", Integer.toString(unanswered));
        ended.detail("errors", Long.toString(errors));
        ended.ended(errors == 0 ? RequestTrace.Outcome.SUCCESS : RequestTrace.Outcome.ERROR);
        trace = null;
        traced = null;
        mixed = false;
    }

    /** The client is gone. */
    void cancelled() {
        if (trace != null) {
            trace.ended(RequestTrace.Outcome.CANCELLED);
            trace = null;
        }
    }
}
