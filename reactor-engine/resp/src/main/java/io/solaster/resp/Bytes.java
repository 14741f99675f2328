package io.solaster.resp;

import io.solaster.engine.memory.Memory;

/** Words of raw memory whose first byte is the lowest, on every machine. */
final class Bytes {

    private Bytes() {}

    /** At most 8 Latin-1 characters as the word that stands in memory as them. */
    static long word(String text) {
        long word = 0;
        for (int i = text.length() - 1; i >= 0; i--) {
            word = word << 8 | text.charAt(i);
        }
        return Memory.littleEndian(word);
    }
}
