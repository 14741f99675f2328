package io.solaster.boot.web;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnThreading;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.thread.Threading;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.web.reactive.config.BlockingExecutionConfigurer;
import org.springframework.web.reactive.config.WebFluxConfigurer;

/**
 * Keeps WebFlux's blocking controllers on the shard that has the request, where {@code spring.threads.virtual.enabled} asks
 * for virtual threads: in a fork of that shard. Spring Boot would have the JVM's carriers run them, and each such request
 * would leave its shard and come back.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class, afterName = "org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration")
@ConditionalOnClass({WebFluxConfigurer.class, BlockingExecutionConfigurer.class})
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnThreading(Threading.VIRTUAL)
@ConditionalOnBean(Engine.class)
public final class SolasterBlockingControllersAutoConfiguration {
    private static final Logger log = LoggerFactory.getLogger(SolasterBlockingControllersAutoConfiguration.class);

    /** After Spring Boot's own configurer, and before those of the application. */
    @Bean
    @Order(1)
    @ConditionalOnMissingBean(name = "solasterBlockingControllers")
    WebFluxConfigurer solasterBlockingControllers(Engine engine,
            @Qualifier("applicationTaskExecutor") ObjectProvider<AsyncTaskExecutor> elsewhere) {
        return new WebFluxConfigurer() {
            @Override
            public void configureBlockingExecution(BlockingExecutionConfigurer blocking) {
                AsyncTaskExecutor others = elsewhere.getIfAvailable();
                if (others != null && mayFork(engine)) {
                    blocking.setExecutor(task -> execute(task, others));
                }
            }
        };
    }

    private static void execute(Runnable task, AsyncTaskExecutor others) {
        Shard here = Shard.current();
        if (here == null) {
            others.execute(task);
        } else {
            here.fork(task);
        }
    }

    private static boolean mayFork(Engine engine) {
        try {
            engine.shard(0).fork(() -> {});
            return true;
        } catch (IllegalStateException e) {
            log.warn("Blocking controllers of WebFlux run off the shards: {}", e.getMessage());
            return false;
        }
    }
}
