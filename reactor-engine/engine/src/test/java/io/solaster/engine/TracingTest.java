package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.RequestTrace;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.engine.trace.Tracing;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class TracingTest {
    private static final String ROOT = "root";

    private final Recorder recorder = new Recorder();
    private Engine engine;

    @BeforeEach
    void start() {
        engine = Engines.start(Transport.NIO, 2);
        engine.trace(recorder);
    }

    @AfterEach
    void close() {
        recorder.current.remove();
        engine.close();
    }

    @Test
    void eachWayToHandWorkOverIsAHopBelowWhoDoesIt() {
        recorder.current.set(ROOT);
        assertThat(Engines.get(engine.submitTo(1, recorder.current::get))).isEqualTo("submitTo none-1 of root");
        assertThat(Engines.get(engine.shard(1).fork(recorder.current::get).future())).isEqualTo("fork none-1 of root");
        assertThat(Engines.get(engine.offload().call(recorder.current::get))).isEqualTo("offload none-none of root");
        assertThat(Engines.get(engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> CompletableFuture.completedFuture(recorder.current.get()))))
                .isEqualTo("submitTo none-1 of root");
        assertThat(recorder.hops()).hasSize(4).allSatisfy(hop -> {
            assertThat(hop.begun).isEqualTo(1);
            assertThat(hop.failures()).containsExactly("none");
        });
        assertThat(recorder.current.get()).isEqualTo(ROOT);
    }

    @Test
    void aHopGoesOnFromShardToShardAndTheAnswerIsItsCallersAgain() {
        recorder.current.set(ROOT);
        CompletableFuture<List<String>> seen = new CompletableFuture<>();
        engine.submitTo(0, () -> engine.submitTo(1, recorder.current::get)
                .thenCombine(engine.submitTo(1, recorder.current::get), List::of)
                .thenAccept(below -> seen.complete(List.of(below.get(0), below.get(1), recorder.current.get()))));
        assertThat(Engines.get(seen)).containsExactly("submitTo 0-1 of submitTo none-0 of root",
                "submitTo 0-1 of submitTo none-0 of root", "submitTo none-0 of root");
    }

    @Test
    void forksOfAScopeAreHopsToo() {
        recorder.current.set(ROOT);
        assertThat(Engines.get(engine.shard(0).fork(() -> {
            try (Scope scope = Scope.open(Scope.Policy.FAIL_FAST)) {
                var inner = scope.fork(recorder.current::get);
                scope.join();
                return inner.future().join();
            }
        }).future())).isEqualTo("fork 0-0 of fork none-0 of root");
    }

    @Test
    void whatRunsAtOnceIsNoHop() {
        recorder.current.set(ROOT);
        assertThat(Engines.get(engine.submitTo(0, () -> engine.submitTo(0, recorder.current::get).join())))
                .isEqualTo("submitTo none-0 of root");
    }

    @Test
    void nothingIsToldOfWhatIsNotTracedNorWhenNobodyAsks() {
        assertThat(Engines.get(engine.submitTo(1, () -> String.valueOf(recorder.current.get())))).isEqualTo("null");
        recorder.current.set(ROOT);
        engine.trace(null);
        assertThat(Engines.get(engine.submitTo(1, () -> String.valueOf(recorder.current.get())))).isEqualTo("null");
        assertThat(engine.shard(0).tracing()).isNull();
        assertThat(recorder.hops()).isEmpty();
    }

    @Test
    void aHopEndsOnceWithWhatTheCallFailedWith() throws Exception {
        recorder.current.set(ROOT);
        ShardFuture<Object> thrown = engine.submitTo(1, () -> {
            throw new IllegalStateException("no");
        });
        assertThatThrownBy(() -> Engines.get(thrown)).hasMessage("no");
        recorder.until(0, "IllegalStateException");
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        engine.shard(1).execute(() -> {
            stuck.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        stuck.await();
        ShardFuture<String> cancelled = engine.submitTo(1, () -> "never");
        cancelled.cancel(false);
        ShardFuture<String> late = engine.submitTo(1, CallOptions.within(Duration.ofMillis(1)), () -> "never");
        assertThatThrownBy(() -> late.get(60, TimeUnit.SECONDS)).hasCauseInstanceOf(TimeoutException.class);
        ShardFuture<String> stage = engine.submitStageTo(1, CallOptions.DEFAULTS, () -> new CompletableFuture<>());
        stage.cancel(false);
        go.countDown();
        recorder.until(1, "CancellationException");
        recorder.until(2, "TimeoutException");
        recorder.until(3, "CancellationException");
        assertThat(recorder.hops()).extracting(hop -> hop.begun).containsExactly(1, 0, 0, 0);
    }

    @Test
    void aCallThatGetsNoMeshPermitEnds() {
        SchedulingGroup few = engine.groups().create("few",
                GroupConfig.defaults().withMeshPermits(1).withQueueTimeout(Duration.ofMillis(1)));
        CompletableFuture<String> held = new CompletableFuture<>();
        CompletableFuture<String> refused = new CompletableFuture<>();
        recorder.current.set(ROOT);
        engine.submitTo(0, CallOptions.in(few), () -> {
            ShardFuture<String> first = engine.submitTo(1, held::join);
            engine.submitTo(1, () -> "never").whenComplete((answer, failure) -> {
                held.complete("held");
                refused.complete(failure.getClass().getSimpleName());
            });
            return first;
        });
        assertThat(Engines.get(refused)).isEqualTo("TimeoutException");
        recorder.until(2, "TimeoutException");
        recorder.until(1, "none");
    }

    /** What is traced is the thread's current name; a hop's name tells of all above it. */
    private static final class Recorder implements Tracing {
        final ThreadLocal<String> current = new ThreadLocal<>();
        private final Queue<RecordedHop> hops = new ConcurrentLinkedQueue<>();

        List<RecordedHop> hops() {
            return List.copyOf(hops);
        }

        void until(int hop, String failure) {
            Engines.until("hop " + hop + " ends with " + failure,
                    () -> hops().size() > hop && hops().get(hop).failures().equals(List.of(failure)));
        }

        @Override
        public RequestTrace request(ShardView shard, TracedRequest request) {
            return null;
        }

        @Override
        public Hop hop(Hop.Kind kind, ShardView from, ShardView to, SchedulingGroup group) {
            String parent = current.get();
            if (parent == null) {
                return null;
            }
            RecordedHop hop = new RecordedHop(kind + " " + (from == null ? "none" : from.id()) + "-"
                    + (to == null ? "none" : to.id()) + " of " + parent, parent);
            hops.add(hop);
            return hop;
        }

        final class RecordedHop implements Hop {
            private final String name;
            private final String parent;
            private final Queue<String> ends = new ConcurrentLinkedQueue<>();
            volatile int begun;

            RecordedHop(String name, String parent) {
                this.name = name;
                this.parent = parent;
            }

            List<String> failures() {
                return ends.stream().limit(1).toList();
            }

            @Override
            public void begun() {
                begun++;
            }

            @Override
            public <T> T call(Callable<T> work) throws Exception {
                begun();
                String before = current.get();
                current.set(name);
                try {
                    return work.call();
                } finally {
                    current.set(before);
                }
            }

            @Override
            public void ended(Throwable failure) {
                ends.add(failure == null ? "none" : failure.getClass().getSimpleName());
            }

            @Override
            public void resume(Runnable completion) {
                String before = current.get();
                current.set(parent);
                try {
                    completion.run();
                } finally {
                    current.set(before);
                }
            }
        }
    }
}
