package io.solaster.boot.streams;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.plugin.SolasterPluginsAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigTree;
import io.solaster.engine.Engine;
import io.solaster.streams.Streams;
import io.solaster.streams.plugin.Plugins;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/** The topics of {@code solaster.topics}, at which the plug-ins look that there are. */
@AutoConfiguration(after = {SolasterAutoConfiguration.class, SolasterPluginsAutoConfiguration.class})
@ConditionalOnClass(Streams.class)
@ConditionalOnBean(Engine.class)
public final class SolasterStreamsAutoConfiguration {
    private static final Logger log = LoggerFactory.getLogger(SolasterStreamsAutoConfiguration.class);

    /** Closed before the engine is, so that handlers end while all else that they use is there. */
    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    @Conditional(OnTopics.class)
    Streams solasterStreams(Engine engine, SolasterConfig config, ObjectProvider<Plugins> plugins) {
        Streams streams = Streams.open(engine, config.placedTopics(), plugins.getIfAvailable());
        streams.topics()
                .forEach(topic -> log.info("Topic '{}': {} partition(s) on {} shard(s), order {}, fsync {}, in {}",
                        topic.name(), topic.partitions(), engine.shards().size(),
                        ConfigTree.written(topic.config().order()),
                        topic.config().fsync(), topic.config().directory()));
        return streams;
    }
}
