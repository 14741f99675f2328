package io.solaster.testkit.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.testkit.check.History.Recorder;
import org.junit.jupiter.api.Test;

class HistoryTest {
    private final AtomicLong clock = new AtomicLong();
    private final History<String, Integer> history = new History<>(clock::incrementAndGet);

    @Test
    void callsAnswersAndDontKnowsAreRecordedInTheOrderOfCalls() {
        Recorder<String, Integer> one = history.record("one");
        Recorder<String, Integer> other = history.record("other");
        int first = one.call("a");
        int second = other.call("b");
        int third = one.call("c");
        int fourth = other.call("d");
        one.answer(third, 3);
        other.giveUp(fourth);
        one.answer(first, null);
        assertThat(history.operations()).containsExactly(
                new Operation<>("one", "a", Outcome.of(null), 1, 6),
                new Operation<>("other", "b", Outcome.unknown(), 2, Operation.NEVER),
                new Operation<>("one", "c", Outcome.of(3), 3, 5),
                new Operation<>("other", "d", Outcome.unknown(), 4, Operation.NEVER));
        assertThat(second).isZero();
    }

    @Test
    void clientsRecordAtTheSameTime() throws InterruptedException {
        Thread[] clients = new Thread[4];
        for (int i = 0; i < clients.length; i++) {
            Recorder<String, Integer> recorder = history.record("client " + i);
            clients[i] = Thread.ofPlatform().start(() -> {
                for (int call = 0; call < 10_000; call++) {
                    recorder.answer(recorder.call("x"), call);
                }
            });
        }
        for (Thread client : clients) {
            client.join();
        }
        List<Operation<String, Integer>> all = history.operations();
        assertThat(all).hasSize(40_000).isSortedAccordingTo((a, b) -> Long.compare(a.called(), b.called()));
        assertThat(all.stream().filter(each -> each.client().equals("client 3"))
                .map(each -> each.outcome().value())).hasSize(10_000).startsWith(0, 1, 2).endsWith(9_999);
    }

    @Test
    void whatIsRecordedWronglyIsRefused() {
        Recorder<String, Integer> one = history.record("one");
        assertThatThrownBy(() -> history.record("one")).hasMessageContaining("'one' has a recorder");
        assertThatThrownBy(() -> one.answer(0, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one has made 0 calls");
        int call = one.call("a");
        one.answer(call, 1);
        assertThatThrownBy(() -> one.giveUp(call)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("one's call a was answered 1 before");
        assertThatThrownBy(() -> new Operation<>("one", "a", Outcome.of(1), 5, 4))
                .hasMessageContaining("answered at 4, before");
        assertThatThrownBy(() -> new Operation<>("one", "a", Outcome.unknown(), 5, 6))
                .hasMessageContaining("one that is not never did");
    }
}
