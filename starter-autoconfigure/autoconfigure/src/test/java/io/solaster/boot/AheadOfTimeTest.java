package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Engine;
import io.solaster.engine.Sharded;
import io.solaster.spring.OnShard;
import io.solaster.spring.ShardScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.test.tools.CompileWithForkedClassLoader;
import org.springframework.core.test.tools.TestCompiler;

/** Beans on shards in an application whose beans were generated ahead of time. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
final class AheadOfTimeTest {
    // Public, since the generated classes are of another class loader here.

    @ShardScope
    public static class Counts {
        private int count;

        @OnShard
        public CompletableFuture<Integer> add(String key) {
            return CompletableFuture.completedFuture(++count);
        }

        public int count() {
            return count;
        }
    }

    public interface Named {
        String name();
    }

    public record Name(String name) implements Named {}

    @Configuration(proxyBeanMethods = false)
    public static class Names {
        @Bean
        @ShardScope
        Named first() {
            return new Name("first");
        }

        @Bean
        @Qualifier("special")
        @ShardScope
        Named second() {
            return new Name("second");
        }
    }

    public static class User {
        final Counts counts;
        final Sharded<Counts> sharded;
        final Sharded<Named> special;

        User(Counts counts, Sharded<Counts> sharded, @Qualifier("special") Sharded<Named> special) {
            this.counts = counts;
            this.sharded = sharded;
            this.special = special;
        }
    }

    @Test
    @CompileWithForkedClassLoader
    @SuppressWarnings("unchecked")
    void they_work_as_without() {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(ThreeShards.class, SolasterAutoConfiguration.class, SolasterBeansAutoConfiguration.class,
                Counts.class, Names.class, User.class);
        TestGenerationContext generated = new TestGenerationContext(AheadOfTimeTest.class);
        var initializer = new ApplicationContextAotGenerator().processAheadOfTime(context, generated);
        generated.writeGeneratedContent();
        TestCompiler.forSystem().with(generated).compile(compiled -> {
            try (GenericApplicationContext fresh = new GenericApplicationContext()) {
                compiled.getInstance(ApplicationContextInitializer.class, initializer.toString()).initialize(fresh);
                fresh.refresh();
                User user = fresh.getBean(User.class);
                int owner = fresh.getBean(Engine.class).shardOf("x");
                assertThat(user.counts.add("x").join()).isOne();
                assertThat(user.counts.add("x").join()).isEqualTo(2);
                assertThat(user.sharded.on(owner, Counts::count).join()).isEqualTo(2);
                assertThat(user.special.on(0, Named::name).join()).isEqualTo("second");
            }
        });
    }
}
