package io.solaster.spring.trace;

import java.util.concurrent.ThreadLocalRandom;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.TracingObservationHandler.TracingContext;
import io.solaster.engine.net.QuietLog;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Makes observations of sampled requests, and of what they, or anything else that is traced, hand over to shards, forks
 * and Offload; handlers of the registry make spans of them. Sampling is decided before anything is made: at random, or as
 * the client says that comes with a trace. Any thread.
 */
public final class ObservedTracing implements Tracing {
    private static final String W3C = "traceparent";
    private static final String B3 = "b3";

    private final String engine;
    private final ObservationRegistry registry;
    private final boolean spans;
    private final @Nullable RequestConvention requests;
    private final @Nullable HopConvention hops;
    private final RequestConvention defaultRequests = new DefaultRequestConvention();
    private final HopConvention defaultHops = new DefaultHopConvention();
    private final QuietLog failures = new QuietLog(LoggerFactory.getLogger(ObservedTracing.class), Level.WARN);
    /** A random number below it is a sample. */
    private volatile long threshold;

    /**
     * Traces nothing yet: see {@link io.solaster.engine.Engine#trace}.
     *
     * @param engine the engine's name
     * @param spans whether a tracer makes spans of the registry's observations, so that only what belongs to a sampled one
     *            is of interest; if not, all is that belongs to an observation
     * @param probability of a request to be sampled, from 0 to 1
     * @param requests names requests; null for the default
     * @param hops names hops; null for the default
     */
    public ObservedTracing(String engine, ObservationRegistry registry, boolean spans, double probability,
            @Nullable RequestConvention requests, @Nullable HopConvention hops) {
        this.engine = engine;
        this.registry = registry;
        this.spans = spans;
        this.requests = requests;
        this.hops = hops;
        probability(probability);
    }

    /** From now on samples so many of the requests that come without a trace: from 0 for none to 1 for all. */
    public void probability(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("a probability of " + probability + "; give one from 0 to 1");
        }
        threshold = probability == 1 ? Long.MAX_VALUE : (long) (probability * 0x1p63);
    }

    @Override
    public @Nullable RequestTrace request(ShardView shard, TracedRequest request) {
        if (!isSampled(request)) {
            return null;
        }
        RequestContext context = new RequestContext(engine, shard, request);
        Observation observation = Observation.createNotStarted(requests, defaultRequests, () -> context, registry);
        return starts(observation, true) ? new Request(observation, context) : null;
    }

    private boolean isSampled(TracedRequest request) {
        String parent = request.traceHeader(W3C);
        if (parent != null) {
            return RemoteTrace.isSampledByW3c(parent);
        }
        String b3 = request.traceHeader(B3);
        return b3 != null ? RemoteTrace.isSampledByB3(b3) : draw();
    }

    private boolean draw() {
        long below = threshold;
        return below != 0 && ThreadLocalRandom.current().nextLong() >>> 1 < below || below == Long.MAX_VALUE;
    }

    @Override
    public @Nullable Hop hop(Hop.Kind kind, @Nullable ShardView from, @Nullable ShardView to,
            @Nullable SchedulingGroup group) {
        Observation parent = registry.getCurrentObservation();
        return parent == null || !isSampled(parent) ? null : begin(kind, from, to, group, parent);
    }

    private boolean isSampled(Observation observation) {
        if (observation.isNoop()) {
            return false;
        }
        TracingContext trace = spans ? observation.getContextView().get(TracingContext.class) : null;
        return trace == null || trace.getSpan() == null
                ? !spans
                : Boolean.TRUE.equals(trace.getSpan().context().sampled());
    }

    private @Nullable Hop begin(Hop.Kind kind, @Nullable ShardView from, @Nullable ShardView to,
            @Nullable SchedulingGroup group, Observation parent) {
        HopContext context = new HopContext(engine, kind, from, to, group);
        Observation observation = Observation.createNotStarted(hops, defaultHops, () -> context, registry)
                .parentObservation(parent);
        return starts(observation, false) ? new ObservedHop(this, parent, observation, context) : null;
    }

    /** Whether it is under way now: not if nobody wants it, or a handler of the application's fails. */
    private boolean starts(Observation observation, boolean first) {
        if (observation.isNoop()) {
            return false;
        }
        try {
            if (first) {
                Decided.run(observation::start);
            } else {
                observation.start();
            }
            return true;
        } catch (RuntimeException e) {
            failures.tell("What observes requests and hops of engine '{}' failed", engine, e);
            return false;
        }
    }

    void stop(Observation observation) {
        try {
            observation.stop();
        } catch (RuntimeException e) {
            failures.tell("What observes requests and hops of engine '{}' failed", engine, e);
        }
    }

    private final class Request implements RequestTrace {
        private final Observation observation;
        private final RequestContext context;

        Request(Observation observation, RequestContext context) {
            this.observation = observation;
            this.context = context;
        }

        @Override
        public void operation(String name) {
            context.operation(name);
        }

        @Override
        public void detail(String key, String value) {
            observation.highCardinalityKeyValue(key, value);
        }

        @Override
        public @Nullable String traceId() {
            TracingContext trace = spans ? observation.getContextView().get(TracingContext.class) : null;
            return trace == null || trace.getSpan() == null ? null : trace.getSpan().context().traceId();
        }

        @Override
        public <T extends @Nullable Object> T call(java.util.concurrent.Callable<T> work) throws Exception {
            try (Observation.Scope _ = observation.openScope()) {
                return work.call();
            }
        }

        @Override
        public @Nullable Hop hop(ShardView to) {
            return begin(Hop.Kind.MESSAGE, context.shard(), to, context.shard().currentGroup(), observation);
        }

        @Override
        public void ended(Outcome outcome) {
            context.over(outcome);
            stop(observation);
        }
    }
}
