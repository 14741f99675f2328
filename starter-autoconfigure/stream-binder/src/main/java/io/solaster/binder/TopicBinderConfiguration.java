package io.solaster.binder;

import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.streams.Streams;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The binder {@code solaster}, in the context that Spring Cloud Stream makes for it below the application's. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TopicBinderProperties.class)
class TopicBinderConfiguration {

    @Bean(destroyMethod = "close")
    Destinations solasterDestinations(ObjectProvider<Engine> engine, ObjectProvider<SolasterConfig> config,
            ObjectProvider<Streams> streams, TopicBinderProperties properties) {
        Engine running = engine.getIfAvailable();
        SolasterConfig configured = config.getIfAvailable();
        if (running == null || configured == null) {
            throw new IllegalStateException(
                    "binder 'solaster': its context has no engine, as where it has an environment"
                            + " of its own; take spring.cloud.stream.binders.<name>.environment away from it");
        }
        return new Destinations(running, streams.getIfAvailable(), configured.streams(), properties.getPartitions());
    }

    @Bean
    TopicBinder solasterTopicBinder(Destinations destinations) {
        return new TopicBinder(destinations);
    }
}
