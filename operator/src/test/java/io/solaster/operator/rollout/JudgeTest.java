package io.solaster.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.observe.Traffic;
import org.junit.jupiter.api.Test;

class JudgeTest {
    private static final Settings SETTINGS = settings("{}");

    private static Settings settings(String canary) {
        return Settings.of(Objects.service("image: a\nrollout: {canary: " + canary + "}\n").getSpec());
    }

    private static Traffic traffic(long requests, long failed, long slow, long millis) {
        return new Traffic(requests, failed, new TreeMap<>(Map.of(1_000_000L, requests - slow, millis * 1_000_000,
                slow)));
    }

    @Test
    void moreErrorsThanTheOthersFallShort() {
        Traffic others = traffic(1000, 10, 0, 5);
        assertThat(Judge.judge(SETTINGS, traffic(1000, 30, 0, 5), others, true)).as("by chance").isEmpty();
        assertThat(Judge.judge(SETTINGS, traffic(1000, 41, 0, 5), others, true)).isEqualTo(
                "41 of 1000 requests (4.10 %) failed, 10 of 1000 requests (1 %) of the other pods: 1 percentage points"
                        + " more are allowed");
        assertThat(Judge.judge(settings("{errorPercent: 2.5}"), traffic(1000, 41, 0, 5), others, true)).isEmpty();
    }

    @Test
    void withoutOthersErrorsCountByThemselves() {
        assertThat(Judge.judge(SETTINGS, traffic(1000, 31, 900, 50), Traffic.NONE, true))
                .contains("no other pods tell");
        assertThat(Judge.judge(SETTINGS, traffic(1000, 10, 900, 50), Traffic.NONE, true)).isEmpty();
        assertThat(Judge.unknown(SETTINGS, traffic(1000, 0, 0, 5), Traffic.NONE)).contains("no other pods");
    }

    @Test
    void tooFewRequestsTellNothing() {
        assertThat(Judge.judge(SETTINGS, traffic(99, 99, 0, 5), traffic(1000, 0, 0, 5), true)).isEmpty();
        assertThat(Judge.unknown(SETTINGS, traffic(99, 99, 0, 5), traffic(1000, 0, 0, 5)))
                .contains("99 requests of 100");
    }

    @Test
    void aLongerTailFallsShortUnlessItIsNoiseOrDoesNotCount() {
        Traffic others = traffic(1000, 0, 0, 5);
        assertThat(Judge.judge(SETTINGS, traffic(1000, 0, 14, 5), others, true)).as("by chance").isEmpty();
        assertThat(Judge.judge(SETTINGS, traffic(1000, 0, 30, 5), others, true)).isEqualTo(
                "30 of 1000 requests (3 %) took longer than 1.50 ms, where 1 % may: the other pods' p99 is 1.00 ms,"
                        + " theirs 5.00 ms, 150 % of the former is allowed");
        assertThat(Judge.judge(SETTINGS, traffic(1000, 0, 30, 5), others, false)).isEmpty();
        assertThat(Judge.judge(settings("{p99Percent: 500}"), traffic(1000, 0, 30, 5), others, true)).isEmpty();
        Traffic quick = new Traffic(1000, 0, new TreeMap<>(Map.of(100_000L, 1000L)));
        Traffic lessQuick = new Traffic(1000, 0, new TreeMap<>(Map.of(500_000L, 1000L)));
        assertThat(Judge.judge(SETTINGS, lessQuick, quick, true)).isEmpty();
    }

    @Test
    void whatAPodHadAnsweredBeforeIsLeftOutUnlessItHasBegunAnew() {
        Traffic before = traffic(1000, 10, 100, 5);
        Traffic now = traffic(1500, 11, 101, 5);
        assertThat(now.minus(before)).isEqualTo(
                new Traffic(500, 1, new TreeMap<>(Map.of(1_000_000L, 499L, 5_000_000L, 1L))));
        assertThat(traffic(10, 0, 0, 5).minus(before).requests()).isEqualTo(10);
        assertThat(before.plus(now).requests()).isEqualTo(2500);
        assertThat(Traffic.NONE.p99()).isZero();
    }

    @Test
    void theReadmeShowsTheDefaults() throws IOException {
        Matcher yaml = Pattern.compile("(?s)### Rolling out\n\n```yaml\n(.*?)```").matcher(
                Files.readString(Path.of("README.md")));
        assertThat(yaml.find()).isTrue();
        ShardedService shown = Objects.yaml(yaml.group(1), ShardedService.class);
        assertThat(Settings.of(shown.getSpec())).isEqualTo(SETTINGS);
        assertThat(shown.getSpec().rollout().hotReload()).isTrue();
    }

    @Test
    void canariesAreSomeAndNeverAllOfSeveral() {
        assertThat(SETTINGS.canaries(5)).isEqualTo(1);
        assertThat(settings("{pods: 9}").canaries(5)).isEqualTo(4);
        assertThat(settings("{percent: 20}").canaries(11)).isEqualTo(3);
        assertThat(settings("{percent: 100}").canaries(4)).isEqualTo(3);
        assertThat(SETTINGS.canaries(1)).isEqualTo(1);
        assertThat(SETTINGS.canaries(0)).isZero();
        assertThat(settings("{}").first()).isTrue();
        assertThat(Settings.of(Objects.service("image: a").getSpec()).first()).isFalse();
        assertThat(Settings.of(Objects.service("image: a\nrollout: {strategy: Canary}").getSpec()).first()).isTrue();
    }
}
