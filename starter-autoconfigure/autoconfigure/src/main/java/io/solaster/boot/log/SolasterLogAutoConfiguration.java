package io.solaster.boot.log;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.log.Log;
import io.solaster.log.LogRecords;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/** The logs of {@code solaster.logs}, each as a bean of its name and 'Log'. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(Log.class)
@ConditionalOnBean(Engine.class)
@Import(LogBeans.class)
public final class SolasterLogAutoConfiguration {

    /** By name, since the logs are made by it. */
    @Bean(LogBeans.OPENER)
    @ConditionalOnMissingBean
    LogOpener solasterLogs(Engine engine, SolasterConfig config, ObjectProvider<LogRecords> records) {
        return new LogOpener(engine, config, records);
    }
}
