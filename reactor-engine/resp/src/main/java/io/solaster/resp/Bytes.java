package io.solaster.resp;

import java.nio.ByteOrder;

/** Words of raw memory whose first byte is the lowest, on every machine. */
final class Bytes {
    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private Bytes() {}

    static int littleEndian(int word) {
        return LITTLE ? word : Integer.reverseBytes(word);
    }

    static long littleEndian(long word) {
        return LITTLE ? word : Long.reverseBytes(word);
    }

    /** At most 8 Latin-1 characters as the word that stands in memory as them. */
    static long word(String text) {
        long word = 0;
        for (int i = text.length() - 1; i >= 0; i--) {
            word = word << 8 | text.charAt(i);
        }
        return littleEndian(word);
    }
}
