package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.grpc.netty.NettyServerBuilder;
import io.lettuce.core.RedisClient;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import io.rsocket.transport.netty.client.TcpClientTransport;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.netty.LibrariesOnShards.Library;
import io.solaster.boot.netty.LibrariesOnShards.State;
import io.solaster.config.LibrariesConfig.GrpcHandlers;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.r2dbc.autoconfigure.ConnectionFactoryOptionsBuilderCustomizer;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.resources.LoopResources;

@ExtendWith(OutputCaptureExtension.class)
final class LibrariesAutoConfigurationTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterReactorNettyAutoConfiguration.class, SolasterLettuceAutoConfiguration.class,
                    SolasterGrpcAutoConfiguration.class, SolasterRSocketAutoConfiguration.class,
                    SolasterR2dbcAutoConfiguration.class, SolasterLibrariesAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio");

    @Test
    void hands_the_shards_to_whatever_is_there(CapturedOutput output) {
        runner.run(context -> {
            assertThat(context).hasNotFailed().hasSingleBean(ReactorResourceFactory.class)
                    .hasSingleBean(LoopResources.class).hasSingleBean(NettyOnShards.class)
                    .hasSingleBean(ClientResources.class).hasSingleBean(GrpcOnShards.class)
                    .hasSingleBean(RSocketTransports.class)
                    .hasSingleBean(ConnectionFactoryOptionsBuilderCustomizer.class);
            assertThat(context.getBean(LibrariesOnShards.class).all()).extracting(Library::state)
                    .containsOnly(State.ON_SHARDS);
        });
        assertThat(output).contains("Libraries on the shards: reactor-netty, lettuce, grpc, rsocket, r2dbc");
    }

    @ParameterizedTest
    @CsvSource({"reactor-netty, org.springframework.http.client.ReactorResourceFactory",
            "lettuce, io.lettuce.core.resource.ClientResources", "grpc, io.solaster.boot.netty.GrpcOnShards",
            "rsocket, io.solaster.boot.netty.RSocketTransports",
            "r2dbc, org.springframework.boot.r2dbc.autoconfigure.ConnectionFactoryOptionsBuilderCustomizer"})
    void each_has_a_switch_of_its_own(String library, Class<?> bean, CapturedOutput output) {
        runner.withPropertyValues("solaster.libraries." + library + "=false").run(context -> {
            assertThat(context).hasNotFailed().doesNotHaveBean(bean);
            assertThat(context.getBean(LibrariesOnShards.class).all()).filteredOn(at -> at.state() != State.ON_SHARDS)
                    .containsExactly(new Library(library, State.OFF, "solaster.libraries." + library + " is false"));
        });
        assertThat(output)
                .contains("on threads of their own: " + library + " (solaster.libraries." + library + " is false)");
    }

    @Test
    void one_switch_leaves_nothing() {
        runner.withPropertyValues("solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(LoopResources.class)
                        .doesNotHaveBean(ReactorResourceFactory.class).doesNotHaveBean(ClientResources.class)
                        .doesNotHaveBean(GrpcOnShards.class).doesNotHaveBean(RSocketTransports.class)
                        .doesNotHaveBean(ConnectionFactoryOptionsBuilderCustomizer.class)
                        .doesNotHaveBean(LibrariesOnShards.class));
    }

    @ParameterizedTest
    @ValueSource(strings = {"reactor.netty", "reactor.netty.http", "org.springframework.web",
            "org.springframework.http", "io.lettuce", "org.springframework.data",
            "org.springframework.boot.data.redis", "io.grpc", "org.springframework.grpc", "io.rsocket", "io.r2dbc",
            "org.springframework.boot.r2dbc"})
    void starts_without(String packages) {
        runner.withClassLoader(new FilteredClassLoader(packages)).run(
                context -> assertThat(context).hasNotFailed().hasSingleBean(Engine.class));
    }

    @Test
    void starts_without_any_of_them_and_without_Reactor(CapturedOutput output) {
        runner.withClassLoader(new FilteredClassLoader("reactor", "io.lettuce", "io.grpc", "io.rsocket", "io.r2dbc"))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Engine.class)
                        .doesNotHaveBean("solasterLoopResources").doesNotHaveBean("solasterClientResources"));
        assertThat(output).contains("Libraries on the shards: none; not on the class path: reactor-netty, lettuce,"
                + " grpc, rsocket, r2dbc");
    }

    @Test
    void names_what_is_missing_by_its_class() {
        runner.withClassLoader(new FilteredClassLoader(NettyServerBuilder.class, RedisClient.class,
                TcpClientTransport.class))
                .run(context -> assertThat(context.getBean(LibrariesOnShards.class).all())
                        .filteredOn(at -> at.state() == State.ABSENT).extracting(Library::name)
                        .containsExactly("lettuce", "grpc", "rsocket"));
    }

    @Test
    void steps_back_for_beans_of_the_application() {
        runner.withUserConfiguration(OwnBeans.class).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context).getBeanNames(ReactorResourceFactory.class).containsExactly("ownReactor");
            assertThat(context).getBeanNames(ClientResources.class).containsExactly("ownLettuce");
            assertThat(context).getBeanNames(LoopResources.class).containsExactly("ownLoops");
            assertThat(context).getBeanNames(GrpcOnShards.class).containsExactly("ownGrpc");
            assertThat(context).getBeanNames(RSocketTransports.class).containsExactly("ownTransports");
            assertThat(context.getBean(LibrariesOnShards.class).all())
                    .filteredOn(at -> List.of("reactor-netty", "lettuce").contains(at.name()))
                    .extracting(Library::reason)
                    .containsExactly("the application has its own ReactorResourceFactory 'ownReactor'",
                            "the application has its own ClientResources 'ownLettuce'");
        });
    }

    @Test
    void stands_before_Spring_Boots_own_resources() {
        runner.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, HttpClientAutoConfiguration.class,
                ReactiveHttpClientAutoConfiguration.class))
                .run(context -> assertThat(context).hasNotFailed().getBeanNames(ReactorResourceFactory.class)
                        .containsExactly("solasterReactorResources"));
    }

    @Test
    void hands_the_loops_only_to_drivers_that_take_them() {
        runner.run(context -> {
            Option<LoopResources> loops = Option.valueOf("loopResources");
            for (String url : List.of("r2dbc:postgresql://db/x", "r2dbc:pool:postgresql://db/x",
                    "r2dbc:mariadb://db/x")) {
                assertThat(customized(context.getBean(ConnectionFactoryOptionsBuilderCustomizer.class), url)
                        .getValue(loops)).as(url).isSameAs(context.getBean(LoopResources.class));
            }
            assertThat(customized(context.getBean(ConnectionFactoryOptionsBuilderCustomizer.class),
                    "r2dbc:h2:mem:///x").hasOption(loops)).isFalse();
        });
    }

    private static ConnectionFactoryOptions customized(ConnectionFactoryOptionsBuilderCustomizer customizer,
            String url) {
        ConnectionFactoryOptions.Builder builder = ConnectionFactoryOptions.parse(url).mutate();
        customizer.customize(builder);
        return builder.build();
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnBeans {

        @Bean
        ReactorResourceFactory ownReactor() {
            return new ReactorResourceFactory();
        }

        @Bean
        LoopResources ownLoops() {
            return LoopResources.create("own");
        }

        @Bean(destroyMethod = "shutdown")
        ClientResources ownLettuce() {
            return DefaultClientResources.create();
        }

        @Bean
        GrpcOnShards ownGrpc(Engine engine, SolasterConfig config) {
            return new GrpcOnShards(engine, GrpcHandlers.SHARD);
        }

        @Bean
        RSocketTransports ownTransports(LoopResources loops) {
            return new RSocketTransports(loops);
        }
    }
}
