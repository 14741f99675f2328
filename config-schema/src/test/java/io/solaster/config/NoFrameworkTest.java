package io.solaster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;

import io.solaster.config.check.ConfigValidator;
import io.solaster.config.plan.RecordedMachines;
import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.server.ServerConfig;
import org.junit.jupiter.api.Test;

/** The engine and its tests use these records on class paths that have neither Spring nor Jakarta. */
class NoFrameworkTest {

    @Test
    void recordsPlannerAndValidatorNeedNeitherSpringNorJakarta() throws Exception {
        URL[] here = {ConfigValidator.class.getProtectionDomain().getCodeSource().getLocation(),
                NoFrameworkTest.class.getProtectionDomain().getCodeSource().getLocation()};
        try (URLClassLoader bare = new URLClassLoader(here, ClassLoader.getPlatformClassLoader())) {
            assertThatThrownBy(() -> bare.loadClass("org.springframework.boot.context.properties.bind.Binder"))
                    .isInstanceOf(ClassNotFoundException.class);
            assertThatThrownBy(() -> bare.loadClass("jakarta.validation.constraints.Min"))
                    .isInstanceOf(ClassNotFoundException.class);
            Object said = bare.loadClass(Bare.class.getName()).getMethod("plan").invoke(null);
            assertThat(said).asString().contains("6 shards, as asked")
                    .contains("solaster.servers.kv.port: 70000 is out of range; write a number from 0 to 65535")
                    .contains("solaster.engine.offload.threads: 0 is out of range");
        } catch (InvocationTargetException e) {
            throw new IOException("without frameworks", e.getCause());
        }
    }

    /** Runs in a class loader of its own, so that it may use the records as any caller does. */
    public static final class Bare {
        private Bare() {}

        public static String plan() {
            EngineConfig engine = EngineConfig.defaults().withShards(6).withTransport(EngineConfig.Transport.NIO)
                    .withPinning(EngineConfig.Pinning.NEVER);
            ShardPlan plan = ShardPlanner.plan(RecordedMachines.eightThreadsOfFourCores(), engine);
            SolasterConfig config = Changed.with(SolasterConfig.defaults()
                    .withEngine(Changed.with(engine, "offload", new OffloadConfig(0, 4, 4, 1))), "servers",
                    Map.of("kv", ServerConfig.of("resp", 70_000)));
            return List.of(plan.reasons(), ConfigValidator.check(config)).toString();
        }
    }
}
