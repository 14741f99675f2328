package io.solaster.boot.streams;

import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.streams.Streams;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The health of each topic, and the endpoint {@code streams}. */
@AutoConfiguration(after = SolasterStreamsAutoConfiguration.class)
@ConditionalOnClass(Streams.class)
@ConditionalOnBean(Streams.class)
public final class SolasterStreamsActuatorAutoConfiguration {

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
    static final class EndpointConfiguration {

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnAvailableEndpoint
        StreamsEndpoint streamsEndpoint(Streams streams) {
            return new StreamsEndpoint(streams);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
    static final class HealthConfiguration {

        @Bean
        @ConditionalOnEnabledHealthIndicator("streams")
        @ConditionalOnMissingBean(name = "streamsHealthContributor")
        HealthContributor streamsHealthContributor(Streams streams) {
            Map<String, HealthContributor> each = new LinkedHashMap<>();
            streams.topics().forEach(topic -> each.put(topic.name(), new TopicHealthIndicator(topic)));
            return CompositeHealthContributor.fromMap(each);
        }
    }
}
