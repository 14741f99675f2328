package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.solaster.config.StallConfig;
import io.solaster.engine.stats.Stall.Phase;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class StallReportsTest {
    private static final long SECOND = 1_000_000_000;
    private static final Stall STALL = new Stall(1, "reports", 31_400_000, "\tat a.B.c", Phase.BEGUN);

    private final Logger logger = (Logger) LoggerFactory.getLogger(StallWatchdog.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private long now = 7;
    private final StallReports reports = reports(Duration.ZERO);

    @BeforeEach
    void listen() {
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
        logger.setLevel(Level.INFO);
    }

    @AfterEach
    void leave() {
        logger.detachAppender(lines);
        logger.setAdditive(true);
        logger.setLevel(null);
    }

    @Test
    void warnsWithEngineShardGroupDurationAndStack() {
        reports.accept(STALL);
        reports.accept(new Stall(1, null, 50_000_000, null, Phase.ENDED));
        assertThat(messages()).containsExactly(
                "Engine 'solaster': shard 1 has been busy for 31.4 ms with one task of group 'reports'\n\tat a.B.c",
                "Engine 'solaster': shard 1 goes on after 50.0 ms");
    }

    @Test
    void saysWhereItCameTooLateForAStack() {
        reports.accept(new Stall(0, null, 26_000_000, null, Phase.BEGUN));
        assertThat(messages()).containsExactly("Engine 'solaster': shard 0 was busy for 26.0 ms with one task; "
                + "it ended while its stack was looked at");
    }

    @Test
    void leavesOutWhatIsTooMuchAndSaysSoWithTheNextOne() {
        for (int i = 0; i < 5; i++) {
            reports.accept(STALL);
        }
        assertThat(messages()).hasSize(2);
        now += 60 * SECOND;
        reports.accept(STALL);
        assertThat(messages()).hasSize(3).last().asString()
                .contains("of group 'reports' (3 earlier report(s) left out)");
        reports.tick(now + 60 * SECOND);
        assertThat(messages()).hasSize(3);
    }

    @Test
    void leavesOutTheEndsOfWhatItLeftOut() {
        for (int i = 0; i < 5; i++) {
            reports.accept(STALL);
            reports.accept(new Stall(1, null, 50_000_000, null, Phase.ENDED));
        }
        assertThat(messages()).hasSize(4);
    }

    @Test
    void saysAtTheMinutesEndWhatItLeftOut() {
        for (int i = 0; i < 4; i++) {
            reports.accept(STALL);
        }
        reports.tick(now + 59 * SECOND);
        assertThat(messages()).hasSize(2);
        reports.tick(now + 60 * SECOND);
        reports.tick(now + 61 * SECOND);
        assertThat(messages()).hasSize(3).last().asString().isEqualTo("Engine 'solaster': 2 more report(s) of stalls "
                + "left out within a minute; solaster.engine.stalls.reports-per-minute is 2");
    }

    @Test
    void aYoungEngineCountsShortStallsAndWarnsOfLongOnes() {
        StallReports young = reports(Duration.ofSeconds(15));
        young.accept(STALL);
        young.accept(new Stall(1, null, 62_000_000, "\tat a.B.c", Phase.GOES_ON));
        young.accept(new Stall(1, null, 70_000_000, null, Phase.ENDED));
        young.accept(STALL);
        young.tick(now + 14 * SECOND);
        assertThat(messages()).isEmpty();
        young.accept(new Stall(0, null, 250_000_000, "\tat a.B.d", Phase.GOES_ON));
        assertThat(messages()).hasSize(1).last().asString().contains("shard 0 has been busy for 250.0 ms");
        now += 15 * SECOND;
        young.tick(now);
        young.tick(now + SECOND);
        assertThat(messages()).hasSize(2).last().asString()
                .startsWith("Engine 'solaster': 2 stall(s) of 62.0 ms at most while it was young");
        young.accept(STALL);
        assertThat(messages()).hasSize(3).last().asString().contains("has been busy for 31.4 ms");
    }

    @Test
    void aFlightRecordingHasThemAll(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("stalls.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("io.solaster.Stall");
            recording.start();
            for (int i = 0; i < 3; i++) {
                reports.accept(STALL);
            }
            reports.accept(new Stall(1, null, 50_000_000, null, Phase.ENDED));
            recording.dump(file);
        }
        assertThat(Files.exists(file)).isTrue();
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("io.solaster.Stall")).toList();
        assertThat(events).hasSize(4);
        RecordedEvent first = events.stream().filter(event -> !event.getBoolean("ended")).findFirst().orElseThrow();
        assertThat(first.getInt("shard")).isEqualTo(1);
        assertThat(first.getString("engine")).isEqualTo("solaster");
        assertThat(first.getString("group")).isEqualTo("reports");
        assertThat(first.getDuration("stalledFor").toNanos()).isEqualTo(31_400_000);
        assertThat(first.getString("stack")).isEqualTo("\tat a.B.c");
    }

    private StallReports reports(Duration grace) {
        return new StallReports("solaster", new StallConfig(true, Duration.ofMillis(25), 2, grace), () -> now);
    }

    private List<String> messages() {
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
