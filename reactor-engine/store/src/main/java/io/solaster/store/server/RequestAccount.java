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
    /** Made when somebody traces first. */
    private @Nullable Traced traced;

    /** What is traced of the requests read since {@link #readAt}. */
    private static final class Traced {
        /** Asked about the first of the requests that are gone through now; null for none. */
        private @Nullable Tracing tracing;
        /** Told of the requests; null where they are not traced, as most are not. */
        private @Nullable RequestTrace trace;
        /** The command of the first of them, and whether others are of another. */
        private @Nullable Command first;
        private boolean mixed;
        /** When requests came that could not be looked at; 0 if none did. */
        private long waitsSince;
        private long waited;
    }

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
        return traced == null ? 0 : traced.waited;
    }

    /** Told of the requests that are under way; null where they are not traced. */
    @Nullable
    RequestTrace trace() {
        return traced == null ? null : traced.trace;
    }

    /** Bytes came that can be looked at. */
    void read() {
        if (unanswered == 0) {
            readAt = now();
        }
    }

    /** Requests are gone through. */
    void begin() {
        Tracing tracing = shard.tracing();
        if (tracing == null && traced == null) {
            return;
        }
        Traced own = traced();
        own.tracing = own.trace == null && unanswered == 0 ? tracing : null;
        own.waited = own.waitsSince == 0 ? 0 : now() - own.waitsSince;
        own.waitsSince = 0;
    }

    private Traced traced() {
        Traced made = traced;
        if (made == null) {
            made = new Traced();
            traced = made;
        }
        return made;
    }

    /** A request was decoded. */
    void decoded() {
        Traced own = traced;
        if (own != null && own.tracing != null) {
            own.trace = own.tracing.request(shard, this);
            own.tracing = null;
        }
    }

    /** The request that was decoded is one for a command. */
    void found(Command command) {
        Traced own = traced;
        if (own != null && own.trace != null) {
            own.mixed |= own.first != null && own.first.index() != command.index();
            own.first = command;
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
        if (shard.tracing() != null && traced().waitsSince == 0) {
            traced().waitsSince = now();
        }
    }

    /** The answers of all requests that have begun leave. */
    void answered() {
        if (unanswered == 0) {
            return;
        }
        long now = now();
        requests.answered(now - readAt, unanswered, errors);
        if (traced != null && traced.trace != null) {
            endTrace(traced, traced.trace);
        }
        unanswered = 0;
        errors = 0;
        readAt = now;
    }

    /** Named as OpenTelemetry names what Redis clients do. */
    private void endTrace(Traced own, RequestTrace ended) {
        String name = own.first == null ? "unknown" : own.first.name().replace('|', ' ').toUpperCase(Locale.ROOT);
        ended.operation(unanswered == 1 ? name : own.mixed ? "PIPELINE" : "PIPELINE " + name);
        ended.detail("requests", Integer.toString(unanswered));
        ended.detail("errors", Long.toString(errors));
        ended.ended(errors == 0 ? RequestTrace.Outcome.SUCCESS : RequestTrace.Outcome.ERROR);
        own.trace = null;
        own.first = null;
        own.mixed = false;
    }

    /** The client is gone. */
    void cancelled() {
        RequestTrace trace = trace();
        if (trace != null) {
            trace.ended(RequestTrace.Outcome.CANCELLED);
            traced().trace = null;
        }
    }
}
