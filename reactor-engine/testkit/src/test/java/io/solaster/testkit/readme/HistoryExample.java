package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;

final class HistoryExample {
    private HistoryExample() {}

    /** What the example counts visits by: a client of some store. */
    interface Visits {
        long incr(String key) throws IOException;
    }

    static Verdict<Command, Object> run(Visits redis) {
        History<Command, Object> history = new History<>();
        // in each client's thread:
        History.Recorder<Command, Object> recorder = history.record("client 1");
        int call = recorder.call(Command.of("INCR", "visits"));
        try {
            recorder.answer(call, redis.incr("visits"));
        } catch (IOException e) {
            recorder.giveUp(call); // it may have happened, or not: both are tried
        }
        // after all have ended:
        Verdict<Command, Object> verdict = Linearizability.of(Models.strings()).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
        return verdict;
    }
}
