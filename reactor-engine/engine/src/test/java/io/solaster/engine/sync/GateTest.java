package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.ShardFuture;
import org.junit.jupiter.api.Test;

class GateTest extends OnShard {

    @Test
    void closingCompletesWhenTheLastLeavesAndLetsNobodyIn() {
        onShard(() -> {
            Gate gate = new Gate();
            gate.enter();
            gate.enter();
            ShardFuture<Void> closed = gate.close();
            gate.leave();
            assertThat(pending(closed)).isTrue();
            assertThat(gate.tryEnter()).isFalse();
            assertThatExceptionOfType(GateClosedException.class).isThrownBy(gate::enter)
                    .withMessage("the gate is closed: nothing new may begin");
            assertThatExceptionOfType(GateClosedException.class).isThrownBy(gate::hold);
            assertThat(failure(gate.with(() -> CompletableFuture.completedFuture(1))))
                    .isInstanceOf(GateClosedException.class);
            gate.leave();
            assertThat(succeeded(closed)).isTrue();
            assertThat(gate.isClosed()).isTrue();
        });
    }

    @Test
    void anEmptyGateClosesAtOnce() {
        onShard(() -> assertThat(succeeded(new Gate().close())).isTrue());
    }

    @Test
    void holdAndWithLeaveByThemselves() {
        onShard(() -> {
            Gate gate = new Gate();
            CompletableFuture<String> work = new CompletableFuture<>();
            ShardFuture<String> result = gate.with(() -> work);
            ShardFuture<String> failed = gate.with(() -> {
                throw CAUSE;
            });
            Hold hold = gate.hold();
            assertThat(gate.count()).isEqualTo(2);
            assertThat(List.of(result.isDone(), failed.isDone())).containsExactly(false, true);
            hold.close();
            assertThatIllegalStateException().isThrownBy(hold::close);
            ShardFuture<Void> closed = gate.close();
            work.complete("done");
            assertThat(succeeded(closed)).isTrue();
            assertThat(result).isCompletedWithValue("done");
            assertThat(failure(failed)).isSameAs(CAUSE);
        });
    }

    @Test
    void badUseFailsClearly() {
        Gate gate = onShard(Gate::new);
        onShard(() -> {
            assertThatIllegalStateException().isThrownBy(gate::leave)
                    .withMessage("left a gate that nobody is in; leave once for each enter");
            gate.close();
            assertThatIllegalStateException().isThrownBy(gate::close)
                    .withMessage("the gate is closed already; close it once and keep the future");
        });
        assertBelongsToItsShard("a gate", gate::enter, gate::leave, gate::close, gate::count, gate::isClosed);
        assertThatIllegalStateException().isThrownBy(Gate::new).withMessageContaining("a gate belongs to a shard");
    }
}
