package io.solaster.boot.pool;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether there may be a pool: who has none pays nothing. */
final class OnPools extends SpringBootCondition {
    private static final ConfigurationPropertyName POOLS = ConfigurationPropertyName.of("solaster.pools");

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        ConditionMessage.Builder message = ConditionMessage.forCondition("Solaster pools");
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(context.getEnvironment())) {
            if (source.containsDescendantOf(POOLS) == ConfigurationPropertyState.PRESENT) {
                return ConditionOutcome.match(message.found("property").items("solaster.pools"));
            }
        }
        return ConditionOutcome.noMatch(message.didNotFind("property").items("solaster.pools"));
    }
}
