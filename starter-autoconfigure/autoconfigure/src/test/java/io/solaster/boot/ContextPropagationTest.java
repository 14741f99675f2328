package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.micrometer.context.ContextRegistry;
import io.solaster.engine.ContextCarrier;
import io.solaster.engine.Engine;
import io.solaster.engine.Scope;
import io.solaster.engine.Scope.Policy;
import io.solaster.spring.OnShard;
import io.solaster.spring.context.MdcCarrier;
import io.solaster.spring.context.SnapshotCarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.MDC;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class ContextPropagationTest {
    private static final String KEY = ContextPropagationTest.class.getName();
    private static final ThreadLocal<String> TRACE = new ThreadLocal<>();

    private final ApplicationContextRunner runner = ThreeShards.runner();
    private final ApplicationContextRunner on = runner.withPropertyValues("solaster.context-propagation.enabled=true");

    @BeforeEach
    void register() {
        ContextRegistry.getInstance().registerThreadLocalAccessor(KEY, TRACE);
        MDC.put("user", "me");
        TRACE.set("trace");
    }

    @AfterEach
    void forget() {
        ContextRegistry.getInstance().removeThreadLocalAccessor(KEY);
        MDC.clear();
        TRACE.remove();
    }

    private static String seen() {
        return MDC.get("user") + " " + TRACE.get();
    }

    static class Service {
        @OnShard
        public CompletableFuture<String> seen(String key) {
            return CompletableFuture.completedFuture(ContextPropagationTest.seen());
        }
    }

    @Test
    void the_context_goes_along_and_leaves_nothing_behind() {
        on.withUserConfiguration(Service.class).run(context -> {
            assertThat(context).hasSingleBean(SnapshotCarrier.class).doesNotHaveBean(MdcCarrier.class);
            Engine engine = context.getBean(Engine.class);
            assertThat(engine.submitTo(1, ContextPropagationTest::seen).join()).isEqualTo("me trace");
            assertThat(engine.submitToAll(shard -> seen()).join()).containsOnly("me trace");
            assertThat(engine.shard(1).fork(ContextPropagationTest::seen).future().join()).isEqualTo("me trace");
            assertThat(engine.offload().call(ContextPropagationTest::seen).join()).isEqualTo("me trace");
            assertThat(context.getBean(Service.class).seen("x").join()).isEqualTo("me trace");
            // From shard to shard, and into the forks of a fork.
            assertThat(engine.shard(0).fork(() -> {
                try (Scope scope = Scope.open(Policy.FAIL_FAST)) {
                    var inner = scope.fork(() -> engine.submitTo(2, ContextPropagationTest::seen).get());
                    scope.join();
                    return inner.future().join();
                }
            }).future().join()).isEqualTo("me trace");
            assertThat(seen()).isEqualTo("me trace");
            MDC.clear();
            TRACE.remove();
            assertThat(engine.submitToAll(shard -> seen()).join()).containsOnly("null null");
            assertThat(engine.offload().call(ContextPropagationTest::seen).join()).isEqualTo("null null");
        });
    }

    @Test
    void what_a_shard_itself_has_is_there_again_afterwards() {
        on.run(context -> {
            Engine engine = context.getBean(Engine.class);
            engine.shard(1).submit(() -> MDC.put("user", "the shard")).syncUninterruptibly();
            assertThat(engine.submitTo(1, ContextPropagationTest::seen).join()).isEqualTo("me trace");
            assertThat(engine.shard(1).submit(ContextPropagationTest::seen).syncUninterruptibly().getNow())
                    .isEqualTo("the shard null");
        });
    }

    @Test
    void nothing_goes_along_unless_asked_for() {
        runner.run(context -> {
            assertThat(context).hasNotFailed().doesNotHaveBean(ContextCarrier.class);
            assertThat(context.getBean(Engine.class).submitTo(1, ContextPropagationTest::seen).join())
                    .isEqualTo("null null");
        });
    }

    @Test
    void two_contexts_carry_each_as_it_is_told() {
        on.run(first -> runner.run(second -> {
            assertThat(second.getBean(Engine.class).submitTo(1, ContextPropagationTest::seen).join())
                    .isEqualTo("null null");
            assertThat(first.getBean(Engine.class).submitTo(1, ContextPropagationTest::seen).join())
                    .isEqualTo("me trace");
        }));
    }

    @Test
    void without_the_library_the_logging_context_goes_along() {
        on.withClassLoader(new FilteredClassLoader("io.micrometer.context")).run(context -> {
            assertThat(context).hasNotFailed().hasSingleBean(MdcCarrier.class);
            assertThat(context.getBean(Engine.class).submitTo(1, ContextPropagationTest::seen).join())
                    .isEqualTo("me null");
        });
    }

    @Test
    void it_steps_back_for_a_carrier_of_the_application() {
        on.withBean("own", ContextCarrier.class, () -> new ContextCarrier() {
            @Override
            public <T> Callable<T> carry(Callable<T> work) {
                return work;
            }
        }).run(context -> {
            assertThat(context).getBeanNames(ContextCarrier.class).containsExactly("own");
            assertThat(context.getBean(Engine.class).submitTo(1, ContextPropagationTest::seen).join())
                    .isEqualTo("null null");
        });
    }
}
