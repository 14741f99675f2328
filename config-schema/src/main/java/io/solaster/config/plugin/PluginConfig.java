package io.solaster.config.plugin;

import java.util.List;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One plug-in.
 *
 * @param topics whose messages it looks at: names, or what they begin with and '*'
 * @param kind what it may be: 'wasm', which can do nothing but look at messages; 'java', which can do all that this process can;
 *            'any' takes whichever file there is
 * @param at when it looks: before a message is published, or before it is delivered
 * @param onFailure what becomes of a message where it fails, or is not there: 'pass' lets it by, 'drop' takes it away, 'reject'
 *            fails the publish, or the delivery
 * @param maxFailures after how many calls in a row that failed, or in all that took longer than they may, a version is set aside
 * @param limits what a call may take
 */
@ConfigurationPropertiesSource
public record PluginConfig(@DefaultValue List<String> topics, @DefaultValue("any") Kind kind,
        @DefaultValue("publish") At at, @DefaultValue("pass") OnFailure onFailure,
        @DefaultValue("10") @Range(min = 1, max = 1_000_000) int maxFailures,
        @NestedConfigurationProperty @DefaultValue PluginLimits limits) {

    /** What a plug-in may be. */
    public enum Kind {
        ANY, JAVA, WASM
    }

    /** When a plug-in looks at a message. The key is not 'on', which YAML 1.1 reads as true. */
    public enum At {
        PUBLISH, DELIVERY
    }

    /** What becomes of a message where a plug-in fails. */
    public enum OnFailure {
        PASS, DROP, REJECT
    }

    public PluginConfig {
        topics = List.copyOf(topics);
    }

    /** A plug-in that looks at what is published to topics, with all else as in an empty configuration. */
    public static PluginConfig of(String... topics) {
        return new PluginConfig(List.of(topics), Kind.ANY, At.PUBLISH, OnFailure.PASS, 10, PluginLimits.defaults());
    }

    /** This, of one kind alone. */
    public PluginConfig withKind(Kind newKind) {
        return new PluginConfig(topics, newKind, at, onFailure, maxFailures, limits);
    }

    /** This, looking at another time. */
    public PluginConfig withAt(At newAt) {
        return new PluginConfig(topics, kind, newAt, onFailure, maxFailures, limits);
    }

    /** This, failing in another way. */
    public PluginConfig withOnFailure(OnFailure newOnFailure) {
        return new PluginConfig(topics, kind, at, newOnFailure, maxFailures, limits);
    }

    /** This, set aside after another number of failures. */
    public PluginConfig withMaxFailures(int newMaxFailures) {
        return new PluginConfig(topics, kind, at, onFailure, newMaxFailures, limits);
    }

    /** This with other limits. */
    public PluginConfig withLimits(PluginLimits newLimits) {
        return new PluginConfig(topics, kind, at, onFailure, maxFailures, newLimits);
    }
}
