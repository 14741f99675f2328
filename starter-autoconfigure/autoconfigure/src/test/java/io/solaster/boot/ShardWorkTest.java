package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.solaster.boot.netty.SolasterReactorNettyAutoConfiguration;
import io.solaster.boot.web.SolasterWebAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlan.Work;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.os.CpuAffinity;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.grpc.server.NettyGrpcServerFactory;

/** Who has the machine: the shards where they serve, and the application's own threads where they do not. */
final class ShardWorkTest {
    private static final AutoConfigurations CONFIGURATIONS = AutoConfigurations.of(SolasterAutoConfiguration.class,
            SolasterStoreAutoConfiguration.class, SolasterWebAutoConfiguration.class,
            SolasterReactorNettyAutoConfiguration.class, NettyReactiveWebServerAutoConfiguration.class);
    private static final String[] SMALL = {"solaster.engine.shards=1", "solaster.engine.pinning=never",
            "solaster.engine.transport=nio"};

    private final ApplicationContextRunner plain = new ApplicationContextRunner().withConfiguration(CONFIGURATIONS)
            .withPropertyValues(SMALL);
    private final ReactiveWebApplicationContextRunner reactive = new ReactiveWebApplicationContextRunner()
            .withConfiguration(CONFIGURATIONS).withPropertyValues(SMALL);

    @Test
    void an_application_without_a_server_on_shards_keeps_its_cpus_to_itself() {
        new WebApplicationContextRunner().withConfiguration(CONFIGURATIONS)
                .withPropertyValues("solaster.engine.transport=nio").run(context -> {
                    assertThat(context).hasNotFailed();
                    Engine engine = context.getBean(Engine.class);
                    CpuSet allowed = engine.machine().allowed();
                    ShardPlan plan = engine.plan();
                    assertThat(plan.pinned()).isFalse();
                    assertThat(plan.housekeeping()).isEqualTo(CpuSet.EMPTY);
                    assertThat(engine.shards()).hasSize(Math.min(2, engine.machine().cores().size()));
                    assertThat(plan.reasons()).anyMatch(reason -> reason.contains("no server runs on the shards"));
                    assertThat(CpuAffinity.current()).isEqualTo(allowed);
                    assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
                            .doesNotContain("solaster-housekeeper");
                });
    }

    @Test
    void a_server_of_the_configuration_makes_shards_serve() {
        plain.run(context -> assertThat(work(context)).isEqualTo(Work.CLIENTS));
        plain.withPropertyValues("solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0")
                .run(context -> assertThat(work(context)).isEqualTo(Work.SERVERS));
    }

    @Test
    void WebFlux_on_the_shards_makes_them_serve_whoever_speaks_HTTP() {
        reactive.run(context -> assertThat(work(context)).isEqualTo(Work.SERVERS));
        reactive.withPropertyValues("solaster.libraries.reactor-netty=false")
                .run(context -> assertThat(work(context)).isEqualTo(Work.CLIENTS));
        reactive.withPropertyValues("solaster.libraries.reactor-netty=false", "solaster.web.server=solaster")
                .run(context -> assertThat(work(context)).isEqualTo(Work.SERVERS));
        plain.withPropertyValues("solaster.web.server=solaster")
                .run(context -> assertThat(work(context)).isEqualTo(Work.CLIENTS));
    }

    @Test
    void a_gRPC_server_on_the_shards_makes_them_serve() {
        ApplicationContextRunner grpc = plain.withBean(NettyGrpcServerFactory.class, "127.0.0.1:0",
                java.util.List.of(), null, null, null);
        grpc.run(context -> assertThat(work(context)).isEqualTo(Work.SERVERS));
        grpc.withPropertyValues("solaster.libraries.grpc=false")
                .run(context -> assertThat(work(context)).isEqualTo(Work.CLIENTS));
    }

    private static Work work(ConfigurableApplicationContext context) {
        assertThat(context.isActive()).isTrue();
        return ShardWork.of(context.getBean(SolasterConfig.class), context.getBeanFactory(),
                context.getClassLoader());
    }
}
