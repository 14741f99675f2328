package io.solaster.load.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;

import io.solaster.load.protocol.Resp.Command;
import io.solaster.load.schedule.Schedule.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AmountsTest {

    @Test
    void amountsAreReadAsPeopleWriteThem() {
        assertThat(Amounts.rate("500")).isEqualTo(500);
        assertThat(Amounts.rate("50k")).isEqualTo(50_000);
        assertThat(Amounts.rate("1.5M")).isEqualTo(1_500_000);
        assertThat(Amounts.count("100k")).isEqualTo(100_000);
        assertThat(Amounts.time("500us")).isEqualTo(Duration.ofNanos(500_000));
        assertThat(Amounts.time("2ms")).isEqualTo(Duration.ofMillis(2));
        assertThat(Amounts.time("1.5s")).isEqualTo(Duration.ofMillis(1500));
        assertThat(Amounts.time("5m")).isEqualTo(Duration.ofMinutes(5));
        assertThat(Amounts.slo("p99.9=2ms")).hasToString("p99.9=2.00 ms");
        assertThat(Amounts.mix("get=90,SET=10,ping"))
                .isEqualTo(Map.of(Command.GET, 90, Command.SET, 10, Command.PING, 1));
        assertThat(Amounts.steps("1k:10s,2k", Duration.ofSeconds(30))).containsExactly(
                new Stage(1000, 1000, Duration.ofSeconds(10)), new Stage(2000, 2000, Duration.ofSeconds(15)));
        assertThat(Amounts.ramp("0..1k", Duration.ofSeconds(30)))
                .containsExactly(new Stage(0, 1000, Duration.ofSeconds(30)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "fast", "-5", "50x", "1e5", "NaN", "9999M", " 5"})
    void whatIsNoRateIsRefusedByName(String text) {
        assertThatThrownBy(() -> Amounts.rate(text)).hasMessage(
                "'" + text + "' is no rate; give requests a second, such as 500, 50k or 1.5M");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "30", "s", "-1s", "1d", "1h30m", "99999999h"})
    void whatIsNoTimeIsRefusedByName(String text) {
        assertThatThrownBy(() -> Amounts.time(text))
                .hasMessage("'" + text + "' is no time; give one such as 500us, 2ms, 30s or 5m");
    }

    @Test
    void whatIsNoGoalMixOrRampIsRefusedByName() {
        assertThatThrownBy(() -> Amounts.slo("99=2ms")).hasMessageContaining("'99=2ms' is no goal");
        assertThatThrownBy(() -> Amounts.slo("p101=2ms")).hasMessageContaining("percentile 101");
        assertThatThrownBy(() -> Amounts.mix("get=90,fly=1"))
                .hasMessageContaining("'fly' cannot be mixed; there are get,");
        assertThatThrownBy(() -> Amounts.mix("get=some")).hasMessageContaining("'get=some' has no weight");
        assertThatThrownBy(() -> Amounts.ramp("1k-2k", Duration.ofSeconds(1))).hasMessageContaining("1k..50k");
        assertThatThrownBy(() -> Amounts.ramp("0..0", Duration.ofSeconds(1))).hasMessageContaining("not both of 0");
        assertThatThrownBy(() -> Amounts.count("1.5")).hasMessageContaining("'1.5' is no count");
        assertThatThrownBy(() -> Amounts.someRate("0")).hasMessageContaining("offers nothing");
    }
}
