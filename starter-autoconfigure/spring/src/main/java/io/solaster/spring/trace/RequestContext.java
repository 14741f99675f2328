package io.solaster.spring.trace;

import java.net.InetSocketAddress;

import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.RequestTrace.Outcome;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.TracedServer;
import org.jspecify.annotations.Nullable;

/** What a convention may know of a request. On the shard that owns its connection. */
public final class RequestContext extends ReceiverContext<TracedRequest> {
    private final String engine;
    private final ShardView shard;
    private final TracedRequest request;
    private final String group;
    private final TracedServer server;
    private final long queueWaitNanos;
    private String operation = "unknown";
    private Outcome outcome = Outcome.CANCELLED;
    private boolean over;

    RequestContext(String engine, ShardView shard, TracedRequest request) {
        super(TracedRequest::traceHeader, Kind.SERVER);
        setCarrier(request);
        this.engine = engine;
        this.shard = shard;
        this.request = request;
        this.group = shard.currentGroup().name();
        this.server = request.server();
        this.queueWaitNanos = request.queueWaitNanos();
    }

    /** The engine's name. */
    public String engine() {
        return engine;
    }

    /** The shard that owns the connection. */
    public ShardView shard() {
        return shard;
    }

    /** The scheduling group of the connection. */
    public String group() {
        return group;
    }

    /** The key below {@code solaster.servers}. */
    public String server() {
        return server.server();
    }

    /** What the server speaks. */
    public String protocol() {
        return server.protocol();
    }

    /** The command or the route's template; {@code unknown} until the protocol has told. */
    public String operation() {
        return operation;
    }

    void operation(String newOperation) {
        operation = newOperation;
    }

    /** How it ended; {@link Outcome#CANCELLED} until then. */
    public Outcome outcome() {
        return outcome;
    }

    /** For how long it was there and nobody could look at it. */
    public long queueWaitNanos() {
        return queueWaitNanos;
    }

    /** The client's; null where it has none. */
    public @Nullable InetSocketAddress peer() {
        return request.peer() instanceof InetSocketAddress address ? address : null;
    }

    /** Whether all is known of it; conventions are asked at its start too. */
    public boolean isOver() {
        return over;
    }

    void over(Outcome newOutcome) {
        outcome = newOutcome;
        over = true;
    }
}
