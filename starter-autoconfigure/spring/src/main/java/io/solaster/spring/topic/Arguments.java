package io.solaster.spring.topic;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.reflect.Method;
import java.util.List;

import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.core.convert.converter.Converter;
import org.springframework.format.support.DefaultFormattingConversionService;
import org.springframework.messaging.Message;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.handler.annotation.support.DefaultMessageHandlerMethodFactory;
import org.springframework.messaging.handler.annotation.support.HeaderMethodArgumentResolver;
import org.springframework.messaging.handler.annotation.support.HeadersMethodArgumentResolver;
import org.springframework.messaging.handler.annotation.support.MessageMethodArgumentResolver;
import org.springframework.messaging.handler.annotation.support.PayloadMethodArgumentResolver;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;

/** Makes the arguments of listeners out of messages, as Spring's other listeners have theirs made. Any thread. */
final class Arguments {
    private final DefaultMessageHandlerMethodFactory factory = new DefaultMessageHandlerMethodFactory();

    Arguments(MessageConverter converter) {
        DefaultFormattingConversionService conversions = new DefaultFormattingConversionService();
        // A header that is bytes, as the key, is text for whoever wants text.
        conversions.addConverter(byte[].class, String.class, (Converter<byte[], String>) bytes -> new String(bytes,
                UTF_8));
        // Spring's own, but for the last: an entry without a byte is an entry.
        factory.setArgumentResolvers(List.of(new HeaderMethodArgumentResolver(conversions, null),
                new HeadersMethodArgumentResolver(), new MessageMethodArgumentResolver(converter), new ShardArgument(),
                new PayloadArgument(converter)));
        factory.afterPropertiesSet();
    }

    InvocableHandlerMethod method(Object bean, Method method) {
        return factory.createInvocableHandlerMethod(bean, method);
    }

    private static final class ShardArgument implements HandlerMethodArgumentResolver {

        @Override
        public boolean supportsParameter(MethodParameter parameter) {
            return parameter.getParameterType() == Shard.class;
        }

        @Override
        public @Nullable Object resolveArgument(MethodParameter parameter, Message<?> message) {
            return message.getHeaders().get(TopicHeaders.SHARD);
        }
    }

    private static final class PayloadArgument extends PayloadMethodArgumentResolver {
        PayloadArgument(MessageConverter converter) {
            super(converter);
        }

        @Override
        protected boolean isEmptyPayload(@Nullable Object payload) {
            return payload == null;
        }
    }
}
