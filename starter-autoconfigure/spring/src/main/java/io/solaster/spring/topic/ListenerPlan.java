package io.solaster.spring.topic;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.spring.TopicListener;
import io.solaster.spring.shard.AnnotationText;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.Topic;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Headers;
import org.springframework.messaging.support.MessageHeaderAccessor;

/** What a {@link TopicListener} says, once it has been found right. */
record ListenerPlan(String name, Method method, String topic, String group, ConsumeOptions.Start start, int concurrency,
        int attempts,
        Duration backOff, Duration maxBackOff, @Nullable String deadLetter, @Nullable Duration timeout,
        SchedulingGroup schedulingGroup) {
    private static final int MOST_UNDER_WAY = 65536;
    private static final int MOST_GROUP = 255;

    /** @throws IllegalStateException naming the method and all that is wrong with it */
    static ListenerPlan of(Method method, TopicListener annotation, ConfigurableListableBeanFactory beanFactory,
            TopicListeners.Needs needs) {
        String name = AnnotationText.describe(method);
        String where = "@TopicListener: " + name;
        AnnotationText text = new AnnotationText(beanFactory, where);
        List<String> wrong = new ArrayList<>();
        List<String> topics = needs.streams().topics().stream().map(Topic::name).toList();
        String topic = text.resolved(annotation.topic());
        String deadLetter = text.resolved(annotation.deadLetter());
        for (String each : List.of(topic, deadLetter)) {
            if (!topics.contains(each) && (!each.isEmpty() || each.equals(topic))) {
                wrong.add("there is no topic '" + each + "'; " + (topics.isEmpty()
                        ? ""
                        : "write one of "
                                + String.join(", ", topics) + ", or ")
                        + "define it as solaster.topics."
                        + (each.isEmpty() ? "<name>" : each));
            }
        }
        if (!topic.isEmpty() && topic.equals(deadLetter)) {
            wrong.add("its dead letters would go to the topic '" + topic + "' that they come from; name another one");
        }
        String group = text.resolved(annotation.group());
        int length = group.getBytes(UTF_8).length;
        if (length == 0 || length > MOST_GROUP) {
            wrong.add("its group's name has " + length + " bytes; write group = \"...\" with 1 to " + MOST_GROUP
                    + ", or set spring.application.name");
        }
        Duration backOff = text.duration(annotation.backOff());
        Duration maxBackOff = text.duration(annotation.maxBackOff());
        if (backOff == null || !backOff.isPositive() || maxBackOff == null || maxBackOff.compareTo(backOff) < 0) {
            wrong.add("a back-off from '" + annotation.backOff() + "' to '" + annotation.maxBackOff()
                    + "' is none; write such as 1s and 30s");
        }
        Duration timeout = text.duration(annotation.timeout());
        if (timeout != null && !timeout.isPositive()) {
            wrong.add("a timeout of " + timeout + " leaves no time; write such as 30s, or nothing");
        }
        int concurrency = number(text.resolved(annotation.concurrency()), "concurrency", MOST_UNDER_WAY, wrong);
        int attempts = number(text.resolved(annotation.attempts()), "attempts", Integer.MAX_VALUE, wrong);
        checkSignature(method, wrong);
        SchedulingGroup schedulingGroup = text.group(needs.engine(), annotation.schedulingGroup());
        if (!wrong.isEmpty()) {
            throw new IllegalStateException(where + ": " + String.join("; and ", wrong));
        }
        return new ListenerPlan(name, method, topic, group, ConsumeOptions.Start.valueOf(annotation.start().name()),
                concurrency, attempts, backOff == null
                        ? Duration.ZERO
                        : backOff,
                maxBackOff == null ? Duration.ZERO : maxBackOff, deadLetter.isEmpty() ? null : deadLetter,
                timeout, schedulingGroup == null ? needs.engine().groups().byDefault() : schedulingGroup);
    }

    private static int number(String text, String what, int most, List<String> wrong) {
        try {
            int number = Integer.parseInt(text);
            if (number > 0 && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below, as what is too small or too large.
        }
        wrong.add(what + " of '" + text + "' is no number from 1 to " + most);
        return 1;
    }

    private static void checkSignature(Method method, List<String> wrong) {
        Class<?> returned = method.getReturnType();
        if (returned != void.class && !CompletionStage.class.isAssignableFrom(returned)
                && !returned.getName().equals("reactor.core.publisher.Mono")) {
            wrong.add("it returns " + returned.getSimpleName()
                    + ", which nobody would see; return void, CompletionStage or Mono");
        }
        long payloads = Arrays.stream(method.getParameters()).filter(parameter -> {
            MethodParameter its = MethodParameter.forParameter(parameter);
            Class<?> type = its.getParameterType();
            return !its.hasParameterAnnotation(Header.class) && !its.hasParameterAnnotation(Headers.class)
                    && type != Shard.class && !Message.class.isAssignableFrom(type) && type != MessageHeaders.class
                    && !MessageHeaderAccessor.class.isAssignableFrom(type);
        }).count();
        if (payloads > 1) {
            wrong.add(
                    "it has " + payloads + " parameters that would each be the payload; put @Header(\"name\") on those"
                            + " that are headers");
        }
    }

    ConsumeOptions options() {
        return ConsumeOptions.DEFAULTS.withStart(start).withWindow(concurrency, ConsumeOptions.DEFAULTS.bytes())
                .withRun(ConsumeOptions.Run.LOOP).withAcknowledge(ConsumeOptions.Acknowledge.BY_HAND)
                .withBackOff(backOff, maxBackOff);
    }
}
