package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.spring.OffShardException;
import io.solaster.spring.ShardScope;
import io.solaster.spring.shard.OnShardProxies;
import io.solaster.spring.shard.ShardBeans;
import io.solaster.spring.shard.ShardSchedules;
import io.solaster.spring.shard.ShardedBeans;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.annotation.Primary;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.stereotype.Component;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class ShardBeansTest {
    private static final ConcurrentLinkedQueue<String> EVENTS = new ConcurrentLinkedQueue<>();

    private final ApplicationContextRunner runner = ThreeShards.runner();

    private static String here() {
        Shard shard = Shard.current();
        return shard == null ? "main" : String.valueOf(shard.id());
    }

    @Component
    @ShardScope
    static class Counts {
        final Shard madeOn;
        final int id;
        private int count;

        Counts(Shard shard, @Value("#{shard.id()}") int id) {
            this.madeOn = shard;
            this.id = id;
        }

        int add() {
            assertThat(Shard.current()).isSameAs(madeOn);
            return ++count;
        }

        Shard home() {
            return madeOn;
        }

        int id() {
            return id;
        }
    }

    @Component
    static class User {
        final Sharded<Counts> sharded;
        final Counts counts;
        final ObjectProvider<Sharded<Counts>> provider;

        User(Sharded<Counts> sharded, Counts counts, ObjectProvider<Sharded<Counts>> provider) {
            this.sharded = sharded;
            this.counts = counts;
            this.provider = provider;
        }
    }

    @Test
    void each_shard_has_its_own_instance() {
        runner.withUserConfiguration(Counts.class, User.class).run(context -> {
            assertThat(context).hasNotFailed().hasSingleBean(ShardBeans.class);
            Engine engine = context.getBean(Engine.class);
            User user = context.getBean(User.class);
            assertThat(user.sharded.onAll(Counts::home).join()).isEqualTo(engine.shards());
            assertThat(user.sharded.onAll(Counts::id).join()).containsExactly(0, 1, 2);
            assertThat(user.sharded.on(1, Counts::add).join()).isOne();
            assertThat(engine.submitTo(1, user.counts::add).join()).isEqualTo(2);
            assertThat(engine.submitTo(1, () -> user.sharded.local().add()).join()).isEqualTo(3);
            assertThat(engine.shard(1).fork(user.counts::add).future().join()).isEqualTo(4);
            assertThat(engine.submitTo(2, user.counts::add).join()).isOne();
            assertThat(user.provider.getObject().onOwner("key", Counts::id).join()).isEqualTo(engine.shardOf("key"));
        });
    }

    @Test
    void a_call_off_the_shards_says_what_to_do() {
        runner.withUserConfiguration(Counts.class, User.class).run(context -> {
            User user = context.getBean(User.class);
            String engine = context.getBean(Engine.class).name();
            assertThatExceptionOfType(OffShardException.class).isThrownBy(user.counts::add)
                    .withMessageStartingWith("bean '" + counts() + "' was called by thread "
                            + Thread.currentThread().getName() + ", which is no shard of engine '" + engine + "'")
                    .withMessageContainingAll("engine.submitTo(shard, ...)", "inject Sharded<Counts>",
                            "@OnShard(key = ...)");
            assertThatIllegalStateException().isThrownBy(user.sharded::local);
        });
    }

    private static String counts() {
        return "shardBeansTest.Counts";
    }

    @Test
    void a_shard_of_another_engine_has_none() {
        runner.withUserConfiguration(Counts.class, User.class).run(first -> runner
                .withUserConfiguration(Counts.class, User.class).run(second -> {
                    Counts ofFirst = first.getBean(User.class).counts;
                    Engine other = second.getBean(Engine.class);
                    assertThatExceptionOfType(CompletionException.class)
                            .isThrownBy(() -> other.submitTo(0, ofFirst::add).join())
                            .withCauseInstanceOf(OffShardException.class)
                            .withMessageContaining(other.name() + "-shard-0");
                }));
    }

    @Test
    void two_contexts_do_not_disturb_each_other() {
        runner.withUserConfiguration(Counts.class, User.class).run(first -> {
            Sharded<Counts> counts = first.getBean(User.class).sharded;
            assertThat(counts.on(0, Counts::add).join()).isOne();
            runner.withUserConfiguration(Counts.class, User.class).run(second -> assertThat(
                    second.getBean(User.class).sharded.on(0, Counts::add).join()).isOne());
            assertThat(counts.on(0, Counts::add).join()).isEqualTo(2);
        });
    }

    // Life

    @Configuration(proxyBeanMethods = false)
    static class Life {

        @Bean
        Singleton singleton() {
            return new Singleton();
        }

        /** By its name it would be made, and so destroyed, in the wrong order. */
        @Bean
        @ShardScope
        Base zBase() {
            return new Base();
        }

        @Bean
        @ShardScope
        Top aTop(Base base, Singleton singleton) {
            return new Top(base);
        }
    }

    static class Singleton implements SmartInitializingSingleton, DisposableBean {
        @Override
        public void afterSingletonsInstantiated() {
            EVENTS.add("singletons");
        }

        @Override
        public void destroy() {
            EVENTS.add("singleton gone");
        }
    }

    static class Base {
        @PostConstruct
        void begin() {
            EVENTS.add("base " + here());
        }

        String name() {
            return "base of " + here();
        }

        @PreDestroy
        void end() {
            EVENTS.add("base gone " + here());
        }
    }

    static class Top implements DisposableBean {
        private final Base base;

        Top() {
            this(new Base());
        }

        Top(Base base) {
            this.base = base;
        }

        @PostConstruct
        void begin() {
            EVENTS.add("top on " + base.name());
        }

        @Override
        public void destroy() {
            EVENTS.add("top gone with " + base.name());
        }
    }

    @Test
    void instances_are_made_after_singletons_and_destroyed_before_them_on_their_threads() {
        EVENTS.clear();
        runner.withUserConfiguration(Life.class).run(context -> {
            assertThat(EVENTS).hasSize(7);
            assertThat(new ArrayList<>(EVENTS).getFirst()).isEqualTo("singletons");
            assertThat(EVENTS).contains("base 0", "base 1", "base 2", "top on base of 0", "top on base of 1",
                    "top on base of 2");
            EVENTS.clear();
        });
        List<String> ends = new ArrayList<>(EVENTS);
        assertThat(ends).hasSize(7);
        assertThat(ends.getLast()).isEqualTo("singleton gone");
        for (int shard = 0; shard < 3; shard++) {
            assertThat(ends).containsSubsequence("top gone with base of " + shard, "base gone " + shard);
        }
    }

    @Test
    void a_stopped_context_makes_them_anew() {
        EVENTS.clear();
        runner.withUserConfiguration(Life.class).run(context -> {
            ConfigurableApplicationContext source = context
                    .getSourceApplicationContext(ConfigurableApplicationContext.class);
            source.stop();
            assertThat(EVENTS).contains("base gone 0", "base gone 1", "base gone 2");
            Base base = context.getBean(Base.class);
            Engine engine = context.getBean(Engine.class);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> engine.submitTo(0, base::name).join())
                    .withMessageContaining("'zBase': the one of shard 0 was called after it was destroyed");
            EVENTS.clear();
            source.start();
            assertThat(EVENTS).contains("base 0", "base 1", "base 2");
            assertThat(engine.submitTo(0, base::name).join()).isEqualTo("base of 0");
        });
    }

    @Test
    void they_end_with_an_engine_that_is_closed_before_the_context() {
        EVENTS.clear();
        runner.withUserConfiguration(Life.class).run(context -> {
            context.getBean(Engine.class).close();
            assertThat(EVENTS).contains("base gone 0", "base gone 1", "base gone 2");
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class Failing {
        @Bean
        @ShardScope
        Base base() {
            return new Base();
        }

        @Bean
        @ShardScope
        Numbers fails(Shard shard) {
            if (shard.id() == 1) {
                throw new UnsupportedOperationException("not on 1");
            }
            return new Numbers();
        }
    }

    @Test
    void one_that_cannot_be_made_stops_the_start_and_leaves_none() {
        EVENTS.clear();
        runner.withUserConfiguration(Failing.class).run(context -> {
            assertThat(context).getFailure().rootCause().isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("not on 1");
            assertThat(EVENTS).contains("base gone 0", "base gone 1", "base gone 2");
        });
    }

    static class Early {
        Early(Sharded<Base> bases) {
            bases.on(0, Base::name).join();
        }
    }

    @Test
    void a_singleton_that_calls_one_too_early_is_told() {
        runner.withUserConfiguration(Life.class).withBean(Early.class).run(context -> assertThat(context).getFailure()
                .rootCause()
                .hasMessageContainingAll("'zBase'", "it was called before it is there", "ApplicationRunner"));
    }

    @Configuration(proxyBeanMethods = false)
    static class LazyLife {
        @Bean
        @Lazy
        @ShardScope
        Base base() {
            return new Base();
        }
    }

    @Test
    void lazy_ones_are_made_when_they_are_called() {
        EVENTS.clear();
        runner.withUserConfiguration(LazyLife.class).run(context -> {
            assertThat(EVENTS).isEmpty();
            Base base = context.getBean(Base.class);
            assertThat(context.getBean(Engine.class).submitTo(2, base::name).join()).isEqualTo("base of 2");
            assertThat(EVENTS).containsExactly("base 2");
        });
        assertThat(EVENTS).containsExactly("base 2", "base gone 2");
    }

    // Who is injected

    interface Repository<T> {
        String name();
    }

    record Named(String name) implements Repository<String> {}

    static class Numbers implements Repository<Integer> {
        @Override
        public String name() {
            return "numbers";
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Repositories {

        @Bean
        @ShardScope(proxyMode = ScopedProxyMode.NO)
        Named first() {
            return new Named("first");
        }

        @Bean
        @Primary
        @ShardScope
        Repository<String> second() {
            return new Named("second");
        }

        @Bean
        @Qualifier("special")
        @ShardScope(proxyMode = ScopedProxyMode.INTERFACES)
        Repository<String> third() {
            return new Named("third");
        }

        @Bean
        @ShardScope
        Numbers numbers() {
            return new Numbers();
        }
    }

    static class Wiring {
        final Map<String, Sharded<?>> names;
        final Repository<String> proxy;
        final List<Sharded<? extends Repository<?>>> all;

        Wiring(Sharded<Named> byClass, Sharded<Repository<String>> primary, Sharded<Repository<Integer>> generic,
                @Qualifier("special") Sharded<Repository<String>> qualified,
                @Qualifier("first") Sharded<Repository<String>> byName, Repository<String> proxy,
                List<Sharded<? extends Repository<?>>> all) {
            names = Map.of("byClass", byClass, "primary", primary, "generic", generic, "qualified", qualified,
                    "byName", byName);
            this.proxy = proxy;
            this.all = all;
        }

        @SuppressWarnings("unchecked")
        String name(String parameter) {
            return ((Sharded<Repository<?>>) names.get(parameter)).on(0, Repository::name).join();
        }
    }

    @Test
    void sharded_is_injected_by_type_name_and_qualifier_of_the_bean_itself() {
        runner.withUserConfiguration(Repositories.class).withBean(Wiring.class)
                .run(context -> {
                    Wiring wiring = context.getBean(Wiring.class);
                    assertThat(wiring.name("byClass")).isEqualTo("first");
                    assertThat(wiring.name("primary")).isEqualTo("second");
                    assertThat(wiring.name("generic")).isEqualTo("numbers");
                    assertThat(wiring.name("qualified")).isEqualTo("third");
                    assertThat(wiring.name("byName")).isEqualTo("first");
                    assertThat(wiring.all).hasSize(4);
                    assertThat(AopUtils.isJdkDynamicProxy(wiring.proxy)).isTrue();
                    assertThat(context.getBean(Engine.class).submitTo(0, wiring.proxy::name).join())
                            .isEqualTo("second");
                    assertThat(AopUtils.isCglibProxy(context.getBean(Numbers.class))).isTrue();
                });
    }

    static class Ambiguous {
        Ambiguous(Sharded<? extends Repository<?>> one) {}
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoRepositories {
        @Bean
        @ShardScope
        Numbers numbers() {
            return new Numbers();
        }

        @Bean
        @ShardScope
        Numbers others() {
            return new Numbers();
        }
    }

    static class ByParameter {
        final Sharded<Numbers> others;

        ByParameter(Sharded<Numbers> others) {
            this.others = others;
        }
    }

    @Test
    void of_two_the_name_of_the_parameter_decides_or_nobody() {
        runner.withUserConfiguration(TwoRepositories.class).withBean(ByParameter.class)
                .run(context -> assertThat(context.getBean(ByParameter.class).others)
                        .isSameAs(context.getBean("sharded.others")));
        runner.withUserConfiguration(TwoRepositories.class).withBean(Ambiguous.class)
                .run(context -> assertThat(context).getFailure().rootCause()
                        .hasMessageContaining("expected single matching bean but found 2"));
    }

    static class WantsShard {
        WantsShard(Shard shard) {}
    }

    @Test
    void a_singleton_that_wants_a_shard_is_told() {
        runner.withBean(WantsShard.class).run(context -> assertThat(context).getFailure().rootCause()
                .hasMessageContaining("a Shard can be injected only where a bean is made on a shard"));
    }

    @Configuration(proxyBeanMethods = false)
    static class Final {
        @Bean
        @ShardScope
        Named named() {
            return new Named("x");
        }
    }

    @Test
    void a_final_class_needs_to_go_without_a_proxy() {
        runner.withUserConfiguration(Final.class).run(context -> assertThat(context).getFailure()
                .hasMessageContainingAll("bean 'named' is of the final class", "proxyMode = ScopedProxyMode.NO",
                        "inject Sharded<Named>"));
    }

    // Conditions

    @Test
    void it_is_there_with_an_engine_only_and_steps_back() {
        runner.withPropertyValues("solaster.enabled=false").withUserConfiguration(NoEngine.class)
                .run(context -> assertThat(context).hasSingleBean(ShardBeans.class));
        new ApplicationContextRunner()
                .withConfiguration(org.springframework.boot.autoconfigure.AutoConfigurations
                        .of(SolasterAutoConfiguration.class, SolasterBeansAutoConfiguration.class))
                .withPropertyValues("solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ShardBeans.class)
                        .doesNotHaveBean(ShardedBeans.class).doesNotHaveBean(OnShardProxies.class)
                        .doesNotHaveBean(ShardSchedules.class));
        runner.withUserConfiguration(OwnShardBeans.class, Counts.class, User.class)
                .run(context -> assertThat(context).hasNotFailed().getBeanNames(ShardBeans.class)
                        .containsExactly("ownShardBeans"));
    }

    @Configuration(proxyBeanMethods = false)
    static class NoEngine {
        @Bean
        io.solaster.config.SolasterConfig config() {
            return io.solaster.config.SolasterConfig.defaults();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnShardBeans {
        @Bean
        static ShardBeans ownShardBeans(
                org.springframework.beans.factory.config.ConfigurableListableBeanFactory beanFactory) {
            return new ShardBeans(beanFactory);
        }
    }

    @Test
    void beans_of_a_child_context_live_on_the_shards_of_the_parents_engine() {
        runner.run(parent -> {
            try (AnnotationConfigApplicationContext child = new AnnotationConfigApplicationContext()) {
                child.setParent(parent.getSourceApplicationContext());
                child.register(SolasterBeansAutoConfiguration.class, Counts.class, User.class);
                child.refresh();
                assertThat(child.getBean(User.class).sharded.onAll(Counts::add).join()).containsExactly(1, 1, 1);
            }
            assertThat(parent.getBean(Engine.class).isStopping()).isFalse();
        });
    }

    @Test
    void the_failure_of_the_start_is_springs_own() {
        runner.withUserConfiguration(Failing.class)
                .run(context -> assertThat(context).getFailure().isInstanceOf(BeanCreationException.class));
    }
}
