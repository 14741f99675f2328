package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

final class LogRulesTest {

    private static List<String> faults(Map<String, LogConfig> logs) {
        return ConfigValidator.check(SolasterConfig.defaults().withLogs(logs)).stream().map(Violation::key).toList();
    }

    @Test
    void aDirectoryIsEnough() {
        assertThat(faults(Map.of("orders", LogConfig.in("/var/lib/orders")))).isEmpty();
        assertThat(faults(Map.of("orders", LogConfig.in(" ")))).containsExactly("solaster.logs.orders.directory");
        assertThat(faults(Map.of("orders", LogConfig.in("a\0b")))).containsExactly("solaster.logs.orders.directory");
    }

    @Test
    void twoLogsInOneDirectoryAreRefused() {
        Map<String, LogConfig> logs = new LinkedHashMap<>();
        logs.put("a", LogConfig.in("/var/lib/log"));
        logs.put("b", LogConfig.in("/var/lib/../lib/log"));
        assertThat(faults(logs)).containsExactly("solaster.logs.b.directory");
    }

    @Test
    void aBufferFitsIntoASegment() {
        LogConfig log = LogConfig.in("/log");
        assertThat(faults(Map.of("a", log.withSizes(new ByteSize(1 << 20), new ByteSize(1 << 20))))).isEmpty();
        assertThat(faults(Map.of("a", log.withSizes(new ByteSize(1 << 20), new ByteSize(2 << 20)))))
                .containsExactly("solaster.logs.a.buffer");
        assertThat(faults(Map.of("a", log.withSizes(new ByteSize(1), new ByteSize(1))))).hasSize(2);
        assertThat(faults(Map.of("a",
                log.withRetain(new RetainConfig(new ByteSize(1), Duration.ofMillis(1))))))
                .containsExactly("solaster.logs.a.retain.size", "solaster.logs.a.retain.age");
        assertThat(faults(Map.of("1", log))).hasSize(1);
        assertThat(faults(Map.of("topic-orders.eu_1", log))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"always, always", "ALWAYS, always", "never, never", "1s, 1s", " 100ms , 100ms", "2000ms, 2s",
            "1h, 3600s"})
    void saysWhenToSync(String written, String printed) {
        assertThat(Fsync.valueOf(written)).hasToString(printed);
        assertThat(Fsync.valueOf(printed)).isEqualTo(Fsync.valueOf(written));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sometimes", "0s", "2h", "-1s", "1", "99999999999999999999s", "9999999h"})
    void whatDoesNotSayWhenToSyncIsRefusedWithAFix(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Fsync.valueOf(text))
                .withMessageContaining("'always', 'never', or a time such as '1s'");
    }

    @Test
    void isReadFromYaml() {
        SolasterConfig config = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(Map.of(
                "solaster.logs.orders.directory", "/log", "solaster.logs.orders.fsync", "always",
                "solaster.logs.orders.segment", "16MB", "solaster.logs.orders.retain.size", "1GB")))).config();
        assertThat(config.logs()).containsExactly(Map.entry("orders", LogConfig.in("/log").withFsync(Fsync.ALWAYS)
                .withSizes(new ByteSize(16 << 20), new ByteSize(8 << 20))
                .withRetain(new RetainConfig(new ByteSize(1 << 30), null))));
    }
}
