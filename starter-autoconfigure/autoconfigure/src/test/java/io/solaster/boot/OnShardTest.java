package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.CalledShard;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.spring.OnShard;
import io.solaster.spring.ShardScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ScopedProxyMode;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class OnShardTest {
    private final ApplicationContextRunner runner = ThreeShards.runner();

    record Key(String customer, int number) {}

    @ShardScope
    static class Orders {
        private final Shard home;
        private int calls;

        Orders(Shard home) {
            this.home = home;
        }

        @OnShard(key = "#id")
        CompletableFuture<Integer> shardOf(String prefix, long id) {
            calls++;
            assertThat(Shard.current()).isSameAs(home);
            return CompletableFuture.completedFuture(home.id());
        }

        @OnShard(key = "#key.customer() + '!'")
        public CompletionStage<Integer> byExpression(Key key) {
            return CompletableFuture.completedFuture(home.id());
        }

        @OnShard(group = "${orders.group:background}", timeout = "${orders.timeout:5m}")
        public CompletableFuture<String> group(String id) {
            return CompletableFuture.completedFuture(home.currentGroup().name());
        }

        @OnShard(key = "#p0", timeout = "5ms")
        public CompletableFuture<String> never(String id) {
            return new CompletableFuture<>();
        }

        @OnShard
        public CompletableFuture<String> fails(String how) throws IOException {
            switch (how) {
                case "thrown" -> throw new IOException(how);
                case "later" -> {
                    return CompletableFuture.supplyAsync(() -> {
                        throw new UnsupportedOperationException(how);
                    });
                }
                default -> {
                    return CompletableFuture.failedFuture(new IOException(how));
                }
            }
        }

        @OnShard
        public Mono<String> mono(String id) {
            calls++;
            return Mono.deferContextual(context -> Mono.just(context.getOrDefault("user", "nobody") + " on "
                    + home.id() + " at " + Shard.current().id()));
        }

        @OnShard
        public Mono<String> monoFails(String id) {
            return Mono.error(new IOException(id));
        }

        @OnShard
        public Mono<String> monoNever(CompletableFuture<String> cancelled, String id) {
            return Mono.<String>never().doOnCancel(() -> cancelled.complete("on " + Shard.current().id()));
        }

        public int calls() {
            return calls;
        }
    }

    @ShardScope
    static class Cancels {
        @OnShard(key = "#id")
        public Mono<String> never(CompletableFuture<String> cancelled, String id) {
            return Mono.<String>never().doOnCancel(() -> cancelled.complete("on " + Shard.current().id()));
        }
    }

    @ShardScope
    static class Good extends Orders {
        Good(Shard home) {
            super(home);
        }

        @Override
        @OnShard(key = "#id")
        public Mono<String> monoNever(CompletableFuture<String> cancelled, String id) {
            return super.monoNever(cancelled, id);
        }
    }

    @Test
    void calls_go_to_the_owner_of_the_key_and_come_home() {
        runner.withUserConfiguration(Good.class).run(context -> {
            assertThat(context).hasNotFailed();
            Engine engine = context.getBean(Engine.class);
            Orders orders = context.getBean(Good.class);
            for (long id = 0; id < 20; id++) {
                assertThat(orders.shardOf("x", id).join()).isEqualTo(engine.shardOf(id));
            }
            assertThat(orders.byExpression(new Key("me", 1)).toCompletableFuture().join())
                    .isEqualTo(engine.shardOf("me!"));
            assertThat(orders.group("x").join()).isEqualTo("background");
            CompletableFuture<List<Shard>> trip = new CompletableFuture<>();
            engine.shard(0).execute(() -> orders.shardOf("x", 1)
                    .thenAccept(owner -> trip.complete(List.of(engine.shard(owner), Shard.current()))));
            assertThat(trip.join()).containsExactly(engine.shard(engine.shardOf(1)), engine.shard(0));
        });
    }

    @Test
    void errors_keep_their_type() {
        runner.withUserConfiguration(Good.class).run(context -> {
            Orders orders = context.getBean(Good.class);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> orders.fails("thrown").join())
                    .havingCause().isInstanceOf(IOException.class).withMessage("thrown")
                    .satisfies(failure -> assertThat(failure.getSuppressed()[0]).isInstanceOf(CalledShard.class));
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> orders.fails("failed").join())
                    .havingCause().isInstanceOf(IOException.class).withMessage("failed");
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> orders.fails("later").join())
                    .havingCause().isInstanceOf(UnsupportedOperationException.class);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> orders.never("x").join())
                    .havingCause().isInstanceOf(TimeoutException.class).withMessageContaining("PT0.005S");
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> orders.group(null).join())
                    .havingCause().isInstanceOf(IllegalArgumentException.class)
                    .withMessage("@OnShard: the key of Orders.group(String) is null, which no shard owns");
            assertThat(orders.monoFails("x").materialize().block().getThrowable()).isInstanceOf(IOException.class);
            assertThat(orders.mono(null).materialize().block().getThrowable())
                    .isInstanceOf(IllegalArgumentException.class);
        });
    }

    @Test
    void a_mono_is_called_for_each_subscriber_with_its_context() {
        runner.withUserConfiguration(Good.class).run(context -> {
            Engine engine = context.getBean(Engine.class);
            Good orders = context.getBean(Good.class);
            @SuppressWarnings("unchecked")
            Sharded<Good> sharded = (Sharded<Good>) context.getBean("sharded.onShardTest.Good");
            int owner = engine.shardOf("x");
            Mono<String> mono = orders.mono("x");
            assertThat(sharded.on(owner, Orders::calls).join()).isZero();
            assertThat(mono.contextWrite(Context.of("user", "me")).block())
                    .isEqualTo("me on " + owner + " at " + owner);
            assertThat(mono.block()).isEqualTo("nobody on " + owner + " at " + owner);
            assertThat(sharded.on(owner, Orders::calls).join()).isEqualTo(2);
        });
    }

    @Test
    void cancelling_goes_through() {
        runner.withUserConfiguration(Cancels.class).run(context -> {
            Engine engine = context.getBean(Engine.class);
            CompletableFuture<String> cancelled = new CompletableFuture<>();
            Disposable subscription = context.getBean(Cancels.class).never(cancelled, "x").subscribe();
            engine.submitToAll(Shard::id).join();
            subscription.dispose();
            assertThat(cancelled.join()).isEqualTo("on " + engine.shardOf("x"));
        });
    }

    // Other beans than shard-scoped ones

    interface Stock {
        @OnShard(key = "#article")
        CompletableFuture<Integer> where(String article);

        String plain();
    }

    static class Shelves implements Stock {
        @Override
        public CompletableFuture<Integer> where(String article) {
            return CompletableFuture.completedFuture(Shard.current().id());
        }

        @Override
        public String plain() {
            return Thread.currentThread().getName();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Singletons {
        @Bean
        Shelves shelves() {
            return new Shelves();
        }

        @Bean
        @ShardScope(proxyMode = ScopedProxyMode.INTERFACES)
        Stock scoped() {
            return new Shelves();
        }
    }

    @Test
    void singletons_and_interfaces_are_routed_too() {
        runner.withUserConfiguration(Singletons.class).run(context -> {
            Engine engine = context.getBean(Engine.class);
            Stock shelves = context.getBean(Shelves.class);
            Stock scoped = (Stock) context.getBean("scoped");
            assertThat(AopUtils.isCglibProxy(shelves)).isTrue();
            assertThat(AopUtils.isJdkDynamicProxy(scoped)).isTrue();
            for (String article : List.of("a", "b", "c", "d")) {
                assertThat(shelves.where(article).join()).isEqualTo(engine.shardOf(article));
                assertThat(scoped.where(article).join()).isEqualTo(engine.shardOf(article));
            }
            assertThat(shelves.plain()).isEqualTo(Thread.currentThread().getName());
            assertThat(engine.submitTo(1, scoped::plain).join()).endsWith("-shard-1");
            assertThat(((Advised) shelves).getAdvisors()).hasSize(1);
        });
    }

    // What is refused at the start

    private void refused(Class<?> bean, String... message) {
        runner.withUserConfiguration(bean).run(context -> assertThat(context).as(bean.getSimpleName()).getFailure()
                .rootCause().isInstanceOf(IllegalStateException.class).hasMessageContainingAll(message));
    }

    static class Void1 {
        @OnShard(key = "#id")
        public void add(String id) {}
    }

    static class Plain {
        @OnShard(key = "#id")
        public int add(String id) {
            return 1;
        }
    }

    static class NoSuchParameter {
        @OnShard(key = "#key")
        public CompletableFuture<Integer> add(String id, int n) {
            return CompletableFuture.completedFuture(n);
        }
    }

    static class NoKey {
        @OnShard
        public CompletableFuture<Integer> add(String id, int n) {
            return CompletableFuture.completedFuture(n);
        }
    }

    static class BadExpression {
        @OnShard(key = "#id..x")
        public CompletableFuture<Integer> add(String id) {
            return CompletableFuture.completedFuture(1);
        }
    }

    static class BadGroup {
        @OnShard(group = "critcal")
        public CompletableFuture<Integer> add(String id) {
            return CompletableFuture.completedFuture(1);
        }
    }

    static class BadTimeout {
        @OnShard(timeout = "soon")
        public CompletableFuture<Integer> add(String id) {
            return CompletableFuture.completedFuture(1);
        }
    }

    static class FinalMethod {
        @OnShard
        public final CompletableFuture<Integer> add(String id) {
            return CompletableFuture.completedFuture(1);
        }
    }

    static final class FinalClass {
        @OnShard
        public CompletableFuture<Integer> add(String id) {
            return CompletableFuture.completedFuture(1);
        }
    }

    @ShardScope(proxyMode = ScopedProxyMode.NO)
    static class NoProxy {
        @OnShard
        public CompletableFuture<Integer> add(String id) {
            return CompletableFuture.completedFuture(1);
        }
    }

    @Test
    void what_cannot_be_routed_is_refused_at_the_start() {
        refused(Void1.class, "@OnShard: Void1.add(String) returns void",
                "return CompletionStage, CompletableFuture or Mono");
        refused(Plain.class, "@OnShard: Plain.add(String) returns int");
        refused(NoSuchParameter.class, "@OnShard: NoSuchParameter.add(String, int) has no parameter 'key'",
                "there are id, n");
        refused(NoKey.class, "NoKey.add(String, int) has 2 parameters; say which is the key");
        refused(BadExpression.class, "BadExpression.add(String) has a key that cannot be read: '#id..x'");
        refused(BadGroup.class, "BadGroup.add(String): 'critcal' is no scheduling group; write one of", "background");
        refused(BadTimeout.class, "BadTimeout.add(String): 'soon' is no duration; write 500ms");
        refused(FinalMethod.class, "FinalMethod.add(String) is private, static or final");
        refused(FinalClass.class, "is of the final class", "remove 'final'");
        refused(NoProxy.class, "is @ShardScope without a proxy");
        refused(Orders.class, "Orders.monoNever(CompletableFuture, String) has 2 parameters");
    }

    public static class WithoutReactor {
        @OnShard
        public CompletableFuture<Integer> where(String id) {
            return CompletableFuture.completedFuture(Shard.current().id());
        }
    }

    @Test
    void it_works_without_reactor() {
        runner.withClassLoader(new FilteredClassLoader("reactor", "org.reactivestreams"))
                .withUserConfiguration(WithoutReactor.class).run(context -> {
                    assertThat(context).hasNotFailed().doesNotHaveBean("solasterReactiveEngine");
                    assertThat(context.getBean(WithoutReactor.class).where("x").join())
                            .isEqualTo(context.getBean(Engine.class).shardOf("x"));
                });
    }
}
