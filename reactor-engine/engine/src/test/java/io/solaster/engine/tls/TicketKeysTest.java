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
        keys.rotateTo(MINUTE.toNanos() * 1_000_000);
        assertThat(keys.count()).isEqualTo(4);
        keys.rotate();
        assertThat(keys.count()).isEqualTo(4);
        keys.forget();
        assertThat(keys.count()).isOne();
    }
}
