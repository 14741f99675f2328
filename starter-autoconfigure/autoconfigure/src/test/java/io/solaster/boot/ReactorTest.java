package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.spring.ReactiveEngine;
import io.solaster.spring.ShardSchedulers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class ReactorTest {
    private final ApplicationContextRunner runner = ThreeShards.runner();

    @Test
    void a_mono_runs_when_it_is_subscribed_to_and_comes_home() {
        runner.run(context -> {
            Engine engine = context.getBean(Engine.class);
            ReactiveEngine reactive = context.getBean(ReactiveEngine.class);
            AtomicInteger calls = new AtomicInteger();
            Mono<Shard> mono = reactive.submitTo(1, () -> {
                calls.incrementAndGet();
                return Shard.current();
            });
            assertThat(calls).hasValue(0);
            assertThat(mono.block()).isSameAs(engine.shard(1));
            assertThat(mono.block()).isSameAs(engine.shard(1));
            assertThat(calls).hasValue(2);
            assertThat(reactive.submitTo(1, () -> null).blockOptional()).isEmpty();
            CompletableFuture<Shard> home = new CompletableFuture<>();
            engine.shard(2).execute(() -> mono.subscribe(there -> home.complete(Shard.current())));
            assertThat(home.join()).isSameAs(engine.shard(2));
            assertThat(reactive.submitTo(0, () -> {
                throw new IOException("thrown");
            }).materialize().block().getThrowable()).isInstanceOf(IOException.class);
            Sharded<int[]> counts = engine.sharded(shard -> new int[]{shard.id()});
            assertThat(reactive.onOwner(counts, "key", count -> count[0]).block()).isEqualTo(engine.shardOf("key"));
        });
    }

    @Test
    void cancelling_keeps_work_from_beginning() {
        runner.run(context -> {
            Engine engine = context.getBean(Engine.class);
            CountDownLatch busy = new CountDownLatch(1);
            AtomicBoolean begun = new AtomicBoolean();
            engine.shard(1).execute(() -> await(busy));
            Disposable subscription = context.getBean(ReactiveEngine.class).submitTo(1, () -> {
                begun.set(true);
                return 1;
            }).subscribe();
            subscription.dispose();
            busy.countDown();
            engine.submitTo(1, () -> 1).join();
            assertThat(begun).isFalse();
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_flux_asks_all_shards_at_once() {
        runner.run(context -> {
            Engine engine = context.getBean(Engine.class);
            ReactiveEngine reactive = context.getBean(ReactiveEngine.class);
            assertThat(reactive.submitToAll(Shard::id).collectList().block()).containsExactly(0, 1, 2);
            CountDownLatch last = new CountDownLatch(1);
            List<Integer> asTheyAnswer = reactive.submitToEach(shard -> {
                if (shard.id() == 0) {
                    await(last);
                }
                return shard.id();
            }).doOnNext(id -> last.countDown()).collectList().block();
            assertThat(asTheyAnswer).containsExactlyInAnyOrder(0, 1, 2);
            assertThat(asTheyAnswer.getFirst()).isNotZero();
            assertThat(engine.isStopping()).isFalse();
        });
    }

    @Test
    void a_scheduler_runs_on_its_shard() {
        runner.run(context -> {
            Engine engine = context.getBean(Engine.class);
            Scheduler scheduler = ShardSchedulers.of(engine.shard(1));
            assertThat(Flux.range(0, 100).publishOn(scheduler).map(i -> Shard.current()).distinct().collectList()
                    .block()).containsExactly(engine.shard(1));
            assertThat(Mono.fromCallable(Shard::current).subscribeOn(scheduler).block()).isSameAs(engine.shard(1));
            assertThat(Mono.delay(java.time.Duration.ofMillis(1), scheduler).map(x -> Shard.current()).block())
                    .isSameAs(engine.shard(1));
            AtomicInteger beats = new AtomicInteger();
            Disposable beat = scheduler.schedulePeriodically(beats::incrementAndGet, 0, 1, TimeUnit.MILLISECONDS);
            ThreeShards.until("it beats", () -> beats.get() > 3);
            beat.dispose();
            assertThat(beat.isDisposed()).isTrue();
            engine.submitTo(1, () -> 1).join();
            int after = beats.get();
            engine.shard(1).schedule(() -> {}, 5, TimeUnit.MILLISECONDS).syncUninterruptibly();
            assertThat(beats).hasValue(after);
        });
    }

    @Test
    void a_disposed_worker_or_scheduler_refuses_and_the_shard_goes_on() {
        runner.run(context -> {
            Engine engine = context.getBean(Engine.class);
            Scheduler scheduler = ShardSchedulers.of(engine.shard(1));
            Scheduler.Worker worker = scheduler.createWorker();
            AtomicBoolean late = new AtomicBoolean();
            Disposable pending = worker.schedule(() -> late.set(true), 1, TimeUnit.DAYS);
            worker.dispose();
            assertThat(pending.isDisposed()).isTrue();
            assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> worker.schedule(() -> {}));
            CompletableFuture<Shard> other = new CompletableFuture<>();
            Scheduler.Worker second = scheduler.createWorker();
            second.schedule(() -> other.complete(Shard.current()));
            assertThat(other.join()).isSameAs(engine.shard(1));

            scheduler.disposeGracefully().block(ThreeShards.PATIENCE);
            assertThat(scheduler.isDisposed()).isTrue();
            assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> scheduler.schedule(() -> {}));
            assertThatExceptionOfType(RejectedExecutionException.class)
                    .isThrownBy(() -> scheduler.schedule(() -> {}, 1, TimeUnit.SECONDS));
            assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> second.schedule(() -> {}));
            assertThat(Mono.fromCallable(Shard::current).subscribeOn(ShardSchedulers.of(engine.shard(1))).block())
                    .isSameAs(engine.shard(1));
        });
    }

    @Test
    void a_scheduler_of_a_stopped_shard_refuses() {
        Scheduler[] scheduler = new Scheduler[1];
        runner.run(context -> scheduler[0] = context.getBean(ReactiveEngine.class).scheduler(0));
        assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> scheduler[0].schedule(() -> {}));
    }

    @Test
    void blocking_throws_on_a_shards_loop_and_parks_in_a_fork() {
        runner.run(context -> {
            Engine engine = context.getBean(Engine.class);
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> engine.submitTo(0, () -> Mono.never().block()).join())
                    .withCauseInstanceOf(IllegalStateException.class).withMessageContaining("block()");
            assertThat(engine.shard(0).fork(() -> Mono.delay(java.time.Duration.ofMillis(1)).block()).future().join())
                    .isZero();
            assertThat(Schedulers.isInNonBlockingThread()).isFalse();
            runner.run(second -> assertThatIllegalStateException().isThrownBy(() -> {
                try {
                    second.getBean(Engine.class).submitTo(0, () -> Mono.never().block()).join();
                } catch (CompletionException e) {
                    throw e.getCause();
                }
            }));
            // The end of the second context takes nothing from the first.
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> engine.submitTo(0, () -> Mono.never().block()).join());
        });
    }

    @Test
    void it_is_there_with_reactor_only_and_steps_back() {
        runner.withClassLoader(new FilteredClassLoader("reactor.core"))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("solasterReactiveEngine"));
        runner.withBean("own", ReactiveEngine.class).run(context -> assertThat(context)
                .getBeanNames(ReactiveEngine.class).containsExactly("own"));
    }
}
