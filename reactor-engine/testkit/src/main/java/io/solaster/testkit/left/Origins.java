package io.solaster.testkit.left;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;

/** Remembers where each fork and each call off the shards was made, until it has ended. Any thread. */
final class Origins implements Tracing {
    private final Set<Way> underWay = ConcurrentHashMap.newKeySet();
    private final Consumer<String> trace;

    /** @param trace told of each fork and of each call */
    Origins(Consumer<String> trace) {
        this.trace = trace;
    }

    @Override
    public @Nullable RequestTrace request(ShardView shard, TracedRequest request) {
        return null;
    }

    @Override
    public @Nullable Hop hop(Hop.Kind kind, @Nullable ShardView from, @Nullable ShardView to,
            @Nullable SchedulingGroup group) {
        if (kind != Hop.Kind.FORK && kind != Hop.Kind.OFFLOAD) {
            return null;
        }
        Way way = new Way(kind, from, to, new Throwable("made here"));
        underWay.add(way);
        trace.accept(way.toString());
        return way;
    }

    /** Those under way, as one that knows them can tell them apart. */
    Collection<Object> present() {
        return new ArrayList<>(underWay);
    }

    /** What is under way of a kind, but for what was before. */
    List<Remnant> remnants(Left kind, Set<Object> before) {
        Hop.Kind wanted = kind == Left.FORKS ? Hop.Kind.FORK : Hop.Kind.OFFLOAD;
        return underWay.stream().filter(way -> way.kind == wanted && !before.contains(way))
                .map(way -> Remnant.of(kind, way.name(), way.madeAt)).toList();
    }

    private final class Way implements Hop {
        private final Kind kind;
        private final @Nullable ShardView from;
        private final @Nullable ShardView to;
        private final Throwable madeAt;
        private volatile @Nullable Thread thread;

        Way(Kind kind, @Nullable ShardView from, @Nullable ShardView to, Throwable madeAt) {
            this.kind = kind;
            this.from = from;
            this.to = to;
            this.madeAt = madeAt;
        }

        @Override
        public void begun() {
            thread = Thread.currentThread();
        }

        @Override
        @SuppressWarnings("NullAway") // the result is what the work says
        public <T extends @Nullable Object> T call(Callable<T> work) throws Exception {
            begun();
            return work.call();
        }

        @Override
        public void ended(@Nullable Throwable failure) {
            underWay.remove(this);
        }

        @Override
        public void resume(Runnable completion) {
            completion.run();
        }

        String name() {
            Thread present = thread;
            StringBuilder text = new StringBuilder();
            if (present == null) {
                text.append("of ").append(place(to)).append(" that has not begun");
            } else {
                text.append('\'').append(present.getName()).append('\'');
                StackTraceElement[] stack = present.getStackTrace();
                for (StackTraceElement frame : stack) {
                    if (!frame.getClassName().startsWith("java.") && !frame.getClassName().startsWith("jdk.")) {
                        text.append(", now at ").append(frame);
                        break;
                    }
                }
            }
            return text.toString();
        }

        private String place(@Nullable ShardView shard) {
            return shard == null ? "no shard" : "shard " + shard.id();
        }

        @Override
        public String toString() {
            return (kind == Kind.FORK ? "fork on " + place(to) : "call off the shards") + " by " + place(from);
        }
    }
}
