package io.solaster.boot.netty;

import java.util.Set;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.r2dbc.autoconfigure.ConnectionFactoryOptionsBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import reactor.netty.resources.LoopResources;

/** Hands the shards to those R2DBC drivers that take Reactor Netty's event loops as an option. */
@AutoConfiguration(after = SolasterReactorNettyAutoConfiguration.class)
@ConditionalOnClass({ConnectionFactoryOptions.class, ConnectionFactoryOptionsBuilderCustomizer.class})
@ConditionalOnBean(LoopResources.class)
@ConditionalOnBooleanProperty(name = "solaster.libraries.r2dbc", matchIfMissing = true)
public final class SolasterR2dbcAutoConfiguration {
    /** As the drivers name it; options are equal by name. */
    private static final Option<LoopResources> LOOP_RESOURCES = Option.valueOf("loopResources");
    private static final Set<String> DRIVERS = Set.of("postgresql", "postgres", "mariadb");

    /** Before those of the application, which so have the last word. */
    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    @ConditionalOnMissingBean(name = "solasterR2dbcCustomizer")
    ConnectionFactoryOptionsBuilderCustomizer solasterR2dbcCustomizer(LoopResources loops) {
        return builder -> {
            ConnectionFactoryOptions options = builder.build();
            if (DRIVERS.contains(driver(options))) {
                builder.option(LOOP_RESOURCES, loops);
            }
        };
    }

    /** Behind a pool, or behind a proxy, the driver's name is what the protocol begins with. */
    private static String driver(ConnectionFactoryOptions options) {
        String driver = String.valueOf(options.getValue(ConnectionFactoryOptions.DRIVER));
        Object protocol = options.getValue(ConnectionFactoryOptions.PROTOCOL);
        return protocol != null && !DRIVERS.contains(driver) ? protocol.toString().split(":", 2)[0] : driver;
    }
}
