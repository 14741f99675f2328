package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.solaster.engine.timer.ManualClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class QuietLogTest {
    private final ManualClock clock = new ManualClock();
    private final Logger logger = (Logger) LoggerFactory.getLogger(QuietLogTest.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final QuietLog quiet = new QuietLog(logger, org.slf4j.event.Level.WARN, clock);

    @BeforeEach
    void listen() {
        logger.setAdditive(false);
        logger.setLevel(Level.INFO);
        lines.start();
        logger.addAppender(lines);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(lines);
        logger.setLevel(null);
        logger.setAdditive(true);
    }

    private List<String> told() {
        return lines.list.stream().map(line -> line.getLevel() + " " + line.getFormattedMessage()).toList();
    }

    @Test
    void aFloodIsOneLineAMinuteWithTheNumberOfThoseLeftOut() {
        IntStream.range(0, 1000).forEach(i -> quiet.tell("{} sends nonsense: {}", "client " + i, "bad head"));
        assertThat(told()).containsExactly("WARN client 0 sends nonsense: bad head");
        clock.advance(Duration.ofSeconds(59));
        quiet.tell("{} sends nonsense: {}", "client 1000", "bad head");
        clock.advance(Duration.ofSeconds(1));
        quiet.tell("{} sends nonsense: {}", "client 1001", "bad head");
        assertThat(told()).containsExactly("WARN client 0 sends nonsense: bad head",
                "WARN client 1001 sends nonsense: bad head (1000 like it left out since the last such line)");
    }

    @Test
    void theCountBeginsAnewWithEachLine() {
        quiet.tell("{}", 1);
        quiet.tell("{}", 2);
        clock.advance(Duration.ofMinutes(1));
        quiet.tell("{}", 3);
        clock.advance(Duration.ofMinutes(1));
        quiet.tell("{} {} {}", 4, 5, 6);
        assertThat(told()).containsExactly("WARN 1", "WARN 3 (1 like it left out since the last such line)",
                "WARN 4 5 6");
    }

    @Test
    void eachKindHasItsOwnMinute() {
        QuietLog other = new QuietLog(logger, org.slf4j.event.Level.ERROR, clock);
        quiet.tell("one: {}", 1);
        other.tell("another: {}", 2);
        assertThat(told()).containsExactly("WARN one: 1", "ERROR another: 2");
    }

    @Test
    void aFailureKeepsItsStackWhereItIsTold() {
        IllegalStateException failure = new IllegalStateException("bad");
        quiet.tell("{} failed", "it", failure);
        assertThat(lines.list.getFirst().getThrowableProxy().getMessage()).isEqualTo("bad");
    }

    @Test
    void whatIsLeftOutIsThereForWhoDebugs() {
        logger.setLevel(Level.DEBUG);
        quiet.tell("{} {}", "first", "line");
        quiet.tell("{}", "second");
        quiet.tell("{} {}", "third", "line");
        quiet.tell("{} {} {}", "the", "fourth", "line");
        assertThat(told()).containsExactly("WARN first line", "DEBUG second", "DEBUG third line",
                "DEBUG the fourth line");
    }
}
