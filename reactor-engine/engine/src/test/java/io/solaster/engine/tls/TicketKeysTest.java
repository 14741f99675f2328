package io.solaster.engine.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class TicketKeysTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @BeforeAll
    static void isThere() {
        OpenSslThere.assume();
    }

    @Test
    void aKeyIsKeptForAsLongAsASessionOfItMayBeResumed() {
        TicketKeys keys = new TicketKeys(MINUTE, MINUTE.multipliedBy(3), new Random(1), 0);
        assertThat(keys.count()).isOne();
        assertThat(keys.isDue(MINUTE.toNanos() - 1)).isFalse();
        assertThat(keys.isDue(MINUTE.toNanos())).isTrue();
        keys.rotateTo(MINUTE.toNanos());
        assertThat(keys.count()).isEqualTo(2);
        assertThat(keys.isDue(2 * MINUTE.toNanos() - 1)).isFalse();
        for (int i = 2; i < 10; i++) {
            keys.rotateTo(MINUTE.toNanos() * i);
            assertThat(keys.count()).isEqualTo(Math.min(i + 1, 4));
        }
        keys.rotateTo(MINUTE.toNanos() * 1_000_000);
        assertThat(keys.count()).as("the key until now, and the new one").isEqualTo(2);
        assertThat(keys.isDue(MINUTE.toNanos() * 1_000_001 - 1)).isFalse();
        keys.forget(MINUTE.toNanos() * 1_000_000);
        assertThat(keys.count()).isOne();
    }

    @Test
    void keysOutOfTurnDropNoneBeforeItsTimeUnlessTheyAreMany() {
        TicketKeys keys = new TicketKeys(MINUTE, MINUTE, new Random(1), 0);
        for (int i = 1; i <= 10; i++) {
            keys.rotate(i);
        }
        assertThat(keys.count()).isEqualTo(11);
        keys.rotate(MINUTE.toNanos() + 1);
        assertThat(keys.count()).as("the first was replaced a session's time ago").isEqualTo(11);
        keys.rotate(2 * MINUTE.toNanos() + 2);
        assertThat(keys.count()).isEqualTo(2);
        for (int i = 0; i < 100; i++) {
            keys.rotate(2 * MINUTE.toNanos() + 3);
        }
        assertThat(keys.count()).isEqualTo(16);
    }
}
