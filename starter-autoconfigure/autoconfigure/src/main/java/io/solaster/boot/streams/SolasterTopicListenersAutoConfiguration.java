package io.solaster.boot.streams;

import io.micrometer.observation.ObservationRegistry;
import io.solaster.boot.SolasterBeansAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.spring.topic.StreamTemplate;
import io.solaster.spring.topic.TopicConverters;
import io.solaster.spring.topic.TopicListeners;
import io.solaster.streams.Streams;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.messaging.converter.JacksonJsonMessageConverter;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.util.ClassUtils;
import tools.jackson.databind.json.JsonMapper;

/** {@code @TopicListener} and {@link StreamTemplate}, where there is Spring's messaging. */
@AutoConfiguration(after = {SolasterStreamsAutoConfiguration.class, SolasterBeansAutoConfiguration.class}, afterName = {
        "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration",
        "org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration"})
@ConditionalOnClass({Streams.class, MessageConverter.class, ObservationRegistry.class})
@ConditionalOnBean(Engine.class)
public final class SolasterTopicListenersAutoConfiguration {
    /** By name, so that it is nobody else's converter. */
    private static final String CONVERTER = "solasterTopicConverter";

    /** Also without a topic: a listener says then that there is none. */
    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    @ConditionalOnMissingBean(search = SearchStrategy.CURRENT)
    static TopicListeners solasterTopicListeners(ConfigurableListableBeanFactory beanFactory) {
        return new TopicListeners(beanFactory, () -> {
            Streams streams = beanFactory.getBeanProvider(Streams.class).getIfAvailable();
            if (streams == null) {
                throw new IllegalStateException(
                        "@TopicListener: there is no topic; define some below solaster.topics");
            }
            return new TopicListeners.Needs(beanFactory.getBean(Engine.class), streams, converter(beanFactory),
                    observations(beanFactory));
        });
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(Streams.class)
    static final class TemplateConfiguration {

        @Bean
        @ConditionalOnMissingBean
        StreamTemplate solasterStreamTemplate(Streams streams, ConfigurableListableBeanFactory beanFactory) {
            return new StreamTemplate(streams, converter(beanFactory), observations(beanFactory));
        }
    }

    private static @Nullable ObservationRegistry observations(BeanFactory beans) {
        return beans.getBeanProvider(ObservationRegistry.class).getIfAvailable();
    }

    private static MessageConverter converter(ConfigurableBeanFactory beans) {
        if (beans.containsBean(CONVERTER)) {
            return beans.getBean(CONVERTER, MessageConverter.class);
        }
        return ClassUtils.isPresent("tools.jackson.databind.json.JsonMapper", beans.getBeanClassLoader())
                ? Json.converter(beans)
                : TopicConverters.over(null);
    }

    /** Apart, since Jackson may not be there. */
    private static final class Json {
        static MessageConverter converter(BeanFactory beans) {
            JsonMapper mapper = beans.getBeanProvider(JsonMapper.class).getIfAvailable();
            return mapper == null
                    ? TopicConverters.defaults()
                    : TopicConverters.over(new JacksonJsonMessageConverter(mapper));
        }
    }
}
