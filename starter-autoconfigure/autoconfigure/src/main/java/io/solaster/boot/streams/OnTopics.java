package io.solaster.boot.streams;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether there is a topic below {@code solaster.topics}. */
final class OnTopics extends SpringBootCondition {

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        boolean found = Binder.get(context.getEnvironment())
                .bind("solaster.topics", Bindable.mapOf(String.class, Object.class)).isBound();
        ConditionMessage.Builder message = ConditionMessage.forCondition("Topics");
        return found
                ? ConditionOutcome.match(message.because("solaster.topics has some"))
                : ConditionOutcome.noMatch(message.because("solaster.topics has none"));
    }
}
