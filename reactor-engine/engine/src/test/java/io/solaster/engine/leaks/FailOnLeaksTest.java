package io.solaster.engine.leaks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What leaks here is forgotten on purpose, and taken from what the run would fail of. */
class FailOnLeaksTest {
    private final ch.qos.logback.classic.Logger log = (ch.qos.logback.classic.Logger) LoggerFactory
            .getLogger(ResourceLeakDetector.class);
    private final List<String> ofOthers = new ArrayList<>();

    @BeforeEach
    void findWhatOthersHaveLeft() throws InterruptedException {
        LeakWatch.collect();
        ofOthers.addAll(LeakWatch.takeFound());
        log.setLevel(ch.qos.logback.classic.Level.OFF);
    }

    @AfterEach
    void leaveThatToTheRun() {
        log.setLevel(null);
        FailOnLeaks.failOn(ofOthers);
    }

    /** Of this class. */
    private List<String> found() {
        Map<Boolean, List<String>> found = LeakWatch.takeFound().stream()
                .collect(Collectors.partitioningBy(each -> each.contains(FailOnLeaksTest.class.getName())));
        ofOthers.addAll(found.get(false));
        return found.get(true);
    }

    @Test
    void whatIsForgottenFailsWithTheRecord() throws InterruptedException {
        LeakWatch<Object> watch = new LeakWatch<>(StringBuilder.class, 1);

        forget(watch);
        LeakWatch.collect();

        assertThatThrownBy(() -> FailOnLeaks.failOn(found())).isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 leaked").hasMessageContaining("StringBuilder")
                .hasMessageContaining("FailOnLeaksTest.forget");
        assertThat(found()).as("told once").isEmpty();
    }

    private static void forget(LeakWatch<Object> watch) {
        Object forgotten = new Object();
        ResourceLeakTracker<Object> tracker = watch.trackForcibly(forgotten);
        tracker.record("used here");
    }

    @Test
    void whatIsReleasedDoesNot() throws InterruptedException {
        LeakWatch<Object> watch = new LeakWatch<>(StringBuilder.class, 1);
        Object released = new Object();
        watch.trackForcibly(released).close(released);
        released = null;

        LeakWatch.collect();

        assertThatCode(() -> FailOnLeaks.failOn(found())).doesNotThrowAnyException();
    }

    @Test
    void buffersOfEachAllocatorAreWatched() throws InterruptedException {
        Assumptions.assumeTrue(LeakWatch.isOn(), "Netty has a detector of its own, as outside of the build");

        forgetBuffers();
        LeakWatch.collect();

        assertThat(found()).hasSize(2);
    }

    private static void forgetBuffers() {
        ByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1);
        PooledByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1);
    }
}
