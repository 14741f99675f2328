package io.solaster.store.multi;

import java.util.Arrays;
import java.util.function.IntConsumer;

import io.solaster.engine.Slots;

/** A set of slots: of the keys that one client's commands, or what it watches, are about. On one shard. */
final class SlotSet {
    private final long[] words = new long[Slots.COUNT / Long.SIZE];
    private boolean empty = true;

    void add(int slot) {
        words[slot >>> 6] |= 1L << slot;
        empty = false;
    }

    void forEach(IntConsumer action) {
        for (int i = 0; i < words.length && !empty; i++) {
            for (long word = words[i]; word != 0; word &= word - 1) {
                action.accept(i << 6 | Long.numberOfTrailingZeros(word));
            }
        }
    }

    void clear() {
        if (!empty) {
            Arrays.fill(words, 0);
            empty = true;
        }
    }
}
