package io.solaster.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class LoadReportTest {

    @Test
    void aLoadNeedsNoJUnit() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String each : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            String file = String.valueOf(Path.of(each).getFileName());
            if (!file.startsWith("junit") && !file.startsWith("opentest4j")) {
                urls.add(Path.of(each).toUri().toURL());
            }
        }
        try (URLClassLoader without = new URLClassLoader(urls.toArray(URL[]::new),
                ClassLoader.getPlatformClassLoader())) {
            assertThatThrownBy(() -> without.loadClass("org.opentest4j.TestAbortedException"))
                    .isInstanceOf(ClassNotFoundException.class);
            for (String each : List.of("Load", "LoadRun", "LoadReport", "LoadComparison")) {
                // Verified, with all that its methods name in a way that the verifier asks for.
                assertThat(Class.forName("io.solaster.load." + each, true, without).getClassLoader()).isSameAs(without);
            }
        }
    }
    private static final long MILLI = 1_000_000;

    private static void assertMillis(long nanos, long millis) {
        assertThat(nanos).isBetween(millis * MILLI * 999 / 1000, millis * MILLI * 1001 / 1000);
    }

    @Test
    void percentilesAreOfAllThatWasDue() {
        assertMillis(Reports.of(1000, 0, 10).nanosAt(99), 990);
        // Of 2,000, half failed: the 50th percentile is the slowest of the good ones.
        LoadReport half = Reports.of(1000, 1000, 10);
        assertMillis(half.nanosAt(25), 500);
        assertMillis(half.nanosAt(50), 1000);
        assertThat(half.nanosAt(50.1)).isEqualTo(LoadReport.NEVER);
        assertThat(Reports.of(0, 5, 10).nanosAt(1)).isEqualTo(LoadReport.NEVER);
    }

    @Test
    void aGeneratorThatWasLateMakesTheRunInvalid() {
        assertThat(Reports.of(1000, 0, 98 * MILLI).invalid()).isEmpty();
        assertThat(Reports.of(1000, 0, 100 * MILLI).invalid()).hasValueSatisfying(
                why -> assertThat(why).contains("late by 100 ms").contains("990 ms").contains("a CPU of its own"));
        assertThat(Reports.of(0, 0, 1).invalid())
                .hasValueSatisfying(why -> assertThat(why).contains("nothing became due"));
        assertThat(Reports.of(0, 5, 1).invalid()).isEmpty();
    }

    @Test
    void aLimitThatIsKeptIsKeptOnAnyMachine() {
        assertThatCode(() -> {
            Reports.of(100, 0, 1).assertP99(Duration.ofMillis(100));
            Reports.of(100, 0, 90 * MILLI).assertP99(Duration.ofMillis(100));
            Reports.of(100, 0, 1).assertPercentile(50, Duration.ofMillis(51));
        }).doesNotThrowAnyException();
    }

    @Test
    void aLimitThatIsBrokenFailsTheTest() {
        assertThatThrownBy(() -> Reports.of(100, 0, 1).assertP99(Duration.ofMillis(50)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("p99 is 99.0 ms, over 50.0 ms");
        assertThatThrownBy(() -> Reports.of(100, 2, 1).assertP99(Duration.ofMillis(500)))
                .isInstanceOf(AssertionError.class).hasMessageContaining("p99 is never")
                .hasMessageContaining("timeout=2");
        assertThatThrownBy(() -> Reports.of(0, 0, 1).assertP99(Duration.ofMillis(500)))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void aLimitThatANoisyMachineBreaksSkipsTheTestAndSaysSo() {
        assertThatThrownBy(() -> Reports.of(100, 0, 90 * MILLI).assertP99(Duration.ofMillis(50)))
                .isInstanceOf(TestAbortedException.class).hasMessageContaining("p99 is 99.0 ms, over 50.0 ms")
                .hasMessageContaining("the generator itself was late");
        LoadComparison noisy = new LoadComparison(Reports.of(100, 0, 1), Reports.of(150, 0, 1));
        assertThatThrownBy(() -> noisy.assertP99(Duration.ofMillis(120))).isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("differed by 50 % at p99");
        LoadComparison quiet = new LoadComparison(Reports.of(100, 0, 1), Reports.of(110, 0, 1));
        assertThatThrownBy(() -> quiet.assertP99(Duration.ofMillis(50))).isInstanceOf(AssertionError.class);
    }

    @Test
    void whatFailsIsNoNoise() {
        // However late the generator was, it has not broken the server.
        assertThatThrownBy(() -> Reports.of(100, 100, 90 * MILLI).assertP99(Duration.ofMillis(50)))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void reportsOfProcessesAddUp() {
        LoadReport joined = LoadReport.sideBySide(List.of(Reports.of(100, 1, 10), Reports.of(300, 2, 20)));
        assertThat(joined.answered()).isEqualTo(400);
        assertThat(joined.errors()).containsEntry("timeout", 3L);
        assertThat(joined.length()).isEqualTo(Duration.ofSeconds(1));
        assertThat(joined.setup().connections()).isEqualTo(32);
        assertThat(joined.setup().perSecond()).isEqualTo(2000);
        assertThat(joined.intervals()).singleElement().satisfies(each -> {
            assertThat(each.answered()).isEqualTo(400);
            assertThat(each.failed()).isEqualTo(3);
            assertThat(each.lateness99()).isEqualTo(20);
            assertMillis(each.max(), 300);
        });
        assertMillis(joined.latency().getMaxValue(), 300);
    }

    @Test
    void turnsFollowEachOther() {
        LoadReport joined = LoadReport.oneAfterTheOther(List.of(Reports.of(100, 0, 10), Reports.of(200, 0, 10)));
        assertThat(joined.length()).isEqualTo(Duration.ofSeconds(2));
        assertThat(joined.setup().connections()).isEqualTo(16);
        assertThat(joined.setup().perSecond()).isEqualTo(1000);
        assertThat(joined.intervals()).extracting(LoadInterval::at).containsExactly(0.0, 1.0);
        assertThat(joined.marks()).extracting(LoadReport.Mark::at).containsExactly(0.5, 1.5);
    }
}
