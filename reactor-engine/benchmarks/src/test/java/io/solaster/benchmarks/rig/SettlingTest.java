package io.solaster.benchmarks.rig;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SettlingTest {
    private final Settling settling = new Settling();

    @Test
    void twoLooksThatAreCloseSettleIt() {
        assertThat(settling.look(80)).isFalse();
        assertThat(settling.look(20)).isFalse();
        assertThat(settling.look(19.5)).isTrue();
        assertThat(settling.isSettled()).isTrue();
    }

    @Test
    void whatStillFallsHasNotSettled() {
        assertThat(settling.look(24)).isFalse();
        assertThat(settling.look(21)).isFalse();
        assertThat(settling.look(18)).isFalse();
    }

    @Test
    void whatWasLowerBeforeIsDisturbed() {
        settling.look(20);
        settling.look(15);
        assertThat(settling.look(20)).isFalse();
        assertThat(settling.look(20)).isFalse();
        assertThat(settling.look(15.3)).isFalse();
        assertThat(settling.look(15.2)).isTrue();
    }
}
