package io.solaster.rpc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Methods and what serves them. Immutable: any thread. */
public final class RpcService {
    private final List<Entry<?, ?>> entries;

    private RpcService(List<Entry<?, ?>> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * How a method is served.
     *
     * @param group the scheduling group that its calls run in; null for the server's
     * @param permits how many calls of the method a shard serves at a time, those included that were cancelled and have not ended; one
     *            more is refused with {@link RpcStatus#RESOURCE_EXHAUSTED}
     */
    @Internal
    public record Entry<Q, A>(RpcMethod<Q, A> method, RpcHandler<Q, A> handler, @Nullable String group, int permits) {}

    /** How the methods that are added next are served. */
    public static Builder builder() {
        return new Builder();
    }

    /** What there is. */
    @Internal
    public List<Entry<?, ?>> entries() {
        return entries;
    }

    /** Gathers methods. One thread. */
    public static final class Builder {
        private final List<Entry<?, ?>> entries = new ArrayList<>();
        private final Map<Integer, RpcMethod<?, ?>> byHash = new HashMap<>();
        private @Nullable String group;
        private int permits = Integer.MAX_VALUE;

        private Builder() {}

        /** Methods that are added from here on run in this scheduling group of the engine, rather than in the server's. */
        public Builder group(String newGroup) {
            group = newGroup;
            return this;
        }

        /**
         * Of each method that is added from here on, a shard serves so many calls at a time; one more is refused at once.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder permits(int newPermits) {
            if (newPermits < 1) {
                throw new IllegalArgumentException("permits: " + newPermits + "; give 1 or more");
            }
            permits = newPermits;
            return this;
        }

        /**
         * Adds a method.
         *
         * @throws IllegalArgumentException if there is one of the same name, or of the same number on the wire
         */
        public <Q, A> Builder direct(RpcMethod<Q, A> method, RpcHandler.Direct<Q, A> handler) {
            return add(method, handler);
        }

        /** As {@link #direct}. */
        public <Q, A> Builder async(RpcMethod<Q, A> method, RpcHandler.Async<Q, A> handler) {
            return add(method, handler);
        }

        /** As {@link #direct}, for a method with a stream either way. */
        public <Q, A> Builder streamed(RpcMethod<Q, A> method, RpcHandler.Streamed<Q, A> handler) {
            return add(method, handler);
        }

        /** As {@link #direct}. */
        public <Q, A> Builder forked(RpcMethod<Q, A> method, RpcHandler.Forked<Q, A> handler) {
            return add(method, handler);
        }

        private <Q, A> Builder add(RpcMethod<Q, A> method, RpcHandler<Q, A> handler) {
            if (method.kind().isStream() != (handler instanceof RpcHandler.Streamed)) {
                throw new IllegalArgumentException("method '" + method + "' is " + method.kind()
                        + "; streams are served by streamed(…), and others are not");
            }
            RpcMethod<?, ?> before = byHash.putIfAbsent(method.hash(), method);
            if (before != null) {
                throw new IllegalArgumentException("method '" + method + "' has the same number as '" + before
                        + "', which is there already; give it another name");
            }
            entries.add(new Entry<>(method, handler, group, permits));
            return this;
        }

        /** The service. */
        public RpcService build() {
            return new RpcService(entries);
        }
    }
}
