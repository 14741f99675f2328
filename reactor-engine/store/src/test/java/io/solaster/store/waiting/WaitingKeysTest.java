package io.solaster.store.waiting;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.store.collection.Lists;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceHash;
import io.solaster.store.type.ListType;
import io.solaster.store.waiting.Waiter.Answer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Queues of those who wait for keys, without clients. */
class WaitingKeysTest {
    private final Keyspace keys = Keyspace.create(SystemMemory.SYSTEM, new Random(1), List.of(new ListType()));
    private final Lists lists = new Lists(keys);
    private final List<ByteBuf> blocks = new ArrayList<>();
    private int asked;
    private final WaitingKeys waiting = new WaitingKeys(keys, KeyspaceHash.seeded(new Random(2)), () -> asked++);
    private final List<String> served = new ArrayList<>();

    @AfterEach
    void close() {
        lists.close();
        keys.close();
        blocks.forEach(ByteBuf::release);
    }

    private long bytes(String text) {
        ByteBuf block = Unpooled.directBuffer().writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        blocks.add(block);
        return Memory.address(block);
    }

    private void open(String key) {
        long address = bytes(key);
        lists.open(address, key.length(), keys.beginWrite(address, key.length(), 0));
    }

    private void push(String key, int elements) {
        open(key);
        for (int i = 0; i < elements; i++) {
            lists.push(false, bytes("e"), 1);
        }
        keys.written();
        keys.leaveWrite();
    }

    /** One that pops, and notes that it was served. */
    private Waiter waiter(String name, String... itsKeys) {
        Waiter[] self = new Waiter[1];
        self[0] = new Waiter(0, key -> {
            String from = itsKeys[key];
            open(from);
            if (lists.count() == 0) {
                keys.leaveWrite();
                return Answer.NOTHING;
            }
            waiting.remove(self[0]);
            lists.drop(true, 1);
            keys.written();
            keys.leaveWrite();
            served.add(name);
            return Answer.SERVED;
        });
        for (int i = 0; i < itsKeys.length; i++) {
            waiting.add(self[0], i, Keyspace.TYPE_LIST, bytes(itsKeys[i]), itsKeys[i].length());
        }
        return self[0];
    }

    private void serve() {
        while (waiting.isReady()) {
            waiting.serve();
        }
    }

    @Test
    void tenThousandOnOneKeyAreServedInTheirOrderAndLeaveFromAnywhere() {
        List<Waiter> all = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            all.add(waiter("w" + i, "list"));
        }
        assertThat(waiting.size()).isEqualTo(1);
        assertThat(waiting.places()).isEqualTo(10_000);
        push("list", 10);
        serve();
        assertThat(served).containsExactly("w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9");
        List<Waiter> left = new ArrayList<>(all.subList(10, 10_000));
        Collections.shuffle(left, new Random(3));
        left.subList(0, 9_000).forEach(waiting::remove);
        assertThat(waiting.places()).isEqualTo(990);
        served.clear();
        push("list", 2_000);
        serve();
        assertThat(served).hasSize(990).isSortedAccordingTo((one, other) -> Integer
                .compare(Integer.parseInt(one.substring(1)), Integer.parseInt(other.substring(1))));
        assertThat(waiting.size()).isZero();
        open("list");
        assertThat(lists.count()).isEqualTo(1_010);
    }

    @Test
    void nobodyListensWhereNobodyWaits() {
        push("list", 1);
        assertThat(waiting.isReady()).isFalse();
        Waiter one = waiter("one", "other", "third", "other");
        assertThat(waiting.size()).isEqualTo(2);
        push("list", 1);
        assertThat(waiting.isReady()).isFalse();
        waiting.remove(one);
        assertThat(waiting.size()).isZero();
        push("other", 1);
        assertThat(waiting.isReady()).isFalse();
        assertThat(asked).isZero();
    }

    @Test
    void manyKeysOfManyAreFoundAndForgotten() {
        List<Waiter> all = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            all.add(waiter("w" + i, "a" + i, "b" + i));
        }
        assertThat(waiting.size()).isEqualTo(6_000);
        for (int i = 0; i < 3_000; i += 3) {
            push("b" + i, 1);
        }
        serve();
        assertThat(served).hasSize(1_000);
        all.forEach(waiting::remove);
        assertThat(waiting.size()).isZero();
        assertThat(waiting.places()).isZero();
    }

    @Test
    void whoIsBehindOneThatTriesWaitsUntilItHas() {
        Answer[] answer = {Answer.TRIES};
        Waiter[] trying = new Waiter[1];
        trying[0] = new Waiter(0, _ -> {
            served.add("asked");
            return answer[0];
        });
        waiting.add(trying[0], 0, Keyspace.TYPE_LIST, bytes("list"), 4);
        waiter("behind", "list");
        push("list", 1);
        serve();
        push("list", 1);
        serve();
        assertThat(served).containsExactly("asked");
        waiting.tried(trying[0]);
        serve();
        assertThat(served).containsExactly("asked", "asked");
        waiting.remove(trying[0]);
        serve();
        assertThat(served).containsExactly("asked", "asked", "behind");
    }

    @Test
    void thoseOfADeadShardLeave() {
        waiter("stays", "list");
        Waiter dead = new Waiter(1, _ -> Answer.NOTHING);
        waiting.add(dead, 0, Keyspace.TYPE_LIST, bytes("list"), 4);
        waiting.removeOf(home -> home == 1);
        assertThat(dead.isWaiting()).isFalse();
        assertThat(waiting.places()).isEqualTo(1);
    }
}
