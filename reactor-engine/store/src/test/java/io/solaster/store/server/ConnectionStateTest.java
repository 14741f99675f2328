package io.solaster.store.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.solaster.store.server.ConnectionState.Phase;
import org.junit.jupiter.api.Test;

class ConnectionStateTest {
    private final ConnectionState state = new ConnectionState();

    @Test
    void aConnectionWaitsForOneThingAtATime() {
        assertThat(state.phase()).isEqualTo(Phase.IDLE);
        assertThatIllegalStateException().isThrownBy(() -> state.waiting(Phase.YIELDED));
        state.running();
        assertThatIllegalStateException().isThrownBy(state::running);
        assertThat(state.isWaiting()).isFalse();
        state.waiting(Phase.WAITING_FOR_SHARDS);
        assertThat(state.isWaiting()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> state.waiting(Phase.WAITING_FOR_RESULT));
        assertThat(state.ranAll()).isFalse();
        state.resumed();
        state.running();
        assertThat(state.ranAll()).isTrue();
        assertThat(state.phase()).isEqualTo(Phase.IDLE);
    }

    @Test
    void theEndOnlyComesNearer() {
        assertThat(state.isDraining() || state.isClosing() || state.isLeaving()).isFalse();
        state.draining();
        assertThat(state.isDraining()).isTrue();
        assertThat(state.isClosing()).isFalse();
        state.closing();
        state.draining();
        assertThat(state.isDraining()).isFalse();
        assertThat(state.isClosing()).isTrue();
        state.leaving();
        state.closing();
        assertThat(state.isLeaving() && state.isClosing()).isTrue();
    }
}
