package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.solaster.store.shard.IntentLocks.Answer;
import org.junit.jupiter.api.Test;

class IntentLocksTest {
    private static final int SHARDS = 4;

    private final IntentLocks locks = new IntentLocks(1, SHARDS);
    private final List<String> told = new ArrayList<>();

    private Intent intent(String name, boolean writes, int... slots) {
        Intent intent = new Intent(() -> told.add(name));
        intent.begin(writes);
        for (int slot : slots) {
            intent.slot(slot);
        }
        return intent;
    }

    private Intent ofAll(String name, boolean writes) {
        Intent intent = intent(name, writes);
        intent.all();
        return intent;
    }

    @Test
    void whoUsesOtherKeysWaitsForNobody() {
        Intent first = intent("first", true, 1, 2);
        Intent second = intent("second", true, 3);
        assertThat(locks.isFree()).isTrue();
        assertThat(locks.add(first, 10)).isEqualTo(Answer.GRANTED);
        assertThat(locks.isFree()).isFalse();
        // Also with a lower number.
        assertThat(locks.add(second, 5)).isEqualTo(Answer.GRANTED);
        locks.remove(first);
        locks.remove(second);
        assertThat(locks.isFree()).isTrue();
        assertThat(told).isEmpty();
    }

    @Test
    void readersShareAndWritersDoNot() {
        Intent reader = intent("reader", false, 1);
        Intent other = intent("other", false, 1);
        Intent writer = intent("writer", true, 1);
        Intent behind = intent("behind", false, 1);
        Intent last = intent("last", false, 1);
        assertThat(locks.add(reader, 1)).isEqualTo(Answer.GRANTED);
        assertThat(locks.add(other, 2)).isEqualTo(Answer.GRANTED);
        assertThat(locks.add(writer, 3)).isEqualTo(Answer.QUEUED);
        assertThat(locks.add(behind, 4)).isEqualTo(Answer.QUEUED);
        assertThat(locks.add(last, 5)).isEqualTo(Answer.QUEUED);
        locks.remove(other);
        assertThat(told).isEmpty();
        locks.remove(reader);
        assertThat(told).containsExactly("writer");
        assertThat(writer.isGranted()).isTrue();
        locks.remove(writer);
        assertThat(told).containsExactly("writer", "behind", "last");
    }

    @Test
    void whoComesLateIsNotTakenAndWhoComesAboveIs() {
        Intent first = intent("first", true, 1);
        assertThat(locks.add(first, 10)).isEqualTo(Answer.GRANTED);
        Intent late = intent("late", true, 1);
        assertThat(locks.add(late, 9)).isEqualTo(Answer.LATE);
        assertThat(late.isQueued()).isFalse();
        assertThat(locks.highest()).isEqualTo(10);
        assertThat(locks.add(late, 11)).isEqualTo(Answer.QUEUED);
        locks.remove(first);
        assertThat(told).containsExactly("late");
    }

    @Test
    void numbersAreAboveWhatWasSeenAndNobodyElses() {
        long id = locks.nextId();
        assertThat(id % SHARDS).isEqualTo(1);
        locks.saw(1003);
        assertThat(locks.nextId()).isGreaterThan(1003).satisfies(next -> assertThat(next % SHARDS).isEqualTo(1));
        Intent other = intent("other", true, 1);
        locks.add(other, 9000);
        assertThat(locks.nextId()).isGreaterThan(9000);
    }

    @Test
    void whoNeedsThisShardAloneIsNeverLateAndKeepsItsPlace() {
        Intent first = intent("first", true, 1);
        Intent here = intent("here", false, 1);
        Intent second = intent("second", true, 1);
        locks.add(first, 10);
        assertThat(locks.addHere(here)).isFalse();
        assertThat(locks.add(second, 12)).isEqualTo(Answer.QUEUED);
        locks.remove(first);
        assertThat(told).containsExactly("here");
        locks.remove(here);
        assertThat(told).containsExactly("here", "second");
    }

    @Test
    void allKeysAreInTheWayOfEachAndEachOfAll() {
        Intent one = intent("one", false, 7);
        Intent all = ofAll("all", true);
        Intent other = intent("other", true, 8);
        locks.add(one, 1);
        assertThat(locks.add(all, 2)).isEqualTo(Answer.QUEUED);
        assertThat(locks.add(other, 3)).isEqualTo(Answer.QUEUED);
        Intent reader = ofAll("reader", false);
        assertThat(locks.add(reader, 4)).isEqualTo(Answer.QUEUED);
        locks.remove(one);
        assertThat(told).containsExactly("all");
        locks.remove(all);
        assertThat(told).containsExactly("all", "other");
        locks.remove(other);
        assertThat(told).containsExactly("all", "other", "reader");
        Intent many = new Intent(() -> {});
        many.begin(true);
        for (int i = 0; i < 5000; i++) {
            many.slot(i);
        }
        assertThat(locks.isInTheWay(many)).isTrue();
        locks.remove(reader);
        assertThat(locks.isInTheWay(many)).isFalse();
    }

    @Test
    void whoGivesUpMakesWay() {
        Intent first = intent("first", true, 1);
        Intent second = intent("second", true, 1, 2);
        Intent third = intent("third", true, 2);
        locks.add(first, 1);
        locks.add(second, 2);
        locks.add(third, 3);
        locks.remove(second);
        assertThat(third.isGranted()).isFalse();
        locks.remove(first);
        assertThat(told).containsExactly("third");
        locks.remove(second);
        locks.remove(third);
        assertThat(locks.isFree()).isTrue();
    }

    @Test
    void whoWasToldMayRemoveItselfAtOnceHoweverManyThereAre() {
        Intent first = intent("first", true, 1);
        locks.add(first, 1);
        for (int i = 0; i < 20_000; i++) {
            Intent[] each = new Intent[1];
            each[0] = new Intent(() -> {
                told.add("each");
                locks.remove(each[0]);
            });
            each[0].begin(true);
            each[0].slot(1);
            locks.addHere(each[0]);
        }
        locks.remove(first);
        assertThat(told).hasSize(20_000);
        assertThat(locks.isFree()).isTrue();
    }

    @Test
    void whatADeadShardHasLeftIsRemoved() {
        Intent left = intent("left", true, 1);
        Intent waits = intent("waits", true, 1);
        locks.add(left, 8 * SHARDS + 3);
        assertThat(locks.addHere(waits)).isFalse();
        locks.removeOf(shard -> shard == 2);
        assertThat(told).isEmpty();
        locks.removeOf(shard -> shard == 3);
        assertThat(told).containsExactly("waits");
    }
}
