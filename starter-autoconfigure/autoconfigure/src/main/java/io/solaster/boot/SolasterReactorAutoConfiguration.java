package io.solaster.boot;

import io.solaster.engine.Engine;
import io.solaster.spring.ReactiveEngine;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import reactor.core.publisher.Mono;

/** The engine's calls as {@code Mono} and {@code Flux}, where Reactor is there. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass({Mono.class, ReactiveEngine.class})
@ConditionalOnBean(Engine.class)
public final class SolasterReactorAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    ReactiveEngine solasterReactiveEngine(Engine engine) {
        return new ReactiveEngine(engine);
    }
}
