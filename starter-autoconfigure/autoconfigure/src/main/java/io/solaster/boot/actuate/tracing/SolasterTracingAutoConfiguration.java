package io.solaster.boot.actuate.tracing;

import java.util.concurrent.CompletableFuture;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Tracer;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.config.TracingConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.trace.Tracing;
import io.solaster.spring.reload.ReloadPart;
import io.solaster.spring.trace.HopConvention;
import io.solaster.spring.trace.ObservedTracing;
import io.solaster.spring.trace.RequestConvention;
import io.solaster.spring.trace.SolasterObservation;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * Spans of sampled requests and of what they hand over to shards, where the application has a registry of observations
 * and a tracer, unless {@code solaster.tracing.enabled} is false.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class, afterName = {
        "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration",
        "org.springframework.boot.micrometer.tracing.autoconfigure.NoopTracerAutoConfiguration",
        "org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration",
        "org.springframework.boot.micrometer.tracing.brave.autoconfigure.BraveAutoConfiguration"})
@ConditionalOnClass({ObservationRegistry.class, Tracer.class, ObservedTracing.class})
@ConditionalOnBean({Engine.class, ObservationRegistry.class, Tracer.class})
@ConditionalOnBooleanProperty(name = "solaster.tracing.enabled", matchIfMissing = true)
public final class SolasterTracingAutoConfiguration {
    private static final String PROBABILITY = "management.tracing.sampling.probability";

    @Bean
    @ConditionalOnMissingBean(Tracing.class)
    ObservedTracing solasterTracing(Engine engine, ObservationRegistry registry, ObjectProvider<SolasterConfig> config,
            Environment environment, ObjectProvider<RequestConvention> requests, ObjectProvider<HopConvention> hops) {
        TracingConfig tracing = config.getIfAvailable(SolasterConfig::defaults).tracing();
        return new ObservedTracing(engine.name(), registry, true, probability(tracing, environment),
                requests.getIfAvailable(), hops.getIfAvailable());
    }

    /** What is asked for each request, for nothing, where the tracer makes nothing of it. */
    @Bean
    SmartInitializingSingleton solasterTracingStart(Engine engine, Tracing tracing, ObjectProvider<Tracer> tracers) {
        return () -> {
            if (tracers.stream().anyMatch(tracer -> !Tracer.NOOP.equals(tracer))) {
                engine.trace(tracing);
            }
        };
    }

    @Bean
    @ConditionalOnBean(ObservedTracing.class)
    Reload solasterTracingReload(ObservedTracing tracing, Environment environment) {
        return new Reload(tracing, environment);
    }

    /** A changed probability is in force at once. */
    record Reload(ObservedTracing tracing, Environment environment) implements ReloadPart {

        @Override
        public CompletableFuture<?> reconfigure(SolasterConfig newConfig) {
            tracing.probability(probability(newConfig.tracing(), environment));
            return CompletableFuture.completedFuture(null);
        }
    }

    private static double probability(TracingConfig tracing, Environment environment) {
        Double own = tracing.samplingProbability();
        return own != null ? own : environment.getProperty(PROBABILITY, Double.class, 0.1);
    }

    /** Has the sampler of Boot's tracer provider take what is decided already as decided. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Sampler.class)
    static final class OpenTelemetry {

        @Bean
        static BeanPostProcessor solasterDecidedSampler() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    return bean instanceof Sampler sampler ? new DecidedSampler(sampler) : bean;
                }
            };
        }
    }

    /** Timers that count sampled requests only would mislead; {@code solaster.server.requests} counts all. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterFilter.class)
    static final class Meters {

        @Bean
        MeterFilter solasterSampledMeters() {
            return new MeterFilter() {
                @Override
                public MeterFilterReply accept(Meter.Id id) {
                    for (SolasterObservation observation : SolasterObservation.values()) {
                        String name = observation.getName();
                        if (id.getName().equals(name) || id.getName().equals(name + ".active")) {
                            return MeterFilterReply.DENY;
                        }
                    }
                    return MeterFilterReply.NEUTRAL;
                }
            };
        }
    }
}
